"""Hints of `check`, in repositories of all kinds."""

from __future__ import annotations

from .scenario import Scenario, Step

_GIT = "git -c user.name=a -c user.email=a@b -c protocol.file.allow=always"
_REPOSITORY: tuple[Step, ...] = (f"! rmdir .git; {_GIT} init -q . && {_GIT} add app.yaml && {_GIT} commit -qm one",)
_SHALLOW: tuple[Step, ...] = (
    *_REPOSITORY,
    f"! {_GIT} commit -qm two --allow-empty && {_GIT} tag old HEAD~1 && {_GIT} clone -q --bare . ../all.git",
    f"! {_GIT} clone -q --depth=1 file://$PWD/../all.git ../shallow && rm -rf .git && mv ../shallow/.git .",
)
_DEEPEN = 'run "git fetch --unshallow", or have the CI service fetch all commits: fetch-depth: 0'

SCENARIOS = [
    Scenario(
        "git.blobs",
        'see what there is with "git log --oneline"',
        "check --revision none",
        ("! git log --oneline", "check --revision HEAD"),
        before=_REPOSITORY,
    ),
    Scenario(
        "git.blobs",
        _DEEPEN,
        "check --revision HEAD~1",
        ("! git -c protocol.file.allow=always fetch -q --unshallow", "check --revision HEAD~1"),
        before=_SHALLOW,
    ),
    Scenario(
        "git.blobs",
        "name two commits with a common history",
        "check --revision other...HEAD",
        ("check --revision HEAD~0...HEAD",),
        before=(*_REPOSITORY, f"! {_GIT} branch other $({_GIT} commit-tree -m o HEAD^{{tree}})"),
    ),
    Scenario(
        "check.selecting",
        "check what is committed: add --revision HEAD",
        "check",
        ("check --revision HEAD",),
        before=(*_REPOSITORY, "! git clone -q --bare . ../bare.git && rm -rf .git && mv ../bare.git/* ."),
    ),
    Scenario(
        "check.selecting",
        "change to its repository first",
        "check ../elsewhere.yaml",
        ("check app.yaml",),
        before=(*_REPOSITORY, "! echo 'a: 1' > ../elsewhere.yaml"),
    ),
    Scenario(
        "check.selecting",
        "add it with git add",
        "check --staged new.yaml",
        ("! git add new.yaml", "check --staged new.yaml"),
        files={"new.yaml": "a: 1\n"},
        before=_REPOSITORY,
    ),
    Scenario(
        "check.selecting",
        "name a file of it",
        "check --revision HEAD new.yaml",
        ("check --revision HEAD app.yaml",),
        files={"new.yaml": "a: 1\n"},
        before=_REPOSITORY,
    ),
    Scenario(
        "cli.check",
        "to write the findings of now to it, add --write-baseline",
        "check --baseline old.json",
        ("check --baseline old.json --write-baseline", "check --baseline old.json"),
        before=_REPOSITORY,
    ),
    Scenario(
        "check.baseline",
        "write it again with --write-baseline",
        "check --baseline old.json",
        ("check --baseline old.json --write-baseline", "check --baseline old.json"),
        files={"old.json": "{}"},
        before=_REPOSITORY,
    ),
    Scenario(
        "cli.shared.since",
        "name files of it",
        "verify --against HEAD ../copy.yaml",
        ("verify --against HEAD app.yaml",),
        before=(*_REPOSITORY, "! cp app.yaml ../copy.yaml"),
    ),
    Scenario(
        "cli.check",
        "use only one of them",
        "check --staged --revision HEAD",
        ("check --staged",),
        before=_REPOSITORY,
    ),
    Scenario(
        "cli.check",
        "add --baseline and the name of the file",
        "check --write-baseline",
        ("check --baseline old.json --write-baseline",),
        before=_REPOSITORY,
    ),
    Scenario(
        "cli.check",
        "leave out FILE, --staged and --revision",
        "check --baseline old.json --write-baseline --staged",
        ("check --baseline old.json --write-baseline",),
        before=_REPOSITORY,
    ),
]
