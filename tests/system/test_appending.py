"""Adding to a file of somebody else's: all or nothing, and never to the last line of what is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal.errors import WriteError
from leafseal.system import appending
from leafseal.system.appending import append_lines


@pytest.mark.parametrize(
    ("before", "after"), [(b"", b"A=1\n"), (b"B=2\n", b"B=2\nA=1\n"), (b"B=2", b"B=2\nA=1\n"), (b"\n", b"\nA=1\n")]
)
def test_lines_are_added(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(before)
    append_lines(str(path), b"A=1\n")
    assert path.read_bytes() == after


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="cannot be written: no such file") as caught:
        append_lines(str(tmp_path / "file"), b"A=1\n")
    assert caught.value.file == str(tmp_path / "file")
    assert not list(tmp_path.iterdir())
    with pytest.raises(WriteError, match="cannot be written"):
        append_lines(str(tmp_path), b"A=1\n")


def test_of_a_full_disk_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:3])
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"B=2\n")
    monkeypatch.setattr(appending, "write_all", full)
    with pytest.raises(WriteError, match="no space left"):
        append_lines(str(path), b"A=123456\n")
    assert path.read_bytes() == b"B=2\n"
