"""Which process is told that files changed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.errors import LeafsealError
from leafseal.run.render.notify import Notice

is_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can hit any process")


@pytest.fixture
def running() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as program:
        yield program
        program.kill()


@is_root
def test_a_file_of_another_user_names_no_process_of_ours(tmp_path: Path, running: subprocess.Popen[bytes]) -> None:
    """Whoever created it before, in /tmp say, would choose which process root sends a signal to."""
    path = tmp_path / "app.pid"
    path.write_text(f"{running.pid}\n")
    os.chown(path, 12345, -1)
    with pytest.raises(LeafsealError, match="is not of the user who owns that file"):
        Notice(signal.SIGTERM, str(path)).send()
    assert running.poll() is None
    os.chown(path, 0, -1)
    Notice(signal.SIGTERM, str(path)).send()
    assert running.wait(120) == -signal.SIGTERM


@is_root
def test_a_program_that_wrote_its_file_itself_is_told(tmp_path: Path) -> None:
    path = tmp_path / "app.pid"
    with subprocess.Popen(["sleep", "60"], user=12345) as program:
        path.write_text(f"{program.pid}\n")
        os.chown(path, 12345, -1)
        Notice(signal.SIGTERM, str(path)).send()
        assert program.wait(120) == -signal.SIGTERM
    with pytest.raises(LeafsealError, match="no process"):
        Notice(signal.SIGTERM, str(path)).send()
