"""Where the members of a JSON file stand: strict RFC 8259, one compiled expression per member (sops-format §6.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isinf
from typing import cast

from leafseal.document import Leaf, Locator, Path
from leafseal.document.frozen import NamedTuple
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.limits import Limits
from leafseal.document.scalars import INT_MAX, INT_MIN, Empty, Scalar
from leafseal.errors import FormatError
from leafseal.formats.common import duplicate_key_error, place_of, refuse_sizes, too_many_leaves_error
from leafseal.formats.json.strings import unquote

# Possessive throughout: nothing is tried twice, whatever the file holds.
_BLANKS = r"[ \t\n\r]*+"
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_VALUE = rf"{_STRING}|{_NUMBER}|true|false|null|\{{{_BLANKS}\}}|\[{_BLANKS}\]|[\[{{]"

_MEMBER = re.compile(rf"{_BLANKS}({_STRING}){_BLANKS}:{_BLANKS}({_VALUE}){_BLANKS}([,\]}}])?").match
_ELEMENT = re.compile(rf"{_BLANKS}({_VALUE}){_BLANKS}([,\]}}])?").match
# Matches anywhere, if only nothing.
_closing = cast(Callable[[str, int], re.Match[str]], re.compile(rf"{_BLANKS}([,\]}}])?").match)
_BEGINNING = LazyPattern(rf"{_BLANKS}(?:({_STRING}){_BLANKS}(:{_BLANKS})?)?")

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class Member(NamedTuple):
    """One member of an object or array, and where it stands."""

    name: str | int
    key: int  # where its name starts; its value, in an array
    start: int
    end: int
    first_leaf: int  # of all leaves that were found, the first in it


class Container(NamedTuple):
    """An object or array that is not empty: the places of its brackets, and its members."""

    is_object: bool
    start: int
    end: int
    members: list[Member]


class Scan(NamedTuple):
    """All leaves, the metadata block's among them, and the containers that were asked for."""

    leaves: list[Leaf]
    containers: dict[Locator, Container]


def scan(text: str, limits: Limits, *, allow_duplicates: bool = False, all_containers: bool = False) -> Scan:
    """Find every leaf and the members of the root, on request of every container.

    Raises `FormatError` with the place of what is wrong, never with the text there.
    """
    try:
        return _Scanner(text, limits, allow_duplicates, all_containers).run()
    except RecursionError:
        raise FormatError("nested deeper than this program can follow") from None


class _Scanner:
    def __init__(self, text: str, limits: Limits, allow_duplicates: bool, all_containers: bool) -> None:
        self.text = text
        self.limits = limits
        self.allow_duplicates = allow_duplicates
        self.all_containers = all_containers
        self.leaves: list[Leaf] = []
        self.containers: dict[Locator, Container] = {}

    def run(self) -> Scan:
        text = self.text
        start = self._skip(0)
        if not text.startswith("{", start):
            raise self._not_an_object_error(start)
        match = _ELEMENT(text, start)
        if match is not None and match[1] != "{":
            end = match.end(1)
            self.leaves.append(Leaf(0, (), (), start, end, "", Empty.MAPPING))
            self.containers[()] = Container(True, start, end, [])
        else:
            end = self._container(start, (), (), 1)
        rest = self._skip(end)
        if rest < len(text):
            raise self._error(rest, "content after the top-level object", "keep one object in each JSON file")
        refuse_sizes(text, self.leaves, self.limits)
        return Scan(self.leaves, self.containers)

    def _container(self, start: int, path: Path, locator: Locator, depth: int) -> int:
        """Read what the bracket at `start` opens; return the place behind its end."""
        if depth > self.limits.depth:
            depth = self.limits.depth
            error = self._error(start, f"nested deeper than {depth} levels", "raise the limit with --max-depth")
            raise error.over("depth")
        members: list[Member] | None = [] if self.all_containers or not locator else None
        is_object = self.text[start] == "{"
        end = (self._object if is_object else self._array)(start + 1, path, locator, depth, members)
        if members is not None:
            self.containers[locator] = Container(is_object, start, end, members)
        return end

    def _object(self, pos: int, path: Path, locator: Locator, depth: int, members: list[Member] | None) -> int:
        text, leaves, new, most = self.text, self.leaves, tuple.__new__, self.limits.leaves
        names: set[str] = set()
        while True:
            match = _MEMBER(text, pos)
            if match is None:
                raise self._not_a_member_error(pos)
            name, raw, delimiter = match.groups()
            name = name[1:-1] if "\\" not in name else unquote(name)
            if name in names and not self.allow_duplicates:
                raise duplicate_key_error(name, text, match.start(1))
            names.add(name)
            start, end = match.span(2)
            below = (*path, name)
            here = below if path is locator else (*locator, name)
            first = len(leaves)
            pos = match.end()
            if raw == "{" or raw == "[":
                end, delimiter, pos = self._inner(start, below, here, depth, delimiter)
            elif raw[0] == '"' and "\\" not in raw:
                leaves.append(new(Leaf, (0, here, below, start, end, '"', raw[1:-1], (), False, (), None)))
            else:
                self._append(here, below, start, raw)
            if members is not None:
                members.append(new(Member, (name, match.start(1), start, end, first)))
            if len(leaves) > most:
                raise too_many_leaves_error(self.limits)
            if delimiter != ",":
                self._check(delimiter, "}", pos)
                return pos

    def _array(self, pos: int, path: Path, locator: Locator, depth: int, members: list[Member] | None) -> int:
        text, leaves, most = self.text, self.leaves, self.limits.leaves
        index = 0
        while True:
            match = _ELEMENT(text, pos)
            if match is None:
                raise self._not_a_value_error(self._skip(pos))
            raw, delimiter = match.groups()
            start, end = match.span(1)
            here = (*locator, index)
            first = len(leaves)
            pos = match.end()
            if raw == "{" or raw == "[":
                end, delimiter, pos = self._inner(start, path, here, depth, delimiter)
            else:
                self._append(here, path, start, raw)
            if members is not None:
                members.append(Member(index, start, start, end, first))
            index += 1
            if len(leaves) > most:
                raise too_many_leaves_error(self.limits)
            if delimiter != ",":
                self._check(delimiter, "]", pos)
                return pos

    def _inner(
        self, start: int, path: Path, locator: Locator, depth: int, delimiter: str | None
    ) -> tuple[int, str | None, int]:
        """Read a container inside another; return its end, what delimits it, and the place behind that."""
        if delimiter is not None:
            expected = "a name in quotes" if self.text[start] == "{" else "a value"
            raise self._syntax_error(self._skip(start + 1), expected)
        end = self._container(start, path, locator, depth + 1)
        match = _closing(self.text, end)
        return end, match[1], match.end()

    def _append(self, locator: Locator, path: Path, start: int, raw: str) -> None:
        is_text = raw[0] == '"'
        value = unquote(raw) if is_text else self._typed(raw, start)
        leaf = (0, locator, path, start, start + len(raw), '"' if is_text else "", value, (), False, (), None)
        self.leaves.append(tuple.__new__(Leaf, leaf))

    def _typed(self, raw: str, start: int) -> Scalar | Empty | None:
        if raw in _WORDS:
            return _WORDS[raw]
        if raw[0] in "{[":
            return Empty.MAPPING if raw[0] == "{" else Empty.LIST
        # Integers beyond 64 bit are floats to SOPS, and Python would take long to read a very long one.
        if len(raw) <= 20 and not ("." in raw or "e" in raw or "E" in raw):
            whole = int(raw)
            if INT_MIN <= whole <= INT_MAX:
                return whole
        number = float(raw)
        if isinf(number):
            raise self._error(start, "a number beyond the range of a double", "put it in quotes")
        return number

    # -- what is wrong -----------------------------------------------------------------------------------------------

    def _skip(self, pos: int) -> int:
        match = _closing(self.text, pos)
        return match.end() - len(match[1] or "")

    def _check(self, delimiter: str | None, closing: str, pos: int) -> None:
        if delimiter != closing:
            raise self._syntax_error(pos - len(delimiter or ""), f"a comma or {closing}")

    def _not_an_object_error(self, start: int) -> FormatError:
        text = self.text
        if text.startswith("\ufeff"):
            return FormatError("starts with a byte order mark", line=1, hint="save the file as UTF-8 without BOM")
        if start == len(text):
            return FormatError("empty: there is no JSON object", hint="the least that a JSON file can contain is {}")
        if _ELEMENT(text, start) is None:
            return self._not_a_value_error(start)
        return self._error(start, "the top level is not an object", 'put it into one: {"data": [...]}')

    def _not_a_member_error(self, pos: int) -> FormatError:
        match = cast(re.Match[str], _BEGINNING.match(self.text, pos))
        if match[1] is None:
            pos = match.end()
            is_quoted = self.text.startswith('"', pos)
            return self._not_a_value_error(pos) if is_quoted else self._syntax_error(pos, "a name in quotes")
        return self._syntax_error(match.end(), "a colon") if match[2] is None else self._not_a_value_error(match.end())

    def _not_a_value_error(self, pos: int) -> FormatError:
        if self.text.startswith('"', pos):
            return self._error(
                pos,
                "not JSON: a string that is not closed, or contains what JSON wants escaped",
                r"close the quotes; in them, write \n for a line break, \" for quotes and \\ for a backslash",
            )
        if self.text.startswith(("NaN", "Infinity", "-Infinity"), pos):
            return self._error(pos, "not JSON: it has no NaN and no Infinity", "write null, or a string")
        return self._syntax_error(pos, "a value")

    def _syntax_error(self, pos: int, expected: str) -> FormatError:
        if pos >= len(self.text):
            return self._error(
                pos,
                f"not JSON: the file ends where {expected} is expected",
                "restore the whole file, or add what is missing at its end",
            )
        message, hint = f"not JSON: expected {expected}", None
        if self.text.startswith(("//", "/*", "#"), pos):
            message, hint = "not JSON: it has no comments", "delete the comments"
        elif self.text.startswith("'", pos):
            hint = 'use double quotes: "…"'
        elif self.text.startswith(("}", "]"), pos):
            hint = "delete the comma before the bracket, or add what is missing"
        elif expected == "a value":
            hint = "write text in double quotes; other values are numbers, true, false and null"
        elif expected == "a name in quotes":
            hint = "put every name in double quotes"
        else:
            hint = "check the line and the one before it: names end in a colon, members are separated by commas"
        return self._error(pos, message, hint)

    def _error(self, pos: int, message: str, hint: str | None = None) -> FormatError:
        line, column = place_of(self.text, pos)
        return FormatError(message, line=line, column=column, hint=hint)


def read_scalar(source: str) -> Scalar | Empty | None:
    """Read the text of one leaf alone. Raises `FormatError` when it is not one."""
    leaf = _Scanner(source, Limits(), False, False)
    match = _ELEMENT(source)
    if match is None or match.span(1) != (0, len(source)) or source in ("{", "["):
        raise FormatError("not one JSON value")
    leaf._append((), (), 0, source)
    return leaf.leaves[0].value
