"""Plaintext under the path of a file, where there is hardly room for it. Its readers are in tests/sops/test_exec.py."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leafseal.errors import WriteError
from leafseal.run.plaintext_path import plaintext_path

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")

DATA = b"A=1\n" * 50_000  # more than a pipe holds


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], bool]], None]:
    """Return what has the making of pipes fail where a function of their number says that there is no room."""
    make, made = os.mkfifo, [0]

    def limit(has_room: Callable[[int], bool]) -> None:
        def mkfifo(path: str, mode: int = 0o666) -> None:
            made[0] += 1
            if not has_room(made[0]):
                raise OSError(errno.ENOSPC, "no inode is left")
            make(path, mode)

        monkeypatch.setattr(os, "mkfifo", mkfifo)

    return limit


@pytest.mark.parametrize("possible", [0, 1])
def test_without_room_for_two_pipes_nothing_begins(room: Callable[..., None], possible: int) -> None:
    room(lambda number: number <= possible)
    refused = pytest.raises(WriteError, match="cannot make a temporary file: no space left on device")
    with refused as caught, plaintext_path(DATA, "a", as_pipe=True):
        pytest.fail("there is no path")
    assert "XDG_RUNTIME_DIR" in str(caught.value.hint)


@pytest.mark.parametrize("failing", [range(3, 4), range(3, 6), range(3, 20), (4, 6, 8)])
def test_readers_wait_or_are_refused_where_no_further_pipe_can_be_made(
    room: Callable[..., None], failing: range | tuple[int, ...]
) -> None:
    """None of them gets a part of the file, and none waits for ever."""
    room(lambda number: number not in failing)
    read = 0
    with plaintext_path(DATA, "a", as_pipe=True) as path:
        while read < 6:
            try:
                assert Path(path).read_bytes() == DATA
                read += 1
            except FileNotFoundError:
                pass  # until there is room again


def test_where_there_is_never_room_again_the_end_comes_all_the_same(room: Callable[..., None]) -> None:
    room(lambda number: number <= 2)
    with plaintext_path(DATA, "a", as_pipe=True) as path:
        assert Path(path).read_bytes() == DATA
        assert Path(path).read_bytes() == DATA
        with pytest.raises(FileNotFoundError):
            Path(path).read_bytes()


@pytest.fixture(params=range(1, 10))
def few_inodes(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file system in memory that has room for so many files, pipes and folders."""
    folder, options = tmp_path / "tmpfs", f"nr_inodes={request.param},mode=700"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", options, "none", folder], check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts")
@pytest.mark.usefixtures("few_inodes")
@pytest.mark.parametrize("as_pipe", [True, False])
def test_few_inodes_give_an_error_or_the_whole_file(as_pipe: bool) -> None:
    said = ""
    try:
        with plaintext_path(DATA, "a", as_pipe=as_pipe) as path:
            for _ in range(3):
                # A pipe takes a new place after each reader: none may be there until there is room again.
                with contextlib.suppress(*([FileNotFoundError] if as_pipe else [])):
                    assert Path(path).read_bytes() == DATA
    except WriteError as error:
        said = f"{error.message} {error.hint}"
    assert not said or ("no space left on device" in said and "XDG_RUNTIME_DIR" in said)
    assert not os.listdir(os.environ["XDG_RUNTIME_DIR"])
