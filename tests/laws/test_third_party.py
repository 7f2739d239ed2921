"""Other people's test suites."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leafseal.crypto.token import Sealer, TokenError
from leafseal.errors import LeafsealError

from ..whole_files import open_, plain_values, seal, values

DATA = Path(__file__).parents[1] / "data"


# -- yaml-test-suite -------------------------------------------------------------------------------------------------


class Input(NamedTuple):
    name: str
    data: bytes
    must_fail: bool


@pytest.fixture(scope="module")
def yaml_suite(third_party: Path) -> list[Input]:
    folder = third_party / "yaml-test-suite"
    return [
        Input(file.parent.relative_to(folder).as_posix(), file.read_bytes(), (file.parent / "error").exists())
        for file in sorted(folder.rglob("in.yaml"))
    ]


def test_the_yaml_suite_is_whole(yaml_suite: list[Input]) -> None:
    assert len(yaml_suite) == 402
    assert sum(one.must_fail for one in yaml_suite) == 94


def test_the_yaml_suite_is_sealed_and_opened_or_refused(yaml_suite: list[Input]) -> None:
    """What is taken comes back to the byte; what is not is refused for a listed reason; nothing hangs or crashes."""
    known = json.loads((DATA / "yaml" / "suite.json").read_bytes())
    refused = {name: message for message, names in known["refused though right"].items() for name in names}
    found: dict[str, str] = {}
    for one in yaml_suite:
        started = perf_counter()
        try:
            sealed = seal(one.data, "yaml")
        except LeafsealError as error:
            if not one.must_fail:
                found[one.name] = error.message
            continue
        opened = open_(sealed, "yaml")
        assert opened.plaintext() == one.data, one.name
        assert values(opened) == plain_values(one.data, "yaml"), one.name
        assert perf_counter() - started < 120, one.name
        if one.must_fail:
            assert one.name in known["accepted though wrong"], one.name
    assert found == refused


@pytest.mark.parametrize("before", ["k:\n", "k:\n- 1\n-\n"], ids=["under a key", "in a list"])
def test_the_yaml_suite_below_a_key(yaml_suite: list[Input], before: str) -> None:
    """Most of the suite is lists and single values, which only seal inside of a mapping."""
    taken = 0
    for one in yaml_suite:
        lines = one.data.decode().split("\n")
        if any(line.startswith(("---", "...", "%")) for line in lines):
            continue
        data = (before + "\n".join("  " + line if line.strip() else line for line in lines)).encode()
        try:
            sealed = seal(data, "yaml")
        except LeafsealError:
            continue
        opened = open_(sealed, "yaml")
        assert opened.plaintext() == data, one.name
        assert values(opened) == plain_values(data, "yaml"), one.name
        taken += 1
    assert taken > 150


# -- Wycheproof ------------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    key: bytes
    iv: bytes
    tag: bytes
    aad: bytes
    message: bytes
    ciphertext: bytes
    valid: bool


@pytest.fixture(scope="module")
def aes_gcm(third_party: Path) -> list[Case]:
    suite = json.loads((third_party / "wycheproof" / "aes_gcm_test.json").read_bytes())
    return [_case(test) for group in suite["testGroups"] for test in group["tests"]]


def _case(test: dict[str, Any]) -> Case:
    key, iv, tag, aad, message, ciphertext = (
        bytes.fromhex(test[name]) for name in ("key", "iv", "tag", "aad", "msg", "ct")
    )
    return Case(key, iv, tag, aad, message, ciphertext, test["result"] == "valid")


def test_the_cipher_refuses_what_is_invalid(aes_gcm: list[Case]) -> None:
    assert len(aes_gcm) == 316
    for case in aes_gcm:
        cipher = AESGCM(case.key)
        if case.valid and 8 <= len(case.iv) <= 128:
            assert cipher.decrypt(case.iv, case.ciphertext + case.tag, case.aad) == case.message
        elif not case.valid:
            with pytest.raises((InvalidTag, ValueError)):
                cipher.decrypt(case.iv, case.ciphertext + case.tag, case.aad)


def test_tokens_take_one_length_of_each_part(aes_gcm: list[Case]) -> None:
    """Of all that the cipher would take, a token takes IVs of 32 bytes and tags of 16."""
    opened = 0
    for case, token in _as_tokens(aes_gcm):
        sealer = Sealer(case.key)
        aad = case.aad.decode("utf-8", "surrogateescape")
        if case.valid and len(case.iv) == 32:
            assert sealer.open_bytes(token, aad) == (case.message, "str")
            assert sealer.open_bytes(sealer.seal_bytes(case.message, "str", aad), aad) == (case.message, "str")
            opened += 1
        else:
            with pytest.raises(TokenError):
                sealer.open_bytes(token, aad)
    assert opened == 1


def _as_tokens(cases: list[Case]) -> Iterator[tuple[Case, str]]:
    for case in cases:
        if len(case.key) == 32 and case.ciphertext:
            data, iv, tag = (b64encode(part).decode() for part in (case.ciphertext, case.iv, case.tag))
            yield case, f"ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:str]"


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_data_key_has_one_length(length: int) -> None:
    with pytest.raises(ValueError, match="a data key has 32 bytes"):
        Sealer(bytes(length))
