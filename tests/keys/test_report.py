"""What is told of keys that did not open; how a group comes to that is told in test_groups."""

from __future__ import annotations

from leafseal.errors import DataKeyError
from leafseal.keys import report
from leafseal.keys.ring import FailedAttempt
from leafseal.sops.shared import failures
from leafseal.testing import MemoryKey


def failing(
    *outcomes: tuple[int, str, str | None, str | None], groups: int = 1, hint: str | None = None
) -> DataKeyError:
    """Return the error for attempts of which each has a group, a reason, a source and a hint."""
    tried = [
        FailedAttempt(MemoryKey(f"key {number}"), reason, source, hint, group)
        for number, (group, reason, source, hint) in enumerate(outcomes)
    ]
    return DataKeyError("no", attempts=tried, groups=groups, needed=groups, hint=hint)


def test_a_report_names_the_credentials_and_the_way_out_of_each_key() -> None:
    error = failing(
        (0, "denied (credentials: profile dev)", "profile dev", "these credentials need kms:Decrypt"),
        (0, "no identity fits", "SOPS_AGE_KEY", None),
        (0, "timed out", None, "try again " * 8 + "later"),
        hint="these credentials need kms:Decrypt",
    )
    assert report.describe(error).split("\n") == [
        "  memory key 0",
        "    denied (credentials: profile dev)",
        "    hint: these credentials need kms:Decrypt",
        "  memory key 1",
        "    no identity fits (SOPS_AGE_KEY)",
        "  memory key 2",
        "    timed out",
        "    hint: try again try again try again try again try again try again try",
        "          again try again later",
    ]
    assert report.last_hint(error) is None
    assert failures.report(error).split("\n")[:13] == [
        "Failed to get the data key required to decrypt the SOPS file.",
        "",
        "Group 0: FAILED",
        "  key 0: FAILED",
        "    - | denied (credentials: profile dev)",
        "      | hint: these credentials need kms:Decrypt",
        "  ",
        "  key 1: FAILED",
        "    - | no identity fits (SOPS_AGE_KEY)",
        "  ",
        "  key 2: FAILED",
        "    - | timed out",
        "      | hint: try again try again try again try again try again try",
    ]
    assert failures.as_failure(error).hint is None


def test_a_way_out_that_several_keys_share_is_told_below_the_last() -> None:
    error = failing(
        *[(0, "no identity", None, "name a file")] * 3,
        (0, "denied", None, "log in"),
        (1, "denied", None, "log in"),
        groups=2,
        hint="something else",
    )
    lines = [line.strip() for line in report.describe(error).split("\n")]
    assert [line for line in lines if not line.startswith("memory")] == [
        "group 1 of 2: not decrypted",
        *["no identity"] * 3,
        "hint: name a file",
        "denied",
        "hint: log in",
        "group 2 of 2: not decrypted",
        "denied",
        "hint: log in",
        "2 of 2 groups are needed, 0 decrypted",
    ]
    assert report.last_hint(error) == "something else"


def test_of_a_group_that_opened_no_attempt_is_told() -> None:
    """Another key of it may have failed before."""
    tried = [FailedAttempt(MemoryKey(name), "denied", group=number) for number, name in enumerate("ab")]
    error = DataKeyError("no", attempts=tried, groups=2, needed=2, opened=[0])
    assert report.attempts_in_group(error, 0) == []
    assert [str(told.attempt.master_key) for told in report.attempts_in_group(error, 1)] == ["b"]


def test_a_group_without_keys_has_no_attempts() -> None:
    """A file may state one: `key_groups: [{age: […]}, {}]`."""
    error = DataKeyError("no", groups=2, needed=2, opened=[0])
    assert report.attempts_in_group(error, 1) == []


def test_what_is_told_is_fit_for_a_terminal() -> None:
    error = failing((0, "red \x1b[31m", None, "\x1b[0m"))
    assert "\x1b" not in report.describe(error)
    [told] = report.attempts_in_group(error, 0)
    assert (told.reason, told.hint) == ("red \\x1b[31m", "\\x1b[0m")
