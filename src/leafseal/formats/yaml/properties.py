"""Anchors and tags before a value: where they end, and which of them may be the beginning of a password."""

from __future__ import annotations

from typing import Any

from leafseal.document import Leaf, Tag
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.formats.yaml.comments import CommentPlacer
from leafseal.formats.yaml.containers import Container, Place, Scan
from leafseal.formats.yaml.lines import BREAKS, COMMENT, last_break
from leafseal.formats.yaml.parser import error_at
from leafseal.formats.yaml.scalars import STANDARD_TAGS, TAG_PREFIX

_PROPERTY = LazyPattern(r"&[^\s,\[\]{}]*|!<[^>]*>|![^\s,\[\]{}]*")
_BLANK = LazyPattern(f"(?:[ \\t{BREAKS}]|{COMMENT})+")

_TYPING_TAGS = frozenset(f"{TAG_PREFIX}{name}" for name in ("int", "float", "bool", "null", "timestamp", "binary"))

_PLAUSIBLE = LazyPattern(r"(?:!|tag:[^:]*:)?(?:[A-Za-z]+(?:[-_.:/][A-Za-z]+)*)?")
"""Tells whether a tag or an anchor reads like a name: words without digits."""

_BLANK_HINT = "put a blank between them; if this is a password that begins with & or !, put it in quotes"


class PropertyReader:
    """Reads the anchors and tags of a file; the comments among them go to `comments`."""

    def __init__(self, text: str, base: int, comments: CommentPlacer, found: Scan) -> None:
        self._text = text
        self._base = base
        self._comments = comments
        self._found = found

    def of_value(self, event: Any, start: int, end: int, container: Container) -> tuple[int, Place]:
        """Return the start of the content behind anchor and tag, and the place that remembers them."""
        content, has_comment = self._skip(event, start, end, container)
        tag = event.tag if event.tag in _TYPING_TAGS else None
        place = Place(container, start, tag, anchor=event.anchor or "")
        place.has_local_tag = event.tag not in STANDARD_TAGS
        place.is_empty = content == end and not event.style
        place.is_mixed = has_comment
        self._found.has_properties = True
        return content, place

    def of_collection(self, event: Any, start: int, end: int, container: Container) -> None:
        """Find comments among the properties of a collection, and the column at which a block behind them stands."""
        position, _ = self._skip(event, start, end, container)
        if event.tag:
            self._found.tags.append(Tag(self._comments.document, container.locator, event.tag))
        if not container.flow:
            blank = _BLANK.match(self._text, position)
            position = blank.end() if blank else position
            # Not before where it starts: a search back to a line break that may not be there costs the whole file.
            line = last_break(self._text, start, position)
            container.column = position - line - 1 if line >= 0 else event.start_mark.column + position - start
        else:
            self._remember_odd(event, container, start, position)

    def check_anchor(self, event: Any) -> None:
        """Raise `FormatError` for an anchor that ends where others go on reading: its name must be agreed on."""
        position = event.start_mark.index + self._base
        if not self._text.startswith("&", position):  # a tag comes first
            tag = _PROPERTY.match(self._text, position)
            position = _BLANK.match(self._text, tag.end()).end()
        behind = position + 1 + len(event.anchor)
        anchor, after = self._text[position:behind], self._text[behind : behind + 1]
        if anchor != f"&{event.anchor}" or after not in ("", " ", "\t", "\r", "\n"):
            raise error_at(event, "a value follows its anchor without a blank", _BLANK_HINT)

    def _skip(self, event: Any, start: int, end: int, owner: Container) -> tuple[int, bool]:
        """Return where anchor and tag of a node are over, and whether comments, then `owner`'s, are among them."""
        if event.anchor:
            self.check_anchor(event)
        position, has_comment = start, False
        while position < end and (match := _PROPERTY.match(self._text, position)):
            blank = _BLANK.match(self._text, match.end(), end)
            if blank:
                has_comment = has_comment or "#" in blank[0]
                self._comments.inside(match.end(), blank.end(), owner)
            elif match.end() < end and not self._text.startswith(("{", "["), match.end()):
                raise error_at(event, "a value follows its anchor or tag without a blank", _BLANK_HINT)
            position = blank.end() if blank else match.end()
        return position, has_comment

    def _remember_odd(self, event: Any, container: Container, start: int, end: int) -> None:
        """Remember the properties of a collection in flow style that may be part of a secret: `&Tr0ub4dor [x]`."""
        active = self._comments.active(container)
        leaf = Leaf(self._comments.document, container.locator, container.path, start, end, "", None, active)
        if event.tag not in STANDARD_TAGS and not _PLAUSIBLE.fullmatch(event.tag or ""):
            self._found.odd_tags.append(leaf)
        if not _PLAUSIBLE.fullmatch(event.anchor or ""):
            self._found.odd_anchors[id(container)] = leaf
