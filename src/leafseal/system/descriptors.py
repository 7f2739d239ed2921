"""Reading and writing open descriptors, also those that another program has set not to wait.

A descriptor that was inherited can be shared, and so can its mode: after a program such as Node.js or ssh, a pipe may
answer "not now". Python's own streams then lose what they could not write, or take "nothing yet" for the end.
"""

from __future__ import annotations

import os


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes. Raises `OSError`."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            _wait(descriptor, for_reading=False)


def read_some(descriptor: int, size: int) -> bytes:
    """Read what there is, up to a size, and wait for it; nothing is the end. Raises `OSError`."""
    while True:
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            _wait(descriptor, for_reading=True)


def _wait(descriptor: int, *, for_reading: bool) -> None:
    import select  # here because hardly any run gets this far

    watched = [descriptor]
    select.select(watched if for_reading else [], [] if for_reading else watched, [])


def above_standard_streams(*descriptors: int) -> list[int]:
    """Return descriptors, others in place of those that are standard streams: what is opened while these are closed."""
    import fcntl

    found = [one if one > 2 else fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 3) for one in descriptors]
    for one in descriptors:
        if one <= 2:
            os.close(one)
    return found
