"""A file that is named twice is one file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run


@pytest.fixture
def names(leafseal: Run, work: Path, me: ThrowawayIdentity) -> list[str]:
    """A file, its path, and a link to it."""
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    (work / "a.yaml").write_text("k: v\n")
    (work / "link.yaml").symlink_to("a.yaml")
    names = ["a.yaml", "./a.yaml", str(work / "a.yaml"), "link.yaml"]
    assert leafseal("encrypt", "-i", *names) == (0, b"", "")
    return names


def test_it_is_encrypted_once(leafseal: Run, names: list[str]) -> None:
    assert leafseal("decrypt", "a.yaml").out == b"k: v\n"


@pytest.mark.parametrize(
    "words", ["decrypt -i", "rotate -i", "verify", "inspect", "repair --yes", "updatekeys --yes", "decrypt", "rotate"]
)
def test_every_command_takes_it_once(leafseal: Run, names: list[str], words: str) -> None:
    result = leafseal(*words.split(), *names)
    assert result.code == 0, result.err
    assert (result.out.decode() + result.err).count("a.yaml: ") <= 1


def test_reports_have_it_once(leafseal: Run, names: list[str]) -> None:
    told = json.loads(leafseal("verify", "--json", *names).out)
    assert len(told["files"]) == 1


def test_a_folder_gets_a_result_for_each_name(leafseal: Run, names: list[str]) -> None:
    assert leafseal("decrypt", "--output-dir", "out", *names).code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.yaml", "link.yaml"]


def test_files_of_one_name_are_two(leafseal: Run, names: list[str], work: Path) -> None:
    (work / "below").mkdir()
    (work / "below/a.yaml").write_bytes((work / "a.yaml").read_bytes())
    assert len(json.loads(leafseal("verify", "--json", "a.yaml", "below/a.yaml").out)["files"]) == 2
