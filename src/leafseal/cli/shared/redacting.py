"""Keeping the values of files out of what a program prints: which they are, and what the user is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from leafseal.display import first_of
from leafseal.errors import system_text
from leafseal.operations.open import Opened
from leafseal.run.redact.forms import LEAST
from leafseal.run.redact.stream import Patterns
from leafseal.run.redact.streams import FilteredStreams
from leafseal.run.redact.values import public_texts, wanted_of
from leafseal.system import terminal

Locator = tuple[str | int, ...]


def patterns_of(
    files: Sequence[tuple[str, Opened]],
    handed: Mapping[str, bytes],
    name_of: Callable[[Locator], str],
    *,
    least: int | None,
) -> set[bytes]:
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
    return patterns


@contextmanager
def streams(patterns: Iterable[bytes], *, waits: bool) -> Iterator[FilteredStreams]:
    """Yield streams that keep these out of our output, and warn of what they could not do."""
    filtered = FilteredStreams(Patterns(patterns), waits=waits)
    yield filtered
    warn_of_end(filtered)


def warn_of_end(filtered: FilteredStreams) -> None:
    """Tell what streams could not do, after their end."""
    if filtered.was_cut:
        terminal.warn(
            "a process that the program started can still write to its output, and nobody reads it any more;"
            " to wait for it, add --redact-wait"
        )
    for failure in filtered.failures:
        terminal.warn(f"cannot write what the program printed: {system_text(failure)}")


class Redactions:
    """The streams of a program that may be started again, with other values to keep out of our output."""

    def __init__(self, *, waits: bool) -> None:
        self._waits = waits
        self._last: FilteredStreams | None = None

    def next(self, patterns: Iterable[bytes]) -> FilteredStreams:
        """Return the streams for the next start; those before have ended."""
        self.end()
        self._last = FilteredStreams(Patterns(patterns), waits=self._waits)
        return self._last

    def look_for(self, patterns: Iterable[bytes]) -> None:
        """Keep other values out of what a running program prints."""
        if self._last is not None:
            self._last.look_for(Patterns(patterns))

    def end(self) -> None:
        """Warn of what the last streams could not do, after their end."""
        if self._last is not None:
            warn_of_end(self._last)
            self._last.forget()
            self._last = None
