"""The kind of a key, told from its text."""

import pytest

from leafseal.keys.kinds import KINDS
from leafseal.keys.recognize import find_key, kind_of

TEXTS = {
    "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun": "age",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOQhxqS4QhpWgvAx2V9O2Nq5DYyVhJZ4FZrUVfbgrkAD root@box": "age",
    "85D77543B3D624B63CEA9E6DBC17301B491B3F21": "pgp",
    "85D7 7543 B3D6 24B6 3CEA  9E6D BC17 301B 491B 3F21": "pgp",
    "BC17301B491B3F21": "pgp",
    "arn:aws:kms:eu-west-1:111122223333:alias/ci": "kms",
    "arn:aws-cn:kms:cn-north-1:111122223333:key/1+arn:aws-cn:iam::1:role/sops|a:b": "kms",
    "projects/p/locations/global/keyRings/r/cryptoKeys/k": "gcp_kms",
    "https://v.vault.azure.net/keys/k/0123456789abcdef0123456789abcdef": "azure_kv",
    "https://v.vault.azure.net/keys/k": "azure_kv",
    "https://vault.example.com:8200/v1/transit/keys/k": "hc_vault",
    "eu-west-101:01234567-89ab-cdef-0123-456789abcdef": "hckms",
}


@pytest.mark.parametrize(("text", "kind"), TEXTS.items())
def test_each_kind_is_told(text, kind):
    assert kind_of(text) == kind


def test_every_kind_has_a_form():
    assert set(TEXTS.values()) == set(KINDS)


@pytest.mark.parametrize("text", ["", "ann", "2024", "AGE-SECRET-KEY-1QQQ", "age1a\n", "/k.txt", "age1" + "q" * 9000])
def test_other_texts_are_no_keys(text):
    assert kind_of(text) is None
    assert find_key(text) is None


def test_two_keys_are_not_one():
    first = next(iter(TEXTS))
    assert find_key(f"{first},{first}") is None
    assert str(find_key(first)) == first
    assert find_key("age1nobody") is None
