"""One leaf as a token: what binds it, and every way of damaging it."""

from __future__ import annotations

import base64
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.crypto.token import PREFIX, Sealer, TokenError, is_token, looks_sealed
from leafseal.document.scalars import Scalar, Timestamp, to_bytes, type_word

KEY = bytes(range(32))
AAD = "db:password:"
SEALER = Sealer(KEY)
PART = re.compile(r"ENC\[AES256_GCM,data:(?P<data>[^,]*),iv:(?P<iv>[^,]*),tag:(?P<tag>[^,]*),type:(?P<type>[a-z]*)\]")

scalars = (
    st.text(min_size=1)
    | st.binary(min_size=1).filter(lambda data: not _is_utf8(data))
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.just(Timestamp("2001-12-14T21:59:43.1-05:00"))
)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def parts(token: str) -> dict[str, str]:
    match = PART.fullmatch(token)
    assert match is not None
    return match.groupdict()


def token_of(**changed: str) -> str:
    found = {**parts(SEALER.seal("hunter2", AAD)), **changed}
    return f"ENC[AES256_GCM,data:{found['data']},iv:{found['iv']},tag:{found['tag']},type:{found['type']}]"


@given(scalars, st.text())
def test_what_is_sealed_opens_under_its_aad_and_no_other(value: Scalar, aad: str) -> None:
    token = SEALER.seal(value, aad)
    opened = SEALER.open(token, aad)
    assert (type_word(opened), to_bytes(opened)) == (type_word(value), to_bytes(value))
    assert SEALER.open_bytes(token, aad) == (to_bytes(value), type_word(value))
    with pytest.raises(TokenError, match="was changed or moved after it was encrypted"):
        SEALER.open(token, f"{aad}:")


def test_a_token_has_the_parts_that_sops_writes() -> None:
    found = parts(SEALER.seal("hunter2", AAD))
    sizes = {name: len(base64.b64decode(found[name], validate=True)) for name in ("data", "iv", "tag")}
    assert sizes == {"data": 7, "iv": 32, "tag": 16}
    assert found["type"] == "str"


def test_no_iv_is_used_twice() -> None:
    """They are drawn a hundred at a time: this goes over the border of that twice."""
    sealer = Sealer(KEY)
    assert len({parts(sealer.seal("x", AAD))["iv"] for _ in range(250)}) == 250


def test_sealers_of_one_key_open_each_others_tokens_and_those_of_another_do_not() -> None:
    token = Sealer(KEY).seal("x", AAD)
    assert Sealer(KEY).open(token, AAD) == "x"
    with pytest.raises(TokenError, match="was changed or moved"):
        Sealer(KEY[::-1]).open(token, AAD)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_data_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(bytes(size))


def test_a_path_may_hold_bytes_that_are_no_text() -> None:
    aad = b"k\xff:".decode("utf-8", "surrogateescape")
    assert SEALER.open(SEALER.seal("x", aad), aad) == "x"
    with pytest.raises(TokenError):
        SEALER.open(SEALER.seal("x", aad), "k\ufffd:")


def test_every_cut_is_damage() -> None:
    token = SEALER.seal("hunter2", AAD)
    for end in range(len(token)):
        with pytest.raises(TokenError, match="is damaged"):
            SEALER.open(token[:end], AAD)


def test_every_changed_character_is_noticed() -> None:
    token = SEALER.seal("hunter2", AAD)
    for position, character in enumerate(token):
        changed = token[:position] + ("A" if character != "A" else "B") + token[position + 1 :]
        with pytest.raises(TokenError):
            SEALER.open(changed, AAD)


def test_sops_before_1_6_sealed_empty_strings() -> None:
    token = SEALER.seal_bytes(b"", "str", AAD)
    assert ",data:,iv:" in token
    assert SEALER.open(token, AAD) == ""
    with pytest.raises(TokenError):
        SEALER.open(token, AAD + "b:")
    with pytest.raises(TokenError):
        SEALER.open(token.replace("type:str", "type:int"), AAD)
    with pytest.raises(TokenError):
        SEALER.open(re.sub("data:[^,]*", "data:", SEALER.seal("hunter2", AAD)), AAD)


DAMAGED = {
    "empty": "",
    "plain": "hunter2",
    "without padding": token_of(data="eA"),
    "unused bits that are not zero": token_of(data="eB=="),
    "a blank in base64": token_of(data="e A="),
    "the IV of others": token_of(iv=base64.b64encode(bytes(12)).decode()),
    "without an IV": token_of(iv=""),
    "a shorter tag": token_of(tag=base64.b64encode(bytes(12)).decode()),
    "without a type": token_of(type=""),
    "a type that is none": token_of(type="text"),
    "a blank behind it": f"{token_of()} ",
    "a line before it": f"\n{token_of()}",
    "lower case": token_of().lower(),
    "another cipher": token_of().replace("AES256_GCM", "AES128_GCM"),
    "a blank in it": token_of().replace(",tag", ", tag"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_token_is_damage(name: str) -> None:
    with pytest.raises(TokenError, match="is damaged"):
        SEALER.open_bytes(DAMAGED[name], AAD)


def test_what_base64_has_no_use_for_is_damage() -> None:
    """Every text of up to five characters, of which two are canonical before the padding and one is not."""
    for size in range(6):
        for data in map("".join, itertools.product("AQE/=", repeat=size)):
            try:
                is_canonical = base64.b64encode(base64.b64decode(data, validate=True)).decode() == data
            except ValueError:
                is_canonical = False
            assert is_token(token_of(data=data)) == is_canonical


@pytest.mark.parametrize(
    ("value", "word"),
    [("hunter2", "int"), ("1", "bool"), ("1.50", "float"), ("007", "int"), ("true", "bool"), (b"\xff", "float")],
)
def test_another_type_word_does_not_pass(value: Scalar, word: str) -> None:
    """It is not authenticated, so a value must have the one form of the type that it claims."""
    token = SEALER.seal(value, AAD)
    changed = token.replace("type:str", f"type:{word}")
    with pytest.raises(TokenError, match="has a type that does not match its value"):
        SEALER.open(changed, AAD)


@pytest.mark.parametrize("word", ["comment", "bytes"])
def test_comments_and_bytes_open_as_text(word: str) -> None:
    assert SEALER.open(SEALER.seal_bytes("ü".encode(), word, AAD), AAD) == "ü"
    assert SEALER.open(SEALER.seal_bytes(b"\xff", word, AAD), AAD) == b"\xff"


def test_an_error_shows_nothing_of_the_token() -> None:
    for token in (token_of(data="c2VjcmV0"), "ENC[AES256_GCM,data:c2VjcmV0]"):
        with pytest.raises(TokenError) as caught:
            SEALER.open(token, AAD)
        assert "c2Vj" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_what_looks_sealed() -> None:
    assert looks_sealed(SEALER.seal("x", AAD))
    assert looks_sealed(PREFIX)  # damaged, and meant to be one
    assert not looks_sealed("")
    assert not looks_sealed(f" {PREFIX}")
    assert not looks_sealed("ENC[PKCS7,x]")
