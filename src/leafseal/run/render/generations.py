"""Files that are exchanged in one step, so that no reader finds one missing or half written.

A folder has one link for each file or folder in it, through `..data`, which is a link to the generation that counts, as
kubelet makes them for the volumes of Secrets:

    DIR/app                      -> ..data/app
    DIR/..data                   -> ..2026_11_29_15_55_21.123456.d41f6a0b5c2e9a77
    DIR/..2026_11_29_15_55_21…/app/db.env

A new generation is written as a whole, and then `..data` is renamed over. Unlike kubelet, which removes the old one at
once, the one before stays, and any other for a minute: whoever opened `..data` as a folder goes on reading there.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from leafseal.display import for_shell, visible
from leafseal.errors import ConflictError, RefusedError, WriteError, naming, system_text
from leafseal.run.render import tree
from leafseal.run.render.tree import File
from leafseal.system import in_memory, signals

DATA = "..data"
SECONDS_KEPT = 60.0
"""How long a generation stays after the one that followed it, even where another came after that."""

_LINK_TO_BE = "..data_tmp"
_GENERATION = r"\.\.([0-9]{4}(?:_[0-9]{2}){5}\.[0-9]{6})\.[0-9a-f]{16}"
_STAMP = "%Y_%m_%d_%H_%M_%S.%f"
_SECONDS_TO_WAIT = 10.0  # for another process that writes there
_SECONDS_UNTIL_TRIED_AGAIN = 0.05


class Generations:
    """The generations in an open folder that no other leafseal writes to meanwhile."""

    def __init__(self, folder: str, descriptor: int, *, durable: bool) -> None:
        self._folder = folder
        self._here = descriptor
        self._durable = durable  # on a disk

    def publish(self, files: Sequence[File]) -> bool:
        """Have these files be there, and no others of ours; tell whether anything changed.

        Where all is as it should be, nothing is touched. Raises `RefusedError` for what is in the way, and
        `WriteError`; unless it says otherwise, the old files are all there then.
        """
        with naming(self._folder):
            try:
                return self._publish(files, sorted({file.path.partition("/")[0] for file in files}))
            except OSError as error:
                raise _write_error(error) from error

    def _publish(self, files: Sequence[File], names: Sequence[str]) -> bool:
        current = self._current()
        self._refuse_foreign(names)
        if current is not None and tree.is_same(self._here, current, files):
            self._link(names)  # which a killed process may not have come to
            self._remove_old(current, self._before(current))
            return False
        new = self._write(files, current)
        with signals.held_back():
            self._exchange(new)
            self._link(names)
            self._unlink_gone(names)
        with suppress(OSError):
            self._remove_old(new, current)
        return True

    def _current(self) -> str | None:
        """Return the name of the generation that counts, None where there is none."""
        try:
            target = os.readlink(DATA, dir_fd=self._here)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise WriteError(f"cannot read {DATA}: {system_text(error)}") from error
            self._refuse_mount(DATA)
            raise RefusedError(f"{DATA} in it is no link, so it cannot be replaced in one step", hint=_HINT) from None
        if re.fullmatch(_GENERATION, target) is None:
            raise RefusedError(f"{DATA} in it leads to {visible(target)}, which leafseal did not create", hint=_HINT)
        return target

    def _refuse_foreign(self, names: Sequence[str]) -> None:
        """Refuse names that something else has already. Links of ours may be there."""
        for name in names:
            try:
                os.stat(name, dir_fd=self._here, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise WriteError(f"cannot create {visible(name)}: {system_text(error)}") from error
            if not self._is_ours(name):
                self._refuse_mount(name)
                path = os.path.join(self._folder, name)
                raise RefusedError(
                    f"{visible(name)} in it exists, and leafseal did not create it",
                    hint=f"choose another folder, or move it away: mv {for_shell(path)} {for_shell(path + '.old')}",
                )

    def _refuse_mount(self, name: str) -> None:
        """Refuse what is mounted on a name: the system replaces none of it."""
        try:
            entry = os.open(name, getattr(os, "O_PATH", 0) | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._here)
        except OSError:
            return
        try:
            is_mount = in_memory.mount_of(entry) != in_memory.mount_of(self._here)
        finally:
            os.close(entry)
        if is_mount:
            raise RefusedError(
                f"{visible(name)} in it is a mount point, so it cannot be replaced",
                hint="mount the whole folder, not a file in it",
            )

    def _is_ours(self, name: str) -> bool:
        try:
            return os.readlink(name, dir_fd=self._here) == f"{DATA}/{name}"
        except OSError:
            return False

    def _write(self, files: Sequence[File], current: str | None) -> str:
        """Write a new generation and return its name. On a full file system old ones make room, once."""
        try:
            return self._write_once(files, current)
        except OSError as error:
            if error.errno not in _FULL or not self._remove_old(current, self._before(current), at_once=True):
                raise _write_error(error) from error
        try:
            return self._write_once(files, current)
        except OSError as error:
            raise _write_error(error) from error

    def _write_once(self, files: Sequence[File], current: str | None) -> str:
        now = datetime.now(UTC)
        if current is not None and (last := _time_of(current)) >= now.timestamp():  # the clock was set back
            with suppress(OverflowError, ValueError):
                now = datetime.fromtimestamp(last, UTC) + timedelta(microseconds=1)
        name = f"..{now.strftime(_STAMP)}.{os.urandom(8).hex()}"
        try:
            tree.write(self._here, name, files, durable=self._durable)
        except BaseException:
            with signals.held_back():
                self._remove(name)
            raise
        return name

    def _exchange(self, new: str) -> None:
        """Have `..data` lead to a generation. Where that fails, the generation is removed."""
        try:
            with suppress(FileNotFoundError):
                os.unlink(_LINK_TO_BE, dir_fd=self._here)
            os.symlink(new, _LINK_TO_BE, dir_fd=self._here)
            self._sync()
            os.rename(_LINK_TO_BE, DATA, src_dir_fd=self._here, dst_dir_fd=self._here)
        except OSError as error:
            with suppress(OSError):
                os.unlink(_LINK_TO_BE, dir_fd=self._here)
            self._remove(new)
            if error.errno in _FULL:
                raise _write_error(error) from error
            raise WriteError(f"{DATA} in it cannot be replaced: {system_text(error)}", hint=_HINT) from error

    def _link(self, names: Sequence[str]) -> None:
        try:
            for name in names:
                if not self._is_ours(name):
                    os.symlink(f"{DATA}/{name}", name, dir_fd=self._here)
            self._sync()
        except OSError as error:
            raise WriteError(f"the files are in {DATA}, but a link to them is missing: {system_text(error)}") from error

    def _unlink_gone(self, names: Sequence[str]) -> None:
        present = frozenset(names)
        with suppress(OSError):
            for name in os.listdir(self._here):
                if name not in present and not name.startswith("..") and self._is_ours(name):
                    os.unlink(name, dir_fd=self._here)

    def _sync(self) -> None:
        if self._durable:
            os.fsync(self._here)

    def _all(self) -> list[str]:
        """Return the names of all generations, the oldest first."""
        return sorted(name for name in os.listdir(self._here) if re.fullmatch(_GENERATION, name))

    def _before(self, current: str | None) -> str | None:
        """Return the newest generation that is older than the current one."""
        return next((name for name in reversed(self._all()) if current is not None and name < current), None)

    def _remove_old(self, current: str | None, before: str | None, *, at_once: bool = False) -> int:
        """Remove generations but for these two, some time after another one took their place; return how many.

        What was replaced in the future goes now: the clock was set back, and it would stay for as long.

        Those that are newer than the current one are what a killed process left: nothing led to them.
        """
        found = self._all()
        now = time.time()
        old = []
        for name, following in zip(found, [*found[1:], ""], strict=False):
            since = _time_of(following if current is not None and name < current else name)
            if name not in (current, before) and (at_once or abs(now - since) >= SECONDS_KEPT):
                old.append(name)
        return sum(map(self._remove, old))

    def _remove(self, generation: str) -> bool:
        """Remove a folder with all that is in it; tell whether it is gone."""
        import shutil

        shutil.rmtree(generation, ignore_errors=True, dir_fd=self._here)  # which follows no links
        return generation not in os.listdir(self._here)


_HINT = "choose a folder that only leafseal writes to"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def _write_error(error: OSError) -> WriteError:
    hint = "make room there for three times the files: two generations are kept" if error.errno in _FULL else None
    return WriteError(f"cannot write: {system_text(error)}", hint=hint)


def _time_of(generation: str) -> float:
    match = re.fullmatch(_GENERATION, generation)
    try:
        year, *rest = map(int, re.split("[_.]", match[1] if match else ""))
        return datetime(year, *rest, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]
    except ValueError:  # a month 13, which is not ours
        return time.time()


@contextmanager
def locked(descriptor: int, folder: str) -> Iterator[None]:
    """Keep other processes from exchanging the files of an open folder; no file is made for that.

    Raises `ConflictError` where another one takes long.
    """
    import fcntl

    deadline = time.monotonic() + _SECONDS_TO_WAIT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ConflictError(
                    f"another process has had it locked for {_SECONDS_TO_WAIT:g} seconds",
                    hint="wait until it ends, or choose another folder",
                    file=folder,
                ) from None
            time.sleep(_SECONDS_UNTIL_TRIED_AGAIN)
        except OSError as error:
            raise WriteError(f"cannot be locked: {system_text(error)}", file=folder) from error
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
