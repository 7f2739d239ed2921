"""The messages of the key service protocol: against bytes that protobuf makes, and against nonsense."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.keys.registry import make_key
from leafseal.keyservice.messages import (
    MessageError,
    read_request,
    read_response,
    write_request,
    write_response,
)

ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEYS = [
    ("kms", {"arn": ARN, "aws_profile": "", "role": "arn:aws:iam::1:role/r", "context": {"app": "shop", "env": "p"}}),
    ("kms", {"arn": ARN, "aws_profile": "work"}),
    ("pgp", {"fp": "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"}),
    ("gcp_kms", {"resource_id": "projects/p/locations/global/keyRings/r/cryptoKeys/k"}),
    ("azure_kv", {"vault_url": "https://v.vault.azure.net", "name": "k", "version": "0123"}),
    ("hc_vault", {"vault_address": "https://vault.example.org", "engine_path": "transit", "key_name": "k"}),
    ("age", {"recipient": "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"}),
    ("hckms", {"key_id": "tr-west-1:abc12345-6789-0123-4567-890123456789"}),
]


@pytest.mark.parametrize(("kind", "fields"), KEYS)
def test_a_request_reads_back(kind: str, fields: dict[str, object]) -> None:
    key = make_key(kind, fields)
    request = read_request(write_request(key, b"\x00part"))
    assert request.kind == kind
    assert make_key(request.kind, request.fields) == key
    assert request.data == b"\x00part"


def test_bytes_are_those_of_protobuf() -> None:
    key = make_key("pgp", {"fp": "ABCD"})
    # EncryptRequest { key { pgp_key { fingerprint: "ABCD" } } plaintext: "xy" }
    assert write_request(key, b"xy") == b"\x0a\x08\x12\x06\x0a\x04ABCD\x12\x02xy"
    assert write_response(b"xy") == b"\x0a\x02xy"
    assert write_response(b"") == b""


def test_fields_of_versions_to_come_are_passed_over() -> None:
    message = (
        b"\x0a\x08\x12\x06\x0a\x04ABCD" + b"\x18\x07" + b"\x25\x00\x00\x00\x00" + b"\x29" + bytes(8) + b"\x12\x02xy"
    )
    request = read_request(message)
    assert (request.kind, request.fields, request.data) == ("pgp", {"fp": "ABCD"}, b"xy")


def test_without_a_key() -> None:
    assert read_request(b"\x12\x02xy").kind == ""
    assert read_request(b"\x0a\x03\x42\x01x\x12\x02xy").kind == ""  # a kind that is not known


@pytest.mark.parametrize(
    "message",
    [b"\x0a", b"\x0a\x05ab", b"\xff" * 11, b"\x0b\x00", b"\x0a\x05\x12\x03\x0a\x01\xff"],
    ids=["no length", "cut", "endless number", "group", "not UTF-8"],
)
def test_nonsense_is_refused(message: bytes) -> None:
    with pytest.raises(MessageError):
        read_request(message)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    for read in (read_request, read_response):
        with suppress(MessageError):
            read(message)


@given(st.binary(max_size=500))
def test_a_response_reads_back(data: bytes) -> None:
    assert read_response(write_response(data)) == data
