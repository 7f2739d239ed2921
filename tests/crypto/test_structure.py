"""The block of the structure digest: its form, and what it is bound to."""

from __future__ import annotations

import pytest

from leafseal.crypto.structure import MARK_BYTES, MARKS, fingerprint, mark, open_block, read_block, seal_block
from leafseal.crypto.token import Sealer, TokenError

KEY = bytes(range(32))
SEALER = Sealer(KEY)
MAC = SEALER.seal_bytes(b"0" * 128, "str", "2026-01-01T00:00:00Z")
DIGEST = "ab" * 32
TOLD = [bytes([number] * MARK_BYTES) for number in range(MARKS)]


def test_a_block_opens_beside_its_mac_in_a_file_of_its_structure() -> None:
    text = seal_block(DIGEST, TOLD, MAC, SEALER)
    version, name, token = text.split(" ")
    assert (version, name) == ("1", fingerprint(MAC))
    assert token.startswith("ENC[AES256_GCM,data:")
    assert open_block(read_block(text), DIGEST, MAC, SEALER) == TOLD


def test_a_block_is_short() -> None:
    """In YAML with its names and indentation it adds less than 200 bytes; in JSON indentation may add to that."""
    version, name, token = seal_block(DIGEST, TOLD, MAC, SEALER).split(" ")
    line = f"    leafseal:\n        structure{version}_t{name}: {token}\n"
    assert len(line) <= 200


@pytest.mark.parametrize(
    ("digest", "mac", "sealer"),
    [
        ("ac" + DIGEST[2:], MAC, SEALER),
        (DIGEST, MAC.replace("type:str", "type:int"), SEALER),
        (DIGEST, SEALER.seal_bytes(b"0" * 128, "str", "2026-01-01T00:00:00Z"), SEALER),
        (DIGEST, MAC, Sealer(bytes(32))),
    ],
)
def test_a_block_does_not_open_elsewhere(digest: str, mac: str, sealer: Sealer) -> None:
    block = read_block(seal_block(DIGEST, TOLD, MAC, SEALER))
    with pytest.raises(TokenError):
        open_block(block, digest, mac, sealer)


def test_no_other_token_stands_in_for_it() -> None:
    """A leaf's additional data ends with a colon, and the MAC's is a time."""
    text = seal_block(DIGEST, TOLD, MAC, SEALER)
    for aad in ("", "structure:", f"leafseal structure 1 {MAC}:", "2026-01-01T00:00:00Z"):
        forged = f"1 {fingerprint(MAC)} {SEALER.seal_bytes(b''.join(TOLD), 'str', aad)}"
        with pytest.raises(TokenError):
            open_block(read_block(forged), DIGEST, MAC, SEALER)
        with pytest.raises(TokenError):
            SEALER.open_bytes(read_block(text).token, aad)


@pytest.mark.parametrize("size", [1, MARKS * MARK_BYTES - 1, MARKS * MARK_BYTES + 1])
def test_marks_of_another_size_are_damage(size: int) -> None:
    text = seal_block(DIGEST, [b"x" * size], MAC, SEALER)
    with pytest.raises(TokenError):
        open_block(read_block(text), DIGEST, MAC, SEALER)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1 abc", "1 abc ", " abc ENC[]", "one abc ENC[]", "-1 abc ENC[]", "٣ abc ENC[]", "1 abc " + "x" * 5000],
)
def test_what_is_not_of_that_form_is_damaged(text: str) -> None:
    with pytest.raises(TokenError):
        read_block(text)


def test_a_mark_needs_the_data_key() -> None:
    assert len(mark(KEY, "text")) == MARK_BYTES
    assert mark(KEY, "text") == mark(KEY, "text") != mark(KEY, "text2")
    assert mark(KEY, "text") != mark(bytes(32), "text")
