"""Adding to a file that another program made and reads later."""

from __future__ import annotations

import os

from leafseal.errors import WriteError, system_text
from leafseal.system.descriptors import write_all


def append_lines(path: str, data: bytes) -> None:
    """Add lines to the end of a file that is there, all or none; a last line without its end is ended before.

    Raises `WriteError`.
    """
    try:
        # Reading tells whether the last line has its end. The file is made by the one who reads it, never by us.
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise WriteError(f"cannot be written: {system_text(error)}", file=path) from error
    try:
        _append(descriptor, data)
    except OSError as error:
        raise WriteError(f"cannot be written: {system_text(error)}", file=path) from error
    finally:
        os.close(descriptor)


def _append(descriptor: int, data: bytes) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        if os.read(descriptor, 1) != b"\n":
            data = b"\n" + data
    try:
        write_all(descriptor, data)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
