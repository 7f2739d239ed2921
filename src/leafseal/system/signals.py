"""Signals that end a process, as exceptions, so that every `finally` on the way out is run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TypeAlias

if TYPE_CHECKING:
    from queue import SimpleQueue

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


class Ended(BaseException):
    """A signal asked this process to end. Python itself raises `KeyboardInterrupt` for SIGINT."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def as_exceptions() -> Iterator[None]:
    """Raise `Ended` for TERM, HUP and QUIT meanwhile. What is ignored or handled already stays so.

    Only the main thread can do that; in another this does nothing.
    """
    if not _is_main_thread():
        yield
        return
    ours = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


_gave_up_ignoring = False


@contextmanager
def children_noticed() -> Iterator[None]:
    """Have the system keep the exit status of programs that we start, meanwhile.

    Where SIGCHLD is ignored it keeps none, and Python takes each for 0: a gpg that failed would look like success.
    """
    global _gave_up_ignoring
    if not (are_children_ignored() and _is_main_thread()):
        yield
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _gave_up_ignoring = True
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        _gave_up_ignoring = False


def are_children_ignored() -> bool:
    """Tell whether no exit status of a program would reach this process."""
    return hasattr(signal, "SIGCHLD") and signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN


def give_back() -> None:
    """Undo what Python and we changed of the signals that we were given, before a program of the user's begins here.

    What else is ignored or blocked stays so. Helpers do not get this: with SIGCHLD ignored, they would make the same
    mistake.
    """
    # The program does not get handlers anyway; but one that comes before it has begun would be noted and then lost.
    for number in (signal.SIGINT, *_ENDING):
        if signal.getsignal(number) in (_raise, signal.default_int_handler):
            signal.signal(number, signal.SIG_DFL)
    # Python ignores these two from its start on: `yes | head` would go on. What they were before cannot be known.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if _gave_up_ignoring:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)


Notes: TypeAlias = "SimpleQueue[int | None]"
"""What came up while a program of the user's runs: numbers of signals, and None for its end."""


@contextmanager
def as_notes() -> Iterator[Notes]:
    """Put signals that would be exceptions into a queue, for whoever starts a program and has to look after it.

    An exception could come between the start and the note of it, or between its end and the note of how it ended. In a
    thread that is not the main one the queue stays empty.
    """
    from queue import SimpleQueue  # here because hardly any command starts such a program

    notes: Notes = SimpleQueue()  # a signal may come while something is put into it
    if not _is_main_thread():
        yield notes
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDING)}
    ours = [number for number, handler in before.items() if handler in (_raise, signal.default_int_handler)]
    for number in ours:
        signal.signal(number, lambda number, _: notes.put(number))
    try:
        yield notes
    finally:
        for number in ours:
            signal.signal(number, before[number])
    while not notes.empty():
        if (number := notes.get()) is not None:
            raise_noted(number)


def raise_noted(number: int) -> NoReturn:
    """Raise what a signal would have been."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Ended(number)


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals wait until the block is done: for tidying up that must not be cut short.

    They are noted, not blocked: what this thread blocks, the system hands to another one, and Python then handles it
    here all the same. Only the main thread can do that; in another this does nothing.
    """
    if not _is_main_thread():
        yield
        return
    noted: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDING)}
    ours = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in ours:
        signal.signal(number, lambda number, _: noted.append(number))
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
        if noted:
            signal.raise_signal(noted[0])


def die_of(number: int) -> NoReturn:
    """End this process by the signal that it was sent, so that its parent sees which."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def _is_main_thread() -> bool:
    threading = sys.modules.get("threading")  # where it was not loaded, no other thread was started
    return threading is None or threading.current_thread() is threading.main_thread()


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Ended(number)
