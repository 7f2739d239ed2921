"""Doing something again after each change of files, for as long as the process lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from leafseal.cli.shared.files import is_stream
from leafseal.errors import LeafsealError, UsageError
from leafseal.run.watch import Watcher

_SECONDS_OF_PATIENCE = 2.0
"""How long what fails after a change is tried again before it counts: a file may be absent, or half written."""

_SECONDS_UNTIL_TRIED_AGAIN = 0.2
_SECONDS_BETWEEN_TRIES = 30.0  # of what still fails then: a key service may be back

Attempt = Callable[[bool], Sequence[LeafsealError]]
"""Does it; gets whether the last failure was told. Returns what failed."""


def check_files(names: Sequence[str]) -> None:
    """Raise `UsageError` for files that can be read once only."""
    if any(map(is_stream, names)):
        raise UsageError("--watch needs files that it can read again", hint="give the name of a FILE")


def keep_up(watcher: Watcher, attempt: Attempt, tell: Callable[[Sequence[LeafsealError]], None]) -> NoReturn:
    """Wait for changes and make an attempt after each; `tell` of what fails for longer than a moment, once."""
    failing_since: float | None = None
    told: tuple[str, ...] = ()
    seconds: float | None = None
    while True:
        if watcher.wait(seconds):
            failing_since = None
        elif seconds is None:
            continue
        errors = attempt(bool(told))
        if not errors:
            failing_since, told, seconds = None, (), None
            continue
        failing_since = failing_since or time.monotonic()
        if time.monotonic() - failing_since < _SECONDS_OF_PATIENCE:
            seconds = _SECONDS_UNTIL_TRIED_AGAIN
            continue
        seconds = _SECONDS_BETWEEN_TRIES
        if (found := tuple(map(str, errors))) != told:
            tell(errors)
            told = found
