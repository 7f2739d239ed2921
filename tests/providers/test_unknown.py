from __future__ import annotations

from typing import Any

import pytest

from leafseal.errors import ProviderError
from leafseal.keys import MasterKey
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.testing import ambient_with

from .entries import load_entry

FUTURE: dict[str, Any] = {"z": 1, "a": "x"}
DATE = "2026-11-22T17:48:26Z"


def test_an_entry_is_kept_as_it_is() -> None:
    wrapped = load_entry("future_kms", {**FUTURE, "enc": "x", "created_at": DATE})
    key = wrapped.master_key
    assert isinstance(key, MasterKey)
    assert (key.kind, str(key), key.to_metadata()) == ("future_kms", "a=x, z=1", FUTURE)
    assert (wrapped.enc, wrapped.created_at) == ("x", DATE)
    assert key == make_key("future_kms", FUTURE)
    assert hash(key) == hash(make_key("future_kms", FUTURE))


def test_it_says_which_provider_is_missing() -> None:
    key = make_key("future_kms", FUTURE)
    for act in (key.wrap, key.unwrap):
        with pytest.raises(ProviderError, match="no provider for future_kms keys") as caught:
            act(bytes(32), ambient_with())
        assert caught.value.master_key == "a=x, z=1"
        assert "sops" in str(caught.value.hint)


def test_keys_of_different_kinds_differ() -> None:
    assert make_key("one_kind", {"id": "x"}) != make_key("another_kind", {"id": "x"})


def test_a_kind_that_nobody_knows() -> None:
    with pytest.raises(ProviderError, match="no keys of kind future_kms"):
        parse_recipients("future_kms", "x")
