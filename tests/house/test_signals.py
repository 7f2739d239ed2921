"""The tests run alike whatever started them: `nohup make test`, or `make test &` in a script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .. import isolation

ROOT = Path(__file__).parents[2]

IGNORE = """
import os, signal, sys
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.mark.skipif(os.name == "nt", reason="no signals there")
def test_ignored_signals_are_put_back() -> None:
    test = "tests/house/test_signals.py::test_signals_have_their_defaults"
    done = subprocess.run(
        [sys.executable, "-c", IGNORE, "-m", "pytest", "-p", "no:cacheprovider", test],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(os.name == "nt", reason="no signals there")
def test_signals_have_their_defaults() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGHUP) in (signal.SIG_DFL, isolation.unheard)
    assert signal.getsignal(signal.SIGQUIT) == signal.SIG_DFL
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
