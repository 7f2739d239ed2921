"""One writer at a time per file."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from leafseal.errors import ConflictError
from leafseal.system import locks
from leafseal.system.locks import locked

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no such locks on Windows")

HOLD = (
    "import sys; from leafseal.system.locks import locked\n"
    "with locked(sys.argv[1]): print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with nothing else in it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def lock_files(state: Path) -> list[Path]:
    return [path for path in state.rglob("*") if path.is_file()]


def test_a_lock_is_a_file_of_our_own_while_it_is_held(tmp_path: Path, state: Path) -> None:
    target = tmp_path / "a.yaml"
    with locked(target):
        [lock] = lock_files(state)
        assert lock.stat().st_mode & 0o777 == 0o600
        assert not target.exists()
    assert lock_files(state) == []


def test_who_holds_it_takes_it_again(tmp_path: Path, state: Path) -> None:
    with locked(tmp_path / "a.yaml"):
        with locked(tmp_path / "a.yaml"):
            pass
        assert lock_files(state)  # the inner one did not let go of it


def test_a_link_and_what_it_leads_to_are_one_file_and_its_neighbour_is_another(tmp_path: Path, state: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a.yaml")
    with locked(tmp_path / "a.yaml"), locked(tmp_path / "link"):
        assert len(lock_files(state)) == 1
    with locked(tmp_path / "a.yaml"), locked(tmp_path / "b.yaml"):
        assert len(lock_files(state)) == 2


def test_another_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        monkeypatch.setattr(locks, "PATIENCE", 0.0)
        with pytest.raises(ConflictError, match="another leafseal process has locked"), locked(path):
            pass
        monkeypatch.setattr(locks, "PATIENCE", 60.0)
        other.stdin.close()
        with locked(path):
            assert other.wait(120) == 0


def test_another_thread_is_waited_for(tmp_path: Path) -> None:
    inside, order = threading.Event(), []

    def second() -> None:
        inside.wait(120)
        with locked(tmp_path / "a.yaml"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with locked(tmp_path / "a.yaml"):
        inside.set()
        thread.join(0.05)
        order.append("first")
    thread.join(120)
    assert order == ["first", "second"]


def test_where_no_lock_can_be_made_writing_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked(tmp_path / "no such folder" / "a.yaml"):
        pass
    monkeypatch.setattr(locks, "state_directory", lambda: None)
    with locked(tmp_path / "a.yaml"):
        pass


def test_it_is_let_go_of_after_an_error(tmp_path: Path, state: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "a.yaml"):
        _ = 1 / 0
    assert lock_files(state) == []
