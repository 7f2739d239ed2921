"""`get` of files with several documents, and of paths that are nearly there."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run


@pytest.fixture
def file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    (work / "a.yaml").write_text("db: {password: first}\n---\ndb: {password: second}\nb: 1\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.yaml").code == 0
    return "a.yaml"


def test_each_document_can_be_named(leafseal: Run, file: str) -> None:
    assert leafseal("get", "--document", "0", file, "db.password") == (0, b"first\n", "")
    assert leafseal("get", "--document", "1", file, "db.password") == (0, b"second\n", "")
    assert leafseal("get", "--document", "1", file, "b").out == b"1\n"
    missing = leafseal("get", "--document", "2", file, "b")
    assert (missing.code, missing.out) == (91, b"")
    assert "there is no document 2; the last is 1" in missing.err


def test_the_first_is_taken_and_said(leafseal: Run, file: str) -> None:
    result = leafseal("get", file, "db.password")
    assert (result.code, result.out) == (0, b"first\n")
    assert "a.yaml: contains 2 documents; this is from the first; to choose, add --document N, from 0" in result.err


def test_a_near_miss_is_suggested(leafseal: Run, file: str) -> None:
    result = leafseal("get", "--document", "0", file, "db.pasword")
    assert result.code == 91
    assert "hint: the file has db.password" in result.err
    assert "hint" not in leafseal("get", "--document", "0", file, "nothing.alike").err
