"""Encrypting a plain file: what is refused, and what the metadata of the new file say."""

from __future__ import annotations

import pytest

from leafseal.document.limits import DEFAULT_LIMITS, DEFAULT_READ, Limits
from leafseal.errors import (
    AlreadyEncryptedError,
    EmitError,
    FormatError,
    NothingSealedError,
    ProviderError,
    RefusedError,
)
from leafseal.formats import parse
from leafseal.keys import Ambient
from leafseal.operations.encrypt import encrypt, refuse_reserved
from leafseal.rules.selection import Selection
from leafseal.testing import NOWHERE, MemoryKey

from ..opening import set_leaf
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


SPELLED = b'a: "caf\\u00e9"\n---\nb: "caf\\u00e9"\n--- {c: 0x1F}\n---\nd: "caf\\u00e9"\n'


def test_spellings_stand_once_in_a_file_of_several_documents() -> None:
    """Where they stood in every document, the size of a file grew with the square of its documents."""
    sealed = seal(SPELLED, "yaml")
    assert sealed.count(b"spelling:") == 1
    assert sealed.index(b"spelling:") < sealed.index(b"\n---\n")
    assert sealed.count(b"recipient") == 4
    assert open_(sealed, "yaml").plaintext() == SPELLED


def test_many_documents_cost_what_they_hold() -> None:
    plain = b"---\n".join(b"".join(b'k%d: "caf\\u00e9 %d"\n' % (j, i) for j in range(10)) for i in range(50))
    sealed = seal(plain, "yaml")
    assert len(sealed) < 35 * len(plain)
    assert open_(sealed, "yaml").plaintext() == plain


def test_files_with_spellings_in_every_document_open_and_lose_them_at_the_next_write() -> None:
    plain = b'a: "caf\\u00e9"\n---\nb: "caf\\u00e9"\n'
    first, second = seal(plain, "yaml").split(b"---\nb:")
    ours = first[first.index(b"    leafseal:\n") : first.index(b"    mac:")]
    old = first + b"---\nb:" + second.replace(b"    mac:", ours + b"    mac:")
    assert old.count(b"spelling:") == 2
    opened = open_(old, "yaml")
    assert opened.plaintext() == plain
    new = set_leaf(opened, ("c",), "x").data
    assert new.count(b"spelling:") == 1
    assert open_(new, "yaml").plaintext() == plain.replace(b"---", b"c: x\n---")


@pytest.mark.parametrize(
    ("data", "limits", "message"),
    [
        (b"a: x\n", DEFAULT_LIMITS._replace(file_bytes=500), "larger than 500 bytes"),
        (b"a: " + b"x" * 900 + b"\n", DEFAULT_LIMITS._replace(scalar_bytes=1000), "longer than 1000 bytes"),
    ],
)
def test_what_decrypt_would_refuse_is_not_written(data: bytes, limits: Limits, message: str) -> None:
    with pytest.raises(RefusedError, match=f"decrypt would refuse the encrypted file: .*{message}") as caught:
        encrypt(data, "yaml", KEYS, 0, ALL, AMBIENT, read=DEFAULT_READ._replace(limits=limits))
    assert "--max-" in str(caught.value.hint)


def test_an_alias_counts_as_deep_as_what_it_stands_for() -> None:
    """It is written out where a value behind it is encrypted."""
    data = b"a: &a {b: {c: {d: 1}}}\ne: {f: {g: *a}}\n"
    limits = DEFAULT_LIMITS._replace(depth=5)
    with pytest.raises(FormatError, match="nested deeper than 5 levels"):
        encrypt(data, "yaml", KEYS, 0, ALL, AMBIENT, read=DEFAULT_READ._replace(limits=limits))
    assert open_(seal(data, "yaml"), "yaml").plaintext() == data
