"""Bad input gets an error that names place, fault and way out, and none of it names a value."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import (
    AlreadyEncryptedError,
    ConfigError,
    DataKeyError,
    FormatError,
    IntegrityError,
    LeafsealError,
    MACMismatchError,
    MetadataError,
    NotEncryptedError,
    NothingSealedError,
    ProviderError,
)
from leafseal.formats import parse
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..opening import open_sealed
from ..whole_files import AMBIENT, KEYS, open_, seal

CANARY = "canary-7f3a"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(97 + i)}: &{chr(97 + i)} [{', '.join(['*' + chr(96 + i)] * 9)}]\n" for i in range(1, 9)
)


class Bad(NamedTuple):
    format: str
    data: bytes
    message: str  # all of it
    line: int | None
    hint: str | None = ""  # a part of it; None for none


PLAIN = {
    "yaml: list at the root": Bad(
        "yaml", b"- canary-7f3a\n", "a document is a list, and only a mapping can be encrypted", 1, "under a key"
    ),
    "yaml: a single value": Bad(
        "yaml", b"canary-7f3a\n", "a document is a single value, and only a mapping can be encrypted", 1,
        "put a key before it",
    ),
    "yaml: empty": Bad("yaml", b"", "no document: the file is empty or has only comments", None, "at least one"),
    "yaml: duplicate key": Bad("yaml", b"a: canary-7f3a\na: 2\n", "the key 'a' appears twice in one mapping", 2,
                               "remove"),
    "yaml: duplicate key in flow": Bad("yaml", b"x: {a: 1, a: 2}\n", "the key 'a' appears twice in one mapping", 1),
    "yaml: duplicate key in a later document": Bad(
        "yaml", b"a: 1\n---\nb: 1\nb: 2\n", "the key 'b' appears twice in one mapping", 4
    ),
    "yaml: truncated in quotes": Bad(
        "yaml", b'a: "canary-7f3a\n', "not valid YAML: quotes that are not closed (found unexpected end of stream)", 1,
        "close the quotes",
    ),
    "yaml: template": Bad(
        "yaml", b"a: {{ .Values.x }}\n", "a template ({{ … }} or {% … %}) is where a key or a value should be", 1,
        "quotes",
    ),
    "yaml: key that is no text": Bad("yaml", b"1: canary-7f3a\n", "a key is not text", 1, "in quotes"),
    "yaml: deep": Bad("yaml", b"a: " + b"[" * 300 + b"]" * 300 + b"\n", "nested deeper than 200 levels", 1,
                      "--max-depth"),
    "yaml: alias bomb": Bad("yaml", BOMB.encode(), "aliases grow this file more than 100 times", 4, "alias bomb"),
    "yaml: alias of nothing": Bad(
        "yaml", b"a: *nowhere\n", "an alias has no anchor before it", 1, "put the value in quotes"
    ),
    "yaml: not UTF-8": Bad("yaml", b"a: 1\nb: canary-7f3a \xff\n", "not UTF-8", 2, "UTF-8"),
    "yaml: NUL": Bad("yaml", b"a: 1\nb: \0\n", "contains a NUL character", 2, None),
    "yaml: integer beyond 64 bits": Bad("yaml", b"a: 18446744073709551615\n", "integer beyond 64 bits", 1),
    "yaml: version 1.2": Bad("yaml", b"%YAML 1.2\n---\na: 1\n", "the directive %YAML asks for a version other than 1.1,"
                             " which no SOPS reader accepts", 1, "remove"),
    "json: list at the root": Bad("json", b'["canary-7f3a"]', "the top level is not an object", 1, "put it into one"),
    "json: NaN": Bad("json", b'{"a": NaN}', "not JSON: it has no NaN and no Infinity", 1, "null"),
    "json: truncated": Bad("json", b'{"a": "canary-7f3a"', "not JSON: the file ends where a comma or } is expected", 1,
                           "add what is missing"),
    "json: duplicate key": Bad("json", b'{"a": 1,\n "a": 2}', "the key a appears twice", 2),
    "json: deep": Bad("json", b'{"a":' * 300 + b"1" + b"}" * 300, "nested deeper than 200 levels", 1, "--max-depth"),
    "json: not UTF-8": Bad("json", b'{"a": "\xff"}', "not UTF-8", 1, "UTF-8"),
    "json: byte order mark": Bad("json", b"\xef\xbb\xbf{}", "starts with a byte order mark", 1, "without BOM"),
    "dotenv: no equals sign": Bad("dotenv", b"A=1\ncanary-7f3a\n", "a line without =", 2, "KEY=value"),
    "dotenv: duplicate": Bad("dotenv", b"A=canary-7f3a\nA=2\n", "the key A appears twice", 2),
    "ini: no delimiter": Bad("ini", b"[s]\ncanary-7f3a\n", "neither a key with = or :, nor a [section], nor a comment",
                             2),
    "ini: duplicate": Bad("ini", b"[s]\na=canary-7f3a\na=2\n", "the key a appears twice", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_what_cannot_be_encrypted(name: str) -> None:
    bad = PLAIN[name]
    with pytest.raises(FormatError) as caught:
        seal(bad.data, bad.format)
    error = caught.value
    assert error.message.replace("'", "") == bad.message.replace("'", "")
    assert error.line == bad.line
    assert error.hint is None if bad.hint is None else bad.hint in (error.hint or "")
    assert str(error).startswith(f"line {bad.line}" if bad.line else error.message[:10])
    assert CANARY not in f"{error} {error.hint} {error!r}"


@pytest.mark.parametrize(
    ("limits", "data", "message"),
    [
        (Limits(file_bytes=10), b"a: 1234567890\n", "larger than 10 bytes"),
        (Limits(leaves=2), b"a: 1\nb: 2\nc: 3\n", "more than 2 leaves"),
        (Limits(scalar_bytes=5), b"a: 1234567890\n", "a value is longer than 5 bytes"),
        (Limits(depth=2), b"a: {b: {c: 1}}\n", "nested deeper than 2 levels"),
    ],
)
def test_limits_are_the_callers(limits: Limits, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        encrypt(data, "yaml", KEYS, 0, Selection(), AMBIENT, read=ReadOptions(limits))
    assert "--max-" in (caught.value.hint or "")


SEALED = seal(b"db:\n  password: canary-7f3a\n  user: admin\n", "yaml")
TOKEN = re.compile(rb"ENC\[[^\]]*\]")


def test_a_truncated_sealed_file() -> None:
    for length in range(0, len(SEALED) - 1, 23):
        with pytest.raises(LeafsealError) as caught:
            open_(SEALED[:length], "yaml")
        assert caught.value.hint or isinstance(caught.value, FormatError | MetadataError), length


def test_a_wrong_format() -> None:
    with pytest.raises(FormatError, match="not JSON") as caught:
        open_(SEALED, "json")
    assert caught.value.line == 1


def test_a_plain_file_is_not_encrypted() -> None:
    with pytest.raises(NotEncryptedError, match="not encrypted") as caught:
        open_(b"a: 1\n", "yaml")
    assert "leafseal encrypt" in (caught.value.hint or "")


def test_an_encrypted_file_is_not_encrypted_again() -> None:
    with pytest.raises(AlreadyEncryptedError, match="a plain file with a top-level key 'sops'") as caught:
        seal(SEALED, "yaml")
    assert "leafseal edit" in (caught.value.hint or "")


def test_a_wrong_key() -> None:
    stranger = throwaway_identity()
    with pytest.raises(DataKeyError, match="cannot decrypt it") as caught:
        open_sealed(SEALED, "yaml", stranger.ambient())
    assert "SOPS_AGE_KEY" in str(caught.value)
    assert stranger.identity not in f"{caught.value} {caught.value.hint}"
    assert len(caught.value.attempts) == 1


def test_no_key() -> None:
    from leafseal.testing import ambient_with

    with pytest.raises(DataKeyError, match="no age identity found"):
        open_sealed(SEALED, "yaml", ambient_with())


def test_a_damaged_token_names_its_path() -> None:
    damaged = SEALED.replace(b"password: ENC[AES256_GCM,data:", b"password: ENC[AES256_GCM,data:AAAA", 1)
    with pytest.raises(
        IntegrityError, match=r"db\.password: this value was changed or moved after it was encrypted"
    ) as caught:
        open_(damaged, "yaml")
    assert caught.value.path == ("db", "password")
    assert "restore the file" in (caught.value.hint or "")


def test_a_moved_token_names_its_new_path() -> None:
    with pytest.raises(IntegrityError, match=r"db\.pass: this value was changed or moved after it was encrypted"):
        open_(SEALED.replace(b"password:", b"pass:"), "yaml")


def test_a_clear_value_in_the_place_of_a_sealed_one() -> None:
    with pytest.raises(IntegrityError, match=r"db\.user: not encrypted"):
        open_(re.sub(rb"user: ENC\[[^\]]*\]", b"user: admin", SEALED), "yaml")


def test_a_value_that_is_gone_is_noticed() -> None:
    with pytest.raises(MACMismatchError, match="the integrity check") as caught:
        open_(re.sub(rb"  user: .*\n", b"", SEALED), "yaml")
    assert not re.search(r"[0-9A-F]{16}", f"{caught.value} {caught.value.hint}")


def test_unknown_recipients() -> None:
    with pytest.raises(ProviderError, match="recipient 1 is not an age recipient"):
        parse_recipients("age", "alice")
    right = str(KEYS[0][0])
    mistyped = right[:-1] + ("q" if right[-1] != "q" else "p")
    with pytest.raises(ProviderError) as caught:
        parse_recipients("age", mistyped)
    assert caught.value.hint


def test_no_recipients() -> None:
    with pytest.raises(ConfigError, match="no key groups provided"):
        encrypt(b"a: 1\n", "yaml", [], 0, Selection(), AMBIENT)
    with pytest.raises(ConfigError, match="empty key group provided"):
        encrypt(b"a: 1\n", "yaml", [[]], 0, Selection(), AMBIENT)


def test_a_rule_that_seals_nothing() -> None:
    with pytest.raises(NothingSealedError, match="the rule encrypts nothing in this file") as caught:
        encrypt(b"a: canary-7f3a\n", "yaml", KEYS, 0, Selection(encrypted_regex="^nope$"), AMBIENT)
    assert "--allow-nothing-sealed" in (caught.value.hint or "")
    assert CANARY not in str(caught.value)


def test_an_invalid_rule() -> None:
    with pytest.raises(ConfigError, match="encrypted_regex"):
        Selection(encrypted_regex="[")


def test_an_alias_is_not_left_clear_where_its_anchor_is_sealed() -> None:
    with pytest.raises(LeafsealError, match="an alias would leave in plain text") as caught:
        seal(b"secret: &s canary-7f3a\ncopy_unencrypted: *s\n", "yaml")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("format_name", "text"),
    [
        ("yaml", "a: [" + "x, " * 20),
        ("yaml", "#\n" * 20 + "a: ["),
        ("yaml", "a: 1\n" + "#\n" * 20 + "b: ["),
        ("yaml", "---\n" * 20 + "a: ["),
        ("json", '{"a": [' + "1, " * 20),
        ("dotenv", "#\n" * 20 + "canary-7f3a"),
        ("dotenv", "".join(f"a{n}=1\n" for n in range(20)) + "canary-7f3a"),
        ("ini", "".join(f"a{n}=1\n" for n in range(30)) + "[canary-7f3a"),
        ("ini", "".join(f"[a{n}]\n" for n in range(30)) + "[canary-7f3a"),
        ("ini", ";\n" * 20 + "[canary-7f3a"),
    ],
)
def test_a_file_of_too_many_values_is_not_read_to_its_end(format_name: str, text: str) -> None:
    """Its end is wrong, and nobody gets so far: what takes gigabytes of memory is given up before."""
    with pytest.raises(FormatError, match="more than 10 leaves"):
        parse(text.encode(), format_name, ReadOptions(Limits(leaves=10)))


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("lines", ["A=1\n\n#c\nB=2", "A=1\nB=2", "\nA=", "#", ""])
def test_a_dotenv_file_of_many_empty_lines_is_not_split_at_once(lines: str, end: str) -> None:
    text = "\n" * 50 + lines + "\n" * 3 + lines.replace("A", "C").replace("B", "D") + end
    [many, few] = [parse(text.encode(), "dotenv", ReadOptions(Limits(leaves=most))).leaves() for most in (10, 100)]
    assert list(many) == list(few)
