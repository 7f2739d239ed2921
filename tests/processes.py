"""Whether processes are gone, which a busy machine takes its time for."""

from __future__ import annotations

import os
import time
from pathlib import Path

_SECONDS = 120.0


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, even if whoever should ask for its end has not yet."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in b"ZX"
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return os.path.isdir("/proc/self")  # else there is no /proc, and the signal says that it runs


def wait_until_gone(pid: int) -> None:
    """Wait for the end of a process that need not be a child."""
    end = time.monotonic() + _SECONDS
    while not is_gone(pid):
        assert time.monotonic() < end, f"{pid} runs"
        time.sleep(0.02)
