"""Nothing of a file is let out before its key, its leaves and its MAC have verified."""

from __future__ import annotations

import gc
import re

import pytest

from leafseal.crypto.token import Sealer
from leafseal.document import Locator
from leafseal.document.limits import DEFAULT_READ
from leafseal.errors import (
    DataKeyError,
    FormatError,
    IntegrityError,
    MACMismatchError,
    MetadataError,
    NotEncryptedError,
)
from leafseal.keys.groups import DataKey
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Source, open_file, open_with, paused_collector, read_metadata, readable
from leafseal.operations.rekey import rotate
from leafseal.rules.selection import Selection
from leafseal.testing import ambient_with, throwaway_identity

from ..opening import set_leaf
from ..whole_files import AMBIENT, KEYS, WITHOUT_STRUCTURE, open_, plain_values, seal

PLAIN = b"# note\na: x\nb:\n    - 5\nc_unencrypted: y\n"
SEALED = seal(PLAIN, "yaml")
IGNORING = DEFAULT_READ._replace(ignore_mac=True)


def test_an_opened_file_shows_what_was_sealed() -> None:
    opened = open_(SEALED, "yaml")
    assert opened.plaintext() == PLAIN
    assert opened.plain_document().text == PLAIN.decode()
    assert opened.plain_document() is opened.plain_document()
    assert opened.edits() is opened.edits()
    assert len(opened.tokens()) == 3
    assert all(token in SEALED.decode() for token in opened.tokens())
    assert readable(opened) == ["a", "b[0]"]


def test_with_other_metadata_the_rest_is_the_same() -> None:
    opened = open_(SEALED, "yaml")
    other = opened.with_metadata(opened.metadata.with_spelling({}))
    assert other.metadata is not opened.metadata
    assert (other.document, other.data_key, other.leaves) == (opened.document, opened.data_key, opened.leaves)
    assert other.plaintext() == PLAIN


def test_to_read_the_metadata_takes_no_key() -> None:
    document, metadata = read_metadata(SEALED, "yaml")
    assert document.text == SEALED.decode()
    assert [len(group) for group in metadata.groups] == [1]


@pytest.mark.parametrize("data", [b"{}\n", b"a: x\n", b"a:\n  sops: x\n"])
def test_a_file_without_metadata_is_not_encrypted(data: bytes) -> None:
    with pytest.raises(NotEncryptedError, match="not encrypted"):
        read_metadata(data, "yaml")


def test_a_file_that_lost_its_metadata_is_not_to_be_encrypted_again() -> None:
    with pytest.raises(NotEncryptedError) as caught:
        read_metadata(SEALED.partition(b"sops:")[0], "yaml")
    assert str(caught.value).startswith("damaged: ")
    assert "restore a version that has the metadata" in (caught.value.hint or "")


@pytest.mark.parametrize("format_name", ["yaml", "json", "dotenv", "ini"])
def test_a_conflict_of_git_is_named(format_name: str) -> None:
    plain = {"yaml": b"a: x\n", "json": b'{\n  "a": "x"\n}\n', "dotenv": b"a=x\n", "ini": b"[s]\na = x\n"}[format_name]
    lines = seal(plain, format_name).splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if b"lastmodified" in line)
    sides = [b"<<<<<<< HEAD\n", lines[at], b"=======\n", lines[at], b">>>>>>> other\n"]
    with pytest.raises(FormatError) as caught:
        read_metadata(b"".join([*lines[:at], *sides, *lines[at + 1 :]]), format_name)
    assert "leafseal resolve FILE" in (caught.value.hint or "")


def test_metadata_that_is_none_is_refused() -> None:
    with pytest.raises(MetadataError):
        read_metadata(b"a: x\nsops: y\n", "yaml")


def test_a_stranger_opens_nothing() -> None:
    ring = KeyRing(throwaway_identity().ambient())
    with pytest.raises(DataKeyError, match="the identity from SOPS_AGE_KEY cannot decrypt it"):
        open_file(Source("a.yaml", SEALED, "yaml"), ring)
    with pytest.raises(DataKeyError):
        open_file(Source("a.yaml", SEALED, "yaml"), KeyRing(ambient_with()))


def test_another_data_key_opens_no_leaf() -> None:
    document, metadata = read_metadata(SEALED, "yaml")
    with pytest.raises(IntegrityError, match="was changed or moved"):
        open_with(document, metadata, DataKey(bytes(32)))


def test_who_finds_the_key_is_the_callers_choice() -> None:
    """A cache of data keys, for one: nobody else is asked."""
    data_key = open_(SEALED, "yaml").data_key
    source = Source("a.yaml", SEALED, "yaml")
    opened = open_file(source, KeyRing(ambient_with()), find_key=lambda metadata, ring: data_key)
    assert opened.plaintext() == PLAIN


@pytest.mark.parametrize(
    ("pattern", "new", "message"),
    [
        (rb"    mac: .*\n", b"", r"\(MAC\) is missing"),
        (rb"    mac: .*\n", b"    mac: ''\n", r"\(MAC\) is missing"),
        (rb"(    mac: ENC\[AES256_GCM,data:).", rb"\1-", "the MAC or lastmodified was changed"),
        (rb"(    lastmodified: [^0-9]*)[0-9]{4}", rb"\g<1>1999", "the MAC or lastmodified was changed"),
        (rb"c_unencrypted: y", b"c_unencrypted: z", "integrity check .MAC. failed"),
        (rb"c_unencrypted: y\n", b"", "integrity check .MAC. failed"),
    ],
)
def test_a_mac_that_does_not_fit_is_told_and_can_be_ignored(pattern: bytes, new: bytes, message: str) -> None:
    changed, count = re.subn(pattern, new, SEALED)
    assert count == 1
    source, ring = Source("a.yaml", changed, "yaml"), KeyRing(AMBIENT)
    with pytest.raises(MACMismatchError, match=message):
        open_file(source, ring)
    assert open_file(source, ring, IGNORING).plaintext().startswith(b"# note\na: x\n")


def test_without_the_mac_tags_still_count() -> None:
    changed = SEALED.replace(b"\na: ENC", b"\na2: ENC")
    with pytest.raises(IntegrityError, match="a2: this value was changed"):
        open_file(Source("a.yaml", changed, "yaml"), KeyRing(AMBIENT), IGNORING)


def test_the_collector_pauses_and_goes_on_as_it_was() -> None:
    with paused_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("format_name", "plain", "place"),
    [
        ("yaml", b'a: x\nempty: ""\nlist:\n    - ""\n', ("a",)),
        ("yaml", b'{a: x, empty: ""}\n', ("a",)),
        ("json", b'{\n  "a": "x",\n  "empty": ""\n}\n', ("a",)),
    ],
)
def test_a_file_with_the_empty_strings_of_sops_before_1_6_can_be_changed(
    format_name: str, plain: bytes, place: Locator
) -> None:
    sealed = seal(plain, format_name, read=WITHOUT_STRUCTURE)
    sealer = Sealer(open_(sealed, format_name).data_key.reveal())
    old = sealed.replace(b'empty: ""', f"empty: '{sealer.seal_bytes(b'', 'str', 'empty:')}'".encode())
    old = old.replace(b'"empty": ""', f'"empty": "{sealer.seal_bytes(b"", "str", "empty:")}"'.encode())
    old = old.replace(b'- ""', f"- {sealer.seal_bytes(b'', 'str', 'list:')}".encode())
    opened = open_(old, format_name)
    assert opened.plaintext().replace(b"''", b'""') == plain
    for product in (set_leaf(opened, place, "y"), rotate(opened, KEYS, 0, AMBIENT)):
        product.check(product.data)
    assert b"data:," not in set_leaf(opened, place, "y").data


@pytest.mark.parametrize(
    "plain",
    [
        b"b: |\n  abc\n",
        b"b: |+\n  abc\n\n",
        b"b: >\n  a\n  b\n",
        b"b: | # note\n  abc\n",
        b"b: [x]\nc:\n- |\n  abc\n",
        b"x: 1\n---\nb: |\n  abc\n",
        b"a: |\n  abc\n",  # in plain text under the rule
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("rule", [Selection(), Selection(unencrypted_regex="^a$")])
def test_a_lost_line_break_at_the_end_is_not_that_of_a_value(plain: bytes, line_end: bytes, rule: Selection) -> None:
    """Editors and merges lose it, and the last text of the plain file would lose its own."""
    sealed = seal(plain, "yaml", rule).rstrip(b"\n").replace(b"\n", line_end)
    assert plain_values(open_(sealed, "yaml").plaintext(), "yaml") == plain_values(plain, "yaml")


def test_a_text_that_no_line_break_ended_opens_to_the_byte() -> None:
    plain = b"b: |\n  abc"
    assert open_(seal(plain, "yaml"), "yaml").plaintext() == plain
