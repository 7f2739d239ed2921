from __future__ import annotations

import pytest

from leafseal.age.errors import HeaderError
from leafseal.age.wrapping import check_body, derive_key, open_file_key, seal_file_key

KEY, FILE_KEY = bytes(32), b"k" * 16


def test_a_sealed_file_key_opens_with_its_key_alone() -> None:
    body = seal_file_key(KEY, FILE_KEY)
    assert open_file_key(KEY, body) == FILE_KEY
    assert open_file_key(b"x" * 32, body) is None
    assert open_file_key(KEY, body[:-1] + bytes([body[-1] ^ 1])) is None


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_body_of_another_length_is_refused_before_it_is_opened(size: int) -> None:
    """One that opens under two keys has to be longer than a file key."""
    with pytest.raises(HeaderError, match="not 32 bytes long"):
        check_body(bytes(size))
    with pytest.raises(HeaderError):
        open_file_key(KEY, bytes(size))
    with pytest.raises(HeaderError):
        open_file_key(KEY, seal_file_key(KEY, FILE_KEY + b"k"))


def test_a_key_depends_on_all_that_it_is_derived_from() -> None:
    keys = {derive_key(secret, salt, info) for secret in (b"a", b"b") for salt in (b"", b"s") for info in (b"", b"i")}
    assert len(keys) == 8
    assert {len(key) for key in keys} == {32}


def test_rfc_5869() -> None:
    """The first 32 bytes of its first test case."""
    secret, salt, info = b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA))
    known = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert derive_key(secret, salt, info).hex() == known
