"""Folders for plaintext that programs must find in a file, held in memory where the system has a place for that.

A folder in `XDG_RUNTIME_DIR` or `/dev/shm` is used when it is of a file system that lives in memory (its pages may be
swapped out; encrypt the swap space). Else the system's temporary folder has to do: what is deleted from a disk may be
recovered from it, and the user is told so once. Every folder is removed when it is done with, also on a signal;
what a killed process left is removed by the next.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from leafseal.display import for_shell
from leafseal.errors import RefusedError, WriteError, system_text
from leafseal.system import owners, signals
from leafseal.system.directories import runtime_directory, state_directory

_NAME = rf"leafseal-(?P<lasting>files-)?[0-9]+-{owners.TAG}"
ROOM = "make room in XDG_RUNTIME_DIR or /dev/shm, or set XDG_RUNTIME_DIR to another folder in memory"
_MOUNTS = "/proc/self/mountinfo"


@contextmanager
def private_directory(*, no_disk_plaintext: bool = False, warn: Callable[[str], None] | None = None) -> Iterator[str]:
    """Make a folder for plaintext that only we can enter, and remove it with all it holds at the end.

    Raises `RefusedError` when it would stand on a disk and `no_disk_plaintext` says that it must not.
    """
    sweep(everywhere=True)
    base = _memory_base()
    if base is None:
        base = _disk_base(no_disk_plaintext, warn)
    with made_directory(os.path.join(base, f"leafseal-{_uid()}-{owners.tag()}")) as path:
        yield path


@contextmanager
def made_directory(path: str) -> Iterator[str]:
    """Make a folder that only we can enter, and remove it with all it holds at the end, also on a signal."""
    with signals.as_exceptions():
        _make(path)
        try:
            yield path
        finally:
            with signals.held_back():
                _remove(path)


def _make(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError as error:
        raise WriteError("cannot make a temporary folder: its name is taken", hint="try again") from error
    except OSError as error:  # a file system in memory may be full, of files too
        folder = os.path.dirname(path)
        raise WriteError(
            f"cannot make a temporary folder in {folder}: {system_text(error)}",
            hint=f"make room in {for_shell(folder)}, or set XDG_RUNTIME_DIR to another folder in memory",
        ) from error


def sweep(*, everywhere: bool = False) -> None:
    """Remove folders that killed processes of ours left in memory, or in the temporary folder too."""
    bases = lasting_candidates()
    if everywhere:
        bases.append(_temporary_folder())
    for base in bases:
        with suppress(OSError):
            for name in os.listdir(base):
                match = re.fullmatch(_NAME, name) if name.startswith("leafseal-") else None
                if match is not None and _is_leftover(os.path.join(base, name), match):
                    _remove(os.path.join(base, name))


def _is_leftover(path: str, match: re.Match[str]) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    # A program that runs elsewhere may need its files for longer than a day.
    is_known = match["lasting"] is None or owners.is_of_here(match)
    return stat.S_ISDIR(status.st_mode) and is_known and owners.is_left_over(match, status)


def _remove(path: str) -> None:
    import shutil  # here because hardly any command makes such a folder

    shutil.rmtree(path, ignore_errors=True)


def _uid() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _memory_candidates() -> list[str]:
    if os.name == "nt":
        return []
    return [folder for folder in (runtime_directory(os.environ), "/dev/shm") if folder]  # noqa: S108


def lasting_candidates() -> list[str]:
    """Return where files may be in memory that last as long as a program, the folder of a service of systemd first."""
    own = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return [*([own] if os.path.isabs(own) else []), *_memory_candidates(), "/run"]


def _memory_base() -> str | None:
    for folder in _memory_candidates():
        if _is_safe(folder) and file_system_of(folder) in ("tmpfs", "ramfs") and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return None


def _is_safe(folder: str) -> bool:
    """Tell whether nobody else can move what we put there: it is closed to others, or has the sticky bit."""
    try:
        status = os.stat(folder)
    except OSError:
        return False
    if status.st_uid == _uid() and status.st_mode & 0o077 == 0:
        return True
    return status.st_uid in (0, _uid()) and bool(status.st_mode & stat.S_ISVTX)


def file_system_of(path: str) -> str | None:
    """Return the type of the file system that holds `path`, as Linux names it; None where nothing tells."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.readlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = -1, None
    for line in lines:
        mount, _, source = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), mount.split(" ")[4])
        # Of two mounts on one point, the later covers the earlier.
        if len(point) >= best and (real == point or real.startswith(point.rstrip("/") + "/")):
            best, kind = len(point), source.split(" ")[0]
    return kind


_SET_TMPDIR_HINT = "set TMPDIR to a folder that can be written"


def _temporary_folder() -> str:
    import tempfile

    try:
        return tempfile.gettempdir()
    except FileNotFoundError as error:  # it tries to write there
        raise WriteError("cannot write: no folder for temporary files", hint=_SET_TMPDIR_HINT) from error


def _disk_base(no_disk_plaintext: bool, warn: Callable[[str], None] | None) -> str:
    folder = _temporary_folder()
    if no_disk_plaintext:
        raise RefusedError(
            "plaintext would be written to a disk, which the policy forbids",
            hint="set XDG_RUNTIME_DIR to a folder in memory (tmpfs) that is yours alone",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WriteError(f"cannot write: no folder for temporary files: {folder}", hint=_SET_TMPDIR_HINT)
    if warn is not None and _first_time():
        warn(f"plaintext is held in {folder}, on a disk, from which it cannot be erased for certain")
    return folder


def _first_time() -> bool:
    state = state_directory()
    if state is None:
        return True
    try:
        os.close(os.open(os.path.join(state, "told-of-disk"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError:
        return True
    return True


def write_private(folder: str, name: str, data: bytes) -> str:
    """Put a file that only we may read into a private folder and return its path."""
    path = os.path.join(folder, name)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        raise WriteError(f"cannot write a temporary file: {system_text(error)}", hint=ROOM) from error
    return path
