"""Why a file gets the creation rule that it gets, or none."""

from __future__ import annotations

import os
from typing import NamedTuple

from leafseal.config.load import Config, CreationRule
from leafseal.config.mistakes import LOOKED_AT, mismatch_hint


class PassedOver(NamedTuple):
    """A rule that does not match, and what to do if it was meant for the file."""

    rule: CreationRule
    hint: str | None


class Explanation(NamedTuple):
    """The rule for a file, None where no rule matches; the rules before it; and what they were compared with."""

    tested: str
    rule: CreationRule | None
    passed_over: tuple[PassedOver, ...]


def explain(config: Config, path: str) -> Explanation:
    """Explain which rule of a configuration is for a file, which need not exist.

    Raises `ConfigError` where a pattern takes too long.
    """
    tested, rule = config.tested_path(path), config.matching_rule(path)
    rules = config.rules or ()
    before = rules if rule is None else rules[: rules.index(rule)]
    absolute = os.path.abspath(path)
    passed_over = tuple(
        PassedOver(one, mismatch_hint(one.path_regex, tested, absolute) if number < LOOKED_AT else None)
        for number, one in enumerate(before)
    )
    return Explanation(tested, rule, passed_over)
