"""One generation of rendered files: writing it, and comparing one that is there.

Everything is opened step by step from an open folder, and no step may be a link: what is in there may belong to the
program that reads it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby

from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import WriteError
from leafseal.system.descriptors import write_all

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# A named pipe in a file's place must not stop us.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class Owner(NamedTuple):
    """Whom a file belongs to, by numbers; None leaves what the system gives it."""

    uid: int | None = None
    gid: int | None = None

    def __str__(self) -> str:
        return ":".join("" if number is None else str(number) for number in self).rstrip(":")


class File(NamedTuple):
    """A file to be there: its path below the folder, its content, who may read it."""

    path: str
    data: bytes
    mode: int = 0o400
    owner: Owner = Owner()

    @property
    def parent(self) -> str:
        """The path of the folder that it is in, empty for the outermost."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def __repr__(self) -> str:
        return f"File({self.path!r}, {len(self.data)} bytes)"


class Access(NamedTuple):
    """Owner and mode of the folders that files are in."""

    owner: Owner
    mode: int


def access_of(files: Sequence[File]) -> Access:
    """Return what lets those into the files' folders who may read the files.

    Folders belong to the owner that all files have. If they have several, the folders stay ours, to pass through.
    """
    mode = 0o700
    for file in files:
        mode |= 0o050 if file.mode & 0o070 or file.owner.gid is not None else 0
        mode |= 0o005 if file.mode & 0o007 else 0
    owners = {file.owner for file in files}
    if len(owners) == 1:
        return Access(owners.pop(), mode)
    return Access(Owner(), mode | 0o011)


def write(here: int, generation: str, files: Sequence[File], *, durable: bool) -> None:
    """Write files into a new folder of this name. Raises `OSError`, and `WriteError` for an owner that only root gives.

    `durable` forces them to the disk.
    """
    os.mkdir(generation, 0o700, dir_fd=here)
    for place, group in groupby(sorted(files, key=lambda file: file.parent), lambda file: file.parent):
        folder = _open(here, generation, place, create=True)
        try:
            for file in group:
                _write_file(folder, file, durable)
        finally:
            os.close(folder)
    access = access_of(files)
    # The deepest first: after that they may be closed to us.
    for place in sorted(_folders(files), key=_depth, reverse=True):
        folder = _open(here, generation, place)
        try:
            give(folder, access.owner, access.mode, place or "the folder")
            if durable:
                os.fsync(folder)
        finally:
            os.close(folder)


def is_same(here: int, generation: str, files: Sequence[File]) -> bool:
    """Tell whether a generation has these files and nothing else, to the byte and the bit."""
    try:
        return _is_same(here, generation, {file.path: file for file in files}, _folders(files), access_of(files))
    except OSError:
        return False


def _is_same(here: int, generation: str, expected: dict[str, File], folders: set[str], access: Access) -> bool:
    found = 0
    for place in folders:
        folder = _open(here, generation, place)
        try:
            if not _has(os.fstat(folder), access.owner, access.mode):
                return False
            for name in os.listdir(folder):
                path = f"{place}/{name}" if place else name
                found += 1
                if path not in folders and not (path in expected and _is_file_same(folder, expected[path])):
                    return False
        finally:
            os.close(folder)
    return found == len(expected) + len(folders) - 1


def _folders(files: Sequence[File]) -> set[str]:
    """Return the paths of all folders that files are in, with an empty one for the outermost."""
    return {"", *(file.path[:at] for file in files for at, sign in enumerate(file.path) if sign == "/")}


def _depth(place: str) -> int:
    return place.count("/") + bool(place)


def _open(here: int, generation: str, place: str, *, create: bool = False) -> int:
    """Open a folder of a generation. No step on the way may be a link."""
    folder = os.open(generation, _FOLDER, dir_fd=here)
    for name in filter(None, place.split("/")):
        above = folder
        try:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=above)
            folder = os.open(name, _FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return folder


def _write_file(folder: int, file: File, durable: bool) -> None:
    descriptor = os.open(file.name, _NEW, 0o600, dir_fd=folder)
    try:
        write_all(descriptor, file.data)  # the first write on a full tmpfs is short, and no error
        give(descriptor, file.owner, file.mode, file.path)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give(descriptor: int, owner: Owner, mode: int, path: str) -> None:
    """Set owner and mode of what is open. Raises `OSError`, and `WriteError` where only root may do that."""
    if owner != Owner():
        try:
            os.fchown(descriptor, -1 if owner.uid is None else owner.uid, -1 if owner.gid is None else owner.gid)
        except PermissionError:
            raise WriteError(
                f"cannot give {visible(path)} to {owner}: only root may do that",
                hint="run it as root, or as that user and without an owner",
            ) from None
    os.fchmod(descriptor, mode)


def _has(status: os.stat_result, owner: Owner, mode: int) -> bool:
    uid = os.geteuid() if owner.uid is None else owner.uid
    return status.st_uid == uid and owner.gid in (None, status.st_gid) and stat.S_IMODE(status.st_mode) == mode


def _is_file_same(folder: int, file: File) -> bool:
    descriptor = os.open(file.name, _READ, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        if not (stat.S_ISREG(status.st_mode) and _has(status, file.owner, file.mode)):
            return False
        if status.st_size != len(file.data):
            return False
        with open(descriptor, "rb", buffering=0, closefd=False) as stream:
            return stream.readall() == file.data
    finally:
        os.close(descriptor)
