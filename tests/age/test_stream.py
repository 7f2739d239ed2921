from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal.age import stream
from leafseal.age.errors import HeaderError, PayloadError

FILE_KEY = b"k" * 16
CHUNK = stream.CHUNK_BYTES
SIZES = [0, 1, 32, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sealed_opens(size: int) -> None:
    plaintext = bytes(range(256)) * (size // 256 + 1)
    payload = stream.seal(FILE_KEY, plaintext[:size])
    assert len(payload) == 16 + size + 16 * max(1, -(-size // CHUNK))
    assert stream.unseal(FILE_KEY, payload) == plaintext[:size]


@given(st.binary(max_size=100), st.data())
def test_no_other_byte_passes(plaintext: bytes, draw: st.DataObject) -> None:
    payload = bytearray(stream.seal(FILE_KEY, plaintext))
    payload[draw.draw(st.integers(0, len(payload) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises(PayloadError):
        stream.unseal(FILE_KEY, bytes(payload))


@settings(max_examples=30)
@given(st.integers(16, 16 + 2 * (CHUNK + 16) + 22))
def test_no_shorter_payload_passes(length: int) -> None:
    payload = stream.seal(FILE_KEY, bytes(2 * CHUNK + 7))
    with pytest.raises(PayloadError):
        stream.unseal(FILE_KEY, payload[:length])


@pytest.mark.parametrize("chunks", [[1], [0, 0, 1, 2], [0, 2], [1, 0, 2], [0, 1], [0, 1, 2, 2]])
def test_chunks_in_another_order_do_not_pass(chunks: list[int]) -> None:
    payload = stream.seal(FILE_KEY, bytes(2 * CHUNK + 7))
    size = CHUNK + 16
    pieces = [payload[16 + n * size : 16 + (n + 1) * size] for n in range(3)]
    with pytest.raises(PayloadError):
        stream.unseal(FILE_KEY, payload[:16] + b"".join(pieces[n] for n in chunks))


def test_an_empty_chunk_at_the_end_is_refused() -> None:
    class Plain(bytes):
        def __getitem__(self, key: object) -> bytes:  # as if there were a second, empty piece
            return bytes.__getitem__(self, key)  # type: ignore[index]

        def __len__(self) -> int:
            return CHUNK + 1

    payload = stream.seal(FILE_KEY, Plain(CHUNK))
    assert len(payload) == 16 + CHUNK + 16 + 16
    with pytest.raises(PayloadError, match="empty chunk"):
        stream.unseal(FILE_KEY, payload)


@pytest.mark.parametrize("length", [0, 15])
def test_a_payload_without_salt_counts_to_the_header(length: int) -> None:
    with pytest.raises(HeaderError):
        stream.unseal(FILE_KEY, bytes(length))
