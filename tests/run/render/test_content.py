"""What rendered files contain, read by the programs that such files are for."""

from __future__ import annotations

import configparser
import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import leafseal
from leafseal.errors import EmitError, FormatError, LeafsealError, PathError, RefusedError
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Opened, Source, open_file
from leafseal.run.render import escapes
from leafseal.run.render.content import contents
from leafseal.run.render.entries import Entry
from leafseal.run.render.template import fill
from leafseal.run.render.values import Values
from leafseal.testing import throwaway_identity

ME = throwaway_identity()
PEM = "-----BEGIN TEST KEY-----\nabc\ndef\n-----END TEST KEY-----\n"
PLAIN = f"""\
# settings
db:
    password: 'a"b''c $d\\e <é>'
    port: 5432
    ratio: 1.50
    zip: 0123
    day: 2026-01-15
    on: true
    none: null
    empty: ''
hosts: [a, {{b: 1}}]
key: |
{chr(10).join("    " + line for line in PEM.splitlines())}
files:
    tls.key: k
    tls.crt: c
"a/b": slash
"""


def opened(text: str | bytes = PLAIN, form: str = "yaml") -> Opened:
    data = leafseal.encrypt(text.encode() if isinstance(text, str) else text, format=form, recipients=[ME.recipient])
    return open_file(Source("s", data, form), KeyRing(Ambient({"SOPS_AGE_KEY": ME.identity}, "/nonexistent")))


@pytest.fixture(scope="module")
def file() -> Opened:
    return opened()


def rendered(entry: Entry, file: Opened, template: bytes = b"") -> dict[str, bytes]:
    return dict(contents(entry, file, lambda: Values(file, entry.document), lambda _: template))


def one(path: str, pointer: str, file: Opened, form: str | None = None) -> bytes:
    [data] = rendered(Entry(path, "s", pointer, format=form), file).values()
    return data


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        ("/key", PEM),
        ("/db/password", "a\"b'c $d\\e <é>"),
        ("db.port", "5432"),
        ('["db"]["ratio"]', "1.50"),
        ("/db/zip", "0123"),
        ("/db/day", "2026-01-15"),
        ("/db/on", "true"),
        ("/db/none", ""),
        ("/db/empty", ""),
        ("/hosts/0", "a"),
        ("/hosts/1/b", "1"),
        ("/a~1b", "slash"),
    ],
)
def test_a_value_alone_is_its_text_with_nothing_added(file: Opened, pointer: str, text: str) -> None:
    assert one("any.json", pointer, file) == text.encode()


def test_a_whole_file_is_what_decrypt_prints(file: Opened) -> None:
    assert one("any", "", file) == one("x.yaml", "", file) == one("any", "", file, "raw") == PLAIN.encode()
    binary = opened(b"\0\xff\r\n", "binary")
    assert one("x.json", "", binary) == b"\0\xff\r\n"


def test_formats_by_name_and_by_word(file: Opened, tmp_path: Path) -> None:
    assert json.loads(one("x.json", "", file))["db"]["port"] == 5432
    assert yaml.safe_load(one("x", "/hosts", file, "yaml")) == ["a", {"b": 1}]
    assert json.loads(one("x", "/db/password", file, "json")) == "a\"b'c $d\\e <é>"
    assert json.loads(one("x", "/db/none", file, "json")) is None
    (tmp_path / "db.env").write_bytes(one("db.env", "/db", file))
    script = '. ./db.env; printf "%s|" "$password" "$port" "$ratio" "$zip" "$day" "$on" "$none"'
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode() == "a\"b'c $d\\e <é>|5432|1.50|0123|2026-01-15|true||"
    ini = configparser.RawConfigParser()
    ini.read_string(one("x.ini", "", opened("a:\n    b: 1\n    c: x\n")).decode())
    assert ini["a"]["b"] == "1"


def test_properties(file: Opened) -> None:
    text = one("x.properties", "", file)
    assert text.isascii()
    lines = text.decode().splitlines()
    assert "db.password=a\"b'c $d\\\\e <\\u00e9>" in lines
    assert "db.ratio=1.50" in lines
    assert "hosts[1].b=1" in lines
    assert "key=-----BEGIN TEST KEY-----\\nabc\\ndef\\n-----END TEST KEY-----\\n" in lines
    with pytest.raises(EmitError, match=r"two values would be the property a\.b"):
        one("x.properties", "", opened("a:\n    b: x\na.b: y\n"))


def _read_properties(text: str) -> dict[str, str]:
    """Read Java properties of one line each, after the documentation of `java.util.Properties`."""

    def plain(part: str) -> str:
        result, at = "", 0
        while at < len(part):
            sign = part[at]
            if sign != "\\":
                result, at = result + sign, at + 1
            elif part[at + 1] == "u":
                result, at = result + chr(int(part[at + 2 : at + 6], 16)), at + 6
            else:
                result, at = (
                    result + {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}.get(part[at + 1], part[at + 1]),
                    at + 2,
                )
        return result.encode("utf-16", "surrogatepass").decode("utf-16")

    found = {}
    for line in text.splitlines():
        at = 0
        while at < len(line) and line[at] not in " \t\f=:":
            at += 2 if line[at] == "\\" else 1
        rest = line[at:].lstrip(" \t\f")
        rest = rest[1:].lstrip(" \t\f") if rest[:1] in ("=", ":") else rest
        found[plain(line[:at])] = plain(rest)
    return found


_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(_TEXT.filter(bool), _TEXT)
def test_properties_are_read_back(name: str, value: str) -> None:
    line = f"{escapes.property_name(name)}={escapes.property_value(value)}"
    assert line.isascii()
    assert line.isprintable()
    assert _read_properties(line) == {name: value}


def test_one_file_for_each_key(file: Opened) -> None:
    assert rendered(Entry("tls/", "s", "/files"), file) == {"tls/tls.key": b"k", "tls/tls.crt": b"c"}
    assert rendered(Entry("./", "s", "/files"), file) == {"tls.key": b"k", "tls.crt": b"c"}


@pytest.mark.parametrize("key", ["..", "..data", "../../etc/passwd", "a/b", ".", "", "/etc/x", "..a"])
def test_keys_that_lead_elsewhere_are_no_names(key: str) -> None:
    with pytest.raises(RefusedError, match="no name for a file"):
        rendered(Entry("x/", "s"), opened(json.dumps({key: "v"}), "json"))


def test_what_cannot_be_rendered(file: Opened) -> None:
    cases: list[tuple[Entry, type[LeafsealError], str]] = [
        (Entry("x", "s", "/db"), EmitError, "names no format"),
        (Entry("x", "s", "/db", format="raw"), EmitError, "not a single value"),
        (Entry("x", "s", "/db/port", format="dotenv"), EmitError, "is a single value"),
        (Entry("x.env", "s", "/hosts"), EmitError, "a list, which dotenv cannot contain"),
        (Entry("x.env", "s"), EmitError, "complex value"),
        (Entry("x", "s", "/db/nothing"), PathError, r"db\.nothing does not exist"),
        (Entry("x", "s", "/hosts/9"), PathError, r"hosts\[9\] does not exist"),
        (Entry("x", "s", "/db/port/x"), PathError, "does not exist"),
        (Entry("x", "s", "/key", 3), PathError, "there is no document 3"),
        (Entry("x/", "s", "/key"), PathError, "not a mapping"),
        (Entry("x/", "s", ""), EmitError, "not a single value"),
    ]
    for entry, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            rendered(entry, file)
        assert "5432" not in str(caught.value)


def test_documents() -> None:
    two = opened("a: 1\n---\na: 2\n")
    assert rendered(Entry("x", "s", "/a", 1), two) == {"x": b"2"}
    assert json.loads(rendered(Entry("x.json", "s", "", 1), two)["x.json"]) == {"a": 2}
    assert rendered(Entry("x", "s"), two) == {"x": b"a: 1\n---\na: 2\n"}


def test_names_that_nothing_protects_are_not_given_to_shells() -> None:
    data = leafseal.encrypt(b"A=1\n", format="dotenv", recipients=[ME.recipient])
    data = b"$(id)=\n" + b"".join(line for line in data.splitlines(True) if b"structure" not in line)
    ring = KeyRing(Ambient({"SOPS_AGE_KEY": ME.identity}, "/nonexistent"))
    found = open_file(Source("s", data, "dotenv"), ring)
    for entry in (Entry("x", "s"), Entry("x.env", "s"), Entry("x.env", "s", document=0)):
        with pytest.raises(RefusedError, match="empty values have names"):
            rendered(entry, found)
    assert json.loads(one("x.json", "", found)) == {"$(id)": "", "A": "1"}


# -- templates


VALUES: dict[str, object] = {"/p": "a\"b'c\n$d\\ <&> é;", "/n": 5, "/f": 1.5, "/t": True, "/z": None}


def find(pointer: str) -> tuple[object, str]:
    value = VALUES[pointer]
    return value, "" if value is None else "true" if value is True else str(value)


def filled(text: str, escape: str | None = None) -> str:
    return fill(text.encode(), find, escape).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("json", json.loads),
        ("yaml", yaml.safe_load),
        ("url", unquote),
        ("xml", lambda text: ET.fromstring(f'<a b="{text}"/>').get("b")),
        ("xml", lambda text: ET.fromstring(f"<a>{text}</a>").text),
        ("shell", lambda text: subprocess.run(["sh", "-c", f"printf %s {text}"], capture_output=True).stdout.decode()),
        (
            "base64",
            lambda text: subprocess.run(["base64", "-d"], input=text.encode(), capture_output=True).stdout.decode(),
        ),
        ("none", str),
    ],
)
def test_ways_of_writing(name: str, read: Callable[[str], object]) -> None:
    expected = VALUES["/p"]
    if name == "xml":
        VALUES["/p"] = expected = "a\"b'c $d\\ <&> é;"  # line breaks in attributes are blanks
    try:
        assert read(filled(f"${{/p|{name}}}")) == expected
    finally:
        VALUES["/p"] = "a\"b'c\n$d\\ <&> é;"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_is_yaml_too(text: str) -> None:
    written = escapes.json_text(text, text)
    assert json.loads(written) == text
    assert yaml.safe_load(written) == text
    assert "\n" not in written


def test_numbers_and_others_in_json() -> None:
    template = '{"n": ${/n|json}, "f": ${ /f | json }, "t": ${/t|json}, "z": ${/z|json}}'.replace("${ /f", "${/f")
    assert json.loads(filled(template)) == {"n": 5, "f": 1.5, "t": True, "z": None}


def test_words_of_yaml_for_true_and_false_are_none_of_json() -> None:
    assert [escapes.json_text(True, "True"), escapes.json_text(False, "FALSE")] == ["true", "false"]


def test_every_other_dollar_stays() -> None:
    text = "$host ${VAR} $$ ${x:-/y} $1 $(id) $${/p} ${ /p}\n"
    assert filled(text, "none") == text.replace("$${/p}", "${/p}")
    assert filled("${/n}-${/n|json}", "none") == "5-5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${/n}", "does not say how the value is written"),
        ("${/n|html}", "unknown way of writing html"),
        ("${/n", "without }"),
        ("${/n\n}", "without }"),
    ],
)
def test_what_is_no_placeholder(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        filled(f"first\n{text}")
    assert caught.value.line == 2


def test_a_template_is_filled_from_its_file(file: Opened) -> None:
    entry = Entry("x", "s", "/db", template="t", escape="json")
    assert rendered(entry, file, b"${/port} ${/ratio} ${/zip} ${/day}\n") == {"x": b'5432 1.50 "0123" "2026-01-15"\n'}
    entry = Entry("x", "s", template="t", escape="none")
    assert rendered(entry, file, b"${/key}") == {"x": PEM.encode()}
    for text, message in (
        (b"\n${/db}", "not a single value"),
        (b"\n${/nope}", "nope does not exist"),
        (b"\n\xff", "UTF"),
    ):
        with pytest.raises(FormatError, match=message) as caught:
            rendered(entry, file, text)
        assert (caught.value.file, caught.value.line) == ("t", 2)


def test_nothing_of_a_template_is_run(file: Opened) -> None:
    entry = Entry("x", "s", template="t", escape="none")
    text = b"{{ config }} {% import os %} $(id) `id` <% id %> ${__import__('os')} %(a)s {0.__class__}\n"
    assert rendered(entry, file, text) == {"x": text}


def test_a_value_that_is_named_a_million_times_fills_no_memory() -> None:
    entry = Entry("x", "s", template="t", escape="none")
    with pytest.raises(FormatError, match="the file would have more than 64 million characters"):
        rendered(entry, opened(f"a: {'v' * 2**20}\n"), b"${/a}\n" * 1_000_000)


def test_values_are_looked_up_once() -> None:
    """A thousand files of one source: its trees and names are made once."""
    many = opened("".join(f"k{number}: v{number}\n" for number in range(1000)))
    values = Values(many, None)
    compared: list[str] = []

    class Name(str):
        def __eq__(self, other: object) -> bool:
            compared.append(self)
            return str.__eq__(self, other)  # type: ignore[arg-type]

        __hash__ = str.__hash__

    values.root.items[:] = [(Name(item[0]), item[1]) for item in values.root.items]  # type: ignore[index]
    for number in range(1000):
        [(_, data)] = contents(Entry(f"k{number}", "s", f"/k{number}"), many, lambda: values, lambda _: b"")
        assert data == b"v%d" % number
    assert len(values._members) == 1
    assert len(compared) < 5000
