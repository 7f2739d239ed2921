"""A sealed file that was tampered with is refused, or holds what it held; and no error tells a value."""

from __future__ import annotations

import re
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any, NamedTuple

import pytest

from leaflock import operations, spelling
from leaflock.errors import (
    DataKeyError,
    FormatError,
    IntegrityError,
    LeaflockError,
    MACMismatchError,
    MetadataError,
)
from leaflock.formats import parse
from leaflock.masterkey import Ambient
from leaflock.operations import Opened
from leaflock.providers import parse_recipients
from leaflock.sealing import Sealer
from leaflock.selection import Selection
from leaflock.testing import ambient_with, throwaway_identity

from .oracles import assert_silent
from .whole_files import (
    AMBIENT,
    FORMATS,
    KEYS,
    ME,
    SPLICED,
    TOKEN,
    Value,
    comments,
    open_,
    plain_values,
    seal,
    tokens,
    values,
)

SECRET, REMARK, CLEAR, SECOND = "cnry-sealed-5b1d", "cnry-remark-9e77", "cnry-clear-c0f3", "cnry-second-é-41aa"
CANARIES = [SECRET, REMARK, CLEAR, SECOND]

PLAIN = {
    "yaml": f"""# {REMARK}
db:
    password: {SECRET}
    port: 5432
    list: [one, '{SECOND}']
host_unencrypted: {CLEAR}
empty: ""
nothing: null
none: {{}}
""",
    "json": f"""{{
  "db": {{"password": "{SECRET}", "port": 5432, "list": ["one", "{SECOND}"]}},
  "host_unencrypted": "{CLEAR}",
  "empty": "",
  "nothing": null,
  "none": {{}}
}}
""",
    "dotenv": f"# {REMARK}\nPASSWORD={SECRET}\nPORT=5432\nSECOND={SECOND}\nHOST_unencrypted={CLEAR}\nEMPTY=\n",
    "ini": f"""; {REMARK}
password = {SECRET}
port = 5432

[more]
second = {SECOND}
host_unencrypted = {CLEAR}
empty =
""",
    "binary": f"{SECRET}\n{SECOND}",
}

# What the format protects in no way: names of clear and of empty values, what is empty, and the marks of comments.
UNPROTECTED = re.compile(
    rb"\"?(?:host_unencrypted|HOST_unencrypted)\"?(?= *[:=])"
    rb"|\"?(?:empty|EMPTY|nothing|none)\"? *[:=](?: (?:\"\"|null|\{\}))?"
    rb"|[#;] ?(?:ENC\[AES256_GCM,)?"
)


class Fixture(NamedTuple):
    """A sealed file, what it holds, and where a change of it can go unnoticed."""

    format: str
    data: bytes
    values: list[Value]
    comments: list[str]
    unprotected: frozenset[int]

    @property
    def sealed(self) -> list[Value]:
        """The values that are neither clear nor empty."""
        clear = ("host_unencrypted", "HOST_unencrypted")
        return [value for value in self.values if value.type and value.data and value.locator[-1] not in clear]


@cache
def fixture(format_name: str) -> Fixture:
    data = seal(PLAIN[format_name].encode(), format_name)
    opened = open_(data, format_name)
    body = data.find(b"sops")  # in what is before, for in the metadata everything is checked
    spans = [
        match.span() for match in UNPROTECTED.finditer(data, 0, body if format_name != "ini" else data.find(b"[sops]"))
    ]
    # A change beside a mark can take it along: a blank before it, the line break behind a name.
    offsets = frozenset(offset for start, end in spans for offset in range(start - 1, end + 1))
    return Fixture(format_name, data, values(opened), comments(opened), offsets)


@pytest.fixture(autouse=True)
def _no_network_and_no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a tampered file made us ask somebody else")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)


# -- every byte ------------------------------------------------------------------------------------------------------


class Mutation(NamedTuple):
    offset: int
    kind: int  # the bit that is flipped, or: 8 removes the byte, 9 doubles it, 10 puts a NUL before it

    def apply(self, data: bytes) -> bytes:
        before, byte, behind = data[: self.offset], data[self.offset], data[self.offset + 1 :]
        if self.kind < 8:
            return before + bytes([byte ^ 1 << self.kind]) + behind
        return before + [b"", bytes([byte, byte]), bytes([0, byte])][self.kind - 8] + behind


def check_mutation(original: Fixture, mutation: Mutation) -> str:
    """Return what came of it: refused, identical, or an exception that is allowed at this place."""
    try:
        opened = open_(mutation.apply(original.data), original.format)
        assert opened.plaintext() is not None
    except LeaflockError as error:
        assert_silent(error, CANARIES)
        return "refused"
    if values(opened) == original.values and comments(opened) == original.comments:
        return "identical"
    assert mutation.offset in original.unprotected, (mutation, original.data[mutation.offset - 20 :][:40])
    assert [value for value in values(opened) if value in original.sealed] == original.sealed
    return "unprotected"


def mutations(data: bytes) -> Iterator[Mutation]:
    return (Mutation(offset, kind) for offset in range(len(data)) for kind in range(11))


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_sample_of_all_changes_of_a_byte(format_name: str) -> None:
    original = fixture(format_name)
    sample = Random(format_name).sample(list(mutations(original.data)), 400)
    found = Counter(check_mutation(original, mutation) for mutation in sample)
    assert found["refused"] > 250
    assert found["unprotected"] < 40


@pytest.mark.campaign
@pytest.mark.parametrize("format_name", FORMATS)
def test_all_changes_of_a_byte(format_name: str) -> None:
    original = fixture(format_name)
    found = Counter(check_mutation(original, mutation) for mutation in mutations(original.data))
    assert found["unprotected"] <= 600
    print(format_name, dict(found))


# -- structure -------------------------------------------------------------------------------------------------------

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
        item = next(item for item in opened.opening.opened if str(item.leaf.value).encode() == password(opened))
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


def line_of(pattern: bytes, new: Callable[[bytes], bytes]) -> Change:
    """Return the change of one line, or one member of a JSON object, of the metadata."""

    def change(opened: Opened) -> bytes:
        data, count = re.subn(rb"(?m)^.*" + pattern + rb".*\n", lambda match: new(match[0]), whole(opened))
        assert count >= 1
        return data

    return change


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


EVERYWHERE: dict[str, tuple[Change, type[LeaflockError], str]] = {
    "text behind a token": (replaced(password, lambda token: token + b"x"), IntegrityError, "is damaged"),
    "a blank behind a token": (replaced(password, lambda token: token[:-1] + b" ]"), IntegrityError, "is damaged"),
    "two tokens in one place": (replaced(password, lambda token: token + token), IntegrityError, "is damaged"),
    "a token cut short": (replaced(password, lambda token: token[:-1]), IntegrityError, "is damaged"),
    "base64 that is not canonical": (part(b"tag", lambda tag: tag[:-3] + b"B=="), IntegrityError, "is damaged"),
    "base64 without padding": (part(b"tag", lambda tag: tag.rstrip(b"=")), IntegrityError, "is damaged"),
    "an IV of 12 bytes": (part(b"iv", lambda _: b"AAAAAAAAAAAAAAAA"), IntegrityError, "is damaged"),
    "a tag of 12 bytes": (part(b"tag", lambda _: b"AAAAAAAAAAAAAAAA"), IntegrityError, "is damaged"),
    "no data": (part(b"data", lambda _: b""), IntegrityError, "is damaged"),
    "an unknown type": (part(b"type", lambda _: b"uint"), IntegrityError, "is damaged"),
    "another cipher": (replaced(password, lambda token: token.replace(b"AES256", b"AES128")), IntegrityError, "clear"),
    "the type of an int": (part(b"type", lambda _: b"int"), IntegrityError, "has a type that its value does not have"),
    "the type of a float": (part(b"type", lambda _: b"float"), IntegrityError, "has a type that"),
    "the type of a flag": (part(b"type", lambda _: b"bool"), IntegrityError, "has a type that"),
    "the type of a time": (part(b"type", lambda _: b"time"), IntegrityError, "has a type that"),
    "the type of a comment": (part(b"type", lambda _: b"comment"), IntegrityError, "in the place of a value"),
    "a comment sealed in its place": (sealed_anew("comment"), IntegrityError, "in the place of a value"),
    "sealed for another path": (sealed_anew("str", "other:"), IntegrityError, "does not verify under its path"),
    "a token of another file": (of_another_file, IntegrityError, "does not verify under its path"),
    "a clear value in its place": (replaced(password, lambda _: b"clear"), IntegrityError, "stands in clear"),
    "nothing in its place": (replaced(password, lambda _: b""), MACMismatchError, "MAC mismatch"),
    "no MAC": (metadata_with(mac=None), MACMismatchError, "^no MAC$"),
    "an empty MAC": (metadata_with(mac=""), MACMismatchError, "^no MAC$"),
    "a MAC that is no token": (metadata_with(mac="0" * 128), MACMismatchError, "^the MAC does not verify$"),
    "the MAC of nothing": (mac_of("0" * 128), MACMismatchError, "^MAC mismatch"),
    "a MAC of another file": (mac_of_another_file, MACMismatchError, "^the MAC does not verify$"),
    "another time": (metadata_with(lastmodified="2020-01-01T00:00:00Z"), MACMismatchError, "MAC does not verify"),
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
    "the metadata of another file": (metadata_of_another_file, IntegrityError, "does not verify"),
}  # fmt: skip
WITH_PATHS: dict[str, tuple[Change, type[LeaflockError], str]] = {
    "two tokens swapped": (swapped, IntegrityError, "does not verify under its path"),
    "a token copied to another path": (copied, IntegrityError, "does not verify under its path"),
    "a clear value gone": (without_clear_value, MACMismatchError, "MAC mismatch"),
    "a clear value changed": (other_clear_value, MACMismatchError, "MAC mismatch"),
    "another rule, under which nothing is sealed": (
        metadata_with(encrypted_regex="^$", unencrypted_suffix=None), MACMismatchError, "MAC mismatch"
    ),
    "another rule, under which more is sealed": (
        metadata_with(encrypted_regex=".", unencrypted_suffix=None), IntegrityError, "stands in clear"
    ),
    "a MAC of the sealed values alone": (metadata_with(mac_only_encrypted=True), MACMismatchError, "MAC mismatch"),
}  # fmt: skip


def check_refused(change: Change, kind: type[LeaflockError], message: str, format_name: str) -> None:
    original = fixture(format_name)
    opened = open_(original.data, format_name)
    data = change(opened)
    assert data != original.data
    with pytest.raises(LeaflockError, match=message) as caught:
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
    "ini": b"[more]\nempty =\n",
}


@pytest.mark.parametrize("name", DUPLICATES)
def test_a_key_that_stands_twice(name: str) -> None:
    format_name = name.partition(" ")[0]
    data = fixture(format_name).data
    line = DUPLICATES[name]
    twice = line + data.removeprefix(b"{") if format_name != "ini" else data.replace(b"[sops]", line + b"\n[sops]")
    with pytest.raises(FormatError, match="stands twice") as caught:
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
    with pytest.raises((FormatError, MetadataError), match=r"stands twice|duplicate sops entry"):
        open_(second_block(fixture(format_name).data, format_name), format_name)


@pytest.mark.parametrize("entry", ["text", "[1]", "null"])
@pytest.mark.parametrize("format_name", ["yaml", "json"])
def test_metadata_that_is_no_mapping(format_name: str, entry: str) -> None:
    data = f"a: 1\nsops: {entry}\n" if format_name == "yaml" else f'{{"a": 1, "sops": {entry.replace("text", "1")}}}'
    with pytest.raises(MetadataError, match="the sops entry is not a mapping"):
        open_(data.encode(), format_name)


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
    with pytest.raises(IntegrityError, match=r"^a comment in .* does not verify$") as caught:
        open_(forged, format_name)
    assert_silent(caught.value, CANARIES)


# -- the memory of spellings -----------------------------------------------------------------------------------------

SPELLED = b"a: 0x1F\nb: 1.10\nc: 'two\n  lines'\n"


def spelled_with(change: Callable[[dict[str, str], Opened], dict[str, str]]) -> Opened:
    opened = open_(seal(SPELLED, "yaml"), "yaml")
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
        token = token_at(opened, "a").decode()
        sealer = Sealer(opened.data_key.reveal())
        name = spelling.entry_name(token)
        return {**entries, name: sealer.seal_bytes(source.encode(), "str", f"leaflock:spelling:{token}:")}

    opened = spelled_with(change)
    assert [value.data for value in plain_values(opened.plaintext(), "yaml")] == [b"31", b"1.1", b"two lines"]


# -- key groups ------------------------------------------------------------------------------------------------------

OTHERS = [throwaway_identity() for _ in range(2)]
GROUPS = [*KEYS, *(parse_recipients("age", one.recipient) for one in OTHERS)]
TWO = ambient_with(ME, OTHERS[0])


def grouped() -> tuple[bytes, dict[str, object]]:
    data = operations.encrypt(b"a: x\n", "yaml", GROUPS, 2, Selection(), AMBIENT).data
    return data, dict(parse(data, "yaml", sealed=True).metadata() or {})


def open_with_groups(change: Callable[[dict[str, object]], object], ambient: Ambient = TWO) -> Opened:
    data, mapping = grouped()
    change(mapping)
    return operations.open_sealed(parse(data, "yaml", sealed=True).rewrite([], mapping), "yaml", ambient)


def test_two_groups_open() -> None:
    assert open_with_groups(lambda mapping: None).plaintext() == b"a: x\n"


@pytest.mark.parametrize("threshold", [3, "3"])
def test_a_threshold_that_was_raised(threshold: object) -> None:
    with pytest.raises(DataKeyError, match="2 of 3 key groups opened, 3 are needed"):
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

    with pytest.raises(IntegrityError, match="does not verify"):
        open_with_groups(change)


# -- what the format cannot tell -------------------------------------------------------------------------------------


def test_a_type_that_fits_its_text_cannot_be_told_from_the_right_one() -> None:
    sealed = seal(b"a: '42'\nb: 'True'\n", "yaml")
    assert TOKEN.search(sealed)
    forged = re.sub(rb"(?m)^(a: .*),type:str\]", rb"\1,type:int]", sealed)
    assert [value.type for value in values(open_(forged, "yaml"))] == ["int", "str"]


def test_the_type_of_bytes_is_that_of_text() -> None:
    forged = fixture("json").data.replace(b",type:str]", b",type:bytes]", 1)
    assert values(open_(forged, "json")) == fixture("json").values


def test_what_is_empty_can_be_added_and_is_listed() -> None:
    sealed = seal(b"a: x\n", "yaml")
    opened = open_(sealed.replace(b"sops:", b"b: null\nc: ''\nd: {}\nsops:", 1), "yaml")
    assert [leaf.locator for leaf in opened.opening.unauthenticated] == [("b",), ("c",), ("d",)]


def test_comments_can_be_removed() -> None:
    sealed = seal(b"# note\na: x\n", "yaml")
    assert open_(sealed.partition(b"\n")[2], "yaml").plaintext() == b"a: x\n"


# -- errors about plain files ----------------------------------------------------------------------------------------

BROKEN = {
    "yaml": [
        "a: @\nb: \xff", "a: '@\n", "a: [@", "a: @\n\tb: 1\n", "a: @\n- b\n", "a: \x01@", "a: !!int @\n",
        "a: !!float '@'\n", "? @\n? [@]\n", "a: !!timestamp @", "a: !!binary @", 'a: "\\q@"', "a: |@\n", "a: {@",
        "%YAML @\n---\na: 1", "%TAG @\n---\na: 1", "a: *@\n", "- @\n",
        "@", "a: 1\n--- @\n", "a: &x @\nb_unencrypted: *x\n",
    ],
    "json": [
        '{"a": "@', '{"a": "@"} x', '{"a": @}', '{"a": "@\x01"}', '{"a": 1e999, "b": "@"}', '{"a": "@\xff"}', "@",
        '["@"]', '{"a": "@" "b": 1}', '{"a": "\\u12@"}',
    ],
    "dotenv": ["A=@\nB", "@", "A=@\0", "A=@\nA=@"],
    "ini": ["[a\nb=@", "a = @\nb", "a = `@", "@", "[s]@", "a=@\0", " = @", 'a = """@', "a=@\na=@"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("format_name", "text"), [(format_name, text) for format_name, texts in BROKEN.items() for text in texts]
)
def test_errors_about_plain_files_are_silent(format_name: str, text: str) -> None:
    data = text.encode("latin-1").replace(b"@", SECOND.encode())
    with pytest.raises(LeaflockError) as caught:
        seal(data, format_name)
    assert_silent(caught.value, [SECOND])
