"""Files that do not parse: half of a merge, templates, files of other programs, faults of YAML and JSON."""

from __future__ import annotations

import pytest

from leafseal.errors import FormatError
from leafseal.formats import FORMATS, parse

CONFLICT = b"<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> other\n"


def fault(data: bytes, format_name: str) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse(data, format_name)
    assert "c4n4ry" not in f"{caught.value} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("format_name", [one.name for one in FORMATS.values() if not one.tree_format])
def test_conflict_markers_are_named_with_their_line(format_name: str) -> None:
    before = {"yaml": b"b: 1\n", "json": b"{\n", "dotenv": b"B=1\n", "ini": b"[a]\n"}[format_name]
    error = fault(before + CONFLICT, format_name)
    assert str(error) == "line 2: unresolved Git conflict (<<<<<<<)"
    assert "delete the lines with <<<<<<<, ======= and >>>>>>>" in (error.hint or "")


@pytest.mark.parametrize("text", ["c: '<<<<<<< x'\na: b: c\n", "# <<<<<<< x\na: b: c\n", "======== x\na: b: c\n"])
def test_what_looks_like_a_marker_is_none(text: str) -> None:
    assert "conflict" not in str(fault(text.encode(), "yaml"))


@pytest.mark.parametrize("format_name", ["yaml", "json", "dotenv"])
@pytest.mark.parametrize(
    ("text", "message"),
    {
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n": "a Git LFS pointer",
        "$ANSIBLE_VAULT;1.1;AES256\n3132\n": "encrypted with ansible-vault",
        "<!DOCTYPE html>\n<html></html>\n": "an HTML page",
        "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n": "encrypted with PGP as a whole",
        "age-encryption.org/v1\n-> X25519 c4n4ry\n": "encrypted with age as a whole",
    }.items(),
)
def test_files_of_other_programs_are_named(format_name: str, text: str, message: str) -> None:
    assert message in str(fault(text.encode(), format_name))


@pytest.mark.parametrize(
    ("format_name", "text", "line"),
    [
        ("yaml", 'a: "{{ .x }}"\n{{- if .y }}\nb: 1\n', 2),
        ("yaml", "a: {{ x }}\n", 1),
        ("yaml", "{% if x %}\na: 1\n{% endif %}\n", 1),
        ("yaml", "a:\n  {{- toYaml .x }}\n", 2),
        ("yaml", "a: 1\n{{ x }}: 2\n", 2),
        ("json", '{"a": {{ x }}}', 1),
        ("dotenv", "A=1\n{{ if x }}\nB=1\n", 2),
        ("ini", "[a]\n{% if x %}\nb=1\n", 2),
    ],
)
def test_templates_are_named(format_name: str, text: str, line: int) -> None:
    error = fault(text.encode(), format_name)
    assert (error.line, error.message) == (line, "a template ({{ … }} or {% … %}) is where a key or a value should be")


def test_a_template_in_quotes_is_not_what_is_wrong() -> None:
    assert "template" not in str(fault(b'a: "{{ .x }}"\nb: c: d\n', "yaml"))


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a:\n\tb: x\n", "line 2, column 1", "a tab indents this line", "spaces"),
        ("a:\n  - b\n\t- c\n", "line 3, column 1", "a tab indents this line", "spaces"),
        ("a: @x\n", "line 1, column 4", "a value begins with @, ` or %", "in quotes"),
        ("a: `x`\n", "line 1, column 4", "a value begins with @, ` or %", "in quotes"),
        ("a: {ABC\nb: 1\n", "line 1, column 4", "a bracket or brace that is not closed", "in quotes"),
        ("a: [ABC\n", "line 1, column 4", "a bracket or brace that is not closed", "in quotes"),
        ('a: "C:\\dir"\n', "line 1, column 7", "a backslash in double quotes", "single quotes"),
        ("a: b: c\n", "line 1, column 5", "a second colon on this line", "in quotes"),
        ("a: 'it's'\n", "line 1, column 8", "text after quotes", "''"),
        ('b: 1\na: "x\nb: 1\n', "line 2, column 4", "quotes that are not closed", "begin here"),
        ("a: 1\nfoo\nb: 2\n", "line 3, column 1", "a line that is neither key: value nor part of a text", "key: value"),
        ("a: **b**\n", "line 1, column 5", "a value begins with *, & or !", "in quotes"),
        ("a: - b\n", "line 1, column 4", "a list begins on the line of its key", "in quotes"),
        ("a: }x\n", "line 1, column 4", "a value begins with ], } or a comma", "in quotes"),
    ],
)
def test_faults_of_yaml_are_in_words_that_people_know(text: str, place: str, message: str, hint: str) -> None:
    error = fault(text.encode(), "yaml")
    assert str(error).startswith(f"{place}: not valid YAML: {message}")
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("text", "hint"),
    {
        '{"a": 1, // c4n4ry\n"b": 2}': "delete the comments",
        '{\n# c4n4ry\n"a": 1}': "delete the comments",
        '{"a": 1 /* c4n4ry */}': "delete the comments",
        "{'a': 1}": "use double quotes",
        "{a: 1}": "double quotes",
        '{"a": 1,}': "delete the comma",
        '{"a": c4n4ry}': "double quotes",
        '{"a": "C:\\dir"}': "\\\\ for a backslash",
    }.items(),
)
def test_faults_of_json_have_hints(text: str, hint: str) -> None:
    assert hint in (fault(text.encode(), "json").hint or "")
