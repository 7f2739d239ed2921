from __future__ import annotations

from typing import Any

import pytest

from leaflock.errors import MetadataError, ProviderError
from leaflock.masterkey import MasterKey
from leaflock.providers import TABLE, load_entry, make_key, parse_recipients
from leaflock.testing import ambient_with

RESOURCE = "projects/p/locations/l/keyRings/r/cryptoKeys/k"

ENTRIES: list[tuple[str, dict[str, Any], str]] = [
    (
        "azure_kv",
        {"vault_url": "https://v.vault.azure.net", "name": "key", "version": "1"},
        "https://v.vault.azure.net/keys/key/1",
    ),
    ("gcp_kms", {"resource_id": RESOURCE}, RESOURCE),
    (
        "hc_vault",
        {"vault_address": "https://v:8200", "engine_path": "sops", "key_name": "k"},
        "https://v:8200/v1/sops/keys/k",
    ),
    ("hckms", {"key_id": "region:uuid"}, "region:uuid"),
    ("pgp", {"fp": "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"}, "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"),
    ("future_kms", {"z": 1, "a": "x"}, "a=x, z=1"),
]
MISSING = [entry for entry in ENTRIES if entry[0] not in TABLE]
DATE = "2026-11-22T17:48:26Z"


@pytest.mark.parametrize(("kind", "fields", "identifier"), MISSING)
def test_an_entry_is_kept_as_it_is(kind: str, fields: dict[str, Any], identifier: str) -> None:
    wrapped = load_entry(kind, {**fields, "enc": "x", "created_at": DATE})
    key = wrapped.master_key
    assert isinstance(key, MasterKey)
    assert (key.kind, str(key), key.to_metadata()) == (kind, identifier, fields)
    assert (wrapped.enc, wrapped.created_at) == ("x", DATE)
    assert key == make_key(kind, fields)
    assert hash(key) == hash(make_key(kind, fields))


@pytest.mark.parametrize(("kind", "fields", "identifier"), MISSING)
def test_it_says_which_provider_is_missing(kind: str, fields: dict[str, Any], identifier: str) -> None:
    key = make_key(kind, fields)
    for act in (key.wrap, key.unwrap):
        with pytest.raises(ProviderError, match=f"no provider for {kind} keys") as caught:
            act(bytes(32), ambient_with())
        assert caught.value.master_key == identifier
        assert "sops" in str(caught.value.hint)


def test_keys_of_different_kinds_differ() -> None:
    assert make_key("one_kind", {"id": "x"}) != make_key("another_kind", {"id": "x"})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("pgp", "fp"),
        ("gcp_kms", "resource_id"),
        ("hckms", "key_id"),
        ("azure_kv", "vault_url"),
    ],
)
@pytest.mark.parametrize("value", [None, "", 5, {}])
def test_an_entry_without_what_names_the_key(kind: str, name: str, value: object) -> None:
    if kind in TABLE:
        pytest.skip(f"{kind} has a provider of its own")
    with pytest.raises(MetadataError, match=f"{name}: missing, or not a string"):
        load_entry(kind, {name: value, "enc": "x"})


@pytest.mark.parametrize("entry", [{}, {"enc": None}, {"enc": ""}, {"enc": 5}, {"enc": "x", "created_at": 5}])
def test_entries_that_are_damaged(entry: dict[str, object]) -> None:
    with pytest.raises(MetadataError, match=r"(enc|created_at): .*not a string"):
        load_entry("pgp", {"fp": "F", **entry})


@pytest.mark.parametrize(
    ("kind", "text", "identifiers"),
    [
        ("pgp", "AB CD, EF!", ["ABCD", "EF!"]),
        ("gcp_kms", " projects/p ,", ["projects/p"]),
        ("azure_kv", "https://v/keys/k/1,https://v/keys/k", ["https://v/keys/k/1", "https://v/keys/k/"]),
        ("hckms", "r:u", ["r:u"]),
        ("pgp", "", []),
    ],
)
def test_lists_of_keys(kind: str, text: str, identifiers: list[str]) -> None:
    assert [str(key) for key in parse_recipients(kind, text)] == identifiers


@pytest.mark.parametrize(
    ("kind", "text"),
    [("azure_kv", "http://v/keys/k"), ("hckms", "uuid")],
)
def test_lists_that_do_not_parse(kind: str, text: str) -> None:
    with pytest.raises(ProviderError, match=f"a {kind} key is not of the form"):
        parse_recipients(kind, text)


def test_a_kind_that_nobody_knows() -> None:
    with pytest.raises(ProviderError, match="no keys of kind future_kms"):
        parse_recipients("future_kms", "x")
