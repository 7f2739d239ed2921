"""Hints about plain YAML files."""

from __future__ import annotations

from .scenario import Scenario

SCENARIOS = [
    Scenario(
        "formats.yaml",
        "save the file as UTF-8",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "a: ÿ\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: \udcff\n"},
    ),
    Scenario(
        "formats.yaml",
        "a YAML file must contain at least one document, such as `{}`",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "{a: 1}\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "# c\n"},
    ),
    Scenario(
        "formats.yaml.properties",
        ("put a blank between them; if this is a password that begins with & or !, put it in quotes"),
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "a: '&x:b c'\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: &x:b c\n"},
    ),
    Scenario(
        "formats.yaml.scalars",
        "quote it, if it is meant as text",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "a: '18446744073709551615'\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: 18446744073709551615\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        "write control characters escaped, in double quotes",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": 'a: "\\x01"\n'},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: \x01\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        "remove one of the two",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "a: 2\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: 1\na: 2\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        "remove the directive; plain YAML 1.2 is read without it",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "---\na: 1\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "%YAML 1.2\n---\na: 1\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        'put it in quotes: "1": …',
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": '"1": a\n'},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "1: a\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        ("raise the limit with --max-scalar-size if this is meant, or keep it in a binary file of its own"),
        "encrypt --age ME --max-scalar-size 5 f.yaml",
        ("encrypt --age ME --max-scalar-size 500 f.yaml",),
        files={"f.yaml": "a: 0123456789\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        "raise the limit with --max-depth",
        "encrypt --age ME --max-depth 2 f.yaml",
        ("encrypt --age ME --max-depth 4 f.yaml",),
        files={"f.yaml": "a: {b: {c: 1}}\n"},
    ),
    Scenario(
        "formats.common",
        "raise the limit with --max-leaves",
        "encrypt --age ME --max-leaves 1 f.yaml",
        ("encrypt --age ME --max-leaves 2 f.yaml",),
        files={"f.yaml": "a: 1\nb: 2\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        "this looks like an alias bomb; if it isn't one, write the values out",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "b: [x]\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: &a [" + "x," * 300 + "]\nb: [" + "*a," * 300 + "]\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        "put the list under a key of a mapping",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "list:\n- a\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "- a\n"},
    ),
    Scenario(
        "formats.yaml.scan",
        "put a template in quotes, as a text",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "a: '{{ b }}'\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: {{ b }}\n"},
    ),
    Scenario(
        "formats.yaml.seal",
        "end the file with a line break, or write the block with |-",
        "encrypt --age ME --encrypted-regex ^pass f.yaml",
        (
            {"f.yaml": "password: x\nnote: |-\n  y"},
            "encrypt --age ME --encrypted-regex ^pass f.yaml",
        ),
        files={"f.yaml": "password: x\nnote: |\n  y"},
    ),
    Scenario(
        "formats.yaml.seal",
        "put the value in quotes; if it is meant as a name, write a colon after it",
        "encrypt --age ME --encrypted-regex ^pass f.yaml",
        (
            {"f.yaml": "password: '{abc}'\n"},
            "encrypt --age ME --encrypted-regex ^pass f.yaml",
        ),
        files={"f.yaml": "password: {abc}\n"},
    ),
    Scenario(
        "formats.yaml.seal",
        "write the value out, or choose a rule that encrypts both places",
        "encrypt --age ME --encrypted-regex ^pass f.yaml",
        (
            {"f.yaml": "password: x\nuser: x\n"},
            "encrypt --age ME --encrypted-regex ^pass f.yaml",
        ),
        files={"f.yaml": "password: &a x\nuser: *a\n"},
    ),
    Scenario(
        "formats.yaml.seal",
        'put the value in quotes; if it is meant as a tag, write "" after it',
        "encrypt --age ME --encrypted-regex ^pass f.yaml",
        (
            {"f.yaml": "password: '!abc'\n"},
            "encrypt --age ME --encrypted-regex ^pass f.yaml",
        ),
        files={"f.yaml": "password: !abc\n"},
    ),
    Scenario(
        "formats.yaml.anchors",
        ("to write the old value out where the anchor is used, add --expand-aliases to leafseal set or unset"),
        "set f.yaml a 2",
        ("set --expand-aliases f.yaml a 2",),
        files={"f.yaml": "a: &a 1\nb: *a\n"},
        before=("encrypt -i --age ME f.yaml",),
    ),
    Scenario(
        "operations.clear_text",
        "put the whole value in quotes, or move the comment to a line of its own",
        "encrypt --age ME --encrypted-regex ^pass --comments seal f.yaml",
        (
            {"f.yaml": "password: '#abc'\n"},
            "encrypt --age ME --encrypted-regex ^pass --comments seal f.yaml",
        ),
        files={"f.yaml": "password: #abc\n"},
    ),
    Scenario(
        "formats.yaml.seal",
        "write the key out",
        "encrypt --age ME f.yaml",
        (
            {"f.yaml": "a: x\nx: 1\n"},
            "encrypt --age ME f.yaml",
        ),
        files={"f.yaml": "a: &a x\n*a : 1\n"},
    ),
    Scenario(
        "operations.layout",
        "put the comment on a line of its own, above the value that it is about",
        "encrypt --age ME --unencrypted-comment-regex public f.yaml",
        (
            {"f.yaml": "{\n # public\n a: [],\n b: secret}\n"},
            "encrypt --age ME --unencrypted-comment-regex public f.yaml",
        ),
        files={"f.yaml": "{a: [], # public\n b: secret}\n"},
    ),
]
