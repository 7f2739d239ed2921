"""The mode of a file stays, whichever command writes it."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run


@pytest.fixture
def file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    path = work / "a.yaml"
    path.write_text("k: v\nl: w\n")
    path.chmod(0o640)
    assert leafseal("encrypt", "-i", "--age", me.recipient, path).code == 0
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_through_encrypt_and_decrypt(leafseal: Run, file: Path) -> None:
    assert mode(file) == 0o640
    assert leafseal("decrypt", "-i", file).code == 0
    assert (mode(file), file.read_text()) == (0o640, "k: v\nl: w\n")


@pytest.mark.parametrize("bits", [0o640, 0o600, 0o664, 0o755])
@pytest.mark.parametrize("words", ["set FILE k x", "unset FILE k", "rotate -i FILE", "updatekeys --yes FILE"])
def test_through_every_change(leafseal: Run, file: Path, words: str, bits: int, work: Path) -> None:
    me = leafseal("inspect", file).out.decode().split("age ")[1].split()[0]
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me},{throwaway_identity().recipient}\n")
    file.chmod(bits)
    before = file.read_bytes()
    result = leafseal(*(str(file) if word == "FILE" else word for word in words.split()))
    assert result.code == 0, result.err
    assert file.read_bytes() != before
    assert mode(file) == bits


def test_through_edit(leafseal: Run, file: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = work / "editor.py"
    editor.write_text("import sys, pathlib\npath = pathlib.Path(sys.argv[-1])\npath.write_text('k: new\\n')\n")
    monkeypatch.setenv("SOPS_EDITOR", f"{sys.executable} {editor}")
    assert leafseal("edit", file).code == 0
    assert (mode(file), leafseal("decrypt", file).out) == (0o640, b"k: new\n")


def test_through_repair(leafseal: Run, file: Path) -> None:
    file.write_text(file.read_text().replace("k: ", "renamed: ", 1))
    assert leafseal("repair", "--yes", "--remove", file).code == 0
    assert (mode(file), leafseal("decrypt", file).out) == (0o640, b"l: w\n")
