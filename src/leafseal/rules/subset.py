r"""The part of RE2's syntax that works where `google-re2` is not installed.

Literals, `.`, escaped punctuation, `\a \f \n \r \t \v \xHH \x{H…}`, classes with ranges, `\d \D \w \W \s \S`
and `[[:alpha:]]` and its like, groups (captured, named, or not), alternation, repetition by `* + ? {n} {n,} {n,m}` and
their reluctant forms, the anchors `^ $ \A \z \b \B`, and the flags `(?i)` and `(?s)` in front of everything else. With
`(?i)`, letters in the pattern must be ASCII. All as RE2 means it: classes and `\b` know ASCII only, `$` stands for the
very end. What lies outside is refused by name, valid or not.
"""

from __future__ import annotations

import re
from typing import NoReturn

from leafseal.display import visible
from leafseal.rules.automaton import Assertion, Automaton, Choice, Class, Node, Ranges, Repeat, Sequence
from leafseal.rules.matching import Matcher, PatternError, utf8

MAX_NESTING = 50
MAX_REPEAT = 1000

_FLAGS = re.compile(r"(?:\(\?[is]+\))*")
_REPEAT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_NAMED_GROUP = re.compile(r"\(\?P?<[A-Za-z0-9_]+>")
_HEX = re.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})")

_DIGIT = ((0x30, 0x39),)
_SPACE = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_UPPER, _LOWER = ((0x41, 0x5A),), ((0x61, 0x7A),)
_WORD = (*_DIGIT, *_UPPER, (0x5F, 0x5F), *_LOWER)
_ESCAPED_CLASSES: dict[str, Ranges] = {"d": _DIGIT, "s": _SPACE, "w": _WORD}
_NAMED_CLASSES: dict[str, Ranges] = {
    "alnum": (*_DIGIT, *_UPPER, *_LOWER),
    "alpha": (*_UPPER, *_LOWER),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": _LOWER,
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": (*_DIGIT, (0x41, 0x46), (0x61, 0x66)),
}
_CONTROLS = {"a": 0x07, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_ANCHORS = {"A": Assertion.BEGIN, "z": Assertion.END, "b": Assertion.BOUNDARY, "B": Assertion.NO_BOUNDARY}
_END_OF_UNICODE = 0x10FFFF
_EVERYTHING: Ranges = ((0, _END_OF_UNICODE),)
# The letters outside ASCII that are the same as an ASCII letter when case does not count: ſ and the Kelvin sign.
_FOLDED = {0x73: 0x17F, 0x6B: 0x212A}


def compile_subset(pattern: str) -> Matcher:
    """Return the matcher of a pattern. Raises `PatternError` for one outside the subset."""
    search = Automaton(parse_subset(pattern)).search
    return lambda text: search(utf8(text).decode())


def parse_subset(pattern: str) -> Node:
    """Return what a pattern consists of. Raises `PatternError` for one outside the subset."""
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        flags = _FLAGS.match(pattern)
        assert flags is not None
        self.position = flags.end()
        self.fold_case = "i" in flags[0]
        self.dot = Class(_EVERYTHING if "s" in flags[0] else _inverted([(0x0A, 0x0A)]))

    def parse(self) -> Node:
        node = self._choice(0)
        if self.position < len(self.pattern):
            self._refuse("unexpected )")
        return node

    def _refuse(self, reason: str) -> NoReturn:
        raise PatternError(f"invalid regular expression: {reason} at character {self.position + 1}")

    def _refuse_by_name(self, construct: str) -> NoReturn:
        raise PatternError(
            f"regular expression with {visible(construct)}: this needs google-re2, which is not installed"
        )

    def _peek(self, length: int = 1) -> str:
        return self.pattern[self.position : self.position + length]

    def _choice(self, depth: int) -> Node:
        branches = [self._sequence(depth)]
        while self._peek() == "|":
            self.position += 1
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self, depth: int) -> Node:
        nodes: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            if self._peek() in "*+?":
                self._refuse("nothing to repeat")
            if _REPEAT.match(self.pattern, self.position):
                self._refuse("nothing to repeat")
            nodes.append(self._repeated(self._atom(depth)))
        return Sequence(tuple(nodes))

    def _repeated(self, node: Node) -> Node:
        counts = self._counts()
        if counts is None:
            return node
        if self._peek() == "?":
            self.position += 1  # Reluctant or not, the same texts match.
        if self._counts() is not None:
            self._refuse("bad repetition operator")
        repeat = Repeat(node, *counts)
        if repeat.product() > MAX_REPEAT:
            self._refuse("invalid repetition size")
        return repeat

    def _counts(self) -> tuple[int, int | None] | None:
        operator = self._peek()
        if operator and operator in "*+?":
            self.position += 1
            return (1 if operator == "+" else 0), (1 if operator == "?" else None)
        match = _REPEAT.match(self.pattern, self.position)
        if match is None:
            return None
        at_least = int(match[1])
        at_most = int(match[3]) if match[3] else None if match[2] else at_least
        if at_least > MAX_REPEAT or (at_most is not None and not at_least <= at_most <= MAX_REPEAT):
            self._refuse("invalid repetition size")
        self.position = match.end()
        return at_least, at_most

    def _atom(self, depth: int) -> Node:
        character = self._peek()
        if character == "(":
            return self._group(depth + 1)
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()
        self.position += 1
        if character == ".":
            return self.dot
        if character == "^":
            return Assertion.BEGIN
        if character == "$":
            return Assertion.END
        return self._one(ord(character))

    def _group(self, depth: int) -> Node:
        if depth > MAX_NESTING:
            self._refuse_by_name(f"groups nested deeper than {MAX_NESTING}")
        named = _NAMED_GROUP.match(self.pattern, self.position)
        if named:
            self.position = named.end()
        elif self._peek(3) == "(?:":
            self.position += 3
        elif self._peek(2) == "(?":
            self._refuse_by_name(self._peek(4))
        else:
            self.position += 1
        node = self._choice(depth)
        if self._peek() != ")":
            self._refuse("missing )")
        self.position += 1
        return node

    def _escape(self) -> Node:
        name = self._peek(2)[1:]
        if name in _ANCHORS:
            self.position += 2
            return _ANCHORS[name]
        ranges = self._escaped_class()
        return Class(ranges) if ranges else self._one(self._escaped_character())

    def _escaped_class(self) -> Ranges | None:
        name = self._peek(2)[1:]
        if not name or name.lower() not in _ESCAPED_CLASSES:
            return None
        self.position += 2
        ranges = self._folded(_ESCAPED_CLASSES[name.lower()])
        return _inverted(ranges) if name.isupper() else ranges

    def _escaped_character(self) -> int:
        name = self._peek(2)[1:]
        if not name:
            self._refuse("trailing \\")
        if name == "x":
            match = _HEX.match(self.pattern, self.position)
            if match is None or (code := int(match[1] or match[2], 16)) > _END_OF_UNICODE:
                self._refuse("invalid escape sequence")
            self.position = match.end()
            return code
        if (name.isalnum() and name not in _CONTROLS) or not name.isascii():
            self._refuse_by_name(f"\\{name}")
        self.position += 2
        return _CONTROLS.get(name, ord(name))

    def _class(self) -> Node:
        self.position += 1
        negated = self._peek() == "^"
        self.position += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self._peek() != "]":
            ranges += self._class_member()
            first = False
        self.position += 1
        return Class(_inverted(ranges) if negated else tuple(ranges))

    def _class_member(self) -> Ranges:
        named = (
            self._named_class() if self._peek(2) == "[:" else self._escaped_class() if self._peek() == "\\" else None
        )
        if named:
            return named
        low = self._class_character()
        if self._peek() != "-" or self._peek(2)[1:] in ("", "]"):
            return self._folded(((low, low),))
        self.position += 1
        high = self._class_character()
        if high < low:
            self._refuse("invalid character class range")
        return self._folded(((low, high),))

    def _class_character(self) -> int:
        if not self._peek():
            self._refuse("missing ]")
        if self._peek() == "\\":
            return self._escaped_character()
        self.position += 1
        return ord(self.pattern[self.position - 1])

    def _named_class(self) -> Ranges | None:
        end = self.pattern.find(":]", self.position + 2)
        if end < 0:
            return None
        name = self.pattern[self.position + 2 : end]
        ranges = _NAMED_CLASSES.get(name.removeprefix("^"))
        if ranges is None:
            self._refuse("invalid character class range")
        self.position = end + 2
        ranges = self._folded(ranges)
        return _inverted(ranges) if name.startswith("^") else ranges

    def _one(self, code: int) -> Class:
        return Class(self._folded(((code, code),)))

    def _folded(self, ranges: Ranges) -> Ranges:
        if not self.fold_case:
            return ranges
        folded = set(ranges)
        for low, high in ranges:
            if high > 0x7F:
                self._refuse_by_name("(?i) and letters outside ASCII")
            for letter in range(0x61, 0x7B):
                if low <= letter <= high or low <= letter - 0x20 <= high:
                    same = (letter, letter - 0x20, _FOLDED.get(letter, letter))
                    folded.update((code, code) for code in same)
        return tuple(folded)


def _inverted(ranges: Ranges | list[tuple[int, int]]) -> Ranges:
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = max(start, high + 1)
    if start <= _END_OF_UNICODE:
        gaps.append((start, _END_OF_UNICODE))
    return tuple(gaps)
