"""The streams of a program whose output is filtered: pipes, and terminals where ours are terminals.

A program that has our terminal for its input and output gets another one, of which we pass on what is typed and shown,
as `script` does; it is the first of a session there. Where only its output goes to a terminal, it stays in our session
and reads what it reads, and what it writes to is a terminal to whoever asks.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leafseal.run.companions import Wait
from leafseal.run.environment import Account
from leafseal.run.redact.relay import Keyboard, Relay, is_in_foreground
from leafseal.run.redact.stream import Patterns, Stream
from leafseal.system.descriptors import above_standard_streams

_SECONDS_FOR_OTHERS = 0.5  # after the program's end, for processes that it started and that still have its output

_SECONDS_TO_SETTLE = 0.5  # before we stop or end; longer only where our reader sleeps

_OFLAG, _LFLAG = 1, 3  # places in what `tcgetattr` returns


class _Output:
    """Streams of the program that are one of ours: what they are there, what we read, and where that goes."""

    def __init__(self, numbers: list[int], *, is_terminal: bool) -> None:
        self.numbers, self.is_terminal = numbers, is_terminal
        self.ours, self.theirs = above_standard_streams(*(os.openpty() if is_terminal else os.pipe()))

    def copy_size(self) -> None:
        """Give the inner terminal the size of ours."""
        if self.is_terminal:
            with suppress(OSError):
                size = fcntl.ioctl(self.numbers[0], termios.TIOCGWINSZ, bytes(struct.calcsize("HHHH")))
                fcntl.ioctl(self.ours, termios.TIOCSWINSZ, size)


class FilteredStreams:
    """Stands between a program and our standard output and error, from before its start to after its end."""

    def __init__(self, patterns: Patterns, *, waits: bool = False) -> None:
        """Prepare the streams. With `waits`, their end comes when no process has them any more."""
        self._patterns, self._waits = patterns, waits
        self.has_session = _is_at_terminal()
        self._outputs = [_Output(numbers, is_terminal=os.isatty(numbers[0])) for numbers in _groups()]
        self._before = termios.tcgetattr(0) if self.has_session else None
        self._is_raw = False
        for output in self._outputs:
            if output.is_terminal:
                self._prepare(output)
        self._ends, self._end = above_standard_streams(*os.pipe())
        self._ended, self._tells = above_standard_streams(*os.pipe())
        self._relays: list[Relay] = []
        self._keyboard: Keyboard | None = None
        self._is_closed = False

    def _prepare(self, output: _Output) -> None:
        settings = termios.tcgetattr(output.numbers[0])
        if not self.has_session:  # our terminal does the rest, whatever the program makes of it
            settings[_OFLAG] &= ~termios.OPOST
            settings[_LFLAG] &= ~termios.ECHO
        termios.tcsetattr(output.theirs, termios.TCSANOW, settings)
        output.copy_size()

    def in_child(self, account: Account | None) -> None:
        """Put the streams in their places, in the process that becomes the program."""
        for output in self._outputs:
            if account is not None:  # so that the program can open it by a name such as /dev/stdout
                with suppress(OSError):
                    os.fchown(output.theirs, account.uid, -1)
            if self.has_session and 1 in output.numbers:
                os.setsid()
                fcntl.ioctl(output.theirs, termios.TIOCSCTTY, 0)
                os.dup2(output.theirs, 0)
            for number in output.numbers:
                os.dup2(output.theirs, number)

    def started(self) -> None:
        """Begin to pass on what the program writes, and what is typed."""
        self._make_raw()
        for output in self._outputs:
            os.close(output.theirs)
            relay = Relay(output.ours, output.numbers[0], Stream(self._patterns), ends=self._ends, ended=self._tells)
            self._relays.append(relay)
            relay.thread.start()
            if self.has_session and 1 in output.numbers:
                copy = fcntl.fcntl(output.ours, fcntl.F_DUPFD_CLOEXEC, 3)  # the other is closed by its own thread
                self._keyboard = Keyboard(0, copy, ends=self._ends)
                self._keyboard.thread.start()

    def look_for(self, patterns: Patterns) -> None:
        """Replace other secrets from now on."""
        self._patterns = patterns
        for relay in self._relays:
            relay.stream.look_for(patterns)

    def resized(self) -> None:
        """Tell the program of the new size of our terminal."""
        for output, relay in zip(self._outputs, self._relays, strict=True):
            with relay.lock:
                if relay.is_open:
                    output.copy_size()

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Give the terminal back as it was, while we are stopped, and show before that what the program wrote."""
        deadline = time.monotonic() + _SECONDS_TO_SETTLE
        while not all(relay.is_settled() for relay in self._relays) and time.monotonic() < deadline:
            time.sleep(0.005)
        self._restore()
        yield
        self._make_raw()

    def drain(self, wait: Wait) -> None:
        """Pass on what the program left, and for a while or to the end what its children write."""
        deadline = None if self._waits else time.monotonic() + _SECONDS_FOR_OTHERS
        left = len(self._relays)
        while left:
            remaining = None if deadline is None else 1000 * (deadline - time.monotonic())
            if remaining is not None and remaining <= 0:
                self._say_end()
                deadline = remaining = None
            wait(remaining, self._ended)
            with suppress(BlockingIOError):
                os.set_blocking(self._ended, False)
                left -= len(os.read(self._ended, left))

    def close(self) -> None:
        """Give back the terminal as it was, and what is open, whatever happened."""
        if self._is_closed:
            return
        self._is_closed = True
        self._say_end()
        self._restore()
        if not self._relays:  # the program did not start
            for output in self._outputs:
                os.close(output.ours)
                os.close(output.theirs)
        threads = [relay.thread for relay in self._relays] + ([self._keyboard.thread] if self._keyboard else [])
        deadline = time.monotonic() + _SECONDS_TO_SETTLE
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if not any(thread.is_alive() for thread in threads):
            for descriptor in (self._ends, self._ended, self._tells):
                os.close(descriptor)

    @property
    def was_cut(self) -> bool:
        """Whether other processes could still write when we ended."""
        return any(relay.was_cut for relay in self._relays)

    @property
    def failures(self) -> list[OSError]:
        """What kept us from writing."""
        return [relay.failure for relay in self._relays if relay.failure is not None]

    def _say_end(self) -> None:
        if self._end >= 0:
            os.close(self._end)
            self._end = -1

    def _make_raw(self) -> None:
        if self._before is not None and is_in_foreground(0):
            tty.setraw(0, termios.TCSADRAIN)
            self._is_raw = True

    def _restore(self) -> None:
        if self._before is not None and self._is_raw and is_in_foreground(0):
            with suppress(termios.error):
                termios.tcsetattr(0, termios.TCSADRAIN, self._before)
            self._is_raw = False


def _is_at_terminal() -> bool:
    """Tell whether input and output are one terminal, and it is ours."""
    return os.isatty(0) and os.isatty(1) and os.ttyname(0) == os.ttyname(1) and is_in_foreground(0)


def _groups() -> list[list[int]]:
    """Return our output and error, as one where they lead to the same: what comes first stays first there."""
    places = {}
    for number in (1, 2):
        with suppress(OSError):  # it is closed
            status = os.fstat(number)
            places[number] = (status.st_dev, status.st_ino)
    if len(set(places.values())) == 1:
        return [list(places)]
    return [[number] for number in places]
