"""Keys of the future: kept, named, and of no use."""

from __future__ import annotations

import pytest

from leafseal.errors import ProviderError
from leafseal.keys import MasterKey
from leafseal.keys.registry import make_key, parse_recipients, provider
from leafseal.keys.unknown import foreign_class
from leafseal.testing import ambient_with

FIELDS = {"url": "x", "account": 5}


def test_an_entry_is_kept_as_it_is_and_named_by_what_stands_in_it() -> None:
    key = make_key("quantum", FIELDS)
    assert isinstance(key, MasterKey)
    assert (key.kind, str(key), key.to_metadata()) == ("quantum", "account=5, url=x", FIELDS)
    assert make_key("quantum", {}).to_metadata() == {}


def test_it_is_a_value_of_its_kind() -> None:
    assert make_key("quantum", FIELDS) == make_key("quantum", dict(FIELDS))
    assert make_key("quantum", FIELDS) != make_key("tardis", FIELDS)
    assert hash(make_key("quantum", FIELDS)) == hash(make_key("quantum", dict(FIELDS)))
    assert provider("quantum") is foreign_class("quantum")


def test_what_it_gave_out_can_be_changed_and_it_cannot() -> None:
    key = make_key("quantum", FIELDS)
    key.to_metadata()["url"] = "y"
    assert key.to_metadata() == FIELDS


def test_it_wraps_and_unwraps_nothing_and_says_what_helps() -> None:
    key, ambient = make_key("quantum", FIELDS), ambient_with()
    with pytest.raises(ProviderError, match="no provider for quantum keys") as caught:
        key.wrap(bytes(32), ambient)
    assert caught.value.master_key == str(key)
    with pytest.raises(ProviderError, match="no provider for quantum keys") as caught:
        key.unwrap(b"x", ambient)
    assert "another key of the file" in str(caught.value.hint)


def test_nobody_knows_how_such_keys_are_written() -> None:
    with pytest.raises(ProviderError, match="there are no keys of kind quantum"):
        parse_recipients("quantum", "x")
