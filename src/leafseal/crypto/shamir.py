"""Shamir's secret sharing over GF(2⁸), in SOPS's layout of shares (sops-format §5.1).

A share is y₀ y₁ … x: one byte per byte of the secret, then the coordinate at which the polynomials were evaluated.

All bytes of a secret are worked on at once, as the lanes of one large number. Nothing is looked up in a table, and no
branch depends on a secret: the coordinates are public, the lanes only go through shifts, masks and exclusive or.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

MAX_SHARES = 255

_POLYNOMIAL = 0x11B  # x⁸ + x⁴ + x³ + x + 1, the field of AES


def split(secret: bytes, shares: int, threshold: int) -> list[bytes]:
    """Return `shares` shares, any `threshold` of which give the secret back, and fewer say nothing about it."""
    if not 2 <= threshold <= shares <= MAX_SHARES:
        raise ValueError(f"a threshold from 2 to the number of shares is needed, and at most {MAX_SHARES} shares")
    return evaluate([secret, *(os.urandom(len(secret)) for _ in range(threshold - 1))], shares)


def evaluate(coefficients: Sequence[bytes], count: int) -> list[bytes]:
    """Return the shares of given polynomials. `coefficients[0]` is the secret, the others must be random."""
    size = len(coefficients[0])
    lanes = [int.from_bytes(coefficient, "big") for coefficient in coefficients]
    shares = []
    for x in range(1, count + 1):
        y = 0
        for coefficient in reversed(lanes):
            y = _multiply_lanes(y, x, size) ^ coefficient
        shares.append(y.to_bytes(size, "big") + bytes([x]))
    return shares


def join(shares: Sequence[bytes]) -> bytes:
    """Return the secret that two or more shares hold.

    Too few shares give a wrong secret, which nothing here can tell. Raises `ValueError` for shares that cannot belong
    together.
    """
    if len(shares) < 2 or len({len(share) for share in shares}) != 1 or len(shares[0]) < 2:
        raise ValueError("shares of one length are needed, and at least two")
    size = len(shares[0]) - 1
    coordinates = [share[-1] for share in shares]
    if 0 in coordinates or len(set(coordinates)) != len(coordinates):
        raise ValueError("two shares have the same coordinate, or one has none")
    secret = 0
    for share, x in zip(shares, coordinates, strict=True):
        secret ^= _multiply_lanes(int.from_bytes(share[:-1], "big"), _weight(x, coordinates), size)
    return secret.to_bytes(size, "big")


def multiply(one: int, other: int) -> int:
    """Return the product of two elements of the field."""
    return _multiply_lanes(one, other, 1)


def inverse(element: int) -> int:
    """Return the element that gives 1 with `element`; 0 for 0. It is `element` to the power of 254."""
    result = 1
    for bit in f"{254:b}":
        result = multiply(result, result)
        if bit == "1":
            result = multiply(result, element)
    return result


def _weight(x: int, coordinates: Sequence[int]) -> int:
    """Return what the share at `x` counts at 0, by Lagrange; subtraction is exclusive or."""
    numerator = denominator = 1
    for other in coordinates:
        if other != x:
            numerator = multiply(numerator, other)
            denominator = multiply(denominator, other ^ x)
    return multiply(numerator, inverse(denominator))


def _multiply_lanes(lanes: int, factor: int, size: int) -> int:
    """Multiply each of `size` bytes by one public `factor`."""
    ones = ((1 << 8 * size) - 1) // 0xFF  # 0x0101…01
    low_bits = ones * 0x7F
    product = 0
    while factor:
        if factor & 1:
            product ^= lanes
        overflow = lanes >> 7 & ones
        lanes = (lanes & low_bits) << 1 ^ overflow * (_POLYNOMIAL & 0xFF)
        factor >>= 1
    return product
