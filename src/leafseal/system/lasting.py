"""Plaintext in memory for a program that reads it while it runs: in a folder, or where there is none in open files.

A process that becomes the program removes nothing at its end. What it leaves in a folder, `private.sweep` removes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from leafseal.system import in_memory, owners, private

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_LEAST_NUMBER = 200  # of a descriptor: shells and scripts use the small ones themselves


@contextmanager
def lasting_directory(*, for_others: bool = False) -> Iterator[str | None]:
    """Make a folder in memory and remove it at the end of the block; yield None where there is no place for one.

    With `for_others`, other users can reach by name what is in it. Where this process becomes a program in the block,
    the folder stays, and the next command of ours after the program's end removes it.
    """
    base = next((folder for folder in private.lasting_candidates() if _is_place(folder, for_others)), None)
    if base is None:
        yield None
        return
    with private.made_directory(os.path.join(base, f"leafseal-files-{os.geteuid()}-{owners.tag()}")) as path:
        if for_others:
            os.chmod(path, 0o711)  # noqa: S103  to pass through, not to look
        yield path


def _is_place(folder: str, for_others: bool) -> bool:
    """Tell whether a folder is in memory, and nobody else can move what we put there."""
    try:
        descriptor = os.open(folder, _FOLDER)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        kind = in_memory.kind_of(descriptor)
    finally:
        os.close(descriptor)
    is_closed = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    is_sticky = status.st_uid in (0, os.geteuid()) and bool(status.st_mode & stat.S_ISVTX)
    if kind is None or not (is_closed or is_sticky) or (for_others and not status.st_mode & stat.S_IXOTH):
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def can_have_open_files() -> bool:
    """Tell whether the system has files in memory without a folder, and shows them to the children of their process."""
    try:
        return hasattr(os, "memfd_create") and os.readlink("/proc/self") == str(os.getpid())
    except OSError:  # there is no /proc, or that of other processes
        return False


def open_file(name: str, data: bytes, *, uid: int = -1, gid: int = -1) -> int:
    """Return the descriptor of a file in memory that nobody can change, and that programs inherit. Raises `OSError`."""
    import fcntl

    from leafseal.system.descriptors import write_all

    first = os.memfd_create(name, os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    try:
        write_all(first, data)
        os.fchown(first, uid, gid)
        os.fchmod(first, 0o400)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(first, fcntl.F_ADD_SEALS, seals)
        try:
            return fcntl.fcntl(first, fcntl.F_DUPFD, _LEAST_NUMBER)
        except OSError:  # the process may not have so many
            return fcntl.fcntl(first, fcntl.F_DUPFD, 3)
    finally:
        os.close(first)


def path_of(descriptor: int) -> str:
    """Return the path of an open file, for this process, and for its children too when they have closed it."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"
