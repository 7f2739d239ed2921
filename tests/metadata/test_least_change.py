"""What metadata is written in the place of other metadata."""

from __future__ import annotations

from leafseal.metadata import Metadata
from leafseal.metadata.least_change import mapping_over
from leafseal.testing import throwaway_identity

ME = throwaway_identity()
OLD = {
    "Version": "3.6.0",
    "kms": None,
    "pgp": [],
    "shamir_threshold": "0",
    "future": {"b": 1, "a": None},
    "age": {"enc": "x", "recipient": ME.recipient},
    "mac": "m",
    "lastmodified": "2026-11-23T01:30:00+00:00",
    "mac_only_encrypted": "true",
    "unencrypted_suffix": "_unencrypted",
}


def test_what_says_the_same_stays_as_it_is_written() -> None:
    metadata = Metadata.parse(OLD).with_mac("n", "2026-11-24T01:30:00Z")
    written = mapping_over(OLD, metadata)
    assert list(written) == list(OLD)
    assert written == {**OLD, "mac": "n", "lastmodified": "2026-11-24T01:30:00Z"}


def test_what_is_gone_goes_and_what_is_new_stands_where_it_belongs() -> None:
    metadata = Metadata.parse(OLD).with_spelling({"t1": "x"})._replace(extra={})
    written = mapping_over(OLD, metadata)
    assert list(written) == [*(name for name in list(OLD)[:8] if name != "future"), "leafseal", *list(OLD)[8:]]
    assert Metadata.parse(written).to_mapping() == metadata.to_mapping()


def test_a_field_that_said_nothing_says_what_is_new() -> None:
    groups = Metadata.parse(OLD).groups * 2
    written = mapping_over(OLD, Metadata.parse(OLD).with_groups(groups, 2))
    assert "age" not in written
    assert written["shamir_threshold"] == 2
    assert Metadata.parse(written).groups == groups


def test_without_an_old_one_or_over_one_that_says_nothing_all_is_new() -> None:
    metadata = Metadata.parse(OLD)
    assert mapping_over(None, metadata) == metadata.to_mapping()
    assert mapping_over({"version": []}, metadata) == metadata.to_mapping()
