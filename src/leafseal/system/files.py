"""The one place that writes files.

A write never touches the file that is there. The new content goes to a temporary file beside it, is forced to the
disk, read back and verified by the caller; when the target is still what it was when it was read, the temporary file
is renamed over it. A failure at any point leaves the old file, whole, and a process that was killed leaves at most a
temporary file `.NAME.….leafseal`, which the next write in that folder removes. Plaintext has no name on Linux before
it is whole: a process that is killed between the last two calls leaves it, one that is killed earlier does not.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress

from leafseal.errors import ConflictError, RefusedError, UsageError, WriteError, naming, system_text
from leafseal.system.descriptors import write_all
from leafseal.system.directory import Folder
from leafseal.system.locks import locked
from leafseal.system.reading import Identity, Snapshot, descriptor_of, read, read_descriptor

Verifier = Callable[[bytes], None]
"""Raises when the bytes that were read back from the disk are not what was meant to be written."""


def replace(
    target: Snapshot | str | os.PathLike[str],
    data: bytes,
    *,
    verify: Verifier,
    private: bool = False,
    tighten: bool = False,
    overwrite: bool = False,
    read_only: bool = False,
) -> list[str]:
    """Put `data` in the place of a file and return what the user must be told of it: what could not be kept, who reads.

    Given a `Snapshot`, the file must still be what it was; given a path, it is created where there is none. Links are
    followed, unless they lead nowhere, out of the Git working tree or, outside of Git, out of their folder. The old
    file's mode, owner and attributes are kept. `private` marks plaintext: a new file is then 0600. With `tighten`
    group and others lose their rights to an old one. `overwrite` writes into the old file, for hard links and mount
    points, which a rename would break; that is not atomic. With `read_only` what counts is whether the
    system lets us write the file: root may, whatever its mode.

    A descriptor (`/dev/stdout`), a named pipe or a device is written straight through.

    Raises `ConflictError`, `RefusedError` or `WriteError`.
    """
    name = target.path if isinstance(target, Snapshot) else os.fspath(target)
    snapshot = target if isinstance(target, Snapshot) else None
    if snapshot is not None and snapshot.identity is None:
        raise UsageError("a stream cannot be written back in place", file=name)
    try:
        with naming(name):
            if snapshot is None and _is_stream(name):
                verify(data)
                _write_stream(name, data)
                return []
            real = _follow(name)
            with locked(real), Folder(os.path.dirname(real)) as folder:
                entry = os.path.basename(real)
                told = _put(folder, entry, snapshot, data, verify, private, tighten, overwrite, read_only)
        return told + (_readers(real) if private and snapshot is None else [])
    except BrokenPipeError:  # the reader of a stream went away: nobody is left to be told
        raise
    except OSError as error:
        raise write_error(error, name) from error


def refuse_unwritable(target: Snapshot) -> None:
    """Raise what `replace` would raise before it writes: for a file that is read-only, or changed since it was read."""
    try:
        with naming(target.path), Folder(os.path.dirname(real := _follow(target.path))) as folder:
            name = os.path.basename(real)
            _refuse_target(folder, name, folder.status(name), target, overwrite=False, read_only=False)
    except OSError as error:
        raise write_error(error, target.path) from error


def create(path: str | os.PathLike[str], data: bytes, *, verify: Verifier | None = None, private: bool = False) -> None:
    """Write a new file. Raises `RefusedError` when something of that name is there."""
    refuse_existing(path)
    replace(path, data, verify=verify or _no_check, private=private)


def refuse_existing(path: str | os.PathLike[str]) -> None:
    """Raise `RefusedError` when something of that name is there."""
    name = os.fspath(path)
    if os.path.lexists(name):
        raise RefusedError("already exists", hint="choose another name, or remove it first", file=name)


def create_private(path: str | os.PathLike[str], text: str, *, verify: Verifier | None = None) -> None:
    """Write a new file that only its owner may read, making its folder. Raises `RefusedError` as `create` does."""
    _make_folder_of(os.fspath(path))
    create(path, text.encode(), verify=verify, private=True)


def append_private(path: str | os.PathLike[str], text: str) -> None:
    """Add `text` to a file that only its owner may read, such as one of identities, making it and its folder."""
    name = os.fspath(path)
    _make_folder_of(name)
    with locked(name):
        if not os.path.lexists(name):
            create(name, text.encode(), private=True)
            return
        old = read(name)
        separator = b"" if old.data.endswith(b"\n") or not old.data else b"\n"
        replace(old, old.data + separator + text.encode(), verify=_no_check, private=True, tighten=True)


def _make_folder_of(name: str) -> None:
    try:
        os.makedirs(os.path.dirname(os.path.abspath(name)), mode=0o700, exist_ok=True)
    except OSError as error:
        raise write_error(error, name) from error


def write_error(error: OSError, name: str) -> WriteError:
    """Return what to say about an error of the system that came up while writing `name`."""
    return WriteError(f"cannot write: {system_text(error)}", hint=_HINTS.get(_errno_name(error)), file=name)


_HINTS = {
    "EACCES": "the folder must be writable too: the new file is moved over the old one",
    "EPERM": "the folder must be writable too: the new file is moved over the old one",
    "EBUSY": "a mount point cannot be replaced; for encrypt, decrypt and rotate, use --in-place=overwrite",
    "EDQUOT": "free some space, or ask for more, and try again",
    "EIO": "check the disk before anything else is written to it",
    "ENOENT": "make the folder first",
    "ENOSPC": "free some space and try again",
    "EROFS": "work on a copy in a folder that can be written",
}


def _errno_name(error: OSError) -> str:
    import errno  # here because hardly any run gets this far

    return errno.errorcode.get(error.errno or 0, "")


def _no_check(_data: bytes) -> None:
    pass


# -- streams


def _is_stream(name: str) -> bool:
    if descriptor_of(name) is not None:
        return True
    try:
        mode = os.stat(name).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write_stream(name: str, data: bytes) -> None:
    number = descriptor_of(name)
    if number is not None:
        if number == 1 and sys.stdout is not None:
            sys.stdout.flush()
        write_all(number, data)
        return
    descriptor = os.open(name, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0))
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


# -- replacing


def _follow(name: str) -> str:
    """Return the real path of the target, unless a link leads nowhere, or out of what it came with."""
    real, given = os.path.realpath(name), os.path.abspath(name)
    if real == given:
        return real
    if not os.path.lexists(real) and os.path.islink(given):
        raise RefusedError("is a link to nothing", hint="name the file that is to be written")
    tree = _working_tree(os.path.dirname(given))
    if tree is not None:
        if not _is_below(real, os.path.realpath(tree)):
            raise RefusedError("is a link out of the Git working tree", hint=_NAME_THE_FILE)
    elif not _is_below(real, folder := os.path.realpath(os.path.dirname(given))) or (
        _is_below(given, here := os.path.abspath(os.curdir)) and not _is_below(folder, os.path.realpath(here))
    ):
        raise RefusedError("is a link out of its folder", hint=_NAME_THE_FILE)
    return real


_NAME_THE_FILE = "give the file that it points to"


def _working_tree(folder: str) -> str | None:
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _is_below(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([path, folder]) == folder
    except ValueError:  # on another drive
        return False


def _put(
    folder: Folder,
    name: str,
    snapshot: Snapshot | None,
    data: bytes,
    verify: Verifier,
    private: bool,
    tighten: bool,
    overwrite: bool,
    read_only: bool,
    nameless: bool = True,
) -> list[str]:
    """Replace a file. Plaintext has no name until it is whole, where the system can do that (`nameless`)."""
    folder.sweep()
    old = folder.status(name)
    _refuse_target(folder, name, old, snapshot, overwrite, read_only)
    mode = _mode(old, private, tighten)
    if overwrite and old is not None:
        verify(data)
        _refuse_changed(folder, name, old, snapshot)
        _write_into(folder, name, data, mode)
        return []
    unnamed = folder.create_nameless() if private and nameless else None
    if unnamed is None:
        temporary, descriptor = folder.create_temporary(name)
    else:
        temporary, descriptor = folder.temporary_name(name), unnamed
    try:
        try:
            lost = _fill(folder, name, old, descriptor, data, mode, tighten)
            verify(_read_back(descriptor))
            if unnamed is not None:
                _refuse_changed(folder, name, old, snapshot)
                if not folder.give_name(unnamed, name if old is None else temporary):
                    return _put(
                        folder, name, snapshot, data, verify, private, tighten, overwrite, read_only, nameless=False
                    )
        finally:
            _close(descriptor)
        if old is not None:
            _refuse_changed(folder, name, old, snapshot)
            folder.rename(temporary, name)
        elif unnamed is None:
            _refuse_changed(folder, name, old, snapshot)
            folder.rename_new(temporary, name)
    except BaseException:
        with suppress(OSError):
            folder.unlink(temporary)
        raise
    _force_folder(folder)
    return lost


def _fill(
    folder: Folder, name: str, old: os.stat_result | None, descriptor: int, data: bytes, mode: int, tighten: bool
) -> list[str]:
    """Write the new file, with the attributes of the old one; return what could not be kept."""
    write_all(descriptor, data)
    lost = folder.keep_attributes(name, old, descriptor, sharing=not tighten)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)
    folder.force(descriptor)
    return lost


def _refuse_target(
    folder: Folder,
    name: str,
    old: os.stat_result | None,
    snapshot: Snapshot | None,
    overwrite: bool,
    read_only: bool,
) -> None:
    if old is None:
        if snapshot is not None:
            raise _conflict_error("was removed")
        return
    if not stat.S_ISREG(old.st_mode):
        raise WriteError("cannot write: not a regular file")
    if old.st_nlink > 1 and not overwrite:
        raise RefusedError(
            "has another name (a hard link), which a new file would be separated from",
            hint="copy the file; or, for encrypt, decrypt and rotate, use --in-place=overwrite (not atomic)",
        )
    if not (old.st_mode & 0o222 or read_only) or not folder.may_write(name):
        raise WriteError("cannot write: the file is read-only", hint='if you mean to change it, run "chmod u+w FILE"')
    if snapshot is not None and Identity.of(old) != snapshot.identity:
        raise _conflict_error("changed")


def _mode(old: os.stat_result | None, private: bool, tighten: bool) -> int:
    if old is not None:
        return stat.S_IMODE(old.st_mode) & (0o700 if tighten else 0o7777)
    if private:
        return 0o600
    os.umask(umask := os.umask(0o077))  # There is no way to ask; what another thread makes meanwhile is only stricter.
    return 0o666 & ~umask


def _readers(path: str) -> list[str]:
    """Tell of the rights of others to plaintext that was written into a file that was there."""
    if not hasattr(os, "fchmod"):
        return []
    mode = stat.S_IMODE(os.stat(path).st_mode)
    return [f"keeps its mode {mode:04o}, with which others can read it"] if mode & 0o044 else []


def _refuse_changed(folder: Folder, name: str, old: os.stat_result | None, snapshot: Snapshot | None) -> None:
    now = folder.status(name)
    if now is None or old is None:
        if now is not old:
            raise _conflict_error("was removed" if now is None else "appeared")
        return
    if Identity.of(now) != Identity.of(old) or (snapshot is not None and folder.read(name) != snapshot.data):
        raise _conflict_error("changed")


def _conflict_error(what: str) -> ConflictError:
    return ConflictError(
        f"{what} since it was read: nothing was written", hint="look at its new content, and try again"
    )


def _read_back(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return read_descriptor(descriptor)


def _close(descriptor: int) -> None:
    with suppress(InterruptedError):  # it is closed all the same
        os.close(descriptor)


def _write_into(folder: Folder, name: str, data: bytes, mode: int) -> None:
    descriptor = folder.open_for_overwriting(name)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        write_all(descriptor, data)
        os.ftruncate(descriptor, len(data))
        folder.force(descriptor)
        if _read_back(descriptor) != data:
            raise WriteError("what was written reads back differently", hint="restore the file from Git")
    except OSError as error:
        message = f"cannot write: {system_text(error)}; the file may be half old, half new"
        raise WriteError(message, hint="restore it from Git") from error
    finally:
        _close(descriptor)


def _force_folder(folder: Folder) -> None:
    try:
        folder.sync()
    except OSError as error:
        raise WriteError(
            f"written, but its durability is unknown: {system_text(error)}",
            hint="the new content is written; check the disk, and the file after the next start",
        ) from error
