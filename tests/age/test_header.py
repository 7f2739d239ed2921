from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.age import header
from leafseal.age.errors import HeaderError, HeaderMACError
from leafseal.age.header import Stanza

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
STANZAS = st.builds(Stanza, WORDS, st.lists(WORDS, max_size=3).map(tuple), st.binary(max_size=200))
FILE_KEY = b"k" * 16
MAC = b"--- " + b"A" * 43 + b"\n"
VERSION = b"age-encryption.org/v1\n"


@given(st.lists(STANZAS, min_size=1, max_size=4), st.binary(max_size=50))
def test_what_is_written_is_read(stanzas: list[Stanza], payload: bytes) -> None:
    data = header.write(stanzas, FILE_KEY)
    parsed, rest = header.parse(data + payload)
    assert (list(parsed.stanzas), rest) == (stanzas, payload)
    header.verify(parsed, FILE_KEY)


@given(st.lists(STANZAS, min_size=1, max_size=2), st.data())
def test_no_other_byte_passes(stanzas: list[Stanza], draw: st.DataObject) -> None:
    data = bytearray(header.write(stanzas, FILE_KEY))
    position = draw.draw(st.integers(0, len(data) - 1))
    data[position] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises((HeaderError, HeaderMACError)):
        header.verify(header.parse(bytes(data))[0], FILE_KEY)


def test_another_file_key_does_not_verify() -> None:
    parsed, _ = header.parse(header.write([Stanza("x", (), b"")], FILE_KEY))
    with pytest.raises(HeaderMACError):
        header.verify(parsed, b"l" * 16)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(HeaderError):
        header.parse(VERSION + b"-> x\n\n" + data.replace(b"\n--- ", b""))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"age-encryption.org/v2\n-> x\n\n" + MAC,
        b"age-encryption.org/v1\r\n-> x\n\n" + MAC,
        VERSION + MAC,
        VERSION + b"-> x\n\n---\n",
        VERSION + b"-> x\n\n---" + b"A" * 43 + b"\n",
        VERSION + b"-> x\n\n--- " + b"A" * 42 + b"\n",
        VERSION + b"-> x\n\n--- " + b"A" * 42 + b"B\n",
        VERSION + b"-> x\n\n--- " + b"A" * 43,
        VERSION + b"->\n\n" + MAC,
        VERSION + b"-> \n\n" + MAC,
        VERSION + b"-> x  y\n\n" + MAC,
        VERSION + b"-> x \n\n" + MAC,
        VERSION + b"->x\n\n" + MAC,
        VERSION + b"-> x\n" + MAC,
        VERSION + b"-> x\n" + b"A" * 64 + b"\n" + MAC,
        VERSION + b"-> x\n" + b"A" * 65 + b"\n\n" + MAC,
        VERSION + b"-> x\nAB\n" + MAC,
        VERSION + b"-> x\nAA==\n" + MAC,
        VERSION + b"-> x\nAAAAA\n" + MAC,
        VERSION + b"-> x\n\n\n" + MAC,
        VERSION + "-> \u00e9\n\n".encode() + MAC,
    ],
)
def test_what_is_refused(data: bytes) -> None:
    with pytest.raises(HeaderError):
        header.parse(data)


def test_more_stanzas_than_the_limit_are_refused() -> None:
    most = [Stanza("x", (), b"")] * header.STANZA_LIMIT
    assert len(header.parse(header.write(most, FILE_KEY))[0].stanzas) == header.STANZA_LIMIT
    with pytest.raises(HeaderError, match="1024"):
        header.parse(header.write([*most, most[0]], FILE_KEY))


def test_a_header_beyond_64_kib_is_refused() -> None:
    with pytest.raises(HeaderError, match="64 KiB"):
        header.parse(header.write([Stanza("x", (), bytes(60_000))], FILE_KEY))
