"""Patterns of rules as globs: real Git says what they match, and the rules' own matcher what it should be."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from leafseal.git.attributes import quoted
from leafseal.git.globs import EveryFileError, NoGlobError, below, globs_of
from leafseal.rules.pattern import compile_pattern

PATTERNS = [
    r"\.enc\.ya?ml$",
    r"^secrets/.*\.yaml$",
    r"secrets/",
    r"^secrets/",
    r"/secrets/",
    r"(^|/)secrets/",
    r"(^|/)(k8s|base)/.*\.ya?ml$",
    r"^prod\.yaml$",
    r"prod.yaml",
    r"prod\.yaml",
    r"secrets/.+\.env",
    r"^[^/]+\.enc$",
    r"[^/]+/secrets\.yaml$",
    r"^.*\.enc\.json$",
    r"(^|/)(secrets|values)[^/]*\.ya?ml$",
    r"^(dev|prod)/[0-9]/",
    r"(^|/)[a-c]\d[-_]x$",
    r"(?i)secret",
    r"^config\.yaml$|^secrets/",
    r"^a?$|b",
    r"\.env(\.[^/]*)?$",
    r"secrets/.*/prod",
    r"a.*b",
    r"^a/.*b/.*$",
    r"x{2,3}y",
    r"[*?\[\]\\!-]z",
    r"é\.yaml$",
    r"^!important\.yaml$",
    r"^#x$",
    r"a b\.yaml$",
    r"^$|q",
    r"\Asecrets/[^/]*\z",
    r"^(?:env/)?prod/",
]

NAMES = ["secrets", "prod", "k8s", "base", "dev", "a", "b", "q", "é", "xxy", "xxxy"]
LAST = [
    *("prod.yaml", "prodXyaml", "a.enc.yaml", ".enc.yml", "b.enc", "c1_x", "SECRETS", "secret.json", "values.yaml"),
    *("secrets-x.yml", ".env", ".env.prod", "x.env", "q.enc.json", "config.yaml", "*z", "?z", "[z", "]z", "\\z", "!z"),
    *("-z", "!important.yaml", "#x", "x.é.yaml", "é.yaml", "prod.yaml.bak", "a", "yaml", "secrets.yaml", "a b.yaml"),
]


def paths() -> list[str]:
    folders = [
        "",
        *NAMES,
        *("/".join(pair) for pair in itertools.product(NAMES, repeat=2)),
        "my-secrets",
        "env/prod",
        "dev/9",
    ]
    found = [f"{folder}/{last}".removeprefix("/") for folder in folders for last in LAST]
    return list(dict.fromkeys(found))


def matched_by_git(folder: Path, globs: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return what real Git matches by globs, by the names of their attributes."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    lines = [f"{quoted(glob)} {name}\n" for name, listed in globs.items() for glob in listed]
    (folder / ".gitattributes").write_text("".join(lines))
    told = subprocess.run(
        ["git", "check-attr", "-z", "--stdin", *globs],
        cwd=folder,
        input="".join(f"{path}\0" for path in paths()).encode(),
        capture_output=True,
        check=True,
    )
    words = told.stdout.decode().split("\0")
    found: dict[str, set[str]] = {name: set() for name in globs}
    for path, name, value in zip(words[0:-1:3], words[1::3], words[2::3], strict=True):
        if value == "set":
            found[name].add(path)
    return found


def test_globs_match_what_the_pattern_does(tmp_path: Path) -> None:
    globs = {f"p{number}": globs_of(pattern) for number, pattern in enumerate(PATTERNS)}
    found = matched_by_git(tmp_path, globs)
    assert len(found) == len(PATTERNS)
    for number, pattern in enumerate(PATTERNS):
        wanted = {path for path in paths() if compile_pattern(pattern)(path)}
        assert wanted
        assert found[f"p{number}"] == wanted, (pattern, globs[f"p{number}"])


def test_globs_of_a_folder_below(tmp_path: Path) -> None:
    globs = {f"p{number}": [below("de[v", one) for one in globs_of(pattern)] for number, pattern in enumerate(PATTERNS)}
    globs |= {"other": [below("dev", one) for one in globs_of(r"^[^/]*$|\.yaml$")]}
    found = matched_by_git(tmp_path, globs)
    assert found.pop("other") == {
        path for path in paths() if path.startswith("dev/") and (path.count("/") == 1 or path.endswith(".yaml"))
    }
    assert not any(found.values())


WIDER = {
    r"^[a-z]+/secrets\.yaml$": 0.3,
    r"\bsecrets\b": 0.5,
    r"^([^/]+/)+secrets/": 0.1,
    r"[^.]*\.x\.": 0.1,
    r"^[\w-]+\.env$": 0.1,
    r"x{5}|^q/[a-c]{2,}": 0.1,
    r"^[é-ü]\.yaml$": 0.1,
    r"secrets/*prod": 0.5,
}
"""Patterns that globs cannot express, and the part of all paths that may be matched for it."""


def test_globs_match_no_less_than_the_pattern(tmp_path: Path) -> None:
    found = matched_by_git(tmp_path, {f"p{number}": globs_of(pattern) for number, pattern in enumerate(WIDER)})
    for number, (pattern, part) in enumerate(WIDER.items()):
        matched = found[f"p{number}"]
        assert {path for path in paths() if compile_pattern(pattern)(path)} <= matched
        assert len(matched) <= part * len(paths()), (pattern, len(matched), len(paths()))


@pytest.mark.parametrize("pattern", ["", ".*", "^", "^.*$", "$", r"x|.*", r".?"])
def test_a_pattern_for_every_file(pattern: str) -> None:
    with pytest.raises(EveryFileError):
        globs_of(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(ab)*",
        r"(?!x)",
        r"[é-ü]",
        r"[\x{100}-\x{2000}]",
        r"[abc][def]" * 9 + "(a|b|c)(d|e)(f|g)(h|i)(k|l)(m|n)(o|p)(q|r)",
    ],
)
def test_what_globs_cannot_say(pattern: str) -> None:
    with pytest.raises(NoGlobError):
        globs_of(pattern)


def test_they_are_short() -> None:
    assert globs_of(r"\.enc\.yaml$") == ["*.enc.yaml"]
    assert globs_of(r"(^|/)secrets/.*\.yaml$") == ["**/secrets/**/*.yaml"]
    assert globs_of(r"^prod\.yaml$") == ["/prod.yaml"]
    assert globs_of(r"^\.env[0-9]$") == ["/.env[0-9]"]
