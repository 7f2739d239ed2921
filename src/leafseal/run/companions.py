"""What may be beside a program that `supervisor` runs: streams between it and ours, and changes that it is told of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from leafseal.run.environment import Account

Wait = Callable[[float | None, int], None]
"""Waits for so many milliseconds at most, until a descriptor can be read; signals to us end that by exceptions."""


class Streams(Protocol):
    """What stands between a program and our standard streams."""

    has_session: bool
    """Whether the program gets a session, so that no terminal of ours sends it anything."""

    def in_child(self, account: Account | None) -> None:
        """Put the streams in their places, in the process that becomes the program."""

    def started(self) -> None:
        """Begin to pass on what the program writes."""

    def resized(self) -> None:
        """Tell the program of the new size of our terminal."""

    def set_aside(self) -> AbstractContextManager[None]:
        """Give the terminal back as it was, while we are stopped."""

    def drain(self, wait: Wait) -> None:
        """Pass on what the program left, after its end."""

    def close(self) -> None:
        """Give everything back, whatever happened."""


class Changes(Protocol):
    """What may come while a program runs, for which it is told, or ended and started again."""

    descriptor: int
    """Can be read when something came; negative where nothing comes any more."""

    signal: int | None
    """What tells the program of it; None to start it again."""

    grace: float
    """The seconds that it may take to end then, before it is killed."""

    def take(self) -> bool:
        """Take what came; tell whether it matters to the program."""

    def streams(self) -> Streams | None:
        """Return the streams for the next start."""
