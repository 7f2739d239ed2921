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
def test_a_change_is_noticed_in_time(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "f"
    path.write_text("a")
    with Watcher([str(path)]) as watcher:
        change(path)
        begun = time.monotonic()
        assert watcher.wait(10)
        assert time.monotonic() - begun < 5  # 2 on a machine that is not busy
        assert not watcher.wait(0.2)


def test_a_file_that_comes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with Watcher([str(path)]) as watcher:
        assert not watcher.wait(0.2)
        path.write_text("a")
        assert watcher.wait(10)


def test_a_volume_of_kubernetes(tmp_path: Path) -> None:
    kubelet(tmp_path, 1, "a")
    with Watcher([str(tmp_path / "f")]) as watcher:
        for number in (2, 3):
            kubelet(tmp_path, number, f"text {number}")
            assert watcher.wait(10), number


def test_links_on_the_way(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
    (tmp_path / "current").symlink_to("one")
    with Watcher([str(tmp_path / "current" / "f")]) as watcher:
        (tmp_path / "next").symlink_to(tmp_path / "two")
        (tmp_path / "next").replace(tmp_path / "current")
        assert watcher.wait(10)
        (tmp_path / "two" / "f").write_text("changed")
        assert watcher.wait(10)


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
        assert watcher.wait(10)
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
        assert watcher.wait(10)
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
