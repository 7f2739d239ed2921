"""One writer at a time per file, among the processes of one user.

The lock is a file in the user's state folder, named after folder and name of the target, because the target itself is
replaced by every write. It is advice to other leafseals; what keeps the content safe from everybody else is the
comparison in `files.replace`. Where no such file can be made or locked, writing goes on without.
"""

from __future__ import annotations

import _thread
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leafseal.errors import ConflictError
from leafseal.system.directories import own_directory, state_directory

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PATIENCE = 60.0
"""Seconds to wait for another process before giving up."""

_held: set[tuple[int, str]] = set()  # (thread, lock file): a command that holds a lock may call what takes it again


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of the file at `path`. Whoever reads, changes and writes back takes it around all three.

    Raises `ConflictError` when another process does not let go of it for a minute.
    """
    lock = _lock_file(os.path.realpath(path))
    key = (_thread.get_ident(), lock or "")
    if lock is None or fcntl is None or key in _held:
        yield
        return
    descriptor = _acquire(lock)
    _held.add(key)
    try:
        yield
    finally:
        _held.discard(key)
        if descriptor is not None:
            with suppress(OSError):
                os.unlink(lock)  # Safe while it is held: who waited for it compares what it got with the name.
            os.close(descriptor)


def _lock_file(real: str) -> str | None:
    state = state_directory()
    if state is None:
        return None
    folder, name = os.path.split(real)
    try:
        status = os.stat(folder)
    except OSError:
        return None
    locks = os.path.join(state, "locks")
    if not own_directory(locks):
        return None
    # Names may be as long as a name can be; the checksum makes room, and two files that share one wait in turn.
    return os.path.join(locks, f"{status.st_dev:x}-{status.st_ino:x}-{_checksum(name)}")


def _checksum(name: str) -> str:
    data = os.fsencode(name)
    return f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}"


def _acquire(lock: str) -> int | None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(descriptor, lock):
                return descriptor
            os.close(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() > deadline:
                raise ConflictError(
                    "another leafseal process has locked this file for a minute", hint="wait for it, or end it"
                ) from None
            time.sleep(0.005 + os.getpid() % 32 / 1000)  # not all in step
        except OSError:  # a file system without locks
            os.close(descriptor)
            return None


def _is_still(descriptor: int, lock: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(lock))
    except OSError:
        return False
