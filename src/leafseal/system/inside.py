"""Files that somebody else names, read only where they are in one folder: no `..` and no link leads out of it.

Each folder on the way is held open and the next name is looked up in it, so that nobody can put a link in its place
meanwhile. Links are followed while they stay inside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack

from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.errors import InputError, MissingFileError, RefusedError, naming, system_text
from leafseal.system.reading import Identity, Snapshot, read, read_descriptor, refuse_kind

_MOST_LINKS = 40  # as on Linux
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_inside(name: str, root: str = ".", limits: Limits = DEFAULT_LIMITS, *, hint: str | None = None) -> Snapshot:
    """Read a regular file that a path relative to the current folder names, and that is below `root`.

    Raises `RefusedError`, with the hint, for what is outside of `root`, and `InputError` for what is no regular file.
    """
    return _guarded(name, root, limits, hint, lambda: _here(root, hint))


def read_below(root: str, name: str, limits: Limits = DEFAULT_LIMITS) -> Snapshot:
    """Read a regular file that a path relative to `root` names, and that is below it. Raises as `read_inside`."""
    return _guarded(name, root, limits, None, lambda: os.curdir)


def _guarded(name: str, root: str, limits: Limits, hint: str | None, start: Callable[[], str]) -> Snapshot:
    """Read a file that a path names as seen from `start`, a folder relative to the root."""
    try:
        with naming(name):
            if os.path.isabs(name):
                raise _outside_error(hint)
            if os.open not in os.supports_dir_fd:
                return _read_by_path(name, root, os.path.join(root, start()), limits, hint)
            with ExitStack() as held:
                return _read_by_steps(name, root, start(), limits, hint, held)
    except ValueError:
        raise InputError("no file can have this name", file=name.replace("\0", "?")) from None
    except MissingFileError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError("no such file", file=name) from None
    except OSError as error:
        raise InputError(f"cannot read: {system_text(error)}", file=name) from error


def _outside_error(hint: str | None) -> RefusedError:
    return RefusedError("is outside of the folder that files may come from", hint=hint)


def _here(root: str, hint: str | None) -> str:
    """Return the current folder as seen from the root."""
    found = os.path.relpath(os.path.realpath("."), os.path.realpath(root))
    if found == ".." or found.startswith(f"..{os.sep}"):
        raise _outside_error(hint)
    return found


def _read_by_path(name: str, root: str, start: str, limits: Limits, hint: str | None) -> Snapshot:
    real, base = os.path.realpath(os.path.join(start, name)), os.path.realpath(root)
    if os.path.commonpath((real, base)) != base:
        raise _outside_error(hint)
    return read(real, limits)._replace(path=name)


def _read_by_steps(name: str, root: str, start: str, limits: Limits, hint: str | None, held: ExitStack) -> Snapshot:
    def hold(descriptor: int) -> int:
        held.callback(os.close, descriptor)
        return descriptor

    folders = [hold(os.open(root, _FOLDER & ~getattr(os, "O_NOFOLLOW", 0)))]
    left = [*reversed(name.split("/")), *reversed(start.split(os.sep))]
    links = 0
    while left:
        step = left.pop()
        if step in ("", "."):
            continue
        if step == "..":
            if len(folders) == 1:
                raise _outside_error(hint)
            folders.pop()
            continue
        if (target := _target(step, folders[-1])) is not None:
            links += 1
            if os.path.isabs(target):
                raise _outside_error(hint)
            if links > _MOST_LINKS:
                raise InputError("too many links")
            left += reversed(target.split("/"))
        elif left:
            folders.append(hold(os.open(step, _FOLDER, dir_fd=folders[-1])))
        else:
            return _read_file(step, folders[-1], name, limits, held)
    refuse_kind(os.fstat(folders[-1]).st_mode)
    raise AssertionError("what is left is a folder")


def _target(step: str, folder: int) -> str | None:
    """Return where a link leads to; None for what is none."""
    if stat.S_ISLNK(os.stat(step, dir_fd=folder, follow_symlinks=False).st_mode):
        return os.readlink(step, dir_fd=folder)
    return None


def _read_file(step: str, folder: int, name: str, limits: Limits, held: ExitStack) -> Snapshot:
    refuse_kind(os.stat(step, dir_fd=folder, follow_symlinks=False).st_mode)  # opening alone can move a device
    descriptor = os.open(step, _FILE, dir_fd=folder)
    held.callback(os.close, descriptor)
    status = os.fstat(descriptor)
    refuse_kind(status.st_mode)
    return Snapshot(name, read_descriptor(descriptor, limits.file_bytes), Identity.of(status))
