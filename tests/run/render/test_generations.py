"""Files are exchanged in one step: readers find the old ones or the new, whatever happens."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leafseal.errors import ConflictError, LeafsealError, RefusedError, WriteError
from leafseal.run.render import generations, tree
from leafseal.run.render.folder import Folder, render
from leafseal.run.render.tree import File

from .folders import content_of, files, generations_in, names_in


def test_files_are_there_by_links(memory: Path) -> None:
    assert render(Folder(str(memory)), files("1"))
    assert content_of(memory) == {"a": "a: 1", "app/b": "app/b: 1"}
    assert os.readlink(memory / "a") == "..data/a"
    assert os.readlink(memory / "app") == "..data/app"
    assert [os.readlink(memory / "..data")] == generations_in(memory)
    assert (memory / "a").stat().st_mode & 0o7777 == 0o400
    assert (memory / "app").stat().st_mode & 0o7777 == 0o700


def _everything(folder: Path) -> list[tuple[Any, ...]]:
    paths = [folder, *sorted(folder.rglob("*"))]
    return [
        (str(path), status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        for path in paths
        for status in [path.lstat()]
    ]


def test_nothing_is_touched_where_nothing_changed(memory: Path) -> None:
    folder = Folder(str(memory))
    assert render(folder, files("1"))
    before = _everything(memory)
    assert not render(folder, files("1"))
    assert _everything(memory) == before


@pytest.mark.parametrize(
    "other",
    [
        files("2"),
        files("1", ("a",)),
        files("1", ("a", "app/b", "app/c")),
        [file._replace(mode=0o440) for file in files("1")],
        [files("1")[0], files("1")[1]._replace(mode=0o600)],
    ],
    ids=["content", "fewer", "more", "mode", "one mode"],
)
def test_what_changed_is_exchanged(memory: Path, other: list[File]) -> None:
    folder = Folder(str(memory))
    assert render(folder, files("1"))
    first = os.readlink(memory / "..data")
    assert render(folder, other)
    assert os.readlink(memory / "..data") != first
    assert content_of(memory) == {file.path: file.data.decode() for file in other}
    assert not render(folder, other)
    assert len(generations_in(memory)) == 2


def test_links_of_files_that_are_gone_go(memory: Path) -> None:
    folder = Folder(str(memory))
    render(folder, files("1"))
    (memory / "own").write_text("not ours")
    (memory / "link").symlink_to("own")
    render(folder, files("1", ("a",)))
    assert [name for name in names_in(memory) if not name.startswith("..")] == ["a", "link", "own"]


def test_the_generation_before_stays_and_others_for_a_minute(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(str(memory))
    for number in range(4):
        render(folder, files(str(number)))
    assert len(generations_in(memory)) == 4
    now = time.time()
    monkeypatch.setattr(generations.time, "time", lambda: now + generations.SECONDS_KEPT + 1)
    render(folder, files("4"))
    left = generations_in(memory)
    assert len(left) == 2
    assert os.readlink(memory / "..data") == left[-1]
    assert not render(folder, files("4"))
    assert generations_in(memory) == left


@pytest.mark.parametrize("year", [2036, 9999])
def test_a_clock_that_is_set_back_keeps_no_old_values(memory: Path, monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    """They were deleted years later, and made no room on a full file system."""
    folder = Folder(str(memory))
    later = datetime(year, 12, 31, 23, 59, 59, 999_990, tzinfo=UTC)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return later

    monkeypatch.setattr(generations, "datetime", Ahead)
    render(folder, files("secret of yesterday"))
    monkeypatch.undo()
    for number in range(15):
        assert render(folder, files(str(number)))
        assert content_of(memory)["a"] == f"a: {number}"
        left = generations_in(memory)
        assert os.readlink(memory / "..data") in left
        assert len(left) == 2 or year == 9999  # after that no time comes
    assert not render(folder, files("14"))
    assert generations_in(memory) == left or year == 9999


def test_what_a_killed_process_left_is_removed_and_mended(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(str(memory))
    render(folder, files("1"))
    now = time.time()
    monkeypatch.setattr(generations.time, "time", lambda: now + generations.SECONDS_KEPT + 1)
    left = memory / f"..{datetime.fromtimestamp(now, UTC).strftime(generations._STAMP)}.0123456789abcdef"
    left.mkdir()
    (left / "a").write_text("half")
    (memory / "..data_tmp").symlink_to("elsewhere")
    (memory / "app").unlink()  # killed between the new `..data` and the links
    assert not render(folder, files("1"))
    assert content_of(memory) == {"a": "a: 1", "app/b": "app/b: 1"}
    assert not left.exists()
    assert render(folder, files("2"))
    assert not os.path.lexists(memory / "..data_tmp")


def _killed_at(call: int, folder: Folder) -> bool:
    """Render in a process that is gone at this system call; tell whether it came so far."""
    process = os.fork()
    if not process:
        count = 0
        for name in ("mkdir", "open", "write", "fchmod", "close", "unlink", "symlink", "rename", "rmdir", "listdir"):
            of_system = getattr(os, name)

            def counted(*arguments: Any, real: Any = of_system, **named: Any) -> Any:
                nonlocal count
                count += 1
                if count == call:
                    os._exit(9)
                return real(*arguments, **named)

            setattr(os, name, counted)
        try:
            render(folder, files("2", ("a", "app/c")))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9


def test_killed_at_every_system_call(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is the old one or the new; links to new names may be missing until the next run."""
    folder = Folder(str(memory))
    call = 0
    while True:
        call += 1
        for left in memory.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        render(folder, files("1"))
        if not _killed_at(call, folder):
            break
        found = content_of(memory)
        new = found["a"] == "a: 2"
        assert new or found == {"a": "a: 1", "app/b": "app/b: 1"}, call
        assert found.get("app/c", "app/c: 2") == "app/c: 2", call
        assert render(folder, files("2", ("a", "app/c"))) != new
        assert content_of(memory) == {"a": "a: 2", "app/c": "app/c: 2"}, call
        now = time.time()
        monkeypatch.setattr(generations.time, "time", lambda now=now: now + 100)
        assert not render(folder, files("2", ("a", "app/c")))
        monkeypatch.undo()
        assert len(generations_in(memory)) <= 2, call
    assert call > 30


def test_readers_never_miss_or_tear_a_file(memory: Path) -> None:
    """By name each file is whole; through one open `..data` all are of one generation."""
    names = ("a", "app/b", "app/c", "d")

    def at(number: int) -> list[File]:
        return [File(name, b"%d\n" % number * 2000) for name in names]

    folder = Folder(str(memory))
    render(folder, at(0))
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(memory), *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "begin\n"
    swaps = 0
    while reader.poll() is None:
        swaps += 1
        assert render(folder, at(swaps))
        time.sleep(0.002)
    result = reader.stdout.read()
    reader.stdout.close()
    assert reader.stdin is not None
    reader.stdin.close()
    assert result == "iterations 1500, missing 0, torn 0, mixed 0\n", swaps
    assert swaps > 20


READER = """
import os, sys
folder, *names = sys.argv[1:]
print("begin", flush=True)
missing = torn = mixed = 0
for number in range(1500):
    here = os.open(f"{folder}/..data", os.O_RDONLY | os.O_DIRECTORY)
    seen = set()
    for name in names:
        for path, at in ((f"{folder}/{name}", None), (name, here)):
            try:
                with open(os.open(path, os.O_RDONLY, dir_fd=at), "rb") as file:
                    lines = file.read().split(b"\\n")[:-1]
            except FileNotFoundError:
                missing += 1
                continue
            torn += len(lines) != 2000 or len(set(lines)) != 1
            if at is not None:
                seen.update(lines)
    mixed += len(seen) != 1
    os.close(here)
print(f"iterations 1500, missing {missing}, torn {torn}, mixed {mixed}")
"""


def test_two_at_once_write_one_after_the_other(memory: Path) -> None:
    folder = Folder(str(memory))
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(render(folder, files("1")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 7 + [True]
    assert len(generations_in(memory)) == 1


def test_a_folder_that_another_holds_is_given_up(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "_SECONDS_TO_WAIT", 0.1)
    descriptor = os.open(memory, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(ConflictError, match="another process"):
            render(Folder(str(memory)), files("1"))
    finally:
        os.close(descriptor)
    assert render(Folder(str(memory)), files("1"))


# -- what is in the way


def test_what_leafseal_did_not_create_stays(memory: Path) -> None:
    (memory / "a").write_text("somebody's")
    with pytest.raises(RefusedError, match="a in it exists"):
        render(Folder(str(memory)), files("1"))
    assert names_in(memory) == ["a"]
    (memory / "a").unlink()
    (memory / "a").symlink_to("/etc/passwd")
    with pytest.raises(RefusedError, match="a in it exists"):
        render(Folder(str(memory)), files("1"))
    assert names_in(memory) == ["a"]


def _as_folder(data: Path) -> None:
    data.mkdir()


def _as_file(data: Path) -> None:
    data.write_text("x")


def _elsewhere(data: Path) -> None:
    data.symlink_to("/tmp")


def _upwards(data: Path) -> None:
    data.symlink_to("../..2026_01_01_00_00_00.000000.0123456789abcdef")


@pytest.mark.parametrize("put", [_as_folder, _as_file, _elsewhere, _upwards])
def test_a_data_that_is_no_link_of_ours_is_refused(memory: Path, put: Callable[[Path], None]) -> None:
    put(memory / "..data")
    with pytest.raises(RefusedError, match=r"\.\.data in it"):
        render(Folder(str(memory)), files("1"))
    assert names_in(memory) == ["..data"]


def test_a_data_that_cannot_be_replaced_leaves_the_old(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is mounted: the system says that it is busy."""
    folder = Folder(str(memory))
    render(folder, files("1"))
    before = names_in(memory)

    def busy(*_: object, **__: object) -> None:
        raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr(os, "rename", busy)
    with pytest.raises(WriteError, match=r"\.\.data in it cannot be replaced: device or resource busy"):
        render(folder, files("2"))
    monkeypatch.undo()
    assert names_in(memory) == before
    assert content_of(memory) == {"a": "a: 1", "app/b": "app/b: 1"}


def test_links_inside_a_generation_are_not_followed(memory: Path, tmp_path: Path) -> None:
    """The program that reads may own them."""
    victim = tmp_path / "victim"
    victim.write_text("a: 1")
    folder = Folder(str(memory))
    render(folder, files("1"))
    here = (memory / "..data").resolve()
    (here / "a").unlink()
    (here / "a").symlink_to(victim)
    (here / "app").rename(here / "app2")
    (here / "app").symlink_to(tmp_path)
    assert render(folder, files("1"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["victim"]
    os.mkfifo(memory / "..data" / "pipe")
    (memory / "..data" / "a").unlink()
    os.mkfifo(memory / "..data" / "a")
    assert render(folder, files("1"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(memory: Path) -> None:
    memory.chmod(0o500)
    with pytest.raises(WriteError):
        render(Folder(str(memory)), files("1"))
    memory.chmod(0o700)


def test_work_is_linear_in_the_files(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 files: each is written once, and read once where nothing changed."""
    counts: dict[str, int] = {}

    def counting(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            counts[name] = counts.get(name, 0) + 1
            return real(*arguments, **named)

        monkeypatch.setattr(os, name, call)

    for name in ("open", "write", "fchmod", "listdir", "readlink", "symlink", "mkdir"):
        counting(name)
    many = [File(f"{number % 10}/{number}", b"x" * 20) for number in range(1000)]
    render(Folder(str(memory)), many)
    assert sum(counts.values()) < 4 * len(many), counts
    counts.clear()
    render(Folder(str(memory)), many)
    assert "write" not in counts
    assert sum(counts.values()) < 2 * len(many), counts


def test_an_error_is_never_one_of_the_system(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever call fails, the old files stay, and the error is ours."""
    folder = Folder(str(memory))
    render(folder, files("1"))
    for name in ("mkdir", "open", "write", "fchmod", "symlink", "rename"):
        real = getattr(os, name)

        def failing(*arguments: Any, real: Any = real, **named: Any) -> Any:
            if arguments[:1] == (str(memory),):
                return real(*arguments, **named)
            raise OSError(errno.EIO, "broken")

        monkeypatch.setattr(os, name, failing)
        with pytest.raises(LeafsealError):
            render(folder, files("2"))
        monkeypatch.undo()
        assert content_of(memory) == {"a": "a: 1", "app/b": "app/b: 1"}, name
        if name == "open":  # which removing what was begun needs as well
            shutil.rmtree(memory / generations_in(memory)[-1])
        assert len(generations_in(memory)) == 1, name
    here = os.open(memory, os.O_RDONLY)
    assert tree.is_same(here, generations_in(memory)[0], files("1"))
    os.close(here)
