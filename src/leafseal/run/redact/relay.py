"""Passing on what a program prints, through the filter, until it ends and a little longer."""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leafseal.run.redact.stream import Stream
from leafseal.system.descriptors import read_some, write_all

_PIECE = 65536  # bytes: what a pipe holds
_IDLE = 50  # milliseconds without data, after which the beginning of what may be a secret comes out
_MOST_AFTER_END = 1 << 20  # bytes that are still taken from a process that goes on to write


class Relay:
    """Reads one stream of a program and writes it to one of ours, in a thread of its own.

    Nothing is queued: while our reader sleeps, the program waits, as it would without us.
    """

    was_cut = False
    """Whether another process could still write when this ended."""

    failure: OSError | None = None
    """What kept it from writing, apart from a reader that had read enough."""

    def __init__(self, source: int, target: int, stream: Stream, *, ends: int, ended: int) -> None:
        self._source, self._target, self.stream = source, target, stream
        self._ends, self._ended = ends, ended
        self._is_busy = False
        self.is_open = True
        self.lock = threading.Lock()
        """Held while the descriptor of the source is closed, and `is_open` changes."""

        self.thread = threading.Thread(target=self._run, daemon=True)

    def is_settled(self) -> bool:
        """Tell whether all is passed on that the program wrote up to now, apart from what may be part of a secret."""
        with self.lock:
            has_more = self.is_open and select.select([self._source], [], [], 0)[0]
        return not (has_more or self._is_busy)

    def _run(self) -> None:
        try:
            self._pass_on()
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO, errno.ECONNRESET):
                self.failure = error
        finally:
            with self.lock:
                os.close(self._source)  # where our reader has gone, the program learns it by its next write
                self.is_open = self._is_busy = False
            os.write(self._ended, b".")

    def _pass_on(self) -> None:
        waiting = select.poll()
        waiting.register(self._source, select.POLLIN)
        waiting.register(self._ends, 0)  # it is closed when the program has ended and others had their time
        after_end = 0
        while True:
            self._is_busy = False
            ready = dict(waiting.poll(_IDLE if self.stream.is_waiting else None))
            self._is_busy = True
            if self._source in ready:
                data = self._read()
                if not data:
                    break
                write_all(self._target, self.stream.feed(data))
                after_end += len(data) if self._ends in ready else 0
            elif not ready:
                write_all(self._target, self.stream.idle())
            if self._ends in ready and (self._source not in ready or after_end > _MOST_AFTER_END):
                self.was_cut = True
                break
        write_all(self._target, self.stream.close())

    def _read(self) -> bytes:
        try:
            return read_some(self._source, _PIECE)
        except OSError as error:
            if error.errno == errno.EIO:  # how Linux tells the end of a terminal
                return b""
            raise


class Keyboard:
    """Hands what is typed to the terminal that a program has, in a thread of its own.

    Only while we are in the foreground: what is typed at other times is for somebody else.
    """

    def __init__(self, source: int, target: int, *, ends: int) -> None:
        self._source, self._target, self._ends = source, target, ends
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        waiting = select.poll()
        waiting.register(self._source, select.POLLIN)
        waiting.register(self._ends, 0)
        with suppress(OSError), closing(self._target):  # one of the two terminals is gone
            while self._ends not in (ready := dict(waiting.poll())):
                if ready and not is_in_foreground(self._source):
                    if select.select([self._ends], [], [], 0.2)[0]:
                        return
                elif data := os.read(self._source, _PIECE):
                    write_all(self._target, data)
                else:
                    return


@contextmanager
def closing(descriptor: int) -> Iterator[None]:
    """Close a descriptor at the end."""
    try:
        yield
    finally:
        os.close(descriptor)


def is_in_foreground(terminal: int) -> bool:
    """Tell whether a terminal is ours to read from and to set."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
