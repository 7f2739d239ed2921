"""Keeping the values of files out of what a program prints: which they are, and what the user is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from leafseal.display import first_of
from leafseal.document import Locator
from leafseal.errors import system_text
from leafseal.operations.open import Opened
from leafseal.run.redact.forms import LEAST
from leafseal.run.redact.stream import Patterns
from leafseal.run.redact.streams import FilteredStreams
from leafseal.run.redact.values import public_texts, wanted_of
from leafseal.system import terminal


def patterns_of(
    files: Sequence[tuple[str, Opened]],
    handed: Mapping[str, bytes],
    name_of: Callable[[Locator], str],
    *,
    least: int | None,
) -> frozenset[bytes]:
    """Return what to look for of files, and warn of values that cannot be looked for."""
    least = LEAST if least is None else least
    public = public_texts(os.environ)
    patterns: set[bytes] = set()
    for file, opened in files:
        wanted = wanted_of(opened, handed, name_of, least=least, public=public)
        patterns |= wanted.patterns
        if wanted.skipped:
            terminal.warn(
                f"{file}: not redacted, because they are shorter than {least} bytes, usual words, or the same as"
                f" values in plain text: {first_of(wanted.skipped)}"
            )
    return frozenset(patterns)


class Redactions:
    """The streams of a program that may be started again, with other values to keep out of our output.

    As a context manager they warn at the end of what they could not do.
    """

    def __init__(self, *, waits: bool) -> None:
        self._waits = waits
        self._last: FilteredStreams | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def next(self, patterns: Iterable[bytes]) -> FilteredStreams:
        """Return the streams for the next start; those before have ended."""
        self._end()
        self._last = FilteredStreams(Patterns(patterns), waits=self._waits)
        return self._last

    def look_for(self, patterns: Iterable[bytes]) -> None:
        """Keep other values out of what a running program prints."""
        if self._last is not None:
            self._last.look_for(Patterns(patterns))

    def _end(self) -> None:
        """Warn of what the last streams could not do, after their end."""
        last, self._last = self._last, None
        if last is None:
            return
        if last.was_cut:
            terminal.warn(
                "a process that the program started can still write to its output, and nobody reads it any more;"
                " to wait for it, add --redact-wait"
            )
        for failure in last.failures:
            terminal.warn(f"cannot write what the program printed: {system_text(failure)}")
