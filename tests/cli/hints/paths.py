"""Hints about PATH, the place of a value."""

from __future__ import annotations

from .scenario import Scenario

SCENARIOS = [
    Scenario(
        "document.paths",
        'write ["db"]["password"][0], /db/password/0 or db.password[0]',
        "get app.yaml 'db..port'",
        (
            'get app.yaml \'["db"]["port"]\'',
            "get app.yaml /db/port",
            "get app.yaml list[0]",
        ),
    ),
    Scenario(
        "document.paths",
        'name it in full, as ["a.b"]["c"]',
        "get f.yaml a.b.c",
        ('get f.yaml \'["a.b"]["c"]\'',),
        files={"f.yaml": "a.b:\n  c: 1\na:\n  b.c: 2\n"},
        before=("encrypt -i --age ME f.yaml",),
    ),
    Scenario(
        "document.paths",
        "write ~0 for ~ and ~1 for /",
        "get f.yaml '/a~b'",
        ("get f.yaml '/a~0b'",),
        files={"f.yaml": "a~b: 1\n"},
        before=("encrypt -i --age ME f.yaml",),
    ),
    Scenario(
        "cli.shared.suggestions",
        'to see the paths of its values, run "{} inspect {}"',
        "get app.yaml",
        ("inspect app.yaml",),
    ),
    Scenario(
        "cli.set",
        'to be asked for the value, run "leafseal set {} {}"',
        "set app.yaml token=s3cret",
        ("set app.yaml token s3cret",),
    ),
    Scenario(
        "document.tree",
        'show the whole file with "leafseal decrypt"',
        "get f.ini Peer.A",
        ("decrypt f.ini",),
        files={"f.ini": "[Peer]\nA = 1\n[Peer]\nA = 2\n"},
        before=("encrypt -i --age ME f.ini",),
    ),
    Scenario(
        "operations.edit",
        'make it with "leafseal edit"',
        "set f.yaml a [1]",
        ("edit f.yaml",),
        files={"f.yaml": "? a\n: b\n"},
        before=(
            "encrypt -i --age ME f.yaml",
            '! printf \'#!/bin/sh\\necho "a: [1]" > "$1"\\n\' > ../ed; chmod +x ../ed',
        ),
        environ={"EDITOR": "HERE/../ed"},
    ),
    Scenario(
        "operations.edit",
        "store bytes that are not text as base64, or in a binary file",
        "set --string app.yaml db.port '\udcff'",
        ("set --string app.yaml db.port /w==",),
    ),
    Scenario(
        "cli.shared.addressing",
        "the file has {}",
        "get app.yaml db.pasword",
        ("get app.yaml db.password",),
    ),
    Scenario(
        "cli.set",
        "to replace all of it with one value, add --force",
        "set app.yaml db 5",
        ("set --force app.yaml db 5",),
    ),
]
