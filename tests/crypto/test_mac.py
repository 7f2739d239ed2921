"""The MAC of a file: what it depends on."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.crypto.mac import NO_MAC, Verdict, digest, equal, verdict
from leafseal.crypto.token import Sealer

values = st.lists(st.binary(max_size=8), max_size=6)


@given(values)
def test_it_is_the_digest_of_the_values_as_they_follow_each_other(given_: list[bytes]) -> None:
    assert digest(given_, mac_only_encrypted=False) == hashlib.sha512(b"".join(given_)).hexdigest().upper()
    assert digest(iter(given_), mac_only_encrypted=False) == digest(given_, mac_only_encrypted=False)


def test_the_order_counts() -> None:
    assert digest([b"a", b"b"], mac_only_encrypted=False) != digest([b"b", b"a"], mac_only_encrypted=False)


def test_what_is_empty_does_not_count_and_borders_do_not() -> None:
    """So SOPS has it; what stands where is bound by the AAD of each token."""
    for only in (False, True):
        assert digest([b"ab", b"", b"c"], mac_only_encrypted=only) == digest([b"a", b"bc"], mac_only_encrypted=only)


@given(values)
def test_the_two_kinds_never_coincide(given_: list[bytes]) -> None:
    assert digest(given_, mac_only_encrypted=True) != digest(given_, mac_only_encrypted=False)


def test_one_of_sealed_values_alone_begins_with_the_number_that_sops_has() -> None:
    start = bytes.fromhex("8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69")
    assert digest([], mac_only_encrypted=True) == hashlib.sha512(start).hexdigest().upper()
    assert digest([b"x"], mac_only_encrypted=True) == digest([start, b"x"], mac_only_encrypted=False)


@pytest.mark.parametrize(("one", "other", "same"), [("AB", "AB", True), ("AB", "ab", False), ("", "A", False)])
def test_equal(one: str, other: str, same: bool) -> None:
    assert equal(one, other) is same


def test_a_mac_may_hold_any_text_and_none_is_empty() -> None:
    assert equal("ü", "ü")
    assert not equal("ü", "u")
    assert equal(NO_MAC, "")
    assert len(digest([], mac_only_encrypted=False)) == 128


def test_verdicts() -> None:
    sealer = Sealer(bytes(32))
    for only in (False, True):
        token = sealer.seal_bytes(digest([b"a"], mac_only_encrypted=only).encode(), "str", "now")

        def told(token: str, time: str, *values: bytes, only: bool = only) -> Verdict:
            return verdict(token, time, values, sealer, mac_only_encrypted=only)

        assert told(token, "now", b"a") is Verdict.VALID
        assert told(token, "now", b"b") is Verdict.MISMATCH
        assert told(token, "then", b"a") is Verdict.UNREADABLE
        assert told(token[:-1], "now", b"a") is Verdict.UNREADABLE
        assert told(NO_MAC, "now", b"a") is Verdict.MISSING
