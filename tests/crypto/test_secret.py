from __future__ import annotations

import copy
import pickle

import pytest

from leafseal.crypto.secret import Secret
from leafseal.keys.groups import DataKey

CANARY = b"canary-8d1f52c07be94a36"


def test_a_secret_shows_nothing() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", repr([secret])):
        assert "canary" not in shown
    assert repr(DataKey(bytes(32))) == "<DataKey, hidden>"


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy, hash, vars])
def test_a_secret_does_not_leak_another_way(act: object) -> None:
    with pytest.raises(TypeError) as caught:
        act(Secret(CANARY))  # type: ignore[operator]
    assert "canary" not in str(caught.value)


def test_secrets_compare_by_content() -> None:
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != Secret(b"b")
    assert Secret(b"a") != Secret(b"aa")
    assert Secret(b"a") != b"a"


def test_a_data_key_has_32_bytes() -> None:
    assert DataKey.generate() != DataKey.generate()
    for length in (0, 16, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            DataKey(bytes(length))
