"""The filter that replaces secrets in a stream, whatever pieces it comes in.

Every run of occurrences that overlap becomes one mask. Back is held only what could be the beginning of a secret: the
longest end of the data that some pattern begins with.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable

from leafseal.errors import LeafsealError

MASK = b"[REDACTED]"

Search = Callable[[bytes], list[tuple[int, int, int]]]
"""Gives each occurrence, also those that overlap: the number of its pattern, its start and its end."""

_RELEASED_WHEN_IDLE = 5
"""The most bytes of what may be a secret that come out when a program stops to write, for the sake of prompts."""

_BEGINNING, _BEGINNING_OF_DIGITS = 4, 6
"""So many bytes of each pattern are searched for; more of hexadecimal digits, of which logs are full.

Whole patterns make an automaton many times as large. For 1,000 values it takes 0.8 s to build and 155 MiB, and is
slower, because it leaves the processor's cache.
"""

_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class Patterns:
    """What is looked for, compiled once for all streams.

    Raises `LeafsealError` where the library that searches is not installed.
    """

    def __init__(self, patterns: Iterable[bytes]) -> None:
        self._sorted = sorted({pattern for pattern in patterns if pattern})
        self._within = _longest_prefixes(self._sorted)
        beginnings = set(map(_beginning, self._sorted))
        self._find = _search(sorted(beginnings))
        self._short = {text[:size] for text in beginnings for size in range(1, len(text))}
        sizes = [len(pattern) for pattern in self._sorted]
        self.longest = max(sizes, default=0)
        self.shown_when_idle = min(_RELEASED_WHEN_IDLE, min(sizes, default=1) - 1)
        """The most bytes of an unfinished occurrence that may come out."""

    def look(self, data: bytes) -> tuple[list[tuple[int, int]], int]:
        """Return where occurrences are, overlapping ones as one, in order; and from where one may go on."""
        runs: list[tuple[int, int]] = []
        open_from, tail = len(data), len(data) - self.longest
        for start in sorted({start for _, start, _ in self._find(data)}):
            if (end := self._end(data, start)) is not None:
                if runs and start < runs[-1][1]:
                    runs[-1] = (runs[-1][0], max(runs[-1][1], end))
                else:
                    runs.append((start, end))
            if tail < start < open_from and self._begins(data[start:]):
                open_from = start
        for size in range(min(_BEGINNING_OF_DIGITS - 1, len(data)), 0, -1):
            if data[-size:] in self._short:
                return runs, min(open_from, len(data) - size)
        return runs, open_from

    def _end(self, data: bytes, start: int) -> int | None:
        """Return where the longest occurrence ends that begins at a place, None where none does."""
        text = data[start : start + self.longest]
        number = bisect_right(self._sorted, text) - 1
        while number >= 0 and not text.startswith(self._sorted[number]):
            number = self._within[number]
        return start + len(self._sorted[number]) if number >= 0 else None

    def _begins(self, text: bytes) -> bool:
        """Tell whether some pattern begins with a text and is longer."""
        place = bisect_left(self._sorted, text)
        if place < len(self._sorted) and self._sorted[place] == text:
            place += 1
        return place < len(self._sorted) and self._sorted[place].startswith(text)


def _beginning(pattern: bytes) -> bytes:
    text = pattern[:_BEGINNING_OF_DIGITS]
    return text if _DIGITS.issuperset(text) else text[:_BEGINNING]


def _longest_prefixes(patterns: list[bytes]) -> list[int]:
    """Return for each of sorted patterns the number of the longest other one that it begins with, -1 for none."""
    found: list[int] = []
    around: list[int] = []
    for number, pattern in enumerate(patterns):
        while around and not pattern.startswith(patterns[around[-1]]):
            around.pop()
        found.append(around[-1] if around else -1)
        around.append(number)
    return found


def _search(patterns: list[bytes]) -> Search:
    if not patterns:
        return lambda _: []
    try:
        from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind
    except ImportError:
        raise LeafsealError(
            "--redact needs a library that is not installed", hint="pip install 'leafseal[redact]'"
        ) from None
    automaton = BytesAhoCorasick(patterns, matchkind=MatchKind.Standard, implementation=Implementation.DFA)

    def occurrences(data: bytes) -> list[tuple[int, int, int]]:
        return automaton.find_matches_as_indexes(data, overlapping=True)

    return occurrences


class Stream:
    """One stream that is filtered: what goes in comes out of the same or of a later call, in order."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._data = b""  # begins where an occurrence may begin
        self._done = 0  # so many bytes of it are out already, or masked
        self._is_masked = False  # the last of them were masked

    def look_for(self, patterns: Patterns) -> None:
        """Replace other secrets from now on."""
        self._patterns = patterns

    @property
    def is_waiting(self) -> bool:
        """Tell whether `idle` could give something."""
        return self._done < len(self._data) <= self._patterns.shown_when_idle

    def feed(self, data: bytes) -> bytes:
        """Take data and return what can come out."""
        self._data += data
        return self._take(*self._patterns.look(self._data))

    def idle(self) -> bytes:
        """Return what is held back if it is short: somebody may wait for it. The rest of a secret is still masked."""
        if not self.is_waiting:
            return b""
        shown = self._data[self._done :]
        self._done, self._is_masked = len(self._data), False
        return shown

    def close(self) -> bytes:
        """Return what is left at the end of the stream."""
        return self._take(self._patterns.look(self._data)[0], len(self._data))

    def _take(self, runs: list[tuple[int, int]], cut: int) -> bytes:
        """Return what comes out if nothing that begins before `cut` is still open."""
        output, place = [], self._done
        for start, end in runs:
            if start >= cut:
                break
            if end <= place:
                continue
            goes_on = self._is_masked and start < place  # of an occurrence that has its mask
            output.append(self._data[place:start])
            if not goes_on:
                output.append(MASK)
            place, self._is_masked = end, True
        if place < cut:
            output.append(self._data[place:cut])
            place, self._is_masked = cut, False
        self._data, self._done = self._data[cut:], place - cut
        return b"".join(output)
