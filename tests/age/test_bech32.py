from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.age import bech32
from leafseal.age.errors import KeyTextError

PREFIXES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20).map(str.lower)
CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@given(PREFIXES, st.binary(max_size=1300))
def test_what_is_encoded_decodes(prefix: str, data: bytes) -> None:
    assert bech32.decode(bech32.encode(prefix, data)) == (prefix, data)


@given(st.binary(max_size=40))
def test_capitals_come_from_the_prefix(data: bytes) -> None:
    text = bech32.encode("AGE-SECRET-KEY-", data)
    assert text == text.upper()
    assert bech32.decode(text) == ("AGE-SECRET-KEY-", data)
    assert bech32.decode(text.lower()) == ("age-secret-key-", data)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_one_other_character_is_found(data: bytes, draw: st.DataObject) -> None:
    text = bech32.encode("age", data)
    position = draw.draw(st.integers(4, len(text) - 1))
    other = draw.draw(st.sampled_from(sorted(set(CHARACTERS) - {text[position]})))
    with pytest.raises(KeyTextError, match="checksum"):
        bech32.decode(text[:position] + other + text[position + 1 :])


@given(st.text(max_size=80))
def test_any_text_decodes_to_itself_or_is_refused(text: str) -> None:
    try:
        prefix, data = bech32.decode(text)
    except KeyTextError:
        return
    assert bech32.encode(prefix, data) == text


@given(PREFIXES, st.text(CHARACTERS, max_size=30))
def test_only_the_encoders_own_padding_is_read(prefix: str, characters: str) -> None:
    values = [CHARACTERS.index(character) for character in characters]
    checksum = bech32._polymod([*bech32._expand(prefix), *values, *[0] * 6]) ^ 1
    values += [checksum >> 5 * (5 - place) & 31 for place in range(6)]
    text = f"{prefix}1{''.join(CHARACTERS[value] for value in values)}"
    try:
        decoded = bech32.decode(text)
    except KeyTextError:
        return
    assert bech32.encode(*decoded) == text


def test_padding_that_no_encoder_writes() -> None:
    for text in ("a1q3g6mn3", "a1qpamnt9j", "a1qqqd87cpp"):
        with pytest.raises(KeyTextError, match="padded"):
            bech32.decode(text)


@pytest.mark.parametrize(
    "text",
    ["A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "?1ezyfcl"],
)
def test_examples_of_bip_173(text: str) -> None:
    assert bech32.encode(*bech32.decode(text)) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no prefix"),
        ("pzry9x0s0muk", "no prefix"),
        ("1pzry9x0s0muk", "no prefix"),
        ("x1b4n0q5v", "does not belong"),
        ("li1dgmt3", "checksum"),
        ("A1G7SGD8", "checksum"),
        ("a12UEL5L", "mixes"),
        ("a b12uel5l", "does not belong"),
        ("age1\u212a", "does not belong"),  # the sign of the unit, which becomes "k" in small letters
        ("a\x7f12uel5l", "does not belong"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(KeyTextError, match=why):
        bech32.decode(text)
