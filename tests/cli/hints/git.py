"""Hints about files in Git, and comparing them."""

from __future__ import annotations

from .scenario import Scenario

COMMITTED = (
    "! cd HERE && git init -q && git add -A"
    " && git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false commit -qm first",
)
"""`app.yaml` is in the last commit."""

SCENARIOS = [
    Scenario(
        "cli.shared.compared",
        'name one file or two, or revisions and files, such as "leafseal diff HEAD~1 HEAD -- FILE"',
        "diff",
        ("diff app.yaml app.yaml", "diff HEAD HEAD -- app.yaml"),
        before=COMMITTED,
    ),
    Scenario("cli.shared.compared", "give - only once", "diff - -", ("diff app.yaml app.yaml",)),
    Scenario("cli.shared.compared", "name a second FILE", "diff -", ("diff app.yaml app.yaml",)),
    Scenario(
        "git.revisions",
        'see "git log" for those that are there',
        "diff nothing:app.yaml",
        ("! cd HERE && git log", "diff HEAD:app.yaml"),
        before=COMMITTED,
    ),
    Scenario("git.revisions", "name a file in it", "diff HEAD:../x.yaml", ("diff HEAD:app.yaml",), before=COMMITTED),
]
