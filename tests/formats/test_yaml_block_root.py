"""The layout that an encrypted YAML file has, and an encrypted JSON file that stood on one line."""

from __future__ import annotations

import re

import pytest

from leafseal.document.limits import Limits
from leafseal.errors import FormatError
from leafseal.formats import json, yaml

from .fake_sealing import METADATA


def laid_out(text: str, indent: int | None = None) -> str | None:
    document = yaml.parse(text.encode()).laid_out(indent)
    return None if document is None else document.text


@pytest.mark.parametrize(
    ("source", "block"),
    [
        ("{a: 1, b: {c: two}}", "a: 1\nb:\n    c: two\n"),
        ("--- {a: 1}\n", "---\na: 1\n"),
        ("--- # why\n{a: 1}\n", "---\n# why\na: 1\n"),
        ("&x !!map {a: &y 1, b: *y}\n", "a: 1\nb: 1\n"),
        ('{"a": "x", "b": [1, {"c": true}]}', 'a: "x"\nb:\n    - 1\n    - c: true\n'),
        ("{a: 0x1F, b: '1', c: 1.0, d: 2024-01-01}\n", "a: 0x1F\nb: '1'\nc: 1.0\nd: 2024-01-01\n"),
        ("{a: -, b: -x}\n", "a: '-'\nb: -x\n"),
        ("{a: 'x\n  y', b: x\n  y, c: \"\\\n  x\"}\n", "a: x y\nb: x y\nc: x\n"),
        ("{a: !!str 12, b: !!float 3, c: !x v}\n", 'a: "12"\nb: 3.0\nc: v\n'),
        ("{a, b: , c: ''}\n", "a: null\nb: null\nc: ''\n"),
        ("{a: [], b: {}, c: [k: v]}\n", "a: []\nb: {}\nc:\n    - k: v\n"),
        ("{a: {x: 1}, # of a\n # of b\n b: 2} # end\n", None),
        ("\ufeff{a: 1}\r\n# c\r\n", "\ufeffa: 1\r\n# c\r\n"),
        ("%YAML 1.1\n---\n{a: 1}\n...\n# end\n", "%YAML 1.1\n---\na: 1\n...\n# end\n"),
        ("a: [1]\n---\n{b: 2}\n---\nc: {d: 3}\n", "a: [1]\n---\nb: 2\n---\nc: {d: 3}\n"),
        ("{ }\n", "{}\n"),
        ("\ufeff{}\n", "\ufeff\n{}\n"),
        ("{a: x # of a\n, b: [y # of y\n]}\n", "a: x # of a\nb:\n    - y # of y\n"),
        ('{a: "x\\ny" # of a\n, b: [] # of b\n}\n', 'a: "x\\ny" # of a\nb: []\n# of b\n'),
        ("{ # why\n}", "# why\n{}\n"),
        ("{a: [ # c\n # d\n], b: { # e\n}}\n", None),
        ("--- {}\n--- {}\n", "---\n---\n"),
        ("a: 1\n...\n---\n{}\n", "a: 1\n...\n---\n"),
        ("--- {a: {}}\n---\nb: 1\n", "---\na: {}\n---\nb: 1\n"),
        ("--- {a: 1} #\n", "---\n#\na: 1\n"),
        ("{a: 1} #", "#\na: 1\n"),
        # lines that all stand in
        ("  a: 1\n  b:\n    - c\n # d\n\n  e: |\n    x\n     y\n", "a: 1\nb:\n  - c\n# d\n\ne: |\n  x\n   y\n"),
        ("---\n  a: 'x\n  y'\n  b: x\n    y\n", "---\na: 'x\ny'\nb: x\n  y\n"),
        ("--- &x\r\n  a: |2\r\n      x\r\n", "--- &x\r\na: |2\r\n    x\r\n"),
        ("\ufeff  a: 1\r  b: 2\r", "\ufeffa: 1\rb: 2\r"),
    ],
)
def test_every_root_is_a_block_at_the_margin(source: str, block: str | None) -> None:
    found = laid_out(source)
    assert found is not None
    assert found == block or block is None
    again = yaml.parse(found.encode())
    assert again.laid_out() is None
    sealed = again.rewrite([], METADATA)
    assert len(re.findall(rb"(?:^|[\r\n])sops:[\r\n]", sealed)) == len(again._scan.documents)


@pytest.mark.parametrize(
    "text", ["a: {b: 1}\n", "---\n", "null\n", "{}\n", "# c\n{}\n", "--- !!map\na: 1\n", "? a\n: b\n"]
)
def test_what_is_one_stays(text: str) -> None:
    assert laid_out(text) is None


def test_the_indentation_is_that_of_the_metadata() -> None:
    assert laid_out("{a: {b: 1}}", 2) == "a:\n  b: 1\n"


@pytest.mark.parametrize("text", ["{}\n", "{}", "# c\n{}\n", "# c\r\n{}\r\n# d\r\n", "{}\n---\na: 1\n"])
def test_nothing_becomes_a_block_and_nothing_again(text: str) -> None:
    sealed = yaml.parse(text.encode()).rewrite([], METADATA)
    assert b"\nsops:" in b"\n" + sealed
    assert b"{}" not in sealed
    assert yaml.parse(sealed).rewrite([], None).decode() == text


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (
            '{"a":1,"b" : [ true,{"c":[ ]} ,"x, {y}\\"" ]}',
            '{\n\t"a": 1,\n\t"b": [\n\t\ttrue,\n\t\t{\n\t\t\t"c": []\n\t\t},\n\t\t"x, {y}\\""\n\t]\n}\n',
        ),
        (' {"\\u00e9": 1.50}\r\n', '{\r\n\t"\\u00e9": 1.50\r\n}\r\n'),
        ("{ }", "{}\n"),
        ("{\n}\n", "{}\n"),
        ("{}\n", None),
        ('{"a":\n1}', None),
        ('{\n"a":{"b":1}\n}\n', None),
    ],
)  # fmt: skip
def test_a_json_file_on_one_line_gets_lines(source: str, lines: str | None) -> None:
    document = json.parse(source.encode()).laid_out()
    assert (document and document.text) == lines


def test_json_lines_are_indented_as_asked() -> None:
    document = json.parse(b'{"a": [1]}').laid_out(2)
    assert document is not None
    assert document.text == '{\n  "a": [\n    1\n  ]\n}\n'
    assert document.block_indent == 2


@pytest.mark.parametrize("module", [yaml, json])
def test_lines_that_would_outgrow_every_limit_are_not_made(module: object) -> None:
    deep = b'{"a": ' + b"[" * 100 + b", ".join([b'"x"'] * 1000) + b"]" * 100 + b"}"
    parse = getattr(module, "parse")  # noqa: B009
    assert len(parse(deep).laid_out().text) > 100_000
    with pytest.raises(FormatError, match="too deeply nested") as caught:
        parse(deep, Limits(file_bytes=100_000)).laid_out()
    assert caught.value.hint is not None
    assert "--max-file-size" in caught.value.hint
