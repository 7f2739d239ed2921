"""Conflict markers in a file, whoever wrote them: the whole text of each side, put together again.

<<<<<<< ours          Two-way, diff3 and zdiff3 styles; markers are any size from seven signs on. Text outside of the
…                     markers belongs to all sides, so it does not matter where a style begins and ends its hunks.
||||||| base
…
=======
…
>>>>>>> theirs
"""

from __future__ import annotations

import re
from typing import NamedTuple

from leafseal.errors import LeafsealError

LEAST = 7
"""Signs of the shortest marker."""

_MARKER = re.compile(rb"([<|=>])\1{6,}(?=[ \r\n]|\Z)")
_SNAPSHOT = re.compile(rb"(?m)^(?:%{7,}|\+{7,}|-{7,}) |^<{7,} [Cc]onflict \d+ of \d+")


class MarkersError(LeafsealError):
    """Conflict markers that do not make sides of a merge."""

    exit_code = 2


class Marked(NamedTuple):
    """The sides of a file with conflict markers, and what the markers call them. There may be no base."""

    ours: bytes
    base: bytes | None
    theirs: bytes
    our_name: str
    their_name: str

    def __repr__(self) -> str:
        return f"Marked({len(self.ours)} and {len(self.theirs)} bytes)"


def has_markers(data: bytes) -> bool:
    """Tell whether a file has conflict markers."""
    return any(line.startswith(b"<" * LEAST) and _MARKER.match(line) for line in data.splitlines())


def split_markers(data: bytes) -> Marked:
    """Return the sides of a file with conflict markers. Raises `MarkersError`, which names the line.

    Where the text of a base has markers of its own, as after merges with several bases, there is no base.
    """
    if _SNAPSHOT.search(data):
        raise MarkersError("has conflict markers in a style of jj, which has no text of the sides", hint=_JJ)
    return _Splitting(data).run()


_JJ = 'have jj write others: set ui.conflict-marker-style to "git", then check the file out again'


class _Splitting:
    """A walk over the lines of a file with markers."""

    def __init__(self, data: bytes) -> None:
        self.lines = data.splitlines(keepends=True)
        self.texts: dict[bytes, list[bytes]] = {b"<": [], b"|": [], b"=": []}
        self.names = {b"<": "", b">": ""}
        self.place = b""  # the sign of the marker that came last; none outside of a conflict
        self.begun = 0
        self.size = 0
        self.has_base = True

    def run(self) -> Marked:
        for number, line in enumerate(self.lines, 1):
            marker = self._marker(line)
            if marker is None:
                self._add(line)
            else:
                self._turn(marker, line, number)
        if self.place:
            raise MarkersError(f"line {self.begun}: a conflict begins here and has no end", hint=_BROKEN)
        if not self.begun:
            raise MarkersError("has no conflict markers")
        ours, base, theirs = (b"".join(self.texts[sign]) for sign in (b"<", b"|", b"="))
        return Marked(ours, base if self.has_base else None, theirs, self.names[b"<"], self.names[b">"])

    def _marker(self, line: bytes) -> bytes | None:
        """Return the sign of a marker of the conflict that we are in; within one, others of another size are text."""
        match = _MARKER.match(line)
        if match is None:
            return None
        if not self.place:
            return match[1] if match[1] == b"<" else None
        return match[1] if len(match[0]) == self.size else None

    def _turn(self, sign: bytes, line: bytes, number: int) -> None:
        following = {b"": b"<", b"<": b"|=", b"|": b"=", b"=": b">"}[self.place]
        if sign not in following:
            raise MarkersError(f"line {number}: this conflict marker does not belong here", hint=_BROKEN)
        if sign == b"<":
            self.begun, self.size = number, len(line) - len(line.lstrip(b"<"))
        if sign == b"=" and self.place == b"<":
            self.has_base = False
        if sign in self.names and not self.names[sign]:
            self.names[sign] = line.lstrip(sign).strip().decode("utf-8", "replace")
        self.place = b"" if sign == b">" else sign

    def _add(self, line: bytes) -> None:
        if self.place == b"|" and _MARKER.match(line):
            self.has_base = False  # an ancestor that was itself merged with a conflict
        for text in [self.texts[self.place]] if self.place else self.texts.values():
            text.append(line)


_BROKEN = 'restore the file as the merge left it: "git checkout -m FILE"'
