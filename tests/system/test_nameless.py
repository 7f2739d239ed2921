"""Plaintext in the place of a file: without a name until it is whole, where the system has such files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.errors import ConflictError, WriteError
from leafseal.system import files
from leafseal.system.directory import Folder

from .test_files_faults import has_nameless_files

link = os.link


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "prod.yaml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


def without_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafseal.system.directory._path_of", lambda descriptor: f"/proc/none/{descriptor}")


def without_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, *arguments: object, **named: object) -> None:
        if source.startswith("/proc"):
            raise OSError(errno.EPERM, "Operation not permitted")
        link(source, *arguments, **named)  # type: ignore[arg-type]

    refusing = refuse
    monkeypatch.setattr(os, "link", refusing)
    monkeypatch.setattr(os, "supports_follow_symlinks", os.supports_follow_symlinks | {refusing})


@pytest.mark.parametrize("lack", [lambda _: None, without_flag, without_proc, without_names])
def test_what_is_written_is_the_same_everywhere(
    target: Path, lack: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lack(monkeypatch)
    inode, rights = target.stat().st_ino, target.stat().st_mode & 0o777
    seen: list[list[str]] = []

    def verify(data: bytes) -> None:
        assert data == b"new"
        seen.append(sorted(os.listdir(target.parent)))

    assert files.replace(files.read(target), b"new", verify=verify, private=True) == []
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", rights)
    assert target.stat().st_ino != inode
    files.create(target.parent / "made", b"new", verify=verify, private=True)
    assert ((target.parent / "made").read_bytes(), (target.parent / "made").stat().st_mode & 0o777) == (b"new", 0o600)
    assert sorted(os.listdir(target.parent)) == ["made", "prod.yaml"]
    if lack is not without_flag and lack is not without_proc and has_nameless_files(target.parent):
        assert seen[0] == ["prod.yaml"]


def test_a_file_that_appears_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with pytest.raises(ConflictError, match="appeared"):
        files.create(target, b"new", verify=lambda _: target.write_bytes(b"theirs") and None, private=True)
    assert target.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["made"]


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"theirs")
    with Folder(str(tmp_path)) as folder:
        descriptor = folder.create_nameless()
        if descriptor is None:
            pytest.skip("this file system has no files without a name")
        with pytest.raises(ConflictError, match="appeared"):
            folder.give_name(descriptor, "made")
        os.close(descriptor)


def test_an_error_of_the_disk_is_no_reason_to_try_again(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    if not has_nameless_files(target.parent):
        pytest.skip("this file system has no files without a name")
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(WriteError, match="input/output error"):
        files.replace(files.read(target), b"new", verify=lambda _: None, private=True)
    assert target.read_bytes() == b"old"
    assert os.listdir(target.parent) == ["prod.yaml"]
