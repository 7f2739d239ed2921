"""The search itself, on patterns that are put together by hand."""

from __future__ import annotations

import pytest

from leafseal.rules.automaton import MAX_STATES, Assertion, Automaton, Choice, Class, Node, Repeat, Sequence
from leafseal.rules.matching import PatternError


def one(character: str) -> Class:
    return Class(((ord(character), ord(character)),))


def word(text: str) -> Sequence:
    return Sequence(tuple(map(one, text)))


A, B = one("a"), one("b")


@pytest.mark.parametrize(
    ("node", "found", "missed"),
    [
        (Sequence(()), ["", "x"], []),
        (word("ab"), ["ab", "xaby", "aab"], ["", "a", "ba", "a b"]),
        (Choice((word("ab"), word("c"))), ["c", "xab"], ["a", "b"]),
        (Choice((Sequence(()), A)), ["", "x"], []),
        (Class(((97, 99), (0x1F600, 0x1F64F))), ["b", "😀"], ["d", "ü"]),
        (Class(()), [], ["", "a"]),
        (Sequence((B, Repeat(A, 0, None), B)), ["bb", "baaab"], ["b", "bab"[:2]]),
        (Sequence((B, Repeat(A, 2, 3), B)), ["baab", "baaab"], ["bab", "baaaab"]),
        (Sequence((B, Repeat(A, 2, None), B)), ["baab", "baaaaab"], ["bab"]),
        (Repeat(A, 0, 0), ["", "b"], []),
        (Repeat(Repeat(A, 0, None), 0, None), ["", "aa"], []),
        (Sequence((Assertion.BEGIN, A)), ["a", "ab"], ["ba", "\na"]),
        (Sequence((A, Assertion.END)), ["a", "ba"], ["ab", "a\n"]),
        (Sequence((Assertion.BEGIN, Assertion.END)), [""], ["a", "\n"]),
        (Sequence((Assertion.BOUNDARY, A)), ["a", "-a", "üa"], ["ba", "_a", "1a"]),
        (Sequence((Assertion.NO_BOUNDARY, A)), ["ba"], ["a", "-a"]),
    ],
)
def test_where_a_pattern_occurs(node: Node, found: list[str], missed: list[str]) -> None:
    automaton = Automaton(node)
    for _ in range(2):  # the second time from what was remembered
        assert [text for text in (*found, *missed) if automaton.search(text)] == found


def test_nothing_is_tried_twice() -> None:
    """(a*)*b and its like take other engines ages."""
    node = Sequence((Repeat(Repeat(A, 0, None), 0, None), Repeat(Repeat(A, 1, None), 1, None), B))
    assert not Automaton(node).search("a" * 20_000)


def test_what_is_remembered_is_bounded() -> None:
    automaton = Automaton(Sequence((A, B)))
    assert not automaton.search("".join(map(chr, range(0x4E00, 0x4E00 + 20_000))))
    assert len(automaton._steps) <= 10_001


def test_a_pattern_has_so_many_states_and_no_more() -> None:
    assert not Automaton(Repeat(A, MAX_STATES - 1, MAX_STATES - 1)).search("a")
    with pytest.raises(PatternError, match="too large"):
        Automaton(Repeat(A, MAX_STATES, MAX_STATES))


@pytest.mark.parametrize(
    ("node", "product"),
    [
        (Repeat(A, 3, 3), 3),
        (Repeat(A, 0, None), 1),
        (Repeat(A, 5, None), 5),
        (Repeat(Sequence((Repeat(A, 2, 4), Repeat(B, 0, 3))), 1, 10), 40),
        (Repeat(Choice((Repeat(A, 2, 2), A)), 2, 2), 4),
        (Repeat(Repeat(Repeat(A, 0, 10), 0, 10), 0, 10), 1000),
    ],
)
def test_counts_multiply(node: Repeat, product: int) -> None:
    assert node.product() == product
