"""Files of sops 3.13.2 open to the values that sops opens them to, and their content is sealed as sops seals it."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from leafseal.config.load import CreationRule, load_config
from leafseal.document.paths import format_path
from leafseal.document.tree import Comment
from leafseal.errors import DataKeyError
from leafseal.formats import emit, format_of, parse
from leafseal.keys import Ambient
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.testing import NOWHERE, ambient_with

from ..opening import open_sealed, reseal_text
from ..whole_files import WITHOUT_STRUCTURE, comments, plain_values, values, without_mac

FOLDER = Path(__file__).parents[1] / "vectors" / "sops-3.13.2"
EVERYBODY = Ambient({"SOPS_AGE_KEY_FILE": str(FOLDER / "identities" / "all.txt")}, NOWHERE)
EMITTED = {"json": "json", "yaml": "yaml", "ini": "ini", "dotenv": "dotenv"}


class Case(NamedTuple):
    name: str
    format: str
    encrypted: bytes
    plain: bytes
    rule: CreationRule

    def open(self, ambient: Ambient = EVERYBODY) -> Opened:
        return open_sealed(self.encrypted, self.format, ambient, WITHOUT_STRUCTURE)

    def file(self, name: str) -> bytes | None:
        path = FOLDER / self.name / name
        return path.read_bytes() if path.exists() else None

    def seal(self) -> Product:
        rule = self.rule
        return encrypt(
            self.plain, self.format, rule.groups, rule.threshold, rule.selection, EVERYBODY, allow_nothing=True
        )


@cache
def read(name: str) -> Case:
    folder = FOLDER / name
    encrypted = next(folder.glob("encrypted.*"))
    plain = folder / f"plain{encrypted.suffix}"
    rule = load_config(folder / ".sops.yaml").rule_for(plain)
    assert rule is not None
    return Case(name, format_of(encrypted.name), encrypted.read_bytes(), plain.read_bytes(), rule)


NAMES = sorted(path.parent.name for path in FOLDER.glob("*/case.json"))


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    return read(request.param)


def test_all_cases_are_there() -> None:
    assert len(NAMES) == 65
    assert {read(name).format for name in NAMES} == {"yaml", "json", "dotenv", "ini", "binary"}
    rules = {json.loads((FOLDER / name / "case.json").read_bytes())["rule"] for name in NAMES}
    assert rules == {
        "default", "encrypted_suffix", "encrypted_regex", "unencrypted_regex", "encrypted_comment",
        "unencrypted_comment", "mac_only",
    }  # fmt: skip


def test_values_are_those_that_sops_opens(case: Case) -> None:
    opened = case.open()
    checked = 0
    for extension, format_name in EMITTED.items():
        expected = case.file(f"converted.{extension}")
        if expected is not None:
            assert_same_content(emit(opened.documents(), format_name), expected, format_name)
            checked += 1
    decrypted = next((FOLDER / case.name).glob("decrypted.*"), None)
    if decrypted is not None:
        assert_same_content(emit(opened.documents(), case.format), decrypted.read_bytes(), case.format)
        checked += 1
    assert checked or case.name == "list-comments-yaml--default--one"


def assert_same_content(ours: bytes, theirs: bytes, format_name: str) -> None:
    """Compare to the byte; in YAML sops takes a comment behind a value for one above it."""
    comments_ = plain_comments(theirs, format_name) if format_name == "yaml" else []
    if not comments_:
        assert ours == theirs
    assert plain_values(ours, format_name) == plain_values(theirs, format_name)
    assert plain_comments(ours, format_name) == Counter(comments_) or format_name != "yaml"


def plain_comments(data: bytes, format_name: str) -> Counter[str]:
    return Counter(str(leaf.value) for leaf in parse(data, format_name).leaves() if leaf.is_comment)


def test_opened_values_are_those_of_the_plain_file(case: Case) -> None:
    # Of a JSON number, a date, a flag: the type is compared too. Positions in a list count without its comments.
    opened = case.open()
    assert [value[2:] for value in values(opened)] == [value[2:] for value in plain_values(case.plain, case.format)]


def test_comments_in_lists_open_though_sops_cannot(case: Case) -> None:
    if case.name.startswith("list-comments"):
        assert comments(case.open()) == [" first", " inline", " second"]


def test_what_sops_seals_is_sealed_alike(case: Case) -> None:
    product = case.seal()
    again = open_sealed(product.data, case.format, EVERYBODY)
    assert sealed_leaves(again) == sealed_leaves(case.open())
    assert again.metadata.selection == case.open().metadata.selection
    assert again.plaintext() == case.plain
    product.check(product.data)


def sealed_leaves(opened: Opened) -> Counter[tuple[str, str, bytes]]:
    """Return what is sealed: AAD, type and byte form. Comments, whose places are guessed, by their text alone."""
    return Counter(
        ("", "comment", item.data) if isinstance(item.value, Comment) else (item.aad, item.word, item.data)
        for item in opened.leaves.sealed
    )


def test_no_plaintext_of_a_sealed_leaf_is_left(case: Case) -> None:
    product = case.seal()
    opened = open_sealed(product.data, case.format, EVERYBODY)
    sealed = {item.leaf.start for item in opened.leaves.sealed}
    readable = [str(leaf.value).encode() for leaf in opened.document.leaves() if leaf.start not in sealed]
    allowed = b"\n".join(readable + names(opened))
    for item in opened.leaves.sealed:
        if len(item.data) >= 5 and item.data not in allowed:
            assert item.data not in product.data, format_path(item.leaf.locator)


def names(opened: Opened) -> list[bytes]:
    return [part.encode() for leaf in opened.document.leaves() for part in leaf.path]


def test_content_that_sops_wrote_is_written_back_unmoved(case: Case) -> None:
    # An edit that changes nothing: every token stays, types too, and only the time and the MAC are new.
    opened = case.open()
    product = reseal_text(opened, opened.plaintext())
    product.check(product.data)
    again = open_sealed(product.data, case.format, EVERYBODY)
    assert [value[2:] for value in values(again)] == [value[2:] for value in values(opened)]
    if not case.name.startswith("list-comments"):  # its comments become lines of their own
        assert without_mac(product.data) == without_mac(case.encrypted)


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("--groups")])
def test_two_of_three_groups_open(name: str) -> None:
    case = read(name)
    alice, bob, carol = (identity(person) for person in ("alice", "bob", "carol"))
    for pair in ([alice, bob], [alice, carol], [bob, carol]):
        assert case.open(Ambient({"SOPS_AGE_KEY": "\n".join(pair)}, NOWHERE)).plaintext()
    for one in (alice, bob, carol):
        with pytest.raises(DataKeyError, match=r"^1 of 3 key groups decrypted, 2 are needed$"):
            case.open(Ambient({"SOPS_AGE_KEY": one}, NOWHERE))


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("--three")])
def test_each_of_three_recipients_opens(name: str) -> None:
    for person in ("alice", "bob", "carol"):
        assert read(name).open(Ambient({"SOPS_AGE_KEY": identity(person)}, NOWHERE)).plaintext()


def identity(person: str) -> str:
    return (FOLDER / "identities" / f"{person}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_opens_none(name: str) -> None:
    with pytest.raises(DataKeyError):
        read(name).open(ambient_with())
