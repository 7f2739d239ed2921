"""What is told of the master keys that did not give their parts: the reason, whose credentials, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from leafseal.display import visible
from leafseal.errors import DataKeyError
from leafseal.keys.ring import FailedAttempt, label

_WIDTH = 76


class ReportedAttempt(NamedTuple):
    """An attempt as it is told: `reason` names the credentials; `hint` is None where the next attempt has the same."""

    attempt: FailedAttempt
    reason: str
    hint: str | None


def attempts_in_group(error: DataKeyError, number: int) -> list[ReportedAttempt]:
    """Return the attempts on a group, in order; none for a group that opened."""
    if number in error.opened:
        return []
    found = [tried for tried in error.attempts if isinstance(tried, FailedAttempt) and tried.group == number]
    following: list[str | None] = [*(tried.hint for tried in found[1:]), None]
    return [
        ReportedAttempt(tried, visible(reason(tried)), _hint(tried, after))
        for tried, after in zip(found, following, strict=False)  # a group without keys has no attempts
    ]


def _hint(attempt: FailedAttempt, following: str | None) -> str | None:
    return visible(attempt.hint) if attempt.hint and attempt.hint != following else None


def reason(attempt: FailedAttempt) -> str:
    """Return why an attempt failed, with the credentials that were tried."""
    if not attempt.source or attempt.source in attempt.reason:
        return attempt.reason
    return f"{attempt.reason} ({attempt.source})"


def describe(error: DataKeyError) -> str:
    """Return a report of several lines: each group, each key that failed, and why. It ends without a line break."""
    lines: list[str] = []
    for number in range(error.groups):
        if error.groups > 1:
            state = "decrypted" if number in error.opened else "not decrypted"
            lines.append(f"group {number + 1} of {error.groups}: {state}")
        for told in attempts_in_group(error, number):
            lines += _lines(told)
    if error.groups > 1:
        lines.append(f"{error.needed} of {error.groups} groups are needed, {len(error.opened)} decrypted")
    return "\n".join(lines)


def _lines(told: ReportedAttempt) -> Iterator[str]:
    import textwrap  # the other report has lines of its own

    yield f"  {label(told.attempt.master_key)}"
    yield from textwrap.wrap(told.reason, _WIDTH, initial_indent="    ", subsequent_indent="    ")
    if told.hint:
        yield from textwrap.wrap(f"hint: {told.hint}", _WIDTH, initial_indent="    ", subsequent_indent="          ")


def last_hint(error: DataKeyError) -> str | None:
    """Return the hint that is left for the end of a report: the error's own, unless an attempt's is the same."""
    told = {told.attempt.hint for number in range(error.groups) for told in attempts_in_group(error, number)}
    return None if error.hint in told else error.hint
