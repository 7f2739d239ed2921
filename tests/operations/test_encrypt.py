"""Encrypting a plain file: what is refused, and what the metadata of the new file say."""

from __future__ import annotations

import pytest

from leafseal.document.limits import DEFAULT_READ, Limits
from leafseal.errors import AlreadyEncryptedError, EmitError, FormatError, NothingSealedError, ProviderError
from leafseal.formats import parse
from leafseal.keys import Ambient
from leafseal.operations.encrypt import encrypt, refuse_reserved
from leafseal.rules.selection import Selection
from leafseal.testing import NOWHERE, MemoryKey

from ..whole_files import AMBIENT, KEYS, open_, seal

ALL = Selection()


def test_a_product_opens_to_what_it_was_made_of() -> None:
    product = encrypt(b"a: x\n", "yaml", KEYS, 0, ALL, AMBIENT)
    assert (product.format, product.expected) == ("yaml", b"a: x\n")
    assert product.open().plaintext() == b"a: x\n"
    assert open_(product.data, "yaml").data_key == product.data_key
    product.check(product.data)


def test_no_two_files_have_a_data_key_in_common() -> None:
    one, other = (encrypt(b"a: x\n", "yaml", KEYS, 0, ALL, AMBIENT) for _ in range(2))
    assert one.data_key != other.data_key
    assert one.data != other.data


@pytest.mark.parametrize(
    ("data", "format_name"),
    [
        (seal(b"a: x\n", "yaml"), "yaml"),
        (b"sops: x\n", "yaml"),
        (b"sops:\n", "yaml"),
        (b'{"sops": []}', "json"),
        (b"sops_version=x\n", "dotenv"),
        (b"[sops]\na = b\n", "ini"),
    ],
    ids=["sealed", "yaml", "null", "json", "dotenv", "ini"],
)
def test_the_name_of_the_metadata_is_taken(data: bytes, format_name: str) -> None:
    with pytest.raises(AlreadyEncryptedError, match="a plain file with a top-level key 'sops'"):
        encrypt(data, format_name, KEYS, 0, ALL, AMBIENT)


def test_the_name_counts_at_the_top_alone_and_in_the_format_that_is_written() -> None:
    assert encrypt(b"a:\n  sops: x\n", "yaml", KEYS, 0, ALL, AMBIENT).open()
    document = parse(b'{"sops_x": 1}', "json")
    refuse_reserved(document, "json")
    with pytest.raises(AlreadyEncryptedError):
        refuse_reserved(document, "dotenv")


def test_a_rule_that_seals_nothing() -> None:
    rule = Selection(encrypted_regex="^never$")
    with pytest.raises(NothingSealedError):
        encrypt(b"a: x\n", "yaml", KEYS, 0, rule, AMBIENT)
    with pytest.raises(NothingSealedError):
        encrypt(b"a: x\n", "yaml", KEYS, 0, rule, AMBIENT, output_format="json")
    assert encrypt(b"a: x\n", "yaml", KEYS, 0, rule, AMBIENT, allow_nothing=True).open().plaintext() == b"a: x\n"
    assert encrypt(b"{}\n", "yaml", KEYS, 0, rule, AMBIENT).open()


def test_of_any_bytes_the_whole_is_sealed_whatever_the_rule() -> None:
    product = encrypt(b"\x00\xff", "binary", KEYS, 0, Selection(encrypted_regex="^never$"), AMBIENT)
    assert b"never" not in product.data
    assert product.open().plaintext() == b"\x00\xff"


def test_types_stay_those_of_the_source_in_another_format() -> None:
    product = encrypt(b"a: 5\nb: true\nc: x\n", "yaml", KEYS, 0, ALL, AMBIENT, output_format="json")
    assert (product.format, product.expected) == ("json", None)
    assert [value for _, value in product.open().leaves.values] == [5, True, "x"]
    with pytest.raises((EmitError, FormatError)):
        encrypt(b"a: {b: 1}\n", "yaml", KEYS, 0, ALL, AMBIENT, output_format="dotenv")


def test_a_key_that_does_not_wrap_and_a_file_that_is_too_large_make_no_file() -> None:
    nowhere = Ambient({}, NOWHERE)
    with pytest.raises(ProviderError, match="no answer"):
        encrypt(b"a: x\n", "yaml", [[MemoryKey("a"), MemoryKey("b", failure="no answer")]], 0, ALL, nowhere)
    small = DEFAULT_READ._replace(limits=Limits(leaves=1))
    with pytest.raises(FormatError, match="more than 1 leaves"):
        encrypt(b"a: x\nb: y\n", "yaml", KEYS, 0, ALL, AMBIENT, read=small)


@pytest.mark.parametrize(("threshold", "stated"), [(0, 3), (2, 2), (3, 3)])
def test_without_a_threshold_all_groups_are_needed(threshold: int, stated: int) -> None:
    product = encrypt(b"a: x\n", "yaml", KEYS * 3, threshold, ALL, AMBIENT)
    assert product.open().metadata.threshold == stated
