"""What lies outside the subset, or is no pattern, is refused by name. What lies in it is compared with RE2 itself in
test_pattern."""

from __future__ import annotations

import pytest

from leafseal.rules.matching import PatternError
from leafseal.rules.subset import MAX_NESTING, MAX_REPEAT, compile_subset


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        ("", ["", "x"], []),
        ("^(user|pass)_?name$", ["username", "pass_name"], ["user name", "xusername"]),
        (r"\x{1F600}", ["😀"], ["x"]),
        ("(?i)straße", [], []),
        ("(?s)a.b", ["a\nb", "aüb"], ["ab"]),
        ("a.b", ["aüb"], ["a\nb"]),
        ("[^a]", ["ü", "\n"], ["a", ""]),
        ("[]a]", ["]", "a"], ["["]),
        ("[a-]", ["-", "a"], ["b"]),
        ("[[:word:]]+", ["a_1"], ["ü", "-"]),
        ("a{2}", ["aa"], ["a"]),
        ("a{,2}", ["a{,2}"], ["aa"]),
        ("{", ["{"], ["x"]),
        ("(?P<x>a)(?<y>b)(?:c)", ["abc"], ["ab"]),
        (r"\.", ["."], ["x"]),
    ],
)
def test_what_it_finds(pattern: str, found: list[str], missed: list[str]) -> None:
    if not found:
        with pytest.raises(PatternError, match="letters outside ASCII"):
            compile_subset(pattern)
        return
    matches = compile_subset(pattern)
    assert [text for text in (*found, *missed) if matches(text)] == found


def test_bytes_that_are_no_text_count_as_one_character_each() -> None:
    assert compile_subset("^..$")(b"\xff\xfe")
    assert compile_subset("\ufffd")(b"\xff")
    assert not compile_subset("^.$")(b"\xff\xfe")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a)", r"unexpected \) at character 2"),
        ("(a", "missing"),
        ("[a", "missing"),
        ("[", "missing"),
        ("*", "nothing to repeat"),
        ("a|+", "nothing to repeat at character 3"),
        ("(?)", "needs google-re2"),
        ("a**", "bad repetition operator"),
        ("a{2}{3}", "bad repetition operator"),
        ("a{3,2}", "invalid repetition size"),
        (f"a{{{MAX_REPEAT + 1}}}", "invalid repetition size"),
        ("(a{100}){11}", "invalid repetition size"),
        ("[b-a]", "invalid character class range"),
        ("[[:none:]]", "invalid character class range"),
        ("a\\", "trailing"),
        (r"\x{110000}", "invalid escape sequence"),
        (r"\xg1", "invalid escape sequence"),
        (r"\pL", "needs google-re2"),
        (r"\Q", "needs google-re2"),
        ("(?m)^a", "needs google-re2"),
        ("(?=a)", "needs google-re2"),
        ("a(?i)b", "needs google-re2"),
        ("(" * (MAX_NESTING + 1) + ")" * (MAX_NESTING + 1), "nested deeper"),
    ],
)
def test_what_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=reason) as caught:
        compile_subset(pattern)
    assert str(caught.value).isprintable()


def test_nesting_up_to_the_limit() -> None:
    assert compile_subset("(" * MAX_NESTING + "a" + ")" * MAX_NESTING)("xa")
