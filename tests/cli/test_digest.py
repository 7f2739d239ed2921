"""`leafseal digest`."""

from __future__ import annotations

import json
from pathlib import Path

from leafseal.testing import ThrowawayIdentity

from .conftest import Run


def test_one_file_has_the_digest_alone_and_several_have_names(
    leafseal: Run, sealed: Path, me: ThrowawayIdentity
) -> None:
    (sealed.parent / "b.env").write_text("A=1\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "b.env").code == 0
    alone = leafseal("digest", "app.yaml").out.decode()
    assert alone.startswith("leafseal1-")
    first, second = leafseal("digest", "app.yaml", "b.env").out.decode().splitlines()
    assert first == f"{alone.strip()}  app.yaml"
    assert second.endswith("  b.env")


def test_it_is_that_of_the_values(leafseal: Run, sealed: Path) -> None:
    before = leafseal("digest", "app.yaml").out
    assert leafseal("set", "app.yaml", "db.port", "5432", "--idempotent").code == 0
    assert leafseal("digest", "app.yaml").out == before
    assert leafseal("set", "app.yaml", "db.port", "5433").code == 0
    changed = leafseal("digest", "app.yaml").out
    assert changed != before
    assert leafseal("rotate", "-i", "app.yaml").code == 0
    assert leafseal("digest", "app.yaml").out != changed


def test_with_anything_wrong_nothing_is_printed(leafseal: Run, sealed: Path) -> None:
    result = leafseal("digest", "app.yaml", "none.yaml")
    assert (result.code, result.out) == (100, b"")
    told = json.loads(leafseal("digest", "--json", "app.yaml", "none.yaml").out)
    assert [file["file"] for file in told["files"]] == ["app.yaml"]
    assert [error["code"] for error in told["errors"]] == ["missing-file"]
