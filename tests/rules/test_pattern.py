"""Rules mean in every installation what RE2 makes of them."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leafseal.rules.matching import PatternError
from leafseal.rules.pattern import compile_pattern
from leafseal.rules.subset import compile_subset

re2 = pytest.importorskip("re2")


def with_re2(pattern: str):
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


LETTERS = "aAbkKsS_1 .-/\n\u00e9\u017f\u212a\u0131\u0130"
texts = st.text(st.sampled_from(LETTERS), max_size=8)

ESCAPED = [r"\.", r"\-", r"\/", r"\x61", r"\x{e9}", r"\t", r"\ "]
literals = st.sampled_from([*"aAbksS_1 -/,:=@!~\u00e9\u017f", *ESCAPED])
CLASSES = r"""
    \d \D \w \W \s \S . [ab] [^ab] [a-k] [^a-kA] [\w-] []a] [^]a] [a\-k] [[:alpha:]] [[:^space:]_] [\d_] [^\n] [é-ü]
    [\W] [[:upper:]-b] [a-b-k] [\x41-\x5A] [[a] [:al] [^\x00-\x{10ffff}]
"""
classes = st.sampled_from(CLASSES.split())
anchors = st.sampled_from(["^", "$", r"\A", r"\z", r"\b", r"\B", "", "()", "(?:)"])
repeats = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{0,1}", "{1,}", "{2,3}?", "{0}"])
patterns = st.recursive(
    st.one_of(literals, classes, anchors),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join),
        inner.map("({})".format),
        inner.map("(?:{})".format),
        inner.map("(?P<name>{})".format),
        st.builds("({}){}".format, inner, repeats),
        st.builds("{}{}".format, st.one_of(literals, classes), repeats),
    ),
    max_leaves=8,
)
flagged = st.builds("{}{}".format, st.sampled_from(["", "", "(?i)", "(?s)", "(?is)", "(?i)(?s)"]), patterns)


@settings(max_examples=600, deadline=None)
@given(flagged, st.lists(texts, min_size=1, max_size=5))
@example(r"(?i)[^k]", ["\u212a", "k", "K", "x"])
@example(r"(?i)\W", ["\u212a", "\u017f", "-"])
@example(r"(?i)\w", ["\u212a", "\u017f", "\u0131"])
@example(r"\B", ["", "a", "ab"])
@example(r"a$", ["a\n", "a"])
@example(r"(a*)*b", ["a" * 8, "ab"])
def test_subset_means_what_re2_means(pattern, words):
    try:
        subset = compile_subset(pattern)
    except PatternError:
        return
    real = with_re2(pattern)
    for word in [*words, "", "\n"]:
        if "\\B" in pattern and not word.isascii():
            continue  # The C++ library finds it between the bytes of one character too.
        assert subset(word) == (real.search(word.encode()) is not None), word


@settings(max_examples=600, deadline=None)
@given(st.text(st.sampled_from("ab()[]{}|*+?^$\\.-,12:dwxzQEpPiC<>!="), max_size=10))
def test_subset_takes_nothing_that_re2_refuses(pattern):
    try:
        compile_subset(pattern)
    except PatternError:
        return
    with_re2(pattern)


STATED_SUBSET = [
    r"^(data|stringData)$",
    r"\.enc\.ya?ml$",
    r"^secrets/[^/]+\.yaml$",
    r"(?i)password|token|_key$",
    r".*",
    r"",
    r"[A-Z][a-z]{2,}",
    r"^[[:alpha:]_]\w*\b",
    r"(?s)^.*$",
    r"prod/(eu|us)-\d+/",
]


@pytest.mark.parametrize("pattern", STATED_SUBSET)
def test_common_rules_are_in_the_subset(pattern):
    subset, real = compile_subset(pattern), with_re2(pattern)
    for word in [
        "data",
        "dataX",
        "a.enc.yml",
        "secrets/x.yaml",
        "secrets/x/y.yaml",
        "PASSWORD",
        "api_key",
        "Abc",
        "é",
        "",
    ]:
        assert subset(word) == (real.search(word.encode()) is not None)


INVALID = [
    "[",
    "(",
    ")",
    "a**",
    "*a",
    "a|*",
    "+",
    "?",
    "{2}",
    "a{2}{3}",
    "a{1001}",
    "a{2,1}",
    "(a{100}){100}",
    "[b-a]",
    "[[:foo:]]",
    "[a-\\d]",
    "\\",
    "\\Z",
    "\\8",
    "\\1",
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?P=n)",
    "(?#c)",
    "(?x)a",
    "[a",
    "(?P<n>a",
    "\\x",
    "\\x{110000}",
    "\\E",
    "[\\b]",
    "(?i",
    "(?P<>a)",
    "\\é",
    "\\C",
    "(?P<é>a)",
    "a\\C",
    "\\\\\\C",
    "[\\C]",
]


@pytest.mark.parametrize("pattern", INVALID)
def test_invalid_patterns_are_refused_with_and_without_re2(pattern):
    with pytest.raises(PatternError, match="regular expression"):
        compile_pattern(pattern)
    with pytest.raises(PatternError, match="regular expression"):
        compile_subset(pattern)


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        (r"\pL", r"\\p"),
        (r"\Qa.b\E", r"\\Q"),
        ("(?m)^a", r"\(\?m"),
        ("(?U)a+", r"\(\?U"),
        ("a(?i)b", r"\(\?i"),
        (r"\012", r"\\0"),
        ("(?i)é", "outside ASCII"),
        ("(" * 60 + ")" * 60, "nested deeper"),
        ("[a-z]{1000}" * 11, "too large"),
    ],
)
def test_what_is_beyond_the_subset_is_refused_by_name(pattern, named):
    compile_pattern(pattern)
    with pytest.raises(PatternError, match=named):
        compile_subset(pattern)


@pytest.mark.parametrize("pattern", [r"\\C", r"\Q\C\E", r"\Qab", r"\\\\C", r"C\.", r"\Qa\E\."])
def test_backslash_and_c_is_not_always_an_escape(pattern):
    compile_pattern(pattern)


def test_no_boundary_inside_a_character():
    assert not compile_pattern(r"\B")("1é1")
    assert compile_pattern(r"\B")("11")
    assert compile_pattern(r"\pL\B")("ab")


def test_text_that_is_not_utf8_counts_as_replacement_characters():
    matches = compile_pattern("^a\ufffd{2}b$")
    assert matches("a\udcff\udc80b")
    assert matches(b"a\xff\x80b")
    assert not matches("a\udcffb")
    assert compile_pattern("^.$")(b"\xff")
    assert compile_pattern("é")("é".encode())


def test_a_pattern_that_is_not_utf8_is_refused():
    with pytest.raises(PatternError, match="not UTF-8"):
        compile_pattern("x\ud800")


@pytest.mark.parametrize("compile_it", [compile_pattern, compile_subset])
def test_reasons_print(compile_it):
    for pattern in ["(?\x1b[31m)", "\\\x85", "[\n-\t]"]:
        with pytest.raises(PatternError) as caught:
            compile_it(pattern)
        assert str(caught.value).isprintable()


def test_a_long_pattern_is_refused():
    compile_pattern("a" * 4096)
    with pytest.raises(PatternError, match="4096 bytes"):
        compile_pattern("é" * 2049)
    with pytest.raises(PatternError, match="groups"):
        compile_pattern("()" * 1000)


@pytest.mark.parametrize("module", [None, ModuleType("re2")], ids=["missing", "another of that name"])
def test_without_re2_the_subset_is_used(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "re2", module)
    compile_pattern.cache_clear()
    try:
        assert compile_pattern("^a{2}$")("aa")
        assert not compile_pattern("^a{2}$")(b"\xffaa")
        with pytest.raises(PatternError, match="google-re2"):
            compile_pattern(r"\pL")
    finally:
        compile_pattern.cache_clear()


def test_the_subset_is_linear_and_forgets():
    matches = compile_subset("(a|a|aa)*b$")
    assert not matches("a" * 20_000)
    wide = compile_subset("^x")
    assert not wide("".join(map(chr, range(0x4E00, 0x4E00 + 12_000))))
    many = compile_subset("(.?){300}y$")
    assert not many("ab" * 2000)


SOPS = json.loads((Path(__file__).parents[1] / "data" / "rules_re" / "sops.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", SOPS["patterns"], ids=lambda row: row["pattern"])
def test_patterns_match_what_they_match_in_sops(row):
    if not row["valid"]:
        for compile_it in (compile_pattern, compile_subset):
            with pytest.raises(PatternError):
                compile_it(row["pattern"])
        return
    matches = compile_pattern(row["pattern"])
    assert [key for key in SOPS["keys"] if matches(key)] == row["matches"]
    try:
        matches = compile_subset(row["pattern"])
    except PatternError:
        return
    assert [key for key in SOPS["keys"] if matches(key)] == row["matches"]
