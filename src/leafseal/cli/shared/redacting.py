"""Keeping the values of files out of what a program prints: which they are, and what the user is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
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


@contextmanager
def streams(
    files: Sequence[tuple[str, Opened]],
    handed: Mapping[str, bytes],
    name_of: Callable[[Locator], str],
    *,
    least: int | None,
    waits: bool,
) -> Iterator[FilteredStreams]:
    """Yield streams that keep the encrypted values of files out of our output, and warn of what they cannot do."""
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
    filtered = FilteredStreams(Patterns(patterns), waits=waits)
    yield filtered
    if filtered.was_cut:
        terminal.warn(
            "a process that the program started can still write to its output, and nobody reads it any more;"
            " to wait for it, add --redact-wait"
        )
    for failure in filtered.failures:
        terminal.warn(f"cannot write what the program printed: {system_text(failure)}")
