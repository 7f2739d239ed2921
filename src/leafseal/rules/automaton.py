"""A search that never goes back: the set of states is carried along the text, and what was computed is remembered.

The time is linear in the text whatever the pattern, which `re` cannot promise. That matters, because rules and names
are written by whoever can write to the repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from leafseal.rules.matching import PatternError

Ranges = tuple[tuple[int, int], ...]
"""Code points from, to; both included."""


class Class(NamedTuple):
    """One character out of a set."""

    ranges: Ranges

    def holds(self, code: int) -> bool:
        """Tell whether a code point is in the set."""
        return any(low <= code <= high for low, high in self.ranges)


class Assertion(IntEnum):
    """What can be true between two characters, as bits."""

    BEGIN = 1
    END = 2
    BOUNDARY = 4
    NO_BOUNDARY = 8


class Sequence(NamedTuple):
    """One after the other."""

    nodes: tuple[Node, ...]


class Choice(NamedTuple):
    """One of several."""

    branches: tuple[Node, ...]


class Repeat(NamedTuple):
    """The same again; `at_most` None is without end."""

    node: Node
    at_least: int
    at_most: int | None

    def product(self) -> int:
        """Return how many copies the innermost node gets when all counts are multiplied."""
        return max(1, self.at_most or self.at_least) * _product(self.node)


Node = Class | Assertion | Sequence | Choice | Repeat


def _product(node: Node) -> int:
    if isinstance(node, Repeat):
        return node.product()
    if isinstance(node, Sequence | Choice):
        return max(map(_product, node[0]), default=1)
    return 1


@dataclass(slots=True)
class _State:
    """Where a search can be: before a character, before an assertion, at a fork, or (none of these) at the end."""

    consumes: Class | None = None
    asserts: int | None = None
    follow: tuple[int, ...] = ()


MAX_STATES = 10_000
_MAX_REMEMBERED = 10_000

_States = frozenset[int]


class Automaton:
    """A pattern made ready for searching."""

    def __init__(self, node: Node) -> None:
        self._states = [_State()]
        self._start = self._add(node, 0)
        self._closures: dict[tuple[_States, int], tuple[_States, bool]] = {}
        self._steps: dict[tuple[_States, str], _States] = {}

    def search(self, text: str) -> bool:
        """Tell whether the pattern occurs in `text`."""
        states: _States = frozenset((self._start,))
        for position in range(len(text) + 1):
            states, matched = self._closed(states, _what_holds(text, position))
            if matched:
                return True
            if position < len(text):
                states = self._stepped(states, text[position])
        return False

    def _new(self, state: _State) -> int:
        if len(self._states) >= MAX_STATES:
            raise PatternError("regular expression too large")
        self._states.append(state)
        return len(self._states) - 1

    def _add(self, node: Node, following: int) -> int:
        """Add the states of a node in front of a state; return the first."""
        if isinstance(node, Class):
            return self._new(_State(consumes=node, follow=(following,)))
        if isinstance(node, Assertion):
            return self._new(_State(asserts=int(node), follow=(following,)))
        if isinstance(node, Choice):
            return self._new(_State(follow=tuple(self._add(branch, following) for branch in node.branches)))
        if isinstance(node, Sequence):
            for member in reversed(node.nodes):
                following = self._add(member, following)
            return following
        return self._add_repeat(node, following)

    def _add_repeat(self, node: Repeat, following: int) -> int:
        end = following
        if node.at_most is None:
            following = self._new(_State())
            self._states[following].follow = (self._add(node.node, following), end)
        else:
            for _ in range(node.at_most - node.at_least):
                following = self._new(_State(follow=(self._add(node.node, following), end)))
        for _ in range(node.at_least):
            following = self._add(node.node, following)
        return following

    def _closed(self, states: _States, holds: int) -> tuple[_States, bool]:
        """Follow everything that takes no character; say whether the end was reached."""
        known = self._closures.get((states, holds))
        if known is not None:
            return known
        reached: set[int] = set()
        open_states = list(states)
        while open_states:
            number = open_states.pop()
            if number not in reached:
                reached.add(number)
                state = self._states[number]
                if state.consumes is None and (state.asserts is None or state.asserts & holds):
                    open_states += state.follow
        before_characters = frozenset(number for number in reached if self._states[number].consumes)
        if len(self._closures) > _MAX_REMEMBERED:
            self._closures.clear()
        self._closures[states, holds] = before_characters, 0 in reached
        return before_characters, 0 in reached

    def _stepped(self, states: _States, character: str) -> _States:
        known = self._steps.get((states, character))
        if known is not None:
            return known
        code = ord(character)
        reached = {self._start}  # The pattern may begin anywhere.
        for number in states:
            consumes = self._states[number].consumes
            if consumes and consumes.holds(code):
                reached.update(self._states[number].follow)
        if len(self._steps) > _MAX_REMEMBERED:
            self._steps.clear()
        self._steps[states, character] = frozenset(reached)
        return self._steps[states, character]


def _what_holds(text: str, position: int) -> int:
    before = position > 0 and text[position - 1] in _WORD_CHARACTERS
    after = position < len(text) and text[position] in _WORD_CHARACTERS
    holds = _NO_BOUNDARY if before is after else _BOUNDARY
    if position == 0:
        holds |= _BEGIN
    if position == len(text):
        holds |= _END
    return holds


_WORD_CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_BEGIN, _END, _BOUNDARY, _NO_BOUNDARY = map(int, Assertion)
