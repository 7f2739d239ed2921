"""Work that is done apart, in a process without a terminal, which ends with its time and all that it started."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from leafseal.system.descriptors import write_all

_GRACE = 5  # seconds after its time when a process ends by itself, whose parent is gone


def done_apart(work: Callable[[], bytes | None], seconds: float) -> bytes | None:
    """Return what `work` returns; None where it returns None, raises something, or takes longer.

    It runs in a copy of this process that has neither a terminal nor input: nothing in it can ask a question, and
    nothing that it hangs on holds up this process. Call it where no other thread runs. Where a process cannot be copied
    a thread does the work, which is left behind when its time is up.
    """
    if not hasattr(os, "fork"):
        return _in_thread(work, seconds)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _work_and_end(work, reading, writing, seconds)
    os.close(writing)
    data = None
    try:
        data = _read(reading, monotonic() + seconds)
    finally:
        os.close(reading)
        if data is None:
            _end(child)
        status = os.waitpid(child, 0)[1]
    return data if status == 0 else None


def _work_and_end(work: Callable[[], bytes | None], reading: int, writing: int, seconds: float) -> None:
    """Do the work as the copy, write its result, and end with 0 where there is one."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(seconds) + _GRACE)
        os.close(reading)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        data = work()
        if data is not None:
            write_all(writing, data)
            os.close(writing)
            status = 0
    finally:
        os._exit(status)  # whatever was raised: what comes up the stack belongs to the other process


def _read(descriptor: int, deadline: float) -> bytes | None:
    """Return all that comes through a pipe; None where its end does not come in time."""
    import select

    pieces: list[bytes] = []
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while (left := deadline - monotonic()) > 0:
        if poll.poll(left * 1000):
            piece = os.read(descriptor, 1 << 20)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
    return None


def _end(child: int) -> None:
    """End a process and what it started, which are a group of their own as soon as it has begun."""
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            end(child, signal.SIGKILL)


def _in_thread(work: Callable[[], bytes | None], seconds: float) -> bytes | None:
    import threading

    results: list[bytes | None] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    return results[0] if results else None
