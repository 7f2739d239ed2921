"""Hints about plain JSON files."""

from __future__ import annotations

from .scenario import Scenario

SCENARIOS = [
    Scenario(
        "formats.json.scan",
        "check the line and the one before it: names end in a colon, members are separated by commas",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": "x"}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a" "x"}'},
    ),
    Scenario(
        "formats.json.scan",
        "restore the whole file, or add what is missing at its end",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": "x"}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a": "x"'},
    ),
    Scenario(
        "formats.json",
        "save the file as UTF-8",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": "ÿ"}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a": "\udcff"}'},
    ),
    Scenario(
        "formats.json.scan",
        'put it into one: {"data": [...]}',
        "encrypt --age ME f.json",
        (
            {"f.json": '{"data": [1]}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": "[1]"},
    ),
    Scenario(
        "formats.json.scan",
        "keep one object in each JSON file",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": 1}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a": 1} {"b": 1}'},
    ),
    Scenario(
        "formats.json.scan",
        "raise the limit with --max-depth",
        "encrypt --age ME --max-depth 2 f.json",
        ("encrypt --age ME --max-depth 4 f.json",),
        files={"f.json": '{"a": {"b": {"c": 1}}}'},
    ),
    Scenario(
        "formats.json.scan",
        "put it in quotes",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": "1e999"}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a": 1e999}'},
    ),
    Scenario(
        "formats.json.scan",
        "save the file as UTF-8 without BOM",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": 1}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '\ufeff{"a": 1}'},
    ),
    Scenario(
        "formats.json.scan",
        "the least that a JSON file can contain is {}",
        "encrypt --age ME f.json",
        (
            {"f.json": "{}"},
            "encrypt --age ME f.json",
        ),
        files={"f.json": ""},
    ),
    Scenario(
        "formats.json.scan",
        "write null, or a string",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": null}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a": NaN}'},
    ),
    Scenario(
        "formats.common",
        "remove one of the two",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": 2}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a": 1, "a": 2}'},
    ),
    Scenario(
        "document.tree",
        "remove one of the two",
        "encrypt --age ME f.json",
        (
            {"f.json": '{"a": {"x": 2}}'},
            "encrypt --age ME f.json",
        ),
        files={"f.json": '{"a": {"x": 1}, "a": {"x": 2}}'},
    ),
    Scenario(
        "formats.json.scan",
        "delete the comments",
        "encrypt --age ME f.json",
        ({"f.json": '{"a": 1}\n'}, "encrypt --age ME f.json"),
        files={"f.json": '{"a": 1, // x\n"b": 2}\n'},
    ),
    Scenario(
        "formats.json.scan",
        'use double quotes: "…"',
        "encrypt --age ME f.json",
        ({"f.json": '{"a": 1}\n'}, "encrypt --age ME f.json"),
        files={"f.json": "{'a': 1}\n"},
    ),
    Scenario(
        "formats.json.scan",
        "delete the comma before the bracket, or add what is missing",
        "encrypt --age ME f.json",
        ({"f.json": '{"a": 1}\n'}, "encrypt --age ME f.json"),
        files={"f.json": '{"a": 1,}\n'},
    ),
    Scenario(
        "formats.json.scan",
        "write text in double quotes; other values are numbers, true, false and null",
        "encrypt --age ME f.json",
        ({"f.json": '{"a": "b"}\n'}, "encrypt --age ME f.json"),
        files={"f.json": '{"a": b}\n'},
    ),
    Scenario(
        "formats.json.scan",
        "put every name in double quotes",
        "encrypt --age ME f.json",
        ({"f.json": '{"a": 1}\n'}, "encrypt --age ME f.json"),
        files={"f.json": "{a: 1}\n"},
    ),
    Scenario(
        "formats.json.scan",
        'close the quotes; in them, write \\n for a line break, \\" for quotes and \\\\ for a backslash',
        "encrypt --age ME f.json",
        ({"f.json": '{"a": "C:\\\\dir"}\n'}, "encrypt --age ME f.json"),
        files={"f.json": '{"a": "C:\\dir"}\n'},
    ),
]
