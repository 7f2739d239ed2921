"""Tampering with documents, lists, comments, spellings and key groups; and what the format cannot tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from leafseal.crypto import spelling
from leafseal.crypto.token import Sealer
from leafseal.errors import DataKeyError, IntegrityError, MACMismatchError, MetadataError
from leafseal.formats import parse
from leafseal.keys import Ambient
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection
from leafseal.testing import ambient_with, throwaway_identity

from ..opening import open_sealed
from ..oracles import assert_silent
from ..tampering import CANARIES, PLAIN, ask_nobody, fixture
from ..whole_files import AMBIENT, KEYS, ME, TOKEN, WITHOUT_STRUCTURE, open_, plain_values, seal, tokens, values


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_nobody(monkeypatch)


# -- documents, lists, comments --------------------------------------------------------------------------------------

DOCUMENTS = b"a: one\n---\nb: two\n---\nc: three\n"


def documents(data: bytes) -> list[bytes]:
    return re.split(rb"(?m)^---\n", data)


@pytest.mark.parametrize("order", ["02", "01", "021", "0012", "0122"])
def test_documents_moved_removed_or_repeated(order: str) -> None:
    parts = documents(seal(DOCUMENTS, "yaml"))
    with pytest.raises(MACMismatchError):
        open_(b"---\n".join(parts[int(number)] for number in order), "yaml")


def test_only_the_metadata_of_the_first_document_counts() -> None:
    first, *others = documents(seal(DOCUMENTS, "yaml"))
    bare = b"---\n".join([first, *(re.sub(rb"(?s)sops:.*", b"", other) for other in others)])
    assert open_(bare, "yaml").plaintext() == DOCUMENTS
    with pytest.raises(MetadataError, match="a later document has a sops entry, and the first has none"):
        open_(b"---\n".join([re.sub(rb"(?s)sops:.*", b"", first), *others]), "yaml")


def test_elements_of_a_list_moved_removed_or_repeated() -> None:
    sealed = seal(b"l:\n- one\n- two\n- three\n", "yaml")
    lines = re.findall(rb"- ENC.*\n", sealed)
    for order in ([0, 2, 1], [0, 1], [0, 0, 1, 2], [1, 2]):
        with pytest.raises(MACMismatchError):
            open_(sealed.replace(b"".join(lines), b"".join(lines[number] for number in order)), "yaml")


def test_a_value_in_a_list_does_not_become_a_comment() -> None:
    """SOPS keeps sealed comments of lists as elements, so the type is taken there; the MAC then misses a value."""
    sealed = seal(b"l:\n- one\n- two\n", "yaml")
    with pytest.raises(MACMismatchError):
        open_(sealed.replace(b",type:str]", b",type:comment]", 1), "yaml")


def test_a_comment_does_not_become_a_value() -> None:
    sealed = seal(b"# note\na: one\n", "yaml")
    token = next(token for token in TOKEN.findall(sealed) if token[3] == b"comment")
    assert token
    for forged in (
        sealed.replace(b"#ENC", b'"": ENC', 1),
        sealed.replace(b"#ENC", b'"": ENC', 1).replace(b",type:comment]", b",type:str]", 1),
    ):
        with pytest.raises(IntegrityError):
            open_(forged, "yaml")


@pytest.mark.parametrize("format_name", ["yaml", "dotenv", "ini"])
def test_a_comment_of_another_file(format_name: str) -> None:
    data = fixture(format_name).data
    other = seal(PLAIN[format_name].encode(), format_name)
    pattern = rb"ENC\[[^\]]*,type:comment\]"
    forged = re.sub(pattern, re.findall(pattern, other)[0], data)
    with pytest.raises(
        IntegrityError, match=r"^a comment in .* was changed or moved after it was encrypted$"
    ) as caught:
        open_(forged, format_name)
    assert_silent(caught.value, CANARIES)


# -- the memory of spellings -----------------------------------------------------------------------------------------

SPELLED = b"a: 0x1F\nb: 1.10\nc: 'two\n  lines'\n"


def spelled_with(change: Callable[[dict[str, str], Opened], dict[str, str]]) -> Opened:
    opened = open_(seal(SPELLED, "yaml", read=WITHOUT_STRUCTURE), "yaml")
    metadata = opened.metadata.with_spelling(change(dict(opened.metadata.spelling), opened))
    return open_(opened.document.rewrite([], metadata.to_mapping()), "yaml")


def test_a_spelling_is_used() -> None:
    assert spelled_with(lambda entries, _: entries).plaintext() == SPELLED


def test_spellings_that_were_exchanged_or_damaged_are_as_if_they_were_not_there() -> None:
    canonical = b"a: 31\nb: 1.1\nc: 'two lines'\n"
    for change in (
        lambda entries, _: dict(zip(entries, reversed(entries.values()), strict=True)) if len(entries) % 2 == 0 else {},
        lambda entries, _: dict(zip(entries, [*list(entries.values())[1:], next(iter(entries.values()))], strict=True)),
        lambda entries, _: {name: token[:-9] for name, token in entries.items()},
        lambda entries, _: dict.fromkeys(entries, "ENC["),
        lambda entries, _: {f"t{0:016}": token for token in entries.values()},
    ):
        opened = spelled_with(change)
        assert opened.plaintext() == canonical
        assert [value.data for value in values(opened)] == [b"31", b"1.1", b"two lines"]


@pytest.mark.parametrize(
    "source", ["C32", "C'31'", "C31\nz: 1", "C[31]", "C31 # note", "F!!str 31", "A1:*x", "C", "X31"]
)
def test_a_spelling_of_another_value_is_not_used_whoever_sealed_it(source: str) -> None:
    def change(entries: dict[str, str], opened: Opened) -> dict[str, str]:
        token = tokens(opened)[0, ("a",)]
        sealer = Sealer(opened.data_key.reveal())
        name = spelling.entry_name(token)
        return {**entries, name: sealer.seal_bytes(source.encode(), "str", f"leafseal:spelling:{token}:")}

    opened = spelled_with(change)
    assert [value.data for value in plain_values(opened.plaintext(), "yaml")] == [b"31", b"1.1", b"two lines"]


# -- key groups ------------------------------------------------------------------------------------------------------

OTHERS = [throwaway_identity() for _ in range(2)]
GROUPS = [*KEYS, *(parse_recipients("age", one.recipient) for one in OTHERS)]
TWO = ambient_with(ME, OTHERS[0])


def grouped() -> tuple[bytes, dict[str, object]]:
    data = encrypt(b"a: x\n", "yaml", GROUPS, 2, Selection(), AMBIENT).data
    return data, dict(parse(data, "yaml", sealed=True).metadata() or {})


def open_with_groups(change: Callable[[dict[str, object]], object], ambient: Ambient = TWO) -> Opened:
    data, mapping = grouped()
    change(mapping)
    return open_sealed(parse(data, "yaml", sealed=True).rewrite([], mapping), "yaml", ambient)


def test_two_groups_open() -> None:
    assert open_with_groups(lambda mapping: None).plaintext() == b"a: x\n"


@pytest.mark.parametrize("threshold", [3, "3"])
def test_a_threshold_that_was_raised(threshold: object) -> None:
    with pytest.raises(DataKeyError, match="2 of 3 key groups decrypted, 3 are needed"):
        open_with_groups(lambda mapping: mapping.update(shamir_threshold=threshold))


@pytest.mark.parametrize("threshold", [-1, 1, 4, 300, "many"])
def test_a_threshold_that_cannot_be(threshold: object) -> None:
    with pytest.raises(MetadataError, match="threshold"):
        open_with_groups(lambda mapping: mapping.update(shamir_threshold=threshold))


def test_one_part_twice() -> None:
    def change(mapping: dict[str, Any]) -> None:
        mapping["key_groups"][1] = mapping["key_groups"][0]

    with pytest.raises(DataKeyError, match="do not belong together"):
        open_with_groups(change)


def test_parts_of_two_files() -> None:
    other = grouped()[1]

    def change(mapping: dict[str, Any]) -> None:
        mapping["key_groups"][1] = other["key_groups"][1]  # type: ignore[index]

    with pytest.raises(IntegrityError, match="was changed or moved"):
        open_with_groups(change)


# -- what the format of SOPS cannot tell -----------------------------------------------------------------------------


def test_a_type_that_fits_its_text_cannot_be_told_from_the_right_one() -> None:
    sealed = seal(b"a: '42'\nb: 'True'\n", "yaml", read=WITHOUT_STRUCTURE)
    assert TOKEN.search(sealed)
    forged = re.sub(rb"(?m)^(a: .*),type:str\]", rb"\1,type:int]", sealed)
    assert [value.type for value in values(open_(forged, "yaml"))] == ["int", "str"]


def test_the_type_of_bytes_is_that_of_text() -> None:
    sealed = seal(PLAIN["json"].encode(), "json", read=WITHOUT_STRUCTURE)
    forged = sealed.replace(b",type:str]", b",type:bytes]", 1)
    assert values(open_(forged, "json")) == fixture("json").values


def test_what_is_empty_can_be_added_and_is_listed() -> None:
    sealed = seal(b"a: x\n", "yaml", read=WITHOUT_STRUCTURE)
    opened = open_(sealed.replace(b"sops:", b"b: null\nc: ''\nd: {}\nsops:", 1), "yaml")
    assert [leaf.locator for leaf in opened.leaves.unauthenticated] == [("b",), ("c",), ("d",)]


def test_comments_can_be_removed() -> None:
    sealed = seal(b"# note\na: x\n", "yaml")
    assert open_(sealed.partition(b"\n")[2], "yaml").plaintext() == b"a: x\n"
