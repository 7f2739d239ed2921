"""Signals as reports that tell who sent them, for a process that waits for a program and passes them on.

A handler learns the number alone. On Linux a descriptor (`signalfd`) tells also whether a terminal or another process
sent a signal: what a terminal sends, it sends to the program as well. All can be waited for together with descriptors.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from leafseal.document.frozen import NamedTuple

FAULTS = {
    getattr(signal, name)
    for name in ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")
    if hasattr(signal, name)
}
"""What a process brings upon itself: such a signal is never held back."""

_RECORD = 128  # bytes: one `struct signalfd_siginfo`
_BEGINNING = struct.Struct("=IiiI")  # number, errno, code, process


class Report(NamedTuple):
    """A signal that was sent to this process."""

    number: int
    code: int | None
    """The `si_code`: above 0 the kernel sent it, which for a terminal is also so; None where that is not known."""

    sender: int
    """The process that sent it, 0 where that is not known."""

    @property
    def is_from_kernel(self) -> bool:
        """Tell whether no process sent it."""
        return self.code is not None and self.code > 0


class SignalQueue:
    """The signals that come while the block runs, apart from those of `FAULTS` and the two that cannot be held back.

    They are blocked in this thread, so that none comes between two steps. A library may have started threads that block
    none: what the system gives to those goes through a handler that only makes a note, without its sender.

    Only the main thread can do that; in another the queue stays empty.
    """

    def __init__(self) -> None:
        self.mask: set[int] = set()
        """The signals that were blocked before."""

        self.handled: dict[int, Any] = {}
        """The signals that have our handler meanwhile, and what they had before."""

    def __enter__(self) -> Self:
        held = signal.valid_signals() - FAULTS - {signal.SIGKILL, signal.SIGSTOP}
        self.mask = {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, held)}
        self._woken, self._wakes = os.pipe()
        for end in (self._woken, self._wakes):
            os.set_blocking(end, False)
        with suppress(ValueError):  # not in the main thread
            self._wakes_before = signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
            for number in held:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self.handled[int(number)] = signal.signal(number, lambda *_: None)
        self._reports = _signalfd(held)
        if self._reports is None:  # what is blocked would reach nobody
            signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)
        self._poll = select.poll()
        for descriptor in (self._woken, self._reports):
            if descriptor is not None:
                self._poll.register(descriptor, select.POLLIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._take()  # it was meant for the program, which has ended
        with suppress(ValueError):
            signal.set_wakeup_fd(getattr(self, "_wakes_before", -1))
        for number, handler in self.handled.items():
            signal.signal(number, handler)
        for descriptor in (self._woken, self._wakes, self._reports):
            if descriptor is not None:
                os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)

    def wait(self, milliseconds: float | None = None, descriptor: int | None = None) -> list[Report]:
        """Return the signals that came, in no certain order.

        Wait until there is one, or the descriptor can be read, or a time is over.
        """
        if descriptor is not None:
            self._poll.register(descriptor, select.POLLIN)
        try:
            self._poll.poll(milliseconds)
        finally:
            if descriptor is not None:
                self._poll.unregister(descriptor)
        return self._take()

    def leave(self) -> None:
        """Give signals back to a program that begins in this process, which was forked: none is noted any more."""
        signal.set_wakeup_fd(-1)
        for number in self.handled:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)

    def _take(self) -> list[Report]:
        found = [Report(number, None, 0) for number in _read(self._woken)]
        if self._reports is not None:
            data = _read(self._reports)
            for place in range(0, len(data), _RECORD):
                number, _, code, sender = _BEGINNING.unpack_from(data, place)
                found.append(Report(number, code, sender))
        return found


def _read(descriptor: int) -> bytes:
    found = b""
    with suppress(BlockingIOError):
        while part := os.read(descriptor, 64 * _RECORD):
            found += part
    return found


def _signalfd(numbers: set[signal.Signals]) -> int | None:
    """Return a descriptor that gives a record for each signal, None where the system has no such thing."""
    if sys.platform != "linux":
        return None
    library = _library()
    if library is None:
        return None
    import ctypes

    mask = ctypes.create_string_buffer(_RECORD)
    library("sigemptyset")(mask)
    for number in numbers:
        library("sigaddset")(mask, int(number))
    descriptor = library("signalfd")(-1, mask, os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor if descriptor >= 0 else None


def adopt_orphans(*, adopt: bool) -> None:
    """Have the system give us the processes whose parents end, of those that our children start, or no longer.

    They become ours to wait for. Where the system cannot do that, they go to the first process, as always.
    """
    if sys.platform == "linux" and (library := _library()) is not None:
        library("prctl")(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def end_with_parent() -> None:
    """Have the system end this process when its parent ends, where it can do that."""
    if sys.platform == "linux" and (library := _library()) is not None:
        library("prctl")(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _library() -> Callable[[str], Any] | None:
    """Return what finds functions of the C library, None where Python has no way to call them."""
    try:
        import ctypes

        library = ctypes.CDLL(None)
    except (ImportError, OSError):
        return None
    return lambda name: getattr(library, name)
