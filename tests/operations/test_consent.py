"""What a guard asks about, and what the user's consent spares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from leafseal.errors import RefusedError, UsageError
from leafseal.keys import MasterKey
from leafseal.keys.registry import parse_recipients
from leafseal.operations.consent import Consent, Doubt, Guard, option_for
from leafseal.operations.edit import Draft
from leafseal.operations.open import Opened
from leafseal.rules.selection import RULE_FIELDS, Selection
from leafseal.testing import throwaway_identity

from ..whole_files import KEYS, open_, seal

ALL = Selection()
NOTHING = Selection(encrypted_regex="^never$")


class Wanted(NamedTuple):
    """A creation rule."""

    selection: Selection = ALL
    groups: Sequence[tuple[MasterKey, ...]] = tuple(map(tuple, KEYS))


def refuse(doubt: Doubt) -> None:
    raise doubt.error(option_for, "f.yaml")


def guard(rule: Wanted | None = None, **consent: bool) -> Guard:
    return Guard(rule, Consent(**consent), refuse)


def opened(text: bytes, rule: Selection = ALL) -> Opened:
    return open_(seal(text, "yaml", rule), "yaml")


def edit(one: Guard, before: bytes, after: bytes, rule: Selection = ALL) -> Opened:
    """Return an edited file, sealed and opened again."""
    file = opened(before, rule)
    return one.sealed(file, Draft.of(file, after), one.before(file)).open()


# -- new values that stay clear

RULES = {
    "unencrypted_suffix": "n",
    "encrypted_suffix": "_enc",
    "unencrypted_regex": "^c",
    "encrypted_regex": "^(user|pass)",
    "unencrypted_comment_regex": "clear",
    "encrypted_comment_regex": "secret",
}


@pytest.mark.parametrize("kind", RULE_FIELDS)
def test_a_rule_that_only_the_file_has_is_asked_about(kind: str) -> None:
    rule = Selection(**{kind: RULES[kind]})
    before = b"user: admin # secret\npass_enc: x\n"
    after = before + (b"# clear\n" if kind.endswith("comment_regex") else b"") + b"connection: Server=x\n"
    with pytest.raises(RefusedError, match=r"these new values in plain text .*: connection$") as caught:
        edit(guard(), before, after, rule)
    assert caught.value.hint == "to allow them in plain text, add --plaintext-ok"
    edit(guard(plaintext_ok=True), before, after, rule)


def test_the_ending_that_everybody_knows_is_not_asked_about() -> None:
    edit(guard(), b"a: x\n", b"a: x\ncolour_unencrypted: blue\n")
    edit(guard(), b"a: x\n", b"a: x\ncolour_unencrypted: blue\n", Selection(unencrypted_suffix="_unencrypted"))
    with pytest.raises(RefusedError):
        edit(guard(), b"a: x\n", b"a: x\ntoken_unencrypted: AKIAIOSFODNN7EXAMPLE\n")


def test_with_a_configuration_its_rule_says_what_is_doubtful() -> None:
    rule = Selection(encrypted_regex="^a")
    edit(guard(Wanted(rule)), b"a: x\n", b"a: x\nb: y\n", rule)
    with pytest.raises(RefusedError):
        edit(guard(Wanted(ALL), keep_rules=True), b"a: x\n", b"a: x\nb: y\n", rule)


def test_a_value_that_was_encrypted_must_not_get_clear_unasked() -> None:
    """Whoever writes the configuration may not be who holds the key."""
    weaker = Wanted(Selection(encrypted_regex="^a"))
    with pytest.raises(RefusedError, match=r"in plain text.*: user"):
        edit(guard(weaker, sync_rules=True), b"a: x\nuser: admin\n", b"a: y\nuser: admin\n")
    after = edit(guard(weaker, sync_rules=True, plaintext_ok=True), b"a: x\nuser: admin\n", b"a: y\nuser: admin\n")
    assert b"user: admin" in bytes(after.document.text, "utf-8")


def test_without_its_marker_a_value_would_get_clear() -> None:
    rule = Selection(encrypted_comment_regex="secret")
    with pytest.raises(RefusedError, match=r"in plain text.*: user"):
        edit(guard(Wanted(rule)), b"a: x # secret\n# secret\nuser: admin\n", b"a: x # secret\nuser: admin\n", rule)


# -- rules that drifted apart


def test_rules_are_compared_by_what_they_do() -> None:
    own = opened(b"a: x\nb: y\n", Selection(encrypted_regex="^a"))
    with pytest.raises(RefusedError, match=r"leaves in plain text: b$") as caught:
        guard(Wanted()).unchanged(own)
    assert caught.value.hint == "to encrypt it, add --sync-rules; to leave it in plain text, add --keep-rules"
    assert guard(Wanted(), keep_rules=True).unchanged(own) is own
    assert guard(Wanted(Selection(encrypted_suffix="a"))).unchanged(own) is own
    assert guard().unchanged(own) is own
    synced = guard(Wanted(), sync_rules=True).unchanged(own)
    assert synced.plaintext() == b"a: x\nb: y\n"
    assert len(synced.tokens()) == 2


def test_a_comment_that_decides_counts_though_it_is_encrypted() -> None:
    own = opened(b"# secret\nuser: x\nb: y\n", Selection(unencrypted_regex="^user$"))
    with pytest.raises(RefusedError, match=r"leaves in plain text: user$"):
        guard(Wanted(Selection(encrypted_comment_regex="secret"))).unchanged(own)


def test_both_answers_are_one_too_many() -> None:
    with pytest.raises(UsageError):
        guard(keep_rules=True, sync_rules=True)


# -- a rule that seals nothing


def test_a_rule_that_seals_nothing_is_asked_about() -> None:
    file = opened(b"a: x\n", NOTHING)
    for rule in (None, Wanted(NOTHING)):
        with pytest.raises(RefusedError, match="the rule encrypts nothing in this file") as caught:
            guard(rule).unchanged(file)
        assert caught.value.hint is not None
        assert caught.value.hint.endswith("add --allow-nothing-sealed")
        with pytest.raises(RefusedError, match="the rule encrypts nothing in this file"):
            edit(guard(rule), b"a: x\n", b"a: y\n", NOTHING)
        assert guard(rule, allow_nothing_sealed=True).unchanged(file) is file
    guard().unchanged(opened(b"a:\nb: ''\n", NOTHING))


def test_the_first_value_of_a_file_may_be_one_that_is_not_encrypted() -> None:
    with pytest.raises(RefusedError, match="the rule encrypts nothing"):
        edit(guard(plaintext_ok=True), b"a: ''\n", b"a: ''\nb: x\n", Selection(encrypted_regex="^a"))


def test_the_last_encrypted_value_may_be_removed() -> None:
    rule = Selection(encrypted_regex="^a")
    edit(guard(Wanted(rule)), b"a: x\nb: y\n", b"b: y\n", rule)
    with pytest.raises(RefusedError, match="the rule encrypts nothing"):
        edit(guard(Wanted(rule)), b"a: x\nb: y\n", b"bb: x\nb: y\n", rule)


# -- keys


def test_recipients_and_thresholds() -> None:
    file = opened(b"a: x\n")
    other = parse_recipients("age", throwaway_identity().recipient)
    with pytest.raises(RefusedError, match=r"\.sops\.yaml does not name these recipients"):
        guard(Wanted(groups=[tuple(other)])).before(file)
    guard(Wanted(groups=[tuple(other)]), accept_recipients=True).before(file)
    metadata = file.metadata._replace(groups=file.metadata.groups * 3, threshold=3)
    with pytest.raises(RefusedError, match="2 of 3 key groups could decrypt the file; until now 3 are needed"):
        guard().check_threshold(metadata, 3, 2)
    guard().check_threshold(metadata, 3, 3)
    guard(lower_threshold=True).check_threshold(metadata, 3, 2)


def test_who_consented_is_not_asked_again() -> None:
    asked: list[Doubt] = []
    one = Guard(Wanted(), Consent(), asked.append)
    file = opened(b"a: x\n", NOTHING)
    for _ in range(2):
        one.before(file)
        one.check_something_sealed(file)
    assert [doubt.consents for doubt in asked] == [("sync_rules", "keep_rules"), ("allow_nothing_sealed",)]


def test_a_file_that_is_one_value_has_no_rule() -> None:
    file = open_(seal(b"x", "binary"), "binary")
    assert guard(Wanted(NOTHING)).unchanged(file) is file
    guard(Wanted(NOTHING)).sealed(file, Draft.of(file, b"y"), file.metadata.selection)
