"""Work in a process of its own. Each test starts one that has no other threads, as commands are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..processes import wait_until_gone

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")

TOO_LONG = 120  # seconds


def outcome(work: str, seconds: float = TOO_LONG) -> str:
    """Return what came of a function `work` whose body is given."""
    code = f"""
import os, subprocess, sys, time
from leafseal.system.apart import done_apart

def work():
    {work}

print(done_apart(work, {seconds}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TOO_LONG, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_result_comes_back_whole() -> None:
    assert outcome("return b'\\0\\n' * 3") == repr(b"\0\n" * 3)
    assert outcome("return b''") == "b''"
    assert outcome("return b'x' * 10**7").count("x") == 10**7


@pytest.mark.parametrize("work", ["return None", "raise ValueError('secret')", "sys.exit(0)", "os.abort()"])
def test_there_is_no_result(work: str) -> None:
    assert outcome(work) == "None"


def test_what_it_hangs_on_ends_with_its_time(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    hang = f"subprocess.run(['/bin/sh', '-c', 'echo $$ > {note}; exec sleep 1000']); return b'late'"
    assert outcome(hang, 1) == "None"
    if note.exists() and (pid := note.read_text().strip()):  # it had begun
        wait_until_gone(int(pid))


def test_it_can_ask_nobody() -> None:
    assert outcome("return sys.stdin.read().encode()") == "b''"
    assert outcome("open('/dev/tty'); return b'asked'") == "None"
