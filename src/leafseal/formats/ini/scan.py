"""Where the keys, values and comments of an INI file stand, as SOPS's reader sees them (sops-format §6.4).

To SOPS, the comment of a key is one text: all comment lines since the last key, and what follows the value behind `#`
or `;`. Here the lines are one leaf, which has that text, and the inline part another, so that both can be sealed where
they stand; of two tokens SOPS opens the first, so to SOPS too nothing is lost. The comment of a section is one leaf:
behind a header no token can stand, for a header ends with the last `]` of its line.
"""

from __future__ import annotations

import re

from leafseal.display import visible
from leafseal.document import Leaf
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import Limits
from leafseal.document.scalars import Empty
from leafseal.document.tree import AGAIN, UNWRITTEN
from leafseal.errors import FormatError
from leafseal.formats.common import (
    as_value,
    duplicate_key_error,
    has_other_bytes,
    line_of,
    refuse_sizes,
    too_many_leaves_error,
)
from leafseal.formats.ini.values import AS_A_WHOLE, SPACE, Value, read_line, strip_marker

DEFAULT_SECTION = "DEFAULT"
METADATA_SECTION = "sops"

_new = tuple.__new__

_LINE = re.compile(rf"[{SPACE}]*")
_MARKER = re.compile("[#;]")
_TOKEN = re.compile(r"ENC\[.*\]")
_EMPTY_LINES = re.compile(rf"(?:[{SPACE.replace(chr(10), '')}]*+\n(?:;[; ]*+|#[# ]*+)?+)*+")

ABOVE, INLINE = "above", "inline"
"""What a comment's `place` says, or one of the two below; that of a value says whether an inline comment follows it."""


class AbovePlace(NamedTuple):
    """The place of comment lines above a key that has an inline comment too: where that leaf starts."""

    inline: int


class HeaderPlace(NamedTuple):
    """The place of a section's comment: the span from its first marker to the `]` of the header.

    `before` and `behind` are what stands around its token, where the header has an inline comment; there the token
    takes the place of that and of the lines above, and of nothing else.
    """

    start: int
    end: int
    before: str = ""
    behind: str = ""


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
    scanner = _Scanner(text, allow_duplicates, limits)
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
    def __init__(self, text: str, allow_duplicates: bool, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.allow_duplicates = allow_duplicates
        start = 1 if text.startswith("\ufeff") else 0
        self.found = Scan([], [Section(DEFAULT_SECTION, start, start)], [])
        self.names: dict[str, set[str]] = {DEFAULT_SECTION: set()}  # of all sections of a name together
        self.own: set[str] = set()  # of the section in progress alone
        self.empty: dict[str, int] = {}  # the leaf that stands for each section as long as it has no key
        self.shown = DEFAULT_SECTION  # the section that leaves belong to: the last that is not the metadata's
        self.lines: list[tuple[int, int]] = []  # comment lines since the last key, without leading blanks
        self.active: tuple[str, ...] = ()  # the comment in force for the next value

    def run(self) -> None:
        text = self.text
        position = self.found.sections[0].start
        self._show_empty(position, UNWRITTEN)
        while position < len(text):
            line_end = text.find("\n", position) + 1 or len(text)
            start = _LINE.match(text, position, line_end).end()  # type: ignore[union-attr]
            if start == line_end:
                position = line_end
                continue
            first = text[start]
            if first == "#" or first == ";":
                self.lines.append((start, line_end))
                if len(self.lines) > self.limits.leaves:
                    raise too_many_leaves_error(self.limits)
                position = line_end
            elif first == "[":
                self._header(position, start, line_end)
                position = line_end
            else:
                position = self._key(start, line_end)
            if len(self.found.leaves) > 2 * self.limits.leaves:  # those of sections with keys are taken off again
                raise too_many_leaves_error(self.limits)
        # SOPS loses what no key follows. Here it belongs to the section before it.
        self._comments(self.shown, None)
        self._hide_full()

    def _header(self, line: int, start: int, line_end: int) -> None:
        text, found = self.text, self.found
        closing = text.rfind("]", start, line_end)
        if closing < 0:
            raise FormatError(
                "a section header without ]", line=line_of(text, start), hint="write ] at the end of this line"
            )
        name = text[start + 1 : closing]
        if not name:
            raise FormatError(
                "a section without a name", line=line_of(text, start), hint="write its name between [ and ]"
            )
        rest = text[closing + 1 : line_end].rstrip(SPACE)
        marker = _MARKER.search(rest)
        if (rest if marker is None else rest[: marker.start()]).strip(SPACE):
            raise FormatError(
                f"text after the header of section {visible(name)}",
                line=line_of(text, start),
                hint="SOPS would drop it; make it a comment with ; or #",
            )
        found.sections.append(Section(name, line, line_end))
        self.active = ()
        self.own = set()
        if name == METADATA_SECTION:
            self._comments(self.shown, None)
            return
        self.shown = name
        if name not in self.names:
            self.names[name] = set()
            self._show_empty(line_end)
        elif self.names[name]:
            # SOPS keeps sections of one name apart, and so does a tree: this leaf begins another mapping.
            found.leaves.append(Leaf(0, (name,), (name,), line_end, line_end, AGAIN, Empty.MAPPING))
        else:
            first = self.empty[name]
            found.leaves[first] = found.leaves[first]._replace(style="")
        inline_end = None if marker is None else closing + 1 + len(rest)
        self._header_comment(name, start, closing + 1, inline_end)

    def _header_comment(self, name: str, start: int, end: int, inline_end: int | None) -> None:
        """Add the comment of the section whose header stands from `start` to `end`."""
        text, lines = self.text, self.lines
        if inline_end is None:
            self._comments(name, None, HeaderPlace(lines[0][0], end) if lines else None)
            return
        whole = "".join(text[begin:stop] for begin, stop in lines) + text[end:inline_end].strip(SPACE)
        value = _with_visible_start(strip_marker(whole))
        first = lines[0][0] if lines else start
        if lines:
            last, stop = lines[-1]
            content = first + len(whole) - len(strip_marker(whole))
            place = HeaderPlace(first, end, text[first:content], text[last + len(text[last:stop].rstrip(SPACE)) : end])
        else:
            newline = "\r\n" if "\r\n" in text else "\n"
            place = HeaderPlace(first, end, "; ", newline + text[start:end])
        self._comment(name, first, inline_end, value, place)
        self.active = (strip_marker(whole),)
        self.lines = []

    def _show_empty(self, position: int, style: str = "") -> None:
        """Have a section among the leaves though it may stay empty."""
        place = (self.shown,)
        self.empty[self.shown] = len(self.found.leaves)
        self.found.leaves.append(Leaf(0, place, place, position, position, style, Empty.MAPPING))

    def _hide_full(self) -> None:
        """Take the sections that turned out to have keys off the leaves again."""
        full = {index for name, index in self.empty.items() if self.names[name]}
        if full:
            self.found.leaves[:] = [leaf for index, leaf in enumerate(self.found.leaves) if index not in full]

    def _key(self, start: int, line_end: int) -> int:
        """Add the key at `start`; return where its last line ends."""
        text, found = self.text, self.found
        name, value = read_line(text, start, line_end)
        section = found.sections[-1].name
        if name in self.own and not self.allow_duplicates:
            raise duplicate_key_error(name, text, start, f"remove one of the two; {AS_A_WHOLE}")
        self.own.add(name)
        self.names.setdefault(section, set()).add(name)
        found.keys.append(_new(Key, (len(found.sections) - 1, name, start, value)))
        content, begin, end, style, line_end, comment, comment_end, counts = value
        if section == METADATA_SECTION:
            self.lines.clear()
            return line_end
        place = (section, name)
        note = None if comment is None else INLINE
        found.leaves.append(_new(Leaf, (0, place, place, begin, end, style, content, self.active, False, (), note)))
        self.active = ()
        if comment is not None:
            self._comments(section, (comment, comment_end), counts=counts)
        elif self.lines:
            self._comments(section, None)
        return line_end

    def _comments(
        self, section: str, inline: tuple[int, int] | None, place: object = ABOVE, *, counts: bool = True
    ) -> None:
        """Add the comment lines so far and the inline comment of what was just read, and put them in force.

        Where the inline comment does not count, SOPS does not see it.
        """
        text, lines = self.text, self.lines
        above = "".join(text[start:end] for start, end in lines)
        behind = "" if inline is None else text[inline[0] : inline[1]]
        note = strip_marker(behind)
        if lines:
            if inline is not None:
                place = AbovePlace(inline[1] - len(note))
            self._comment_lines(section, above, behind, place)
        if inline is not None:
            self._comment(section, inline[1] - len(note), inline[1], note, INLINE)
        seen = above + behind if counts else above
        self.active = (strip_marker(seen.rstrip(SPACE)),) if seen else ()
        self.lines = []

    def _comment_lines(self, section: str, above: str, behind: str, place: object) -> None:
        """Add comment lines as one leaf, whose text is also what stands `behind` the value that follows."""
        (first, _), (last, end) = self.lines[0], self.lines[-1]
        end = last + len(self.text[last:end].rstrip(SPACE))
        own = strip_marker(above.rstrip(SPACE))
        start = first + len(above.rstrip(SPACE)) - len(own)
        # Of a sealed comment the two parts have tokens of their own.
        is_sealed = _TOKEN.fullmatch(own) or _TOKEN.fullmatch(strip_marker(behind))
        whole = own if is_sealed else strip_marker((above + behind).rstrip(SPACE))
        self._comment(section, start, end, _with_visible_start(whole), place)

    def _comment(self, section: str, start: int, end: int, value: str, place: object) -> None:
        where = (section,)
        self.found.leaves.append(Leaf(0, where, where, start, end, "#", value, (), True, place=place))


def _with_visible_start(comment: str) -> str:
    """Return a comment without the empty lines it begins with: SOPS crashes on writing such a one."""
    return comment[_EMPTY_LINES.match(comment).end() :]  # type: ignore[union-attr]
