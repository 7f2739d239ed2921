"""Whether a creation rule says that a file must be encrypted, or only how to, if somebody does."""

from __future__ import annotations

import os

from leafseal.config.find import MISNAMED, NAMES
from leafseal.config.load import CreationRule
from leafseal.config.patterns import Patterns

_NAMELESS = ("qzx7/qzx7.yaml", "qzx7/qzx7.yml", "qzx7/qzx7.json", "qzx7/qzx7.ini", "qzx7/qzx7.txt", "qzx7.yaml", "qzx7")
"""Paths that say nothing. Whatever pattern matches one of them matches by the ending at most."""


def demands(rule: CreationRule, patterns: Patterns) -> bool:
    r"""Tell whether a rule has its files encrypted: it names recipients, and its pattern is for some files only.

    `^secrets/`, `\\.enc\\.yaml$` and `\\.env$` are. A rule for all files, or for all YAML files, is how files are
    encrypted that somebody encrypts: nobody wants the README to be. Raises `PatternError` where a pattern takes long.
    """
    if not (rule.has_keys and rule.path_regex):
        return False
    return not any(patterns.matches(rule.path_regex, path) for path in _NAMELESS)


def is_exempt(name: str) -> bool:
    """Tell whether a file is one that Git or SOPS reads as it is, so that no rule means it."""
    return os.path.basename(name) in _EXEMPT


_EXEMPT = frozenset({*NAMES, MISNAMED, ".gitattributes", ".gitignore", ".gitmodules", ".gitkeep", ".keep"})
