"""Changes of files are noticed however they are made, with notices of the system and without."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.run import watch
from leafseal.run.watch import Watcher, folders_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no links there")

SECONDS = 120.0  # for what takes one or two where nothing else is to be done


@pytest.fixture(params=["notices", "polling"], autouse=True)
def _polls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "polling":
        monkeypatch.setattr(watch, "open_watch", lambda: None)


def kubelet(folder: Path, number: int, text: str) -> None:
    """Exchange the files of a volume, as kubelet does."""
    new = folder / f"..{number}"
    new.mkdir()
    (new / "f").write_text(text)
    (folder / "..data_tmp").symlink_to(new.name)
    (folder / "..data_tmp").replace(folder / "..data")
    if not (folder / "f").is_symlink():
        (folder / "f").symlink_to("..data/f")
    else:
        shutil.rmtree(folder / f"..{number - 1}")


def _in_place(path: Path) -> None:
    with path.open("r+") as file:
        file.write("B")


def _replaced(path: Path) -> None:
    (path.parent / "new").write_text("other")
    (path.parent / "new").replace(path)


def _gone(path: Path) -> None:
    path.unlink()


def _again(path: Path) -> None:
    path.unlink()
    path.write_text("again")


def _same_size_and_time(path: Path) -> None:
    times = path.stat().st_mtime_ns
    path.write_text("b")
    os.utime(path, ns=(times, times))


@pytest.mark.parametrize("change", [_in_place, _replaced, _gone, _again, _same_size_and_time])
def test_a_change_is_noticed(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "f"
    path.write_text("a")
    with Watcher([str(path)]) as watcher:
        change(path)
        assert watcher.wait(SECONDS)
        assert not watcher.wait(0.2)


class Clock:
    """Time that passes only where somebody waits, and what happens when that begins."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.time = time.time
        self._happens: Callable[[], object] | None = happens
        self._passed = 0.0

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        happens, self._happens = self._happens, None
        if happens:
            happens()
        self._passed += seconds


class Notices:
    """A system that tells of nothing, or of something all the time."""

    def __init__(self, clock: Clock, *, are_endless: bool) -> None:
        self._clock, self._are_endless = clock, are_endless

    def follow(self, folders: object) -> None:
        pass

    def close(self) -> None:
        pass

    def wait(self, seconds: float) -> bool:
        self._clock.sleep(min(seconds, 0.05) if self._are_endless else seconds)
        return self._are_endless


@pytest.mark.parametrize("notices", ["none", "endless", "not possible"])
def test_two_seconds_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notices: str) -> None:
    """For a change right after a look at the files; benchmarks/reactions.py measures it with real time."""
    path = tmp_path / "f"
    path.write_text("a")
    clock = Clock(lambda: path.write_text("other"))
    told = None if notices == "not possible" else Notices(clock, are_endless=notices == "endless")
    monkeypatch.setattr(watch, "open_watch", lambda: told)
    monkeypatch.setattr(watch, "time", clock)
    with Watcher([str(path)]) as watcher:
        assert watcher.wait()
    assert 0 < clock.monotonic() <= 1.75  # the rest is for decrypting


def test_a_file_that_comes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with Watcher([str(path)]) as watcher:
        assert not watcher.wait(0.2)
        path.write_text("a")
        assert watcher.wait(SECONDS)


def test_a_volume_of_kubernetes(tmp_path: Path) -> None:
    kubelet(tmp_path, 1, "a")
    with Watcher([str(tmp_path / "f")]) as watcher:
        for number in (2, 3):
            kubelet(tmp_path, number, f"text {number}")
            assert watcher.wait(SECONDS), number


def test_links_on_the_way(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
    (tmp_path / "current").symlink_to("one")
    with Watcher([str(tmp_path / "current" / "f")]) as watcher:
        (tmp_path / "next").symlink_to(tmp_path / "two")
        (tmp_path / "next").replace(tmp_path / "current")
        assert watcher.wait(SECONDS)
        (tmp_path / "two" / "f").write_text("changed")
        assert watcher.wait(SECONDS)


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_a_checkout(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        names = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for text in ("a", "b"):
        (tmp_path / "f").write_text(text)
        git("add", "f")
        git("commit", "-q", "-m", text)
    with Watcher([str(tmp_path / "f")]) as watcher:
        git("checkout", "-q", "HEAD~1")
        assert watcher.wait(SECONDS)
        assert (tmp_path / "f").read_text() == "a"


def test_what_leaves_the_content_as_it_is_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("a")
    with Watcher([str(path)]) as watcher:
        path.touch()
        (tmp_path / "other").write_text("x")
        _replaced_by_same = tmp_path / "new"
        _replaced_by_same.write_text("a")
        _replaced_by_same.replace(path)
        assert not watcher.wait(1.5)


def test_many_changes_at_once_are_one(tmp_path: Path) -> None:
    paths = [tmp_path / f"f{number}" for number in range(20)]
    with Watcher([str(path) for path in paths]) as watcher:
        for path in paths:
            path.write_text("a")
        assert watcher.wait(SECONDS)
        assert not watcher.wait(1.2)


def test_a_named_pipe_stops_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    with Watcher([str(tmp_path / "f")]) as watcher:
        assert not watcher.wait(0.1)


def test_the_folders_that_count(tmp_path: Path) -> None:
    real = tmp_path.resolve()
    (real / "a").mkdir()
    (real / "b").symlink_to("a")
    (real / "a" / "f").symlink_to("../g")
    assert list(dict.fromkeys(folders_of(str(real / "b" / "f")))) == [str(real), str(real / "a")]
    (real / "loop").symlink_to("loop")
    assert set(folders_of(str(real / "loop"))) == {str(real)}
