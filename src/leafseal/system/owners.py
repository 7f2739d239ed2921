"""Which process a left-over file belongs to, and whether that process still runs.

A name that carries `tag()` tells both. A process number alone would not do: numbers are given out again, so the time
at which the process began stands beside it; and in another container or on another host that shares the folder the
same number is somebody else, so a mark of host and process namespace does too.
"""

from __future__ import annotations

import os
import re
import time

TAG = r"(?P<pid>[0-9]+)-(?P<start>[0-9]+)-(?P<mark>[0-9a-f]{8})[0-9a-f]{8}"
"""A regular expression for what `tag` returns."""

_FOREIGN_SECONDS = (
    24 * 60 * 60
)  # a process elsewhere cannot be looked at: its left-overs are taken for dead after a day


def tag() -> str:
    """Return a name that nothing else has and that leads back to this process."""
    pid = os.getpid()
    return f"{pid}-{start_time(pid)}-{_mark()}{os.urandom(4).hex()}"


def is_left_over(tagged: re.Match[str], status: os.stat_result) -> bool:
    """Tell whether what has a tag in its name is the user's own, and its process is gone."""
    if os.name != "nt" and status.st_uid != os.geteuid():
        return False
    if not is_of_here(tagged):
        return time.time() - status.st_mtime > _FOREIGN_SECONDS
    pid, start = int(tagged["pid"]), int(tagged["start"])
    return not _runs(pid) or (start != 0 and start_time(pid) not in (0, start))


def is_of_here(tagged: re.Match[str]) -> bool:
    """Tell whether a tag is of this host and this namespace of processes."""
    return tagged["mark"] == _mark()


def start_time(pid: int) -> int:
    """Return when a process began, in clock ticks since the start of the system; 0 where nothing tells."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The program's name stands in parentheses and may hold blanks and parentheses itself.
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def _runs(pid: int) -> bool:
    if os.name == "nt":  # there, signal 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _mark() -> str:
    import zlib  # most commands meet no left-overs

    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"{zlib.crc32(f'{host} {namespace}'.encode()):08x}"
