"""Lines that come in between members: what they are put behind, and how many blank lines are around them."""

from __future__ import annotations

from leafseal.document import Edit
from leafseal.document.members import Addition, Lines
from leafseal.formats.own_lines import before, behind, in_runs, indented, insertions, start_above

TEXT = "a: 1\n# one\n\n# two\nb: 2\n"
A, B = Lines(0, 0, 5, 5, 18, 0), Lines(5, 18, 23, 23, 23, 0)


def test_behind_the_comments_that_it_is_behind_elsewhere() -> None:
    one = Addition("n", 1, "a", "n: 1\n", above=frozenset({"# one"}))
    assert behind(TEXT, A, one, "n: 1\n") == (11, "n: 1\n")
    assert behind(TEXT, A, one._replace(above=frozenset()), "n: 1\n") == (5, "n: 1\n")


def test_before_the_comments_that_it_is_before_elsewhere() -> None:
    one = Addition("n", 1, None, "n: 1\n", below=frozenset({"# two"}))
    assert before(TEXT, B, one, "n: 1\n") == (12, "n: 1\n")
    assert before(TEXT, B, one._replace(below=frozenset()), "n: 1\n") == (18, "n: 1\n")


def test_blank_lines_are_as_many_as_elsewhere() -> None:
    text, lines = "a: 1\n\nb: 2\n", Lines(0, 0, 5, 5, 6, 0)
    one = Addition("n", 1, "a", "n: 1\n", blank_below=1)
    assert behind(text, lines, one, "\nn: 1\n") == (5, "\nn: 1\n")
    assert behind(text, lines, one._replace(blank_below=0), "\nn: 1\n") == (6, "n: 1\n")
    assert behind(text, lines, one._replace(blank_below=2), "n: 1\n") == (5, "n: 1\n\n")


def test_what_is_behind_one_member_comes_together() -> None:
    added = [Addition("x", 1, "a", "x\n"), Addition("y", 1, "a", "y\n", blank_below=2), Addition("z", 1, "b", "z\n")]
    runs = list(in_runs(added, lambda one: str(one.lines)))
    assert [(one.name, one.blank_below, lines) for one, lines in runs] == [("x", 2, "x\ny\n"), ("z", None, "z\n")]


def test_where_the_comments_above_begin() -> None:
    assert start_above("k:\n  # c\n\n  a: 1\n", 10, ("#",)) == 3
    assert start_above("\ufeff# c\na: 1\n", 5, ("#",)) == 1


def test_line_breaks_are_those_of_the_file() -> None:
    assert insertions("a: 1\r\n", [(6, "b: 2\n"), (6, "c: 3\n")]) == [Edit(6, 6, "b: 2\r\nc: 3\r\n")]
    assert insertions("a: 1", [(4, "b: 2\n")]) == [Edit(4, 4, "\nb: 2")]
    assert indented("a: |\n\n  x\n", 2) == "  a: |\n\n    x\n"
