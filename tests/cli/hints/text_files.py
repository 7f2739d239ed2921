"""Hints about plain .env and INI files."""

from __future__ import annotations

from .scenario import Scenario

SCENARIOS = [
    Scenario(
        "formats.common",
        "raise the limit with --max-leaves",
        "encrypt --age ME --max-leaves 1 f.env",
        ("encrypt --age ME --max-leaves 2 f.env",),
        files={"f.env": "A=1\nB=2\n"},
    ),
    Scenario(
        "formats.common",
        "keep it in a binary file of its own",
        "encrypt --age ME --max-scalar-size 5 f.env",
        ("encrypt --age ME v",),
        files={"f.env": "A=0123456789\n", "v": "0123456789"},
    ),
    Scenario(
        "formats.dotenv",
        "write KEY=value, or # in the first column for a comment",
        "encrypt --age ME f.env",
        (
            {"f.env": "A=1\n#B\n"},
            "encrypt --age ME f.env",
        ),
        files={"f.env": "A=1\nB\n"},
    ),
    Scenario(
        "formats.dotenv",
        "some lines end in CR LF and others in LF: save the file with one kind of line end",
        "encrypt --age ME f.env",
        (
            {"f.env": "A=1\n\nB=1\n"},
            "encrypt --age ME f.env",
        ),
        files={"f.env": "A=1\n\r\nB=1\n"},
    ),
    Scenario(
        "formats.dotenv",
        "the file begins with a byte order mark (BOM): save it as UTF-8 without one",
        "decrypt f.env",
        (
            {"f.env": "A=1\n"},
            "encrypt -i --age ME f.env",
        ),
        files={"f.env": "\ufeff# c\nA=1\n"},
    ),
    Scenario(
        "formats.dotenv",
        "choose a name without =, line breaks and a leading #",
        "set --string f.env '[\"A=B\"]' x",
        ("set --string f.env A_B x",),
        files={"f.env": "A=1\n"},
        before=("encrypt -i --age ME f.env",),
    ),
    Scenario(
        "formats.dotenv.edit",
        "give the value with real line breaks, or keep it in a YAML or JSON file",
        "set --string f.env A 'a\\nb'",
        ("set --string f.env A 'a\nb'",),
        files={"f.env": "A=1\n"},
        before=("encrypt -i --age ME f.env",),
    ),
    Scenario(
        "formats.dotenv.edit",
        "give the value without it, or keep it in a YAML or JSON file",
        "set --string f.env A 'x\r'",
        ("set --string f.env A x",),
        files={"f.env": "A=1\n"},
        before=("encrypt -i --age ME f.env",),
    ),
    Scenario(
        "formats.ini",
        "save the file as UTF-8",
        "encrypt --age ME f.ini",
        (
            {"f.ini": "[a]\nb = c\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "\udcff\udcfea\x00"},
    ),
    Scenario(
        "formats.ini",
        "put the whole value in other quotes",
        "encrypt --age ME f.ini",
        (
            {"f.ini": '[a]\nb = `""x`\n'},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": '[a]\nb = """"""x\n'},
    ),
    Scenario(
        "formats.ini.scan",
        "write ] at the end of this line",
        "encrypt --age ME f.ini",
        (
            {"f.ini": "[a]\nb = c\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "[a\nb = c\n"},
    ),
    Scenario(
        "formats.ini.scan",
        "write its name between [ and ]",
        "encrypt --age ME f.ini",
        (
            {"f.ini": "[a]\nb = c\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "[]\nb = c\n"},
    ),
    Scenario(
        "formats.ini.values",
        "close the quotes that begin here",
        "encrypt --age ME f.ini",
        (
            {"f.ini": '[a]\n"b" = c\n'},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": '[a]\n"b = c\n'},
    ),
    Scenario(
        "formats.ini.values",
        "write a key before the = or :",
        "encrypt --age ME f.ini",
        (
            {"f.ini": "[a]\nb = c\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "[a]\n= c\n"},
    ),
    Scenario(
        "formats.ini.edit",
        'make the change with "leafseal edit"',
        "set --string f.ini Peer.A x",
        ("edit f.ini",),
        files={"f.ini": "[Peer]\nA = 1\n[Peer]\nA = 2\n"},
        before=("encrypt -i --age ME f.ini",),
        environ={"EDITOR": "true"},
    ),
    Scenario(
        "formats.ini.emitter",
        "choose YAML or JSON: an INI file has two levels, sections and keys",
        "encrypt --age ME --output-type ini f.yaml",
        ("encrypt --age ME --output-type json f.yaml",),
        files={"f.yaml": "a:\n  b:\n    c: 1\n"},
    ),
    Scenario(
        "formats.ini.scan",
        "SOPS would drop it; make it a comment with ; or #",
        "encrypt --age ME f.ini",
        (
            {"f.ini": "[a] ; b\nc = 1\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "[a] b\nc = 1\n"},
    ),
    Scenario(
        "formats.ini.values",
        "give the key a name of its own",
        "encrypt --age ME f.ini",
        (
            {"f.ini": "[a]\nb = 1\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "[a]\n- = 1\n"},
    ),
    Scenario(
        "formats.ini.scan",
        "remove one of the two; {}",
        "encrypt --age ME f.ini",
        (
            "encrypt --age ME --input-type binary f.ini",
            {"f.ini": "[a]\nb = 1\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "[a]\nb = 1\nb = 2\n"},
    ),
    Scenario(
        "formats.ini.values",
        "write key = value; a comment starts with ; or #; {}",
        "encrypt --age ME f.ini",
        (
            "encrypt --age ME --input-type binary f.ini",
            {"f.ini": "[a]\nb = 1\n"},
            "encrypt --age ME f.ini",
        ),
        files={"f.ini": "[a]\nb\n"},
    ),
]
