"""The folder that files are rendered into: made where it is missing, and in memory unless the user says otherwise."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from leafseal.display import for_shell
from leafseal.document.frozen import NamedTuple
from leafseal.errors import RefusedError, WriteError, naming, system_text
from leafseal.run.render.generations import Generations, locked
from leafseal.run.render.tree import Access, File, Owner, access_of, give
from leafseal.system import in_memory

_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Folder(NamedTuple):
    """A folder for rendered files, and whether it may be on a disk."""

    path: str
    allow_disk: bool = False
    no_disk_plaintext: bool = False
    """What the policy says; `allow_disk` does not help then."""


def render(folder: Folder, files: Sequence[File], warn: Callable[[str], None] = lambda _: None) -> bool:
    """Have these files in a folder, and no others of ours; tell whether anything changed.

    All of them are exchanged in one step, or none. Raises `RefusedError`, `WriteError`, and `ConflictError` where
    another process holds the folder.
    """
    access = access_of(files)
    with _opened(folder, access) as descriptor, locked(descriptor, folder.path):
        kind = in_memory.kind_of(descriptor)
        changed = Generations(folder.path, descriptor, durable=kind is None).publish(files)
        if changed:
            _warn(folder.path, descriptor, access, warn)
        return changed


@contextmanager
def _opened(folder: Folder, access: Access) -> Iterator[int]:
    """Open the folder, which is made with what files in it need if it is missing."""
    is_new = False
    try:
        with suppress(FileExistsError):
            os.mkdir(folder.path, 0o700)
            is_new = True
        descriptor = os.open(folder.path, _FLAGS)
    except (OSError, ValueError) as error:
        text = system_text(error) if isinstance(error, OSError) else "no folder can have this name"
        above = os.path.dirname(os.path.abspath(folder.path)) if "\0" not in folder.path else "/"
        hint = None if os.path.isdir(above) else f"create the folder above it: mkdir -p {for_shell(above)}"
        raise WriteError(f"cannot be used as a folder: {text}", file=folder.path, hint=hint) from None
    try:
        try:
            _refuse_anothers(folder.path, descriptor, access.owner)
            _refuse_disk(folder, descriptor)
            if is_new:
                with naming(folder.path):
                    give(descriptor, access.owner, access.mode, "it")
        except BaseException:
            if is_new:
                with suppress(OSError):
                    os.rmdir(folder.path)
            raise
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_anothers(path: str, descriptor: int, owner: Owner) -> None:
    """Refuse a folder, or a link to one, that a user put there before us where everybody can create one.

    Whoever owns it could put other files in the place of ours.
    """
    path = os.path.abspath(path)
    above = os.stat(os.path.dirname(path))
    owners = {os.lstat(path).st_uid, os.fstat(descriptor).st_uid}
    if above.st_mode & stat.S_IWOTH and not owners <= {0, os.geteuid(), owner.uid}:
        raise RefusedError(
            "another user created it, where everybody can create folders, and could replace the files in it",
            hint=_OWN_HINT,
            file=path,
        )


_OWN_HINT = "choose a folder that does not exist yet"


def _refuse_disk(folder: Folder, descriptor: int) -> None:
    if in_memory.kind_of(descriptor) is not None:
        return
    if folder.no_disk_plaintext:
        raise RefusedError(
            "it is not in memory, and the policy forbids plain text on a disk", hint=_MEMORY_HINT, file=folder.path
        )
    if not folder.allow_disk:
        raise RefusedError(
            "it is not in memory (tmpfs), and what is deleted from a disk may be recovered from it",
            hint=f"{_MEMORY_HINT}; to write to this one anyway, add --allow-disk",
            file=folder.path,
        )


_MEMORY_HINT = "choose a folder below /dev/shm or /run"


def _warn(path: str, descriptor: int, access: Access, warn: Callable[[str], None]) -> None:
    status = os.fstat(descriptor)
    uid, gid = access.owner
    may_enter = status.st_mode & (0o100 if status.st_uid == uid else 0o010 if status.st_gid == gid else 0o001)
    if uid not in (None, 0) and not may_enter:
        warn(f"{path}: {access.owner} owns the files, and cannot enter the folder: change its owner or mode")
    if in_memory.may_be_swapped(descriptor):
        warn(f"{path}: this machine swaps, and the folder is not mounted with noswap; encrypt the swap space")
