"""Plaintext in memory for as long as a program runs."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from leafseal.system import in_memory, lasting, private

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is taken for one in memory."""
    path = tmp_path / "run"
    path.mkdir(mode=0o700)
    monkeypatch.setattr(private, "lasting_candidates", lambda: [str(path)])
    monkeypatch.setattr(in_memory, "kind_of", lambda _: "tmpfs")
    return path


def test_a_folder_and_its_end(memory: Path) -> None:
    with lasting.lasting_directory() as path:
        assert path is not None
        assert os.path.dirname(path) == str(memory)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
        Path(path, "x").write_text("y")
    assert not any(memory.iterdir())


def test_others_pass_through(memory: Path) -> None:
    with lasting.lasting_directory(for_others=True) as path:
        assert path is None  # they could not reach it
    memory.chmod(0o711)
    with lasting.lasting_directory(for_others=True) as path:
        assert path is not None
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o711


def test_a_folder_that_others_change_needs_the_sticky_bit(memory: Path) -> None:
    for mode, fits in ((0o755, True), (0o775, False), (0o777, False), (0o1777, True)):
        memory.chmod(mode)
        with lasting.lasting_directory() as path:
            assert (path is not None) == fits


def test_a_folder_on_a_disk_is_passed_over(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "kind_of", lambda _: None)
    with lasting.lasting_directory() as path:
        assert path is None


def test_a_service_of_systemd_has_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/app:/run/other")
    assert private.lasting_candidates()[0] == "/run/app"
    monkeypatch.setenv("RUNTIME_DIRECTORY", "app")
    assert "app" not in private.lasting_candidates()


def test_a_program_elsewhere_keeps_its_files_for_longer_than_a_day(memory: Path) -> None:
    for kind in ("files-", ""):
        path = memory / f"leafseal-{kind}{os.geteuid()}-999999-1-{'0' * 16}"
        path.mkdir()
        os.utime(path, (1, 1))
    private.sweep()
    assert [path.name.startswith("leafseal-files-") for path in memory.iterdir()] == [True]


def test_an_open_file_stays_as_it_is() -> None:
    descriptor = lasting.open_file("x", b"c4n4ry")
    try:
        assert Path(lasting.path_of(descriptor)).read_bytes() == b"c4n4ry"
        assert os.get_inheritable(descriptor)
        with pytest.raises(OSError, match="ermi") as caught:
            os.write(descriptor, b"x")
        assert caught.value.errno == errno.EPERM
    finally:
        os.close(descriptor)
