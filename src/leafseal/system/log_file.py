"""Appending whole lines to a log that several processes share, and starting a new one when it is full.

A line is one write to a descriptor that appends, under a lock of the file itself; so no line is torn, and whoever
waited for the lock while the file got another name opens the new one. What was written is on the disk when `append`
returns. A line that does not fit in whole is taken back.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress

from leafseal.display import for_shell
from leafseal.errors import AuditError, system_text

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PATIENCE = 20.0
"""Seconds to wait for the lock of a log before giving up."""

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FLAGS |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def append(path: str, line: bytes, *, most: int, keep: int) -> None:
    """Append a line, which ends in a line break, and see that it is on the disk.

    A file that would grow beyond `most` bytes is renamed to `PATH.1` before, that one to `PATH.2`, up to `keep` of
    them. Where the folder does not let us, the file grows on. Raises `AuditError`.
    """
    try:
        descriptor, is_new = _open_locked(path, len(line), most, keep)
        try:
            _write(descriptor, line)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(path)
    except OSError as error:
        hint = _ELSEWHERE if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR) else _HINT
        raise AuditError(f"the audit log cannot be written: {_reason(error)}", hint=hint, file=path) from None


_HINT = "check that its folder exists, that you may write the file, and that the disk has room"


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a symbolic link"
    if error.errno == errno.ENXIO:
        return "it is a socket or a device"
    return system_text(error)


def _open_locked(path: str, size: int, most: int, keep: int) -> tuple[int, bool]:
    """Return a descriptor of the file that has the name, locked, and whether it was created or renamed just now."""
    deadline = time.monotonic() + PATIENCE
    is_new = not os.path.lexists(path)
    while True:
        descriptor = os.open(path, _FLAGS, 0o600)
        try:
            _check(descriptor, path)
            if _lock(descriptor) and _is_still(descriptor, path):
                if not _is_full(descriptor, size, most) or not _rename(path, keep):
                    return descriptor, is_new
                is_new = True
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise AuditError(f"another process has locked the audit log for {PATIENCE:g} seconds", file=path)


def _check(descriptor: int, path: str) -> None:
    """Raise `AuditError` for what is no file of ours to write to."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise AuditError("the audit log is a named pipe or a device, and no file", hint=_ELSEWHERE, file=path)
    if os.name == "nt":
        return
    if status.st_mode & stat.S_IWOTH:
        raise AuditError("everybody may write the audit log", hint=f"chmod o-w {for_shell(path)}", file=path)
    folder = os.stat(os.path.dirname(path))
    if folder.st_mode & stat.S_IWOTH and status.st_uid not in (0, os.geteuid()):
        raise AuditError(
            "the audit log is another user's, in a folder where everybody may create files", hint=_ELSEWHERE, file=path
        )


_ELSEWHERE = 'name another file as audit.file in the policy; "leafseal policy show" names the policy'


def _lock(descriptor: int) -> bool:
    """Lock a file; False where another process has it, after a while. A file system without locks goes without."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.001 + os.getpid() % 16 / 4000)  # not all in step
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):
            raise
    return True


def _is_still(descriptor: int, path: str) -> bool:
    """Tell whether the name leads to the file that was locked: another process may have renamed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _is_full(descriptor: int, size: int, most: int) -> bool:
    length = os.fstat(descriptor).st_size
    return length > 0 and length + size > most


def _rename(path: str, keep: int) -> bool:
    """Give the file that we have locked, and those before it, their next names. False where the folder forbids it."""
    try:
        for number in range(keep - 1, 0, -1):
            with suppress(FileNotFoundError):
                os.replace(f"{path}.{number}", f"{path}.{number + 1}")
        os.replace(path, f"{path}.1")
    except OSError:
        return False
    return True


def _write(descriptor: int, line: bytes) -> None:
    """Write a line in one piece, or nothing of it, and wait until it is on the disk."""
    length = os.fstat(descriptor).st_size
    if length and not _ends_whole(descriptor, length):
        line = b"\n" + line  # a process was killed, or the disk was full, in the middle of one
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, "")
        getattr(os, "fdatasync", os.fsync)(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, length)
        raise


def _ends_whole(descriptor: int, length: int) -> bool:
    if not hasattr(os, "pread"):
        return True
    return os.pread(descriptor, 1, length - 1) == b"\n"


def _sync_folder(path: str) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
