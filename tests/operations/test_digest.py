"""The digest of a file's values, for annotations."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from leafseal.document.scalars import Timestamp
from leafseal.document.tree import from_python
from leafseal.keys.ring import KeyRing
from leafseal.operations.digest import digest, digest_of

from ..opening import open_sealed, reseal_text, set_leaf
from ..whole_files import AMBIENT, seal

KEY = bytes(range(32))
TEXT = b"# about\nb:\n  - 1\n  - x # y\na: {d: ~, c: 2.50}\n"


def of(value: dict[str, object], key: bytes = KEY) -> str:
    return digest_of([from_python(value)], key)  # type: ignore[list-item]


def test_the_bytes_are_those_of_the_page() -> None:
    # docs/format.md, "Digest of values".
    canonical = b"m4:4:date,t20:2026-01-02T03:04:05Z,2:db,m2:8:password,s9:swordfish,4:port,i4:5432,"
    canonical += b"4:list,l2:b4:True,n5:ratio,f3:0.5,"
    key = hmac.new(KEY, b"leafseal digest 1", hashlib.sha256).digest()
    found = of({
        "ratio": 0.5, "list": [True, None], "date": Timestamp.parse("2026-01-02T03:04:05Z"),
        "db": {"port": 5432, "password": "swordfish"},
    })  # fmt: skip
    assert found == f"leafseal1-{hmac.new(key, canonical, hashlib.sha256).hexdigest()}"


def test_every_difference_of_values_counts() -> None:
    values: list[dict[str, object]] = [
        {}, {"a": None}, {"a": ""}, {"a": "1"}, {"a": 1}, {"a": 1.0}, {"a": True}, {"a": [1]}, {"a": {}}, {"a": []},
        {"a": {"b": 1}}, {"a": 1, "b": 1}, {"a": [1, 2]}, {"a": [2, 1]}, {"ab": 1}, {"a": "b"}, {"a": b"\xff"},
    ]  # fmt: skip
    assert len({of(value) for value in values}) == len(values)
    assert digest_of([], KEY) != of({})
    assert of({"a": 1}) != of({"a": 1}, bytes(32))


def test_order_of_keys_does_not_count() -> None:
    assert of({"b": 1, "a": {"d": 2, "c": 3}}) == of({"a": {"c": 3, "d": 2}, "b": 1})


def test_it_stays_when_the_file_is_encrypted_again() -> None:
    opened = open_sealed(seal(TEXT, "yaml"), "yaml", AMBIENT)
    again = reseal_text(opened, b"a:\n    c: 2.50\n    d: null\nb: [1, 'x']\n")
    assert digest(open_sealed(again.data, "yaml", KeyRing(AMBIENT))) == digest(opened)
    changed = set_leaf(opened, ("a", "c"), 2)
    assert digest(open_sealed(changed.data, "yaml", AMBIENT)) != digest(opened)


def test_two_files_with_the_same_values_have_nothing_in_common() -> None:
    one, other = (digest(open_sealed(seal(TEXT, "yaml"), "yaml", AMBIENT)) for _ in range(2))
    assert one != other


@pytest.mark.parametrize("format_name", ["json", "dotenv", "ini", "binary"])
def test_every_format_has_one(format_name: str) -> None:
    text = {"json": b'{"a": [1]}', "dotenv": b"A=1\n", "ini": b"[s]\na = 1\n", "binary": b"\xff\0"}[format_name]
    assert len(digest(open_sealed(seal(text, format_name), format_name, AMBIENT))) == len("leafseal1-") + 64
