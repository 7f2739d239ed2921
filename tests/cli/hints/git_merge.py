"""Hints about merging encrypted files."""

from __future__ import annotations

from .scenario import Scenario, Step

_MERGED = ("merge app.yaml app.yaml app.yaml -o out.yaml",)


def _conflict(theirs: str) -> tuple[Step, ...]:
    """Return the steps to a conflict in `app.yaml`, of which a shell command makes what theirs is."""
    git = "git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false"
    commit = f"{git} commit -qam x"
    return (
        f"! cd HERE && git init -q && git add app.yaml && {commit} && git checkout -qb side",
        f"! cd HERE && {theirs} && git add -A && {commit} && git checkout -qf -",
        "set app.yaml db.port 1",
        f"! cd HERE && {commit} && ! {git} merge -q side 2> /dev/null",
    )


SCENARIOS = [
    Scenario("cli.merge", 'name three files: "leafseal merge BASE OURS THEIRS -o OUT"', "merge app.yaml", _MERGED),
    Scenario("cli.merge", "use only one of them", "merge --git -o out.yaml app.yaml app.yaml app.yaml", _MERGED),
    Scenario(
        "git.sides",
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
        "git.sides",
        'correct it on its branch and merge again; or, to have {}, run "git checkout --{} FILE", then "git add FILE"',
        "resolve app.yaml",
        ("! cd HERE && git checkout --ours app.yaml && git add app.yaml", "get app.yaml db.port"),
        before=_conflict("echo 'a: 1' > app.yaml"),
    ),
    Scenario(
        "git.sides",
        "correct it on its branch and merge again; or, if you know who changed it and why, run"
        ' "leafseal resolve --ignore-mac theirs FILE"',
        "resolve app.yaml",
        ("resolve --ignore-mac theirs --theirs / app.yaml", "decrypt app.yaml"),
        before=_conflict("sed -i /password/d app.yaml"),
    ),
    Scenario(
        "git.sides",
        'decide with "leafseal resolve FILE" whether to keep the file or to delete it',
        "merge --git --path=app.yaml app.yaml app.yaml empty.yaml",
        ("resolve --ours / app.yaml", "get app.yaml db.port"),
        files={"empty.yaml": ""},
        before=_conflict(": > app.yaml"),
    ),
    Scenario(
        "git.sides",
        'convert it with "{}", then encrypt it',
        "merge app.yaml app.yaml other.yaml",
        (
            "decrypt --input-type dotenv --output-type yaml other.yaml -o other2.yaml",
            "encrypt -i --age ME other2.yaml",
            "merge app.yaml app.yaml other2.yaml",
        ),
        files={"other.env": "A=1\n"},
        before=("encrypt -i --age ME other.env", "! mv HERE/other.env HERE/other.yaml"),
    ),
    Scenario(
        "git.conflicted",
        'decide it with Git: "git status" lists what is unmerged, and how to go on',
        "resolve app.yaml",
        ("! cd HERE && git status && git checkout -qf HEAD app.yaml", "get app.yaml db.port"),
        before=_conflict("rm app.yaml && ln -s other app.yaml"),
    ),
]
