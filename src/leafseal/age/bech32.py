"""Bech32 as in BIP 173, without its limit of 90 characters: how age spells recipients and identities."""

from __future__ import annotations

from collections.abc import Iterable

from leafseal.age.errors import KeyTextError

_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(_CHARACTERS)}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH = 6


def encode(prefix: str, data: bytes) -> str:
    """Return `data` with its human-readable prefix and a checksum, in capitals when the prefix is."""
    lower = prefix.lower()
    values = _regroup(data, 8, 5)
    checksum = _polymod([*_expand(lower), *values, *[0] * _CHECKSUM_LENGTH]) ^ 1
    values += [checksum >> 5 * (5 - position) & 31 for position in range(_CHECKSUM_LENGTH)]
    text = f"{lower}1{''.join(_CHARACTERS[value] for value in values)}"
    return text.upper() if prefix.isupper() else text


def decode(text: str) -> tuple[str, bytes]:
    """Return prefix and data; the prefix keeps its case. Raises `KeyTextError`."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise KeyTextError("contains a character that does not belong there")
    if text not in (text.lower(), text.upper()):
        raise KeyTextError("mixes capitals and small letters")
    prefix, _, characters = text.rpartition("1")
    if not prefix:
        raise KeyTextError("has no prefix")
    values = [_VALUES.get(character, -1) for character in characters.lower()]
    if -1 in values:
        raise KeyTextError("contains a character that does not belong there")
    if len(values) < _CHECKSUM_LENGTH or _polymod([*_expand(prefix.lower()), *values]) != 1:
        raise KeyTextError("has a wrong checksum: it was mistyped or cut short")
    return prefix, _bytes(values[:-_CHECKSUM_LENGTH])


def _expand(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _polymod(values: Iterable[int]) -> int:
    remainder = 1
    for value in values:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            if top >> bit & 1:
                remainder ^= generator
    return remainder


def _regroup(values: Iterable[int], old: int, new: int) -> list[int]:
    """Return the same bits in groups of `new`, the last group filled up with zeros."""
    pending = bits = 0
    groups: list[int] = []
    for value in values:
        pending = pending << old | value
        bits += old
        while bits >= new:
            bits -= new
            groups.append(pending >> bits)
            pending &= (1 << bits) - 1
    if bits:
        groups.append(pending << (new - bits))
    return groups


def _bytes(values: list[int]) -> bytes:
    data = bytes(_regroup(values, 5, 8)[: len(values) * 5 // 8])
    # What is left over must be what an encoder fills up with: fewer than five bits, all zero.
    if _regroup(data, 8, 5) != values:
        raise KeyTextError("is not padded as it should be")
    return data
