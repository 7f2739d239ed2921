from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal.crypto import shamir

ELEMENTS = st.integers(0, 255)


def product(one: int, other: int) -> int:
    """Multiply polynomials on paper: the definition, to compare with."""
    total = 0
    for bit in range(8):
        if other >> bit & 1:
            total ^= one << bit
    for bit in range(14, 7, -1):
        if total >> bit & 1:
            total ^= 0x11B << (bit - 8)
    return total


def test_the_whole_field() -> None:
    for one, other in itertools.product(range(256), repeat=2):
        assert shamir.multiply(one, other) == product(one, other)
    assert all(product(element, shamir.inverse(element)) == 1 for element in range(1, 256))
    assert shamir.inverse(0) == 0


def test_known_shares() -> None:
    shares = shamir.evaluate([b"Sops", bytes.fromhex("11223344")], 3)
    assert [share.hex() for share in shares] == ["424d433701", "712b16fb02", "600925bf03"]
    for some in (*itertools.permutations(shares, 2), shares):
        assert shamir.join(some) == b"Sops"


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=64), st.integers(2, 9), st.data())
def test_enough_shares_give_the_secret_back(secret: bytes, count: int, draw: st.DataObject) -> None:
    threshold = draw.draw(st.integers(2, count))
    shares = draw.draw(st.permutations(shamir.split(secret, count, threshold)))
    assert all(len(share) == len(secret) + 1 for share in shares)
    assert sorted(share[-1] for share in shares) == list(range(1, count + 1))
    for some in range(threshold, count + 1):
        assert shamir.join(shares[:some]) == secret


@settings(max_examples=30)
@given(st.binary(min_size=16, max_size=32), st.integers(3, 6))
def test_one_share_too_few_gives_something_else(secret: bytes, threshold: int) -> None:
    shares = shamir.split(secret, threshold, threshold)
    assert shamir.join(shares[1:]) != secret


def test_the_largest_split() -> None:
    secret = bytes(range(32))
    shares = shamir.split(secret, 255, 255)
    assert shamir.join(shares) == secret


@pytest.mark.parametrize(("shares", "threshold"), [(1, 1), (2, 1), (2, 3), (256, 2), (0, 0), (3, 0), (3, -2)])
def test_splits_that_cannot_be(shares: int, threshold: int) -> None:
    with pytest.raises(ValueError, match="threshold"):
        shamir.split(b"secret", shares, threshold)


@pytest.mark.parametrize(
    "shares",
    [[], [b"a\x01"], [b"a\x01", b"bb\x02"], [b"a\x01", b"b\x01"], [b"a\x00", b"b\x01"], [b"\x01", b"\x02"], [b"", b""]],
)
def test_shares_that_do_not_belong_together(shares: list[bytes]) -> None:
    with pytest.raises(ValueError, match="shares"):
        shamir.join(shares)
