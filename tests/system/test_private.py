import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from leafseal.errors import RefusedError, WriteError
from leafseal.system import locks, owners, private, signals

SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for one in memory, closed to others."""
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 0:2 / / rw - ext4 /dev/vda rw\n"
        f"23 22 0:3 / {folder} rw,nosuid shared:7 - ext4 covered rw\n"
        f"24 22 0:4 / {folder} rw,nosuid shared:8 - tmpfs tmpfs rw\n"
    )
    monkeypatch.setattr(private, "_MOUNTS", str(mounts))
    return folder


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system without a folder in memory, and its temporary folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(private, "_memory_candidates", list)
    monkeypatch.setattr(private, "_temporary_folder", lambda: str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return folder


def test_a_private_folder_is_ours_alone_and_goes(memory: Path) -> None:
    with private.private_directory() as path:
        assert os.path.dirname(path) == str(memory)
        assert os.path.basename(path).startswith(f"leafseal-{os.geteuid()}-{os.getpid()}-")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
        file = private.write_private(path, "prod.yaml", b"secret")
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
        Path(path, "prod.yaml~").write_bytes(b"a backup by the editor")
        Path(path, "sub").mkdir()
    assert list(memory.iterdir()) == []


def test_it_goes_when_something_fails_too(memory: Path) -> None:
    def fail() -> None:
        with private.private_directory() as path:
            private.write_private(path, "x", b"secret")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(memory.iterdir()) == []


@pytest.mark.parametrize("spoil", ["open to others", "on a disk", "not there"])
def test_a_runtime_folder_that_will_not_do_is_passed_over(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    if spoil == "open to others":
        memory.chmod(0o755)
    elif spoil == "on a disk":
        monkeypatch.setattr(private, "_MOUNTS", str(tmp_path / "none"))
    else:
        memory.rmdir()
    monkeypatch.setattr(private, "_memory_candidates", lambda: [str(memory)])
    assert private._memory_base() is None


def test_a_shared_folder_needs_the_sticky_bit(memory: Path) -> None:
    memory.chmod(0o777)
    assert not private._is_safe(str(memory))
    memory.chmod(0o1777)
    assert private._is_safe(str(memory))


def test_mount_points_are_unescaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("22 1 0:2 / / rw - ext4 a rw\n23 22 0:3 / /with\\040blank rw - ramfs none rw\n")
    monkeypatch.setattr(private, "_MOUNTS", str(mounts))
    assert private.file_system_of("/with blank/x") == "ramfs"
    assert private.file_system_of("/with") == "ext4"


def test_on_a_disk_the_user_is_told_once(disk: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        with private.private_directory(warn=told.append) as path:
            assert os.path.dirname(path) == str(disk)
    assert told == [f"plaintext is held in {disk}, on a disk, from which it cannot be erased for certain"]
    assert list(disk.iterdir()) == []


def test_a_folder_in_memory_that_is_full_is_no_reason_to_use_a_disk(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str, mode: int) -> None:
        raise OSError(errno.ENOSPC, "full")  # no room, or no inode

    monkeypatch.setattr(os, "mkdir", full)
    with pytest.raises(WriteError) as caught, private.private_directory(no_disk_plaintext=True):
        pytest.fail("there is no folder")
    assert caught.value.message == f"cannot make a temporary folder in {memory}: no space left on device"
    assert str(memory) in str(caught.value.hint)


def test_where_the_policy_forbids_it_nothing_goes_to_a_disk(disk: Path) -> None:
    with pytest.raises(RefusedError, match="policy forbids"), private.private_directory(no_disk_plaintext=True):
        pass
    assert list(disk.iterdir()) == []


def test_no_temporary_folder(disk: Path) -> None:
    disk.rmdir()
    with pytest.raises(WriteError, match="no folder for temporary files"), private.private_directory():
        pass


def test_without_a_state_folder_the_user_is_told_each_time(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "state_directory", lambda: None)
    told: list[str] = []
    for _ in range(2):
        with private.private_directory(warn=told.append):
            pass
    assert len(told) == 2


def leftover(folder: Path, pid: int, start: int) -> Path:
    path = folder / f"leafseal-{os.geteuid()}-{pid}-{start}-{owners._mark()}01234567"
    path.mkdir(mode=0o700)
    (path / "prod.yaml").write_text("secret")
    return path


def test_folders_of_dead_processes_go(memory: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    dead = leftover(memory, child.pid, 1)
    alive = leftover(memory, os.getppid(), owners.start_time(os.getppid()))
    (memory / "leafseal-is-a-nice-name").mkdir()
    private.sweep()
    assert not dead.exists()
    assert alive.exists()
    assert (memory / "leafseal-is-a-nice-name").exists()


def test_a_link_that_looks_like_a_left_over_is_not_followed(memory: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "x").write_text("kept")
    link = memory / f"leafseal-{os.geteuid()}-999999-1-{owners._mark()}01234567"
    link.symlink_to(precious)
    private.sweep()
    assert (precious / "x").exists()


HOLD = """
import sys, time
from leafseal.system import private
with private.private_directory() as path:
    private.write_private(path, "prod.yaml", b"secret")
    print(path, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(private._memory_base() is None, reason="no folder in memory here")
@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "KILL"])
def test_signals_leave_no_plaintext(name: str) -> None:
    number = signal.Signals[f"SIG{name}"]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        path = process.stdout.readline().strip()
        assert os.path.exists(os.path.join(path, "prod.yaml"))
        process.send_signal(number)
        process.wait(120)
    if name == "KILL":
        private.sweep()
    assert not os.path.exists(path)


def test_signals_that_are_ignored_stay_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.as_exceptions():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("threads", [0, 1])
def test_signals_become_exceptions_and_wait_for_tidying_up(threads: int) -> None:
    done = []
    over = threading.Event()
    others = [threading.Thread(target=over.wait, args=(30,)) for _ in range(threads)]  # which may get the signal
    for other in others:
        other.start()

    def end() -> None:
        with signals.as_exceptions():
            with signals.held_back():
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.01)
                done.append(True)
            time.sleep(60)

    with pytest.raises(signals.Ended) as caught:
        end()
    over.set()
    for other in others:
        other.join()
    assert done
    assert caught.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_the_temporary_folder_is_the_systems() -> None:
    assert private._temporary_folder() == tempfile.gettempdir()
    assert locks.state_directory() is not None
