"""What was written is read back and must be what it was to be."""

from __future__ import annotations

import pytest

from leafseal.errors import FormatError, IntegrityError, LeafsealError, MACMismatchError, NotEncryptedError
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection

from ..whole_files import AMBIENT, KEYS

PRODUCT = encrypt(b"a: x\nb_unencrypted: y\n", "yaml", KEYS, 0, Selection(), AMBIENT)


def test_what_is_as_it_was_passes() -> None:
    PRODUCT.check(PRODUCT.data)
    assert PRODUCT.open().plaintext() == PRODUCT.expected


def test_nothing_of_it_is_shown() -> None:
    product = encrypt(b"a: Tr0ub4dor\n", "yaml", KEYS, 0, Selection(), AMBIENT)
    assert [text for text in ("ENC[", "Tr0ub4dor") if text in repr(product)] == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", FormatError),
        (b"a: x\n", NotEncryptedError),
        (PRODUCT.data[: len(PRODUCT.data) // 2], LeafsealError),
        (PRODUCT.data.replace(b"b_unencrypted: y", b"b_unencrypted: z"), MACMismatchError),
        (PRODUCT.data.replace(b"a: ENC", b"c: ENC", 1), IntegrityError),
    ],
    ids=["empty", "plain", "half", "changed", "moved"],
)
def test_what_does_not_open_fails(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        PRODUCT.check(data)


def test_what_opens_to_something_else_fails() -> None:
    """A comment is outside the MAC where it is in clear; and another file under this key opens as well."""
    with pytest.raises(IntegrityError, match="does not decrypt to what was encrypted"):
        PRODUCT.check(b"# more\n" + PRODUCT.data)


def test_without_a_plain_form_it_has_to_open_and_no_more() -> None:
    product = encrypt(b"a: x\n", "yaml", KEYS, 0, Selection(), AMBIENT, output_format="json")
    product.check(product.data)
    with pytest.raises(IntegrityError):
        product.check(product.data.replace(b'"a"', b'"b"', 1))
