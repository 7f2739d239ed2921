"""Patterns for awk: what they match is compared with the rules' own matcher, in every awk that is here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from leafseal.git.extended import ANYTHING, extended, suffix_word, word
from leafseal.rules.pattern import compile_pattern

from .test_globs import PATTERNS, WIDER, paths

ODD = [
    r"(^|/)(?:x|)z",
    r"[]a^-]z|[^\]]z$",
    r"\[z|\\z|[\\*]z",
    r"^(a|b)?(/.*)?$",
    r"(a$|^b)+|c1_x",
    r"(?i)[a-c]\d{1,2}_",
    r"q{0}secret|(x*)*y{2,}",
    r"\Bml$",
    r"[\s\S]#|\x23",
]
PROGRAM = """
BEGIN {
    while ((getline path < "paths") > 0) {
        found = ""
        for (n = 1; n < ARGC; n++) found = found (path ~ ARGV[n])
        print found
    }
}"""


def test_they_match_no_less_than_the_pattern(tmp_path: Path) -> None:
    patterns = [*PATTERNS, *WIDER, *ODD]
    texts = [path for path in paths()[::5] if path.isascii()]
    wanted = [[compile_pattern(pattern)(path) for pattern in patterns] for path in texts]
    (tmp_path / "paths").write_text("".join(f"{path}\n" for path in texts))
    environ = {**os.environ, "LC_ALL": "C"}
    for name in ("awk", "mawk", "gawk", "busybox", "original-awk"):
        if shutil.which(name) is None:
            continue
        words = [name, *["awk"] * (name == "busybox")]
        expressions = [extended(pattern) for pattern in patterns]
        told = subprocess.run(
            [*words, PROGRAM, *expressions], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        )
        more = 0
        for path, found, matches in zip(texts, told.stdout.splitlines(), wanted, strict=True):
            for pattern, sign, is_match in zip(patterns, found, matches, strict=True):
                assert sign == "1" or not is_match, (name, pattern, path)
                more += sign == "1" and not is_match
        assert more < len(texts)


def test_they_are_short_and_plain() -> None:
    assert extended(r"^secrets/[a-z]+\.ya?ml$") == r"^secrets/[a-z]+\.ya?ml$"
    assert extended(r"(^|/)[^/]*\.env") == r"(^|/)[^/]*\.env"
    assert extended(r"[\w.-]{2}") == "[.0-9A-Z_a-z-][.0-9A-Z_a-z-]"
    for pattern in ("(?!x)", r"\b", "((((a{9}){9}){9}){9})", "(ab{50}){19}"):
        assert extended(pattern) == ANYTHING


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        ("^(data|stringData)$", "data|stringdata|'data'|x: {data: 1|[data]", "metadata|database"),
        ("^(password|.*[Ss]ecret.*|api[_-]?key)$", "password|my_secret|client-secrets|api_key|apikey", "passwords"),
        ("(?i)token", "accesstoken|tokens", "toke"),
        ("^spec$|_key$", "spec|my_key", "specs|_keys"),
        ("^tls.crt$", "tls.crt", "crt|stls"),
    ],
)
def test_words_of_key_names(pattern: str, names: str, others: str) -> None:
    found = word(pattern)
    assert all(re.search(found, name) for name in names.split("|"))
    assert not any(re.search(found, name) for name in others.split("|"))


@pytest.mark.parametrize(
    "pattern", [".*", "", "^.$", "[a-z]+", "^(data|x)$", "é+", "(?!x)", "\\w" * 9, "a{3}", "^data|$"]
)
def test_patterns_that_are_no_words(pattern: str) -> None:
    assert word(pattern) == ANYTHING


def test_words_of_a_suffix() -> None:
    assert suffix_word("_secret") == "_secret([^a-z0-9_]|$)"
    assert suffix_word("_S") == suffix_word("-secret") == ANYTHING
