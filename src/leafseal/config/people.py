"""The names of recipients in a configuration: whom people mean, where files have keys.

A name is what whoever can write to the repository says. It tells nobody's key from another's: messages show it beside
the key, never in its place. The first of these that a recipient has is its name:

1. its entry in `recipients`, a table of ours at the top of the file, which SOPS ignores;
2. the anchor of the text: `&ann age1…`;
3. the comment on its line: `- age1…  # ann`;
4. the comment on the line above it, in a list where each recipient has one: else it may be a heading.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from yaml.error import YAMLError
from yaml.events import DocumentEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from leafseal.config.find import read_bounded
from leafseal.config.nodes import ListNode, MappingNode, Node, ScalarNode, compose, decode
from leafseal.display import holds_key, visible
from leafseal.errors import LeafsealError
from leafseal.formats.yaml.parser import parser_for
from leafseal.keys import MasterKey
from leafseal.keys.changes import KeyId, holder_id, key_id
from leafseal.keys.recognize import find_key, kind_of

TABLE = "recipients"
"""The key of the table of names."""

_LONGEST = 40  # characters of a name; a comment that is longer is a sentence
_PLAIN = re.compile(r"(?!.*[\u115f\u1160\u3164\uffa0])[\w.@+-]+( [\w.@+-]+)*")  # those count as letters, and are blank
_BESIDE = re.compile(r"([ \t]*,)?[ \t]+#[ \t]*([^\r\n]*)")
_ABOVE = re.compile(r"[ \t]*#[ \t]*([^\r\n]*)")
_DASH = re.compile(r"[ \t]*-[ \t]+")


class People(NamedTuple):
    """The recipients of a configuration that have names."""

    names: Mapping[KeyId, str] = {}

    def name_of(self, key: MasterKey) -> str | None:
        """Return the name of a recipient as messages show it, None where it has none."""
        raw = self.raw_name_of(key)
        return None if raw is None else shown(raw)

    def raw_name_of(self, key: MasterKey) -> str | None:
        """Return the name of a recipient as it is in the file."""
        for one in (key_id(key), holder_id(key), (key.kind, getattr(key, "arn", ""))):
            if one in self.names:
                return self.names[one]
        return None

    def called(self, name: str) -> list[KeyId]:
        """Return the recipients of a name."""
        return [key for key, other in self.names.items() if other == name]

    def shared(self) -> set[str]:
        """Return the names that several recipients have."""
        return {name for name, count in Counter(self.names.values()).items() if count > 1}


NOBODY = People()


def shown(name: str) -> str:
    """Return a name as messages show it: of letters and digits as it is, else in quotes that it cannot leave."""
    if _PLAIN.fullmatch(name):
        return name
    return '"{}"'.format(visible(name).replace('"', "'"))


def is_plain(name: str) -> bool:
    """Tell whether a name is one of letters and digits that messages show as it is, and that a file can give."""
    return _PLAIN.fullmatch(name) is not None and _as_name(name) == name


def load_people(path: str | os.PathLike[str]) -> People:
    """Read the names in a configuration file; nobody has one where it cannot be read."""
    try:
        return people_in(read_bounded(os.fspath(path)))
    except LeafsealError:
        return NOBODY


def people_in(data: bytes) -> People:
    """Return the names in a configuration. Raises `FormatError`."""
    names: dict[KeyId, str] = {}
    for text, name in (*_in_table(compose(data)), *_in_text(decode(data))):
        key = find_key(text)
        if key is not None:
            names.setdefault(key_id(key), name)
    return People(names)


def _in_table(root: Node | None) -> Iterator[tuple[str, str]]:
    """Yield recipients and names of the table: a name has one key, or a list of keys."""
    table = root.members.get(TABLE) if isinstance(root, MappingNode) else None
    if isinstance(table, MappingNode):
        for name, node in table.members.items():
            found = _as_name(name)
            for item in node.members if isinstance(node, ListNode) else (node,):
                if found and isinstance(item, ScalarNode):
                    yield item.text, found


class _Named(NamedTuple):
    text: str
    anchor: str | None
    beside: str | None
    above: str | None


def _in_text(text: str) -> Iterator[tuple[str, str]]:
    """Yield recipients and names that anchors and comments give them, the stronger names first."""
    found: list[_Named] = []
    lists: list[list[_Named]] = []  # the recipients of each list that is open
    parser = parser_for(text)
    try:
        while not isinstance(event := parser.get_event(), DocumentEndEvent | None):
            if isinstance(event, SequenceStartEvent):
                lists.append([])
            elif isinstance(event, SequenceEndEvent):
                found += _without_headings(lists.pop())
            elif isinstance(event, ScalarEvent) and kind_of(event.value.strip()):
                (lists[-1] if lists else found).append(_named(text, event))
    except YAMLError:
        return
    for names in ([one.anchor for one in found], [one.beside for one in found], [one.above for one in found]):
        for one, name in zip(found, names, strict=True):
            if name and (known := _as_name(name)):
                yield one.text, known


def _without_headings(members: list[_Named]) -> list[_Named]:
    if all(one.above or one.beside for one in members):
        return members
    return [one._replace(above=None) for one in members]


def _named(text: str, event: Any) -> _Named:
    start, end = event.start_mark.index, event.end_mark.index
    beside = None if event.style in ("|", ">") else _BESIDE.match(text, end)
    above = comment_above(text, start)
    return _Named(event.value.strip(), event.anchor, beside and beside[2], above and above.text)


class Comment(NamedTuple):
    """A line that is a comment: where it begins and ends, its break included, and what it says."""

    start: int
    end: int
    text: str


def comment_above(text: str, start: int) -> Comment | None:
    """Return the comment on the line above a member of a list in block style, where that is the only one."""
    line = text.rfind("\n", 0, start) + 1
    dash = _DASH.match(text, line)
    if dash is None or dash.end() != start:
        return None
    above = text.rfind("\n", 0, max(line - 1, 0)) + 1
    comment = _ABOVE.match(text, above, line) if line else None
    before = text[text.rfind("\n", 0, max(above - 1, 0)) + 1 : above] if above else ""
    column = len(dash[0]) - len(dash[0].lstrip())
    if comment is None or len(comment[0]) - len(comment[0].lstrip()) != column or before.lstrip().startswith("#"):
        return None
    return Comment(above, line, comment[1])


def _as_name(text: str) -> str | None:
    """Return what is used of a name or comment, None where it is a sentence, or passes for a key."""
    name = text.strip()
    if not name or len(name) > _LONGEST or kind_of(name) or name.startswith("age1") or holds_key(name):
        return None
    return name
