"""A sealed file whose parts were exchanged, mislabelled, doubled or left out is refused, in every format."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from leafseal.crypto.token import Sealer
from leafseal.errors import FormatError, IntegrityError, LeafsealError, MACMismatchError, MetadataError
from leafseal.operations.open import Opened

from ..oracles import assert_silent
from ..tampering import CANARIES, CLEAR, ask_nobody, fixture
from ..whole_files import FORMATS, SPLICED, open_, seal, tokens


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_nobody(monkeypatch)


Change = Callable[[Opened], bytes]


def whole(opened: Opened) -> bytes:
    return opened.document.rewrite([])


def token_at(opened: Opened, *names: str) -> bytes:
    """Return the token of the value whose last keys these are."""
    [found] = [token for (_, locator), token in tokens(opened).items() if locator[-len(names) :] == names]
    return found.encode()


def password(opened: Opened) -> bytes:
    return (
        token_at(opened, "data")
        if opened.document.format == "binary"
        else token_at(opened, *NAMES[opened.document.format][0])
    )


NAMES: dict[str, list[tuple[str, ...]]] = {
    "yaml": [("password",), ("port",)],
    "json": [("password",), ("port",)],
    "dotenv": [("PASSWORD",), ("PORT",)],
    "ini": [("password",), ("port",)],
}


def port(opened: Opened) -> bytes:
    return token_at(opened, *NAMES[opened.document.format][1])


def replaced(old: Callable[[Opened], bytes], new: Callable[[bytes], bytes]) -> Change:
    def change(opened: Opened) -> bytes:
        data, token = whole(opened), old(opened)
        assert data.count(token) == 1
        return data.replace(token, new(token))

    return change


def part(name: bytes, new: Callable[[bytes], bytes]) -> Change:
    """Return the change that puts something else in one part of a token."""

    def in_token(token: bytes) -> bytes:
        return re.sub(rb"(?<=" + name + rb":)[^,\]]+", lambda match: new(match[0]), token)

    return replaced(password, in_token)


def sealed_anew(word: str, aad: str | None = None) -> Change:
    """Return the change of somebody who has the data key: a token of the same plaintext with another type."""

    def change(opened: Opened) -> bytes:
        item = next(item for item in opened.leaves.sealed if str(item.leaf.value).encode() == password(opened))
        token = Sealer(opened.data_key.reveal()).seal_bytes(item.data, word, item.aad if aad is None else aad)
        return replaced(password, lambda _: token.encode())(opened)

    return change


def swapped(opened: Opened) -> bytes:
    one, other = password(opened), port(opened)
    return whole(opened).replace(one, b"@").replace(other, one).replace(b"@", other)


def copied(opened: Opened) -> bytes:
    return whole(opened).replace(port(opened), password(opened))


def of_another_file(opened: Opened) -> bytes:
    other = open_(seal(opened.plaintext(), opened.document.format), opened.document.format)
    return whole(opened).replace(password(opened), password(other))


def metadata_with(**fields: object) -> Change:
    """Return the change that writes the metadata with other fields; a field that is None goes."""

    def change(opened: Opened) -> bytes:
        mapping = {**(opened.document.metadata() or {}), **fields}
        return opened.document.rewrite([], {key: value for key, value in mapping.items() if value is not None})

    return change


def mac_of(text: str) -> Change:
    """Return the change of somebody who has the data key and seals another MAC."""

    def change(opened: Opened) -> bytes:
        time = opened.metadata.lastmodified
        return metadata_with(mac=Sealer(opened.data_key.reveal()).seal_bytes(text.encode(), "str", time))(opened)

    return change


def mac_of_another_file(opened: Opened) -> bytes:
    other = open_(seal(opened.plaintext(), opened.document.format), opened.document.format)
    return metadata_with(mac=other.metadata.mac, lastmodified=other.metadata.lastmodified)(opened)


def metadata_of_another_file(opened: Opened) -> bytes:
    other = open_(seal(opened.plaintext(), opened.document.format), opened.document.format)
    return opened.document.rewrite([], other.document.metadata())


def without_clear_value(opened: Opened) -> bytes:
    data = whole(opened)
    return re.sub(rb"(?mi)^.*host_unencrypted.*\n", b"", data)


def other_clear_value(opened: Opened) -> bytes:
    return whole(opened).replace(CLEAR.encode(), b"cnry-clear-c0f4")


def keys_twice(opened: Opened) -> bytes:
    groups = [{"age": (opened.document.metadata() or {})["age"]}] * 2
    return metadata_with(key_groups=groups)(opened)


EVERYWHERE: dict[str, tuple[Change, type[LeafsealError], str]] = {
    "text behind a token": (replaced(password, lambda token: token + b"x"), IntegrityError, "is damaged"),
    "a blank behind a token": (replaced(password, lambda token: token[:-1] + b" ]"), IntegrityError, "is damaged"),
    "two tokens in one place": (replaced(password, lambda token: token + token), IntegrityError, "is damaged"),
    "a token cut short": (replaced(password, lambda token: token[:-1]), IntegrityError, "is damaged"),
    "base64 that is not canonical": (part(b"tag", lambda tag: tag[:-3] + b"B=="), IntegrityError, "is damaged"),
    "base64 without padding": (part(b"tag", lambda tag: tag.rstrip(b"=")), IntegrityError, "is damaged"),
    "an IV of 12 bytes": (part(b"iv", lambda _: b"AAAAAAAAAAAAAAAA"), IntegrityError, "is damaged"),
    "a tag of 12 bytes": (part(b"tag", lambda _: b"AAAAAAAAAAAAAAAA"), IntegrityError, "is damaged"),
    "no data": (part(b"data", lambda _: b""), IntegrityError, "was changed or moved"),
    "an unknown type": (part(b"type", lambda _: b"uint"), IntegrityError, "is damaged"),
    "another cipher": (
        replaced(password, lambda token: token.replace(b"AES256", b"AES128")), IntegrityError, "not encrypted"
    ),
    "the type of an int": (part(b"type", lambda _: b"int"), IntegrityError, "has a type that does not match its value"),
    "the type of a float": (part(b"type", lambda _: b"float"), IntegrityError, "has a type that"),
    "the type of a flag": (part(b"type", lambda _: b"bool"), IntegrityError, "has a type that"),
    "the type of a time": (part(b"type", lambda _: b"time"), IntegrityError, "has a type that"),
    "the type of a comment": (part(b"type", lambda _: b"comment"), IntegrityError, "in the place of a value"),
    "a comment sealed in its place": (sealed_anew("comment"), IntegrityError, "in the place of a value"),
    "sealed for another path": (sealed_anew("str", "other:"), IntegrityError, "was changed or moved"),
    "a token of another file": (of_another_file, IntegrityError, "was changed or moved"),
    "a clear value in its place": (replaced(password, lambda _: b"clear"), IntegrityError, "not encrypted"),
    "nothing in its place": (replaced(password, lambda _: b""), MACMismatchError, "integrity check"),
    "no MAC": (metadata_with(mac=None), MACMismatchError, r"^the integrity check \(MAC\) is missing$"),
    "an empty MAC": (metadata_with(mac=""), MACMismatchError, r"^the integrity check \(MAC\) is missing$"),
    "a MAC that is no token": (metadata_with(mac="0" * 128), MACMismatchError, "^the MAC or lastmodified was changed$"),
    "the MAC of nothing": (mac_of("0" * 128), MACMismatchError, "^the integrity check .MAC. failed"),
    "a MAC of another file": (mac_of_another_file, MACMismatchError, "^the MAC or lastmodified was changed$"),
    "another time": (metadata_with(lastmodified="2020-01-01T00:00:00Z"), MACMismatchError, "lastmodified was changed"),
    "no time": (metadata_with(lastmodified=None), MetadataError, "lastmodified"),
    "a time that is none": (metadata_with(lastmodified="yesterday"), MetadataError, "lastmodified"),
    "no version": (metadata_with(version=None), MetadataError, "version"),
    "no keys": (metadata_with(age=[]), MetadataError, "no keys found in file"),
    "flat keys beside key groups": (keys_twice, MetadataError, "flat keys beside key groups"),
    "two rules": (
        metadata_with(encrypted_regex="x", encrypted_suffix="y"), MetadataError, "only one rule"
    ),
    "a rule that is not valid": (
        metadata_with(encrypted_regex="(", unencrypted_suffix=None), MetadataError, "encrypted_regex"
    ),
    "the metadata of another file": (metadata_of_another_file, IntegrityError, "was changed or moved"),
}  # fmt: skip
WITH_PATHS: dict[str, tuple[Change, type[LeafsealError], str]] = {
    "two tokens swapped": (swapped, IntegrityError, "was changed or moved"),
    "a token copied to another path": (copied, IntegrityError, "was changed or moved"),
    "a clear value gone": (without_clear_value, MACMismatchError, "integrity check"),
    "a clear value changed": (other_clear_value, MACMismatchError, "integrity check"),
    "another rule, under which nothing is sealed": (
        metadata_with(encrypted_regex="^$", unencrypted_suffix=None), MACMismatchError, "integrity check"
    ),
    "another rule, under which more is sealed": (
        metadata_with(encrypted_regex=".", unencrypted_suffix=None), IntegrityError, "not encrypted"
    ),
    "a MAC of the sealed values alone": (metadata_with(mac_only_encrypted=True), MACMismatchError, "integrity check"),
}  # fmt: skip


def check_refused(change: Change, kind: type[LeafsealError], message: str, format_name: str) -> None:
    original = fixture(format_name)
    opened = open_(original.data, format_name)
    data = change(opened)
    assert data != original.data
    with pytest.raises(LeafsealError, match=message) as caught:
        open_(data, format_name)
    assert type(caught.value) is kind
    key = opened.data_key.reveal()
    mac = Sealer(key).open(opened.metadata.mac, opened.metadata.lastmodified)
    assert_silent(caught.value, [*CANARIES, key, str(mac), str(mac).lower()])


@pytest.mark.parametrize("name", EVERYWHERE)
@pytest.mark.parametrize("format_name", FORMATS)
def test_what_is_wrong_in_every_format(format_name: str, name: str) -> None:
    check_refused(*EVERYWHERE[name], format_name)


@pytest.mark.parametrize("name", WITH_PATHS)
@pytest.mark.parametrize("format_name", SPLICED)
def test_what_is_wrong_where_there_are_paths(format_name: str, name: str) -> None:
    check_refused(*WITH_PATHS[name], format_name)


DUPLICATES = {
    "yaml": b"db:\n    password: again\n",
    "yaml in flow": b'more: {x: "", x: ""}\n',
    "json": b'{\n  "empty": "",',
    "dotenv": b"EMPTY=\n",
    "ini": b"empty =\n",  # sections may repeat a name, what is in one may not
}


@pytest.mark.parametrize("name", DUPLICATES)
def test_a_key_that_stands_twice(name: str) -> None:
    format_name = name.partition(" ")[0]
    data = fixture(format_name).data
    line = DUPLICATES[name]
    twice = line + data.removeprefix(b"{") if format_name != "ini" else data.replace(line, line * 2)
    assert twice != data
    with pytest.raises(FormatError, match="appears twice") as caught:
        open_(twice, format_name)
    assert caught.value.line
    assert_silent(caught.value, CANARIES)


def second_block(data: bytes, format_name: str) -> bytes:
    if format_name == "yaml":
        return data + data[data.index(b"sops:") :]
    if format_name in ("json", "binary"):
        block = data[data.index(b'"sops"') : data.rindex(b"}")].rstrip()
        return data[: data.rindex(b"}")].rstrip() + b",\n" + block + b"\n}\n"
    if format_name == "dotenv":
        return data + data[data.index(b"sops_") :]
    return data + b"\n" + data[data.index(b"[sops]") :]


@pytest.mark.parametrize("format_name", FORMATS)
def test_metadata_that_stands_twice(format_name: str) -> None:
    with pytest.raises((FormatError, MetadataError), match=r"appears twice|duplicate sops entry"):
        open_(second_block(fixture(format_name).data, format_name), format_name)


@pytest.mark.parametrize("entry", ["text", "[1]", "null"])
@pytest.mark.parametrize("format_name", ["yaml", "json"])
def test_metadata_that_is_no_mapping(format_name: str, entry: str) -> None:
    data = f"a: 1\nsops: {entry}\n" if format_name == "yaml" else f'{{"a": 1, "sops": {entry.replace("text", "1")}}}'
    with pytest.raises(MetadataError, match="the sops entry is not a mapping"):
        open_(data.encode(), format_name)
