"""Hints about the configuration and the rule of a file."""

from __future__ import annotations

from .scenario import Scenario

POLICY = {"../home/config/leafseal/policy.toml": 'guards = "everywhere"\n'}
"""Holds the name of sops to the guards."""

CONFIGURED = {".sops.yaml": "creation_rules:\n  - age: ME\n"}

SCENARIOS = [
    Scenario(
        "operations.consent",
        "to encrypt it, {}; to leave it in plain text, {}",
        "rotate -i a.yaml",
        (
            "rotate -i --keep-rules a.yaml",
            CONFIGURED | {"a.yaml": "a: 1\nb: 2\n"},
            "encrypt -i --encrypted-regex ^a a.yaml",
            "rotate -i --sync-rules a.yaml",
        ),
        files=CONFIGURED | {"a.yaml": "a: 1\nb: 2\n"},
        before=("encrypt -i --encrypted-regex ^a a.yaml",),
    ),
    Scenario(
        "operations.consent",
        "to encrypt it, {}; to leave it in plain text, {}",
        "sops set a.yaml '[\"a\"]' 2",
        (
            "set --keep-rules a.yaml a 2",
            "set --sync-rules a.yaml a 2",
        ),
        files=CONFIGURED | POLICY | {"a.yaml": "a: 1\nb: 2\n"},
        before=("encrypt -i --encrypted-regex ^a a.yaml",),
    ),
    Scenario(
        "operations.consent",
        'to keep them, {}; "leafseal updatekeys" removes recipients from a file',
        "unset app.yaml db.port",
        (
            "unset --accept-recipients app.yaml db.port",
            "updatekeys -y app.yaml",
            "unset app.yaml db",
        ),
        files=CONFIGURED,
        before=("rotate -i --accept-recipients --add-age OTHER app.yaml",),
    ),
    Scenario(
        "operations.consent",
        "to allow them in plain text, {}",
        "set a.yaml b 1",
        ("set --plaintext-ok a.yaml b 1",),
        files={"a.yaml": "a: 1\n"},
        before=("encrypt -i --age ME --encrypted-regex ^a a.yaml",),
    ),
    Scenario(
        "operations.consent",
        "correct the rule; to write the file without encrypted values, {}",
        "sops encrypt -i a.env",
        ("encrypt -i --allow-nothing-sealed a.env",),
        files=POLICY | {"a.env": "A=1\n", ".sops.yaml": "creation_rules:\n  - age: ME\n    encrypted_regex: ^b\n"},
    ),
    Scenario(
        "config.find",
        "keep one of them, or make one a link to the other",
        "encrypt a.yaml",
        (
            "! rm .sops-style-config.yaml",
            "encrypt a.yaml",
        ),
        files={
            ".sops.yaml": "creation_rules:\n  - age: ME\n",
            "a.yaml": "a: 1\n",
            ".sops-style-config.yaml": "creation_rules:\n  - age: OTHER\n",
        },
    ),
    Scenario(
        "config.nodes",
        "save it as UTF-8",
        "encrypt a.yaml",
        (
            {".sops.yaml": "creation_rules:\n  - age: ME\n"},
            "encrypt a.yaml",
        ),
        files={".sops.yaml": "# \udcff\ncreation_rules:\n  - age: ME\n", "a.yaml": "a: 1\n"},
    ),
    Scenario(
        "rules.selection",
        "keep one of them",
        "encrypt --age ME --encrypted-regex a --encrypted-suffix a a.yaml",
        ("encrypt --age ME --encrypted-regex a a.yaml",),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "rules.selection",
        "write it as an RE2 pattern, as everywhere in SOPS",
        "encrypt --age ME --encrypted-regex '(?<=x)a' a.yaml",
        ("encrypt --age ME --encrypted-regex '^a' a.yaml",),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "operations.consent",
        "correct the rule; to write the file without encrypted values, {}",
        "encrypt --age ME --encrypted-regex '^b' a.yaml",
        (
            "encrypt --age ME --encrypted-regex '^a' a.yaml",
            "encrypt --age ME --encrypted-regex '^b' --allow-nothing-sealed a.yaml",
        ),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "operations.encrypt",
        'to change an encrypted file, use "leafseal edit"; in a plain file, rename the key',
        "encrypt --age ME a.yaml",
        (
            {"a.yaml": "sops_: 1\n"},
            "encrypt --age ME a.yaml",
        ),
        files={"a.yaml": "sops: 1\n"},
    ),
    Scenario(
        "operations.edit",
        'change the comments that decide it first, with "leafseal edit"',
        "unset f.yaml l[0]",
        (
            "edit f.yaml",
            "decrypt f.yaml",
        ),
        files={"f.yaml": "l:\n  # plain\n  - foo\n  - hunter2\n"},
        before=(
            "encrypt -i --age ME --unencrypted-comment-regex '^ plain' f.yaml",
            ('! printf \'#!/bin/sh\\nprintf "l:\\\\n  - hunter2\\\\n" > "$1"\\n\' > ../ed; chmod +x ../ed'),
        ),
        environ={"EDITOR": "HERE/../ed"},
    ),
    Scenario(
        "operations.edit",
        'remove the comment as well, with "leafseal edit"',
        "unset f.yaml secrets[0]",
        ("edit f.yaml",),
        files={"f.yaml": "secrets:\n  - foo\n  # hunter2\nb: 1\n"},
        before=(
            "encrypt -i --age ME --encrypted-regex ^secrets$ f.yaml",
            '! printf \'#!/bin/sh\\necho "b: 1" > "$1"\\n\' > ../ed; chmod +x ../ed',
        ),
        environ={"EDITOR": "HERE/../ed"},
    ),
]
