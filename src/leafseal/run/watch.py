"""Waiting until one of some files has other content.

Folders are watched and not files: an editor, Git or kubelet puts another file in the place of the old one, of which a
watch on the file hears nothing. Links on the way count, and every second the files are looked at as well: NFS, FUSE,
overlays and bind mounts send no notices.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from leafseal.run.inotify import open_watch

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_OF_QUIET = 0.1
"""Without further notices before the files are looked at: who writes one file often writes another."""

_MOST_SECONDS_UNTIL_QUIET = 0.7
_SECONDS_OF_DOUBT = 2.0
"""How long after a change of a file its times may hide another: clocks of file systems are coarse."""

_MOST_LINKS = 40


class _State(NamedTuple):
    """What a file was: what the system says of it, and a digest of its content."""

    status: tuple[int, ...] | None  # None where there was no file
    digest: bytes | None
    is_certain: bool  # whether the next look may go by the status alone


class Watcher:
    """Files that are watched; a context manager."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files: tuple[str, ...] = ()
        self._states: dict[str, _State] = {}
        self._watch = open_watch()
        self.look_at(files)

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._watch is not None:
            self._watch.close()

    def look_at(self, files: Sequence[str]) -> None:
        """Watch these files from now on, and no others."""
        self._files = tuple(dict.fromkeys(files))
        self._follow()
        self._states = {file: self._states.get(file) or _state_of(file) for file in self._files}

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until a file has other content, or is there or gone; False where the time is over before."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            if self._has_changed():
                self._settle()
                self._has_changed()  # what came until now is known
                return True
            left = SECONDS_BETWEEN_LOOKS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return False
            self._pause(min(left, SECONDS_BETWEEN_LOOKS))

    def _pause(self, seconds: float) -> None:
        """Wait for a notice, and then until there are no more."""
        if self._watch is None:
            time.sleep(seconds)
        elif self._watch.wait(seconds):
            self._settle()
            self._follow()

    def _settle(self) -> None:
        if self._watch is None:
            time.sleep(SECONDS_OF_QUIET)
            return
        end = time.monotonic() + _MOST_SECONDS_UNTIL_QUIET
        while time.monotonic() < end and self._watch.wait(SECONDS_OF_QUIET):
            pass

    def _has_changed(self) -> bool:
        """Look at the files; tell whether one has other content than at the last look."""
        changed = False
        for file, known in self._states.items():
            status = _status_of(file)
            if status == known.status and known.is_certain:
                continue
            found = _state_of(file)
            changed = changed or found.digest != known.digest
            self._states[file] = found
        return changed

    def _follow(self) -> None:
        if self._watch is not None:
            self._watch.follow(dict.fromkeys(folder for file in self._files for folder in folders_of(file)))


def _status_of(file: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _state_of(file: str) -> _State:
    status = _status_of(file)
    digest = None
    with suppress(OSError, ValueError):
        # Not waiting for whoever writes to a named pipe.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(descriptor, "rb") as stream:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                digest = hashlib.file_digest(stream, "sha256").digest()
    is_old = status is not None and time.time() - status[-1] / 1e9 > _SECONDS_OF_DOUBT
    return _State(status, digest, is_old or status is None)


def folders_of(file: str) -> Iterator[str]:
    """Yield the folders in which something happens when a path leads elsewhere: its own, and those of links on it."""
    left = os.path.abspath(file).split(os.sep)[:0:-1]
    here = os.sep
    links = 0
    while left:
        name = left.pop()
        if name in ("", "."):
            continue
        if name == "..":
            here = os.path.dirname(here)
            continue
        path = os.path.join(here, name)
        try:
            target = os.readlink(path)
        except OSError:
            if not left:
                yield here
            here = path
            continue
        yield here
        links += 1
        if links > _MOST_LINKS:
            return
        if os.path.isabs(target):
            here = os.sep
        left += target.split(os.sep)[::-1]
