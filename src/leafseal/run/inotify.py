"""Linux's notices of what happens in folders. Where there are none, `open_watch` returns None: polling has to do."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable

_CREATED, _MOVED_IN, _MOVED_OUT, _DELETED = 0x100, 0x80, 0x40, 0x200
_MODIFIED, _WRITTEN, _ATTRIBUTES, _GONE = 0x2, 0x8, 0x4, 0x400 | 0x800
_EVENTS = _CREATED | _MOVED_IN | _MOVED_OUT | _DELETED | _MODIFIED | _WRITTEN | _ATTRIBUTES | _GONE
_ONLY_FOLDERS = 0x01000000
_ROOM = 65536  # bytes for events, which are not looked at one by one


class Watch:
    """Tells that something happened in a folder, not what."""

    def __init__(self, descriptor: int, add: Callable[[int, bytes, int], int]) -> None:
        self._descriptor = descriptor
        self._add = add

    def follow(self, folders: Iterable[str]) -> None:
        """Watch these folders too. What cannot be watched is left to polling."""
        for folder in folders:
            self._add(self._descriptor, os.fsencode(folder), _EVENTS | _ONLY_FOLDERS)

    def wait(self, seconds: float) -> bool:
        """Wait until something happens, or the time is over; tell which."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        try:
            os.read(self._descriptor, _ROOM)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """End watching."""
        os.close(self._descriptor)


def open_watch() -> Watch | None:
    """Return a watch of no folders yet, None where the system has none to give: their number is small."""
    if sys.platform != "linux":
        return None
    import ctypes

    try:
        library = ctypes.CDLL(None)
        start, add = library.inotify_init1, library.inotify_add_watch
    except (OSError, AttributeError):
        return None
    descriptor = start(os.O_NONBLOCK | os.O_CLOEXEC)
    return None if descriptor < 0 else Watch(descriptor, add)
