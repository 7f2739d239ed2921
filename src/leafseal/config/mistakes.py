"""What people mean who write a rule that matches nothing, or that names nobody: for the hints of errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Protocol

_LEADING_DOT = r"\^?\\?\./"


class Rule(Protocol):
    """What is asked of a creation rule."""

    @property
    def location(self) -> str: ...  # noqa: D102
    @property
    def line(self) -> int: ...  # noqa: D102
    @property
    def path_regex(self) -> str: ...  # noqa: D102


def named(rule: Rule) -> str:
    """Return how messages call a rule: `creation_rules[0] (line 2)`."""
    return f"{rule.location} (line {rule.line})"


def pattern_hint(pattern: str) -> str | None:
    """Return what to do about a `path_regex` that does not compile."""
    if pattern.startswith(("*", "?", "+")) or "**" in pattern:
        return f"path_regex is a regular expression, not a glob: write {regex_of(pattern)}"
    return None


def unmatched_hint(rules: Sequence[Rule], path: str) -> str:
    """Return what to do where no rule matches a path."""
    for rule in rules:
        if fnmatchcase(path, rule.path_regex):
            return (
                f"{named(rule)}: path_regex is a regular expression, not a glob: to match {path}, "
                f"write {regex_of(rule.path_regex)}"
            )
        without = re.sub(_LEADING_DOT, "", rule.path_regex, count=1)
        if re.match(_LEADING_DOT, rule.path_regex) and _may_match(without, path):
            return f'{named(rule)}: delete "./" at the start of path_regex: it is compared with {path}'
    return f"add a rule with a path_regex that matches {path}, or a last rule without one"


GROUP_HINT = "add a key to the empty group, or delete it"


def keys_hint(rule: Rule, following: Rule | None, has_keys: bool) -> str:
    """Return what to do about a rule that names no keys; `has_keys` says whether the rule after it does."""
    if following is not None and has_keys and not following.path_regex:
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
