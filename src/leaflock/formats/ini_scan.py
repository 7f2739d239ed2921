"""Where the keys, values and comments of an INI file stand, as SOPS's reader sees them (sops-format §6.4).

To SOPS, the comment of a key is one text: all comment lines since the last key, and what follows the value behind `#`
or `;`. Here the lines are one leaf and the inline part another, so that each can be sealed where it stands; sealed,
SOPS opens the first of the two.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from leaflock.document import Leaf
from leaflock.errors import FormatError
from leaflock.formats.ini_values import SPACE, Value, read_key, read_value, strip_marker
from leaflock.formats.splicing import as_value, duplicate, has_other_bytes, line_of, refuse_sizes
from leaflock.limits import Limits
from leaflock.paths import visible
from leaflock.scalars import Empty

DEFAULT_SECTION = "DEFAULT"
METADATA_SECTION = "sops"

_LINE = re.compile(rf"[{SPACE}]*")
_MARKER = re.compile("[#;]")

ABOVE, INLINE = "above", "inline"
"""What a comment's `place` says; that of a value says whether an inline comment follows it."""


class Key(NamedTuple):
    """A key, and the lines that are its own."""

    section: int  # of all sections, the first being that without a header
    name: str
    start: int  # of its first visible character
    value: Value


class Section(NamedTuple):
    """A section, from its header on."""

    name: str
    start: int  # of the header's line
    end: int  # behind that line


class Scan(NamedTuple):
    """Leaves and layout. The metadata section is among the sections and keys, not among the leaves."""

    leaves: list[Leaf]
    sections: list[Section]
    keys: list[Key]


def scan(text: str, limits: Limits, *, allow_duplicates: bool = False) -> Scan:
    """Find all leaves of an INI file. Raises `FormatError` with the number of a line that is wrong."""
    scanner = _Scanner(text, allow_duplicates)
    scanner.run()
    found = scanner.found
    refuse_sizes(text, found.leaves, limits)
    if has_other_bytes(text):
        found.leaves[:] = [
            leaf if leaf.is_comment or isinstance(leaf.value, Empty) else leaf._replace(value=as_value(str(leaf.value)))
            for leaf in found.leaves
        ]
    return found


class _Scanner:
    def __init__(self, text: str, allow_duplicates: bool) -> None:
        self.text = text
        self.allow_duplicates = allow_duplicates
        start = 1 if text.startswith("\ufeff") else 0
        self.found = Scan([], [Section(DEFAULT_SECTION, start, start)], [])
        self.names: dict[str, set[str]] = {DEFAULT_SECTION: set()}
        self.shown = DEFAULT_SECTION  # the section that leaves belong to: the last that is not the metadata's
        self.lines: list[tuple[int, int]] = []  # comment lines since the last key, without leading blanks
        self.active: tuple[str, ...] = ()  # the comment in force for the next value

    def run(self) -> None:
        text = self.text
        position = self.found.sections[0].start
        self._show_empty(position)
        while position < len(text):
            line_end = text.find("\n", position) + 1 or len(text)
            start = _LINE.match(text, position, line_end).end()  # type: ignore[union-attr]
            if start == line_end:
                position = line_end
                continue
            first = text[start]
            if first == "#" or first == ";":
                self.lines.append((start, line_end))
                position = line_end
            elif first == "[":
                self._header(position, start, line_end)
                position = line_end
            else:
                position = self._key(start, line_end)
        # SOPS loses what no key follows. Here it belongs to the section before it.
        self._comments(self.shown, None)

    def _header(self, line: int, start: int, line_end: int) -> None:
        text, found = self.text, self.found
        closing = text.rfind("]", start, line_end)
        if closing < 0:
            raise FormatError("a section header without ]", line=line_of(text, start))
        name = text[start + 1 : closing]
        if not name:
            raise FormatError("a section without a name", line=line_of(text, start))
        rest = text[closing + 1 : line_end].rstrip(SPACE)
        marker = _MARKER.search(rest)
        if (rest if marker is None else rest[: marker.start()]).strip(SPACE):
            raise FormatError(
                f"text behind the header of section {visible(name)}",
                line=line_of(text, start),
                hint="SOPS would drop it; make it a comment with ; or #",
            )
        found.sections.append(Section(name, line, line_end))
        self.active = ()
        if name == METADATA_SECTION:
            self._comments(self.shown, None)
            return
        self.shown = name
        is_new = name not in self.names
        self.names.setdefault(name, set())
        at = closing + 1
        inline = None if marker is None else (at + marker.start(), at + len(rest))
        if is_new:
            self._show_empty(line_end)
        self.active = self._comments(name, inline)

    def _show_empty(self, position: int) -> None:
        """Have a section among the leaves though it may stay empty."""
        place = (self.shown,)
        self.found.leaves.append(Leaf(0, place, place, position, position, "", Empty.MAPPING))

    def _key(self, start: int, line_end: int) -> int:
        text, found = self.text, self.found
        name, behind = read_key(text, start, line_end)
        value = read_value(text, behind, line_end)
        section = found.sections[-1].name
        names = self.names.setdefault(section, set())
        if name in names and not self.allow_duplicates:
            raise duplicate(name, text, start)
        found.keys.append(Key(len(found.sections) - 1, name, start, value))
        inline = None if value.comment is None else (value.comment, value.comment_end)
        if section == METADATA_SECTION:
            names.add(name)
            self.lines.clear()
            return value.line_end
        leaves = found.leaves
        if not names and leaves[-1].value is Empty.MAPPING and leaves[-1].locator == (section,):
            leaves.pop()
        names.add(name)
        place = (section, name)
        leaves.append(
            Leaf(0, place, place, value.start, value.end, value.style, value.text, self.active, place=inline is not None)
        )
        self.active = self._comments(section, inline, counts=value.comment_counts)
        return value.line_end

    def _comments(self, section: str, inline: tuple[int, int] | None, *, counts: bool = True) -> tuple[str, ...]:
        """Add the comments of what was just read; return their text as SOPS has it, for the value that follows."""
        text, lines = self.text, self.lines
        if not lines and inline is None:
            return ()
        whole = [text[start:end] for start, end in lines]
        if lines:
            self._comment_lines(section, whole)
        if inline is not None:
            start, end = inline
            source = text[start:end]
            value = strip_marker(source)
            self._comment(section, end - len(value), end, value, INLINE)
            if counts:
                whole.append(source)
        self.lines = []
        joined = strip_marker("".join(whole).strip(SPACE))
        return (joined,) if whole else ()

    def _comment_lines(self, section: str, whole: list[str]) -> None:
        first, (last, end) = self.lines[0][0], self.lines[-1]
        end = last + len(self.text[last:end].rstrip(SPACE))
        joined = "".join(whole).strip(SPACE)
        value = strip_marker(joined)
        start = first + len(joined) - len(value)
        # SOPS crashes on a comment that begins with an empty line, so none is sealed.
        while "\n" in value and not value.partition("\n")[0].strip(SPACE):
            value = strip_marker(value.partition("\n")[2])
        self._comment(section, start, end, value, ABOVE)

    def _comment(self, section: str, start: int, end: int, value: str, place: str) -> None:
        where = (section,)
        self.found.leaves.append(Leaf(0, where, where, start, end, "#", value, (), True, place=place))
