r"""Patterns of rules for a program without RE2: `awk` of any make, which the guard asks before it starts leafseal.

What they return may match more than the pattern does, never less: the guard asks leafseal then. They write the few
signs of extended regular expressions (POSIX) that every `awk` reads in the same way: no classes by name, no counts in
braces, no empty alternatives.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from leafseal.rules.automaton import Assertion, Choice, Class, Node, Repeat, Sequence
from leafseal.rules.matching import PatternError
from leafseal.rules.subset import parse_subset

ANYTHING = "."
"""Matches every text that is not empty: what is returned where nothing closer can be said."""

_LONGEST = 1_000
_PRINTABLE = range(0x20, 0x7F)
_SPECIAL = frozenset(".[](){}*+?|^$\\")
_NOT_IN_BRACKETS = frozenset("[]\\^-")


def extended(pattern: str) -> str:
    """Return an extended regular expression that occurs in all texts of printable ASCII in which a pattern does."""
    try:
        written = _written(parse_subset(pattern), is_first=True, is_last=True)
    except (PatternError, _TooLongError):
        return ANYTHING
    return written or ANYTHING


class _TooLongError(ValueError):
    """An expression is longer than anybody would read."""


def _written(node: Node, *, is_first: bool, is_last: bool) -> str:
    """Write a node. What is first or last in the expression keeps its anchors, all others lose them."""
    if isinstance(node, Class):
        return _class(node)
    if isinstance(node, Assertion):
        return "^" if node is Assertion.BEGIN and is_first else "$" if node is Assertion.END and is_last else ""
    if isinstance(node, Choice):
        branches = dict.fromkeys(_written(one, is_first=is_first, is_last=is_last) for one in node.branches)
        return _optional(branches, "") if "" in branches else f"({'|'.join(branches)})"
    if isinstance(node, Sequence):
        last = len(node.nodes) - 1
        return _short(
            "".join(
                _written(one, is_first=is_first and place == 0, is_last=is_last and place == last)
                for place, one in enumerate(node.nodes)
            )
        )
    return _repeated(node)


def _optional(branches: Iterable[str], otherwise: str) -> str:
    rest = [one for one in branches if one]
    return f"({'|'.join(rest)})?" if rest else otherwise


def _repeated(node: Repeat) -> str:
    inner = _written(node.node, is_first=False, is_last=False)
    if not inner or node.at_most == 0:
        return ""
    one = inner if isinstance(node.node, Class) else f"({inner})"
    if node.at_most is None:
        return _short(f"{one}*" if node.at_least == 0 else f"{one * node.at_least}+")
    return _short(one * node.at_least + f"{one}?" * (node.at_most - node.at_least))


def _short(written: str) -> str:
    if len(written) > _LONGEST:
        raise _TooLongError
    return written


def _class(node: Class) -> str:
    """Write one character out of a set, by those that print."""
    codes = [code for code in _PRINTABLE if node.holds(code)]
    missing = "".join(chr(code) for code in _PRINTABLE if code not in set(codes))
    if not missing:
        return "."
    if not codes:
        return "[^ -~]"
    if len(codes) == 1:
        return _literal(chr(codes[0]))
    if len(missing) < 5 and _NOT_IN_BRACKETS.isdisjoint(missing):
        return f"[^{missing}]"
    special = [_literal(chr(code)) for code in codes if chr(code) in _NOT_IN_BRACKETS and code != ord("-")]
    plain = list(_ranges(code for code in codes if chr(code) not in _NOT_IN_BRACKETS))
    if ord("-") in codes:
        plain.append("-")  # at the end it is no range
    bracket = [f"[{''.join(plain)}]"] if plain else []
    return f"({'|'.join([*bracket, *special])})" if special else bracket[0]


def _literal(character: str) -> str:
    return f"\\{character}" if character in _SPECIAL else character


def _ranges(codes: Iterable[int]) -> Iterable[str]:
    for _, group in itertools.groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        run = [chr(code) for _, code in group]
        yield f"{run[0]}-{run[-1]}" if len(run) > 2 else "".join(run)


# -- words in a file


_MOST_WORDS = 100
_SHORTEST = 3
_IN_WORDS = frozenset(map(ord, "abcdefghijklmnopqrstuvwxyz0123456789_"))
_END = "[^a-z0-9_]"


def word(pattern: str) -> str:
    """Return an expression that occurs in a line, in small letters, if a key name there matches a pattern.

    That holds for files that spell their key names as they are, without escapes of any kind. Only patterns of a few
    whole words or parts of words are understood.
    """
    try:
        found = dict.fromkeys(_longest(items) for items in _flat(parse_subset(pattern)))
    except (PatternError, _TooLongError):
        return ANYTHING
    by_ends: dict[tuple[bool, bool], list[str]] = {}
    for text, begins, ends in found:
        if len(text) < _SHORTEST:
            return ANYTHING
        by_ends.setdefault((begins, ends), []).append(text)
    return "|".join(
        f"{f'(^|{_END})' if begins else ''}({'|'.join(texts)}){f'({_END}|$)' if ends else ''}"
        for (begins, ends), texts in by_ends.items()
    )


def suffix_word(suffix: str) -> str:
    """Return an expression that occurs in a line, in small letters, if a key name there ends so."""
    small = suffix.lower()
    return f"{small}({_END}|$)" if len(small) >= _SHORTEST and _IN_WORDS.issuperset(map(ord, small)) else ANYTHING


_LOOSE = None
"""Any number of characters, or one of many."""

_Item = str | Assertion | None
_Items = tuple[_Item, ...]


def _flat(node: Node) -> list[_Items]:
    """Return the alternatives of a node, each one item after the other."""
    if isinstance(node, Class):
        codes = {
            code | 0x20 if 0x41 <= code <= 0x5A else code
            for low, high in node.ranges
            for code in range(low, min(high, low + 9) + 1)
        }
        codes -= {0x17F, 0x212A}  # without case they are `s` and `k`; the guard asks for files with them
        is_few = all(high - low < 9 for low, high in node.ranges) and len(codes) < 9
        return [(chr(code),) for code in sorted(codes)] if is_few and codes <= _IN_WORDS else [(_LOOSE,)]
    if isinstance(node, Assertion):
        return [(node,)] if node in (Assertion.BEGIN, Assertion.END) else [()]
    if isinstance(node, Choice):
        return _few(itertools.chain.from_iterable(map(_flat, node.branches)))
    if isinstance(node, Sequence):
        found: list[_Items] = [()]
        for member in node.nodes:
            found = _few((*one, *other) for one in found for other in _flat(member))
        return found
    return _few([(), *_flat(node.node)]) if (node.at_least, node.at_most) == (0, 1) else [(_LOOSE,)]


def _few(alternatives: Iterable[_Items]) -> list[_Items]:
    found = list(dict.fromkeys(itertools.islice(alternatives, _MOST_WORDS + 1)))
    if len(found) > _MOST_WORDS:
        raise _TooLongError
    return found


def _longest(items: _Items) -> tuple[str, bool, bool]:
    """Return the longest text in an alternative, and whether a key begins and ends with it."""
    found = [("", False, False)]
    text, begins = "", False
    for item in (*items, _LOOSE):
        if isinstance(item, str):
            text += item
            continue
        found.append((text, begins, item is Assertion.END))
        text, begins = "", item is Assertion.BEGIN
    return max(found, key=lambda one: len(one[0]))
