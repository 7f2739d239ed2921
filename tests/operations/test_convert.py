"""The values of a file in another format, plain or sealed."""

from __future__ import annotations

import json

import pytest

from leafseal.errors import EmitError
from leafseal.operations.convert import convert, reformat
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection

from ..whole_files import AMBIENT, KEYS, open_, seal, tokens_in

PLAIN = b"# note\na: 5\nb:\n    c: [true, x]\n"
PRODUCT = encrypt(PLAIN, "yaml", KEYS, 0, Selection(), AMBIENT)


@pytest.mark.parametrize(("indent", "text"), [(0, b'"a"'), (2, b'\n  "a"'), (None, b'\n\t"a"')])
def test_plain_values_in_another_format(indent: int | None, text: bytes) -> None:
    data = convert(open_(PRODUCT.data, "yaml"), "json", indent=indent)
    assert json.loads(data) == {"a": 5, "b": {"c": [True, "x"]}}
    assert text in data


def test_what_the_format_cannot_hold() -> None:
    for target in ("dotenv", "ini"):
        with pytest.raises(EmitError):
            convert(open_(PRODUCT.data, "yaml"), target)


def test_of_several_documents_other_formats_have_the_first_as_with_sops() -> None:
    two = open_(seal(b"a: 1\n---\nb: 2\n", "yaml"), "yaml")
    assert convert(two, "yaml") == b"a: 1\n---\nb: 2\n"
    assert json.loads(convert(two, "json")) == {"a": 1}


def test_a_sealed_file_in_another_format_has_the_same_tokens_and_mac() -> None:
    product = reformat(PRODUCT, "json")
    assert (product.format, product.expected, product.data_key) == ("json", None, PRODUCT.data_key)
    sealed_values = [token for token in tokens_in(PRODUCT.data) if b"type:comment" not in token]
    assert set(sealed_values) == set(tokens_in(product.data))
    again = product.open()
    assert again.metadata.mac == PRODUCT.open().metadata.mac
    assert [value for leaf, value in again.leaves.values if not leaf.is_comment] == [5, True, "x"]


def test_spellings_go() -> None:
    product = encrypt(b"a: 0x1F\n", "yaml", KEYS, 0, Selection(), AMBIENT)
    assert product.open().metadata.spelling
    assert not reformat(product, "yaml").open().metadata.spelling
