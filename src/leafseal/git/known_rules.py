"""What the shell's half of the guard may know of the rules, and of which state of the configurations it knows that.

Only rules that demand encryption are in it: a file that none of them is for may be plain text, as long as all
configurations that count for it are the same bytes, in the work tree and in the last commit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from leafseal.config.check import Finding, unread
from leafseal.config.demands import demands
from leafseal.config.find import NAMES, read_bounded
from leafseal.config.load import CreationRule, parse_config
from leafseal.config.patterns import Patterns
from leafseal.errors import ConfigError, LeafsealError
from leafseal.git.extended import extended, suffix_word, word
from leafseal.git.repository import Repository
from leafseal.rules.matching import PatternError

_HEADER = """\
# What the guard knows of the rules, from "leafseal git setup --protect". It asks leafseal about no plain file that none
# of them is for, while each configuration is in the folder and in the last commit as it was:
# config   its blob in Git, how many bytes that has, and where it is
# path     a rule that has files encrypted, and an expression that occurs in their paths below that folder
# keys     ... but only where a line has this in it, in small letters
# objects  ... and of Kubernetes only Secrets
"""
_PLAIN_NAME = re.compile(r"[ -~]+")


def configurations(repository: Repository) -> dict[str, str]:
    """Return the configurations of a work tree by their folders, those of the top first."""
    found: dict[str, str] = {}
    for name in sorted(repository.names(untracked=True), key=lambda name: (name.count("/"), name)):
        folder, _, base = name.rpartition("/")
        if base in NAMES and os.path.isfile(os.path.join(repository.top, name)):
            found.setdefault(folder, name)
    return found


def unread_rules(repository: Repository) -> dict[str, Finding]:
    """Return the configurations of a work tree whose rules do not count, and the first reason of each."""
    found: dict[str, Finding] = {}
    for name in configurations(repository).values():
        try:
            wrong = unread(read_bounded(os.path.join(repository.top, name)), name)
        except ConfigError as error:
            wrong = [Finding(True, "", 0, 0, error.message, error.hint)]
        if wrong:
            found[name] = wrong[0]
    return found


def known_rules(repository: Repository) -> str:
    """Return the rules as the guard reads them. A configuration that is wrong is not among them."""
    patterns = Patterns()
    lines: list[str] = []
    for name in configurations(repository).values():
        if _PLAIN_NAME.fullmatch(name) is None:
            continue
        try:
            lines += _lines(repository, name, patterns)
        except (LeafsealError, PatternError):
            continue
    return _HEADER + "".join(f"{line}\n" for line in (*lines, "end"))


def _lines(repository: Repository, name: str, patterns: Patterns) -> list[str]:
    path = os.path.join(repository.top, name)
    data = read_bounded(path)
    blob = repository.ask(["hash-object", "--no-filters", "--stdin"], data).decode().strip()
    if unread(data, name):
        return []
    found = [f"config {blob} {len(data)} {name}"]
    for rule in parse_config(data, path).rules or ():
        if demands(rule, patterns):
            found += _of_rule(rule)
    return found


def _of_rule(rule: CreationRule) -> Iterator[str]:
    yield f"path {extended(rule.path_regex)}"
    if rule.selection.encrypted_regex:
        yield f"keys {word(rule.selection.encrypted_regex)}"
        yield "objects"
    elif rule.selection.encrypted_suffix:
        yield f"keys {suffix_word(rule.selection.encrypted_suffix)}"
