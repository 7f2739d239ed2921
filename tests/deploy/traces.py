"""Where plaintext goes, as strace sees it: into memory, pipes and sockets, and into no file, name or argument."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_WRITE = re.compile(rb"(?:p?write(?:v|64)?|sendto)\((\d+)<([^>]*)>")
_IN_MEMORY = ("/memfd:", "socket:", "TCP:", "pipe:", "/dev/shm/", "/run/user/", "/dev/null")


@cache
def can_trace() -> bool:
    """Tell whether there is an strace that may trace what it starts."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


def strace(log: Path) -> tuple[str, ...]:
    """Return the words before a command line that have it and its children traced."""
    calls = "trace=%file,write,pwrite64,writev,execve,sendto"
    return ("strace", "-f", "-y", "-s", "100000", "-o", str(log), "-e", calls)


def refuse_traces(log: Path, values: Iterable[str]) -> None:
    """Fail where a value is in a file on a disk, or in a word of a system call; and where it was not seen at all."""
    forms = [value.encode() for value in values]
    told = [line for line in log.read_bytes().splitlines() if any(form in line for form in forms)]
    assert told, "strace saw nothing of it"
    for line in told:
        write = _WRITE.search(line)
        assert write is not None, line[:200]
        assert write[2].decode().startswith(_IN_MEMORY), line[:200]
