"""Hints about merging encrypted files."""

from __future__ import annotations

from .scenario import Scenario

_MERGED = ("merge app.yaml app.yaml app.yaml -o out.yaml",)

SCENARIOS = [
    Scenario("cli.merge", 'name three files: "leafseal merge BASE OURS THEIRS -o OUT"', "merge app.yaml", _MERGED),
    Scenario("cli.merge", "use only one of them", "merge --git -o out.yaml app.yaml app.yaml app.yaml", _MERGED),
    Scenario(
        "git.files",
        "encrypt that version, or decide which of them is right, then merge again",
        "merge app.yaml app.yaml plain.yaml",
        ("encrypt -i --age ME plain.yaml", "merge app.yaml app.yaml plain.yaml"),
        files={"plain.yaml": "a: 1\n"},
    ),
    Scenario(
        "git.files",
        "decide whether to keep the file or to delete it",
        "merge app.yaml app.yaml empty.yaml",
        ("! rm HERE/empty.yaml",),
        files={"empty.yaml": ""},
    ),
    Scenario(
        "git.files",
        "take one of the two files whole",
        "merge a.bin b.bin c.bin",
        ("! cp HERE/c.bin HERE/out.bin",),
        files={"a.bin": "\0a", "b.bin": "\0b", "c.bin": "\0c"},
    ),
    Scenario(
        "sops.unavailable",
        'use "leafseal merge BASE OURS THEIRS -o OUT"; for Git, run "leafseal git setup"',
        "sops merge app.yaml app.yaml app.yaml",
        ("merge app.yaml app.yaml app.yaml -o out.yaml", "! cd HERE && git init -q", "git setup"),
    ),
    Scenario(
        "git.sides",
        "remove its conflict markers, or restore it from Git",
        "merge app.yaml app.yaml broken.yaml",
        ("! cp HERE/app.yaml HERE/broken.yaml", "merge app.yaml app.yaml broken.yaml"),
        before=("! (echo '<<<<<<< x'; cat HERE/app.yaml) > HERE/broken.yaml",),
    ),
]
