"""Files as they were when they were read."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable
from typing import cast

from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.errors import InputError, MissingFileError, naming, system_text
from leafseal.system.descriptors import read_some


class Identity(NamedTuple):
    """What tells one state of a file from another without reading it."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """Return the identity in the result of a `stat`."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Snapshot(NamedTuple):
    """A file as it was when it was read. Without `identity` it came through a stream and cannot be written back."""

    path: str  # as the user named it
    data: bytes
    identity: Identity | None = None

    def __repr__(self) -> str:
        return f"Snapshot({self.path!r}, {len(self.data)} bytes)"


def read(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Snapshot:
    """Read a whole file, or standard input for `-` and `/dev/stdin`, or an inherited descriptor for `/dev/fd/N`.

    Descriptors are read as they are, pipe, socket or file: not opened again, not moved in. Raises `InputError` for
    folders, devices and named pipes, whose opening may block, and for files larger than the limit. The null device is
    an empty file.
    """
    name = os.fspath(path)
    descriptor = 0 if name == "-" else descriptor_of(name)
    try:
        with naming(name):
            if descriptor is not None:
                return Snapshot(name, _read_stream(descriptor, limits.file_bytes))
            return _read_file(name, limits.file_bytes)
    except ValueError:
        raise InputError("no file can have this name", file=visible(name)) from None
    except FileNotFoundError:
        raise MissingFileError("no such file", file=name) from None
    except OSError as error:
        raise InputError(f"cannot read: {system_text(error)}", file=name) from error


def descriptor_of(name: str) -> int | None:
    """Return the number in a name that stands for an open descriptor of this process."""
    if name in _STANDARD:
        return _STANDARD[name]
    folder, _, number = name.rpartition("/")
    is_number = folder in ("/dev/fd", "/proc/self/fd") and number.isascii() and number.isdigit() and len(number) <= 6
    return int(number) if is_number else None


_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def _read_file(name: str, limit: int) -> Snapshot:
    named = os.stat(name)
    if _is_null(named):
        return Snapshot(name, b"")
    refuse_kind(named.st_mode)  # before it is opened: that alone can move a device
    flags = (
        os.O_RDONLY | _CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    )
    descriptor = os.open(name, flags)
    try:
        status = os.fstat(descriptor)
        refuse_kind(status.st_mode)
        return Snapshot(name, read_descriptor(descriptor, limit), Identity.of(status))
    finally:
        os.close(descriptor)


_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


def _is_null(status: os.stat_result) -> bool:
    if not stat.S_ISCHR(status.st_mode):
        return False
    try:
        return os.stat(os.devnull).st_rdev == status.st_rdev
    except OSError:
        return False


def refuse_kind(mode: int) -> None:
    """Raise `InputError` for what is no regular file."""
    if stat.S_ISDIR(mode):
        raise InputError("is a folder", hint="name the files in it")
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        raise InputError("is a named pipe or socket", hint="connect it to standard input")
    if not stat.S_ISREG(mode):
        raise InputError("is a device")


def _read_stream(descriptor: int, limit: int) -> bytes:
    if descriptor != 0:
        return read_descriptor(descriptor, limit)
    if sys.stdin is None:
        raise InputError("there is no standard input")
    try:
        return read_descriptor(sys.stdin.fileno(), limit)
    except io.UnsupportedOperation:  # a stream that somebody put in its place
        return _read_all(cast(io.BufferedReader, sys.stdin.buffer).read1, limit)


def read_descriptor(descriptor: int, limit: int = sys.maxsize) -> bytes:
    """Read an open file from where it stands to its end. Raises `InputError` beyond `limit` bytes."""
    return _read_all(lambda size: read_some(descriptor, size), limit)


def _read_all(read_some: Callable[[int], bytes], limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := read_some(1 << 20):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise InputError(
                f"larger than {limit} bytes", hint="raise the limit with --max-file-size if this is meant"
            ).over("file_bytes")
    return b"".join(pieces)
