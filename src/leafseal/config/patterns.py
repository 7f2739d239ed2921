"""The path patterns and rules of one configuration: how many there may be, and how long they may take.

A configuration comes with the checkout. RE2 promises a time that is linear in pattern and path, and a thousand patterns
that each take the most that it allows would still keep a command busy for minutes.
"""

from __future__ import annotations

import time

from leafseal.rules.matching import Matcher, PatternError
from leafseal.rules.pattern import compile_pattern

MAX_RULES = 1_000
MAX_SECONDS = 5.0
"""Of processor time, for all patterns of a file: one takes some 0.05 seconds at most."""


class Patterns:
    """Compiles and matches patterns until their time is used up. Raises `PatternError` then."""

    __slots__ = ("_matchers", "_seconds", "_spent")

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = MAX_SECONDS if seconds is None else seconds
        self._spent = 0.0
        self._matchers: dict[str, Matcher] = {}

    def check(self, pattern: str) -> None:
        """Raise `PatternError` where a pattern is not valid."""
        self._timed(pattern, None)

    def matches(self, pattern: str, path: str) -> bool:
        """Tell whether a pattern occurs in a path."""
        return self._timed(pattern, path)

    def _timed(self, pattern: str, path: str | None) -> bool:
        if self._spent > self._seconds:
            raise PatternError(f"the regular expressions of this file take more than {self._seconds:g} seconds")
        before = time.process_time()
        try:
            matcher = self._matchers.get(pattern)
            if matcher is None:
                matcher = self._matchers[pattern] = compile_pattern(pattern)
            return path is not None and matcher(path)
        finally:
            self._spent += time.process_time() - before
