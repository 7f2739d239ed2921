"""What people mean who write a rule that matches nothing, or that names nobody: for the hints of errors."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Protocol

_LEADING_DOT = r"\^?\\?\./"

LOOKED_AT = 100
"""Rules of which it is asked what was meant: each is matched several times, and a pattern may take long."""


class Rule(Protocol):
    """What is asked of a creation rule."""

    @property
    def location(self) -> str: ...  # noqa: D102
    @property
    def line(self) -> int: ...  # noqa: D102
    @property
    def path_regex(self) -> str: ...  # noqa: D102
    @property
    def groups(self) -> Sequence[Sequence[object]]: ...  # noqa: D102


def named(rule: Rule) -> str:
    """Return how messages call a rule: `creation_rules[0] (line 2)`."""
    return f"{rule.location} (line {rule.line})"


def pattern_hint(pattern: str) -> str | None:
    """Return what to do about a `path_regex` that does not compile."""
    if pattern.startswith(("*", "?", "+")) or "**" in pattern:
        return f"path_regex is a regular expression, not a glob: write {regex_of(pattern)}"
    return None


def oddity(pattern: str) -> str | None:
    """Return what is odd about a `path_regex` that compiles; None where nothing is."""
    if re.match(_LEADING_DOT, pattern):
        return 'begins with "./"'
    return "looks like a glob" if re.search(r"(^|/)\*{1,2}(/|\.|$)", pattern) else None


def oddity_hint(pattern: str) -> str:
    """Return what to do about an odd `path_regex`."""
    if re.match(_LEADING_DOT, pattern):
        return 'delete "./": a path is compared without it'
    if re.search(r"[\\^$()|\[\]+]|\.\*", pattern):  # parts of it are an expression
        return "in a regular expression /* means any number of slashes: write /[^/]* or /.*"
    return f"path_regex is a regular expression, not a glob: write {regex_of(pattern)}"


def unmatched(rules: Sequence[Rule], path: str, absolute: str) -> str:
    """Return what to do where no rule matches a path below the configuration's folder."""
    for rule in rules[:LOOKED_AT]:
        # Of several rules, one for another folder is no mistake.
        if hint := mismatch_hint(rule.path_regex, path, absolute, below=len(rules) == 1):
            return f"{named(rule)}: {hint}"
    return rule_hint(path)


def rule_hint(path: str) -> str:
    """Return what to do where no rule was meant for a path."""
    return f"add a rule with a path_regex that matches {path}, or a last rule without one"


def mismatch_hint(pattern: str, path: str, absolute: str, *, below: bool = False) -> str | None:
    """Return what to do about a pattern that was probably meant for a path, and does not match it.

    With `below` also one that matches from a folder of the path on.
    """
    if fnmatchcase(path, pattern):
        return f"path_regex is a regular expression, not a glob: to match {path}, write {regex_of(pattern)}"
    if re.match(_LEADING_DOT, pattern) and _may_match(re.sub(_LEADING_DOT, "", pattern, count=1), path):
        return f'delete "./" at the start of path_regex: it is compared with {path}'
    if path != absolute and _may_match(pattern, absolute):
        return f"write path_regex for the path below the configuration's folder: it is compared with {path}"
    if _may_match(f"(?i:{pattern})", path):
        return f"write path_regex with the capital and small letters of {path}"
    stem, suffix = os.path.splitext(path)
    if _may_match(pattern, stem + {".yaml": ".yml", ".yml": ".yaml"}.get(suffix, suffix)):
        return rf"write \.ya?ml$ at the end of path_regex: the file is named {path}"
    folders = path.split("/")
    for number in range(1, len(folders) if below else 0):
        if _may_match(pattern, "/".join(folders[number:])):
            return f"if it is meant for all folders, begin path_regex with (^|/): it is compared with {path}"
    return None


def lack_of_keys(rule: Rule, rules: Sequence[Rule]) -> tuple[str, str]:
    """Return what is missing in a rule whose keys are not all there, and what to do about it."""
    if any(rule.groups):
        return "has a key group without keys", _GROUP_HINT
    return "names no recipients", _keys_hint(rule, rules)


_GROUP_HINT = "add a key to the empty group, or delete it"


def _keys_hint(rule: Rule, rules: Sequence[Rule]) -> str:
    following = next((other for other in rules if other.line > rule.line), None)
    if following is not None and any(following.groups) and not following.path_regex:
        return (
            f"delete the dash in line {following.line}, where another rule begins, or add recipients to {rule.location}"
        )
    return f"add recipients to {rule.location}, such as age: age1…"


def regex_of(glob: str) -> str:
    """Return a regular expression for a glob."""
    pieces = re.split(r"(\*\*/?|\*|\?)", glob)
    found = "".join(_GLOBS.get(piece) or _escaped(piece) for piece in pieces)
    return f"{'' if found.startswith('.*') else '^'}{found}$"


_GLOBS = {"**/": ".*", "**": ".*", "*": ".*", "?": "."}


def _escaped(text: str) -> str:
    return re.sub(r"[.+()|^$\[\]\\]", lambda match: f"\\{match[0]}", text)


def _may_match(pattern: str, path: str) -> bool:
    from leafseal.rules.matching import PatternError
    from leafseal.rules.pattern import compile_pattern

    try:
        return compile_pattern(pattern)(path)
    except PatternError:
        return False
