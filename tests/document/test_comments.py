"""The comments in force: counts on shared lists, which look like tuples of texts."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from leafseal.document.comments import NO_COMMENTS, CommentRun, CommentsInForce


def counting(asked: list[str]) -> Callable[[str], bool]:
    def matches(text: str) -> bool:
        asked.append(text)
        return text == "x"

    return matches


def test_what_comes_later_is_not_in_force() -> None:
    run = CommentRun(["a"])
    early = CommentsInForce([run])
    run.texts.append("x")
    late = CommentsInForce([run])
    assert (list(early), list(late)) == (["a"], ["a", "x"])
    assert not early.any_match("x".__eq__)
    assert late.any_match("x".__eq__)


def test_each_comment_is_looked_at_once_however_many_leaves_ask() -> None:
    run = CommentRun()
    asked: list[str] = []
    matches = counting(asked)
    for number in range(100):
        run.texts.append(str(number))
        assert not CommentsInForce([run]).any_match(matches)
    assert len(asked) == 100


def test_what_was_found_for_one_rule_says_nothing_of_another() -> None:
    comments = CommentsInForce([CommentRun(["a", "x"])])
    assert comments.any_match("x".__eq__)
    assert not comments.any_match("y".__eq__)
    assert comments.any_match("a".__eq__)


def test_a_match_behind_the_count_does_not_count() -> None:
    run = CommentRun(["a"])
    early = CommentsInForce([run])
    run.texts.append("x")
    matches = counting([])
    assert CommentsInForce([run]).any_match(matches)
    assert not early.any_match(matches)


@given(st.lists(st.lists(st.text(max_size=3), max_size=3), max_size=4), st.text(max_size=3))
def test_it_is_a_sequence_of_texts(runs: list[list[str]], wanted: str) -> None:
    texts = tuple(text for run in runs for text in run)
    comments = CommentsInForce([CommentRun(list(run)) for run in runs])
    assert comments == texts
    assert len(comments) == len(texts)
    assert comments[:1] == texts[:1]
    assert comments.any_match(wanted.__eq__) == (wanted in texts)
    assert comments.with_comment("more") == (*texts, "more")
    assert comments == texts  # as it was


def test_none() -> None:
    assert len(NO_COMMENTS) == 0
    assert not NO_COMMENTS.any_match(lambda _: True)
    assert NO_COMMENTS.with_comment("x") == ("x",)
    assert repr(CommentsInForce([CommentRun(["a secret"])])) == "<1 comments>"
