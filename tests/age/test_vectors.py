"""The age vectors of C2SP/CCTV: each file says in its header what must come of it."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest

from leafseal import age
from leafseal.age.scrypt import ScryptIdentity

OUTCOMES = {
    "header failure": age.HeaderError,
    "no match": age.NoMatchError,
    "HMAC failure": age.HeaderMACError,
    "payload failure": age.PayloadError,
    "armor failure": age.ArmorError,
}


class Vector(NamedTuple):
    fields: dict[str, list[str]]
    data: bytes


def read(path: Path) -> Vector:
    head, _, data = path.read_bytes().partition(b"\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.decode().split("\n"):
        name, _, value = line.partition(": ")
        fields.setdefault(name, []).append(value)
    return Vector(fields, zlib.decompress(data) if "compressed" in fields else data)


def identities(vector: Vector) -> list[age.Identity]:
    found: list[age.Identity] = [ScryptIdentity(text) for text in vector.fields.get("passphrase", [])]
    return found + [age.parse_identity(text) for text in vector.fields.get("identity", [])]


@pytest.mark.each_vector("cctv-age")
def test_vector(vector: Path) -> None:
    case = read(vector)
    [expected] = case.fields["expect"]
    armored = "armored" in case.fields
    if expected == "success":
        plaintext = age.decrypt(case.data, identities(case), armored=armored)
        assert hashlib.sha256(plaintext).hexdigest() == case.fields["payload"][0]
    else:
        with pytest.raises(OUTCOMES[expected]) as caught:
            age.decrypt(case.data, identities(case), armored=armored)
        assert type(caught.value) is OUTCOMES[expected]


def test_all_vectors_are_there(third_party: Path) -> None:
    names = {path.name for path in (third_party / "cctv-age").iterdir()}
    assert len(names) == 143


@pytest.mark.each_vector("cctv-age")
def test_without_being_told_armor_is_seen(vector: Path) -> None:
    case = read(vector)
    if case.fields["expect"] == ["success"]:
        assert age.decrypt(case.data, identities(case)) == age.decrypt(
            case.data, identities(case), armored="armored" in case.fields
        )
