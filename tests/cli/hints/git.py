"""Hints about files in Git, and comparing them."""

from __future__ import annotations

from leafseal.git.conflict_text import ConflictText

from .scenario import Scenario

COMMITTED = (
    "! cd HERE && git init -q && git add -A"
    " && git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false commit -qm first",
)
"""`app.yaml` is in the last commit."""

_AS = "git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false"
MERGED = (
    f"! cd HERE && git checkout -qb side && {_AS} commit --allow-empty -qm side && git checkout -q -"
    f" && {_AS} merge --no-ff -qm merged side"
)
"""The last commit is a merge."""

_NOT_MINE = (
    r"""! mkdir -p HERE/../bin && printf '%s\n' '#!/bin/sh' 'PATH=/usr/bin:/bin'"""
    r""" 'case "$*" in *add\ safe.directory\ *) exec touch HERE/../trusted; esac'"""
    r""" '[ -e HERE/../trusted ] && exec git "$@"'"""
    r""" 'echo "fatal: detected dubious ownership in repository at '"'HERE'"'" >&2; exit 128' > HERE/../bin/git"""
    " && chmod +x HERE/../bin/git",
    "export PATH=HERE/../bin:/usr/bin:/bin",
)
"""A Git to which the repository is that of another user, until it is told to trust that one."""

MARKED = (
    r"! cd HERE && sed -i 's/^\( *lastmodified: .*\)$/<<<<<<< a\n\1\n=======\n\1\n>>>>>>> b/' app.yaml"
    " && cp app.yaml marked.yaml"
)
"""`app.yaml` has conflict markers, and sides that are the same."""

RECIPIENTS_DIFFER = (
    *COMMITTED,
    "! cd HERE && git checkout -qb side",
    "rotate -i --add-age OTHER --accept-recipients app.yaml",
    f"! cd HERE && {_AS} commit -qam side && git checkout -q -",
    "rotate -i app.yaml",
    "set --string app.yaml db.password another-password",
    f"! cd HERE && {_AS} commit -qam ours && ! {_AS} merge -q side",
)
"""Git could not merge `app.yaml`: one branch has a new data key and another password, the other one a new recipient."""

SCENARIOS = [
    Scenario(
        "formats.faults",
        'the file has conflict markers of a merge: run "leafseal resolve FILE"',
        "decrypt app.yaml",
        ("resolve app.yaml", "decrypt app.yaml"),
        before=(MARKED,),
    ),
    Scenario(
        "cli.shared.conflicts",
        "name files, or add --all, but not both",
        "resolve",
        ("resolve app.yaml",),
        before=(MARKED,),
    ),
    Scenario(
        "cli.shared.conflicts",
        "name one side for each path",
        "resolve --ours / --theirs / app.yaml",
        ("resolve --ours / --theirs /db app.yaml",),
        before=(MARKED,),
    ),
    Scenario(
        "cli.shared.conflicts",
        "write --{} /db/password, or --{} /",
        "resolve --ours db app.yaml",
        ("resolve --ours / app.yaml",),
        before=(MARKED,),
    ),
    Scenario(
        "git.resolve",
        'decide that path with "--ours {}"',
        "resolve --theirs / app.yaml",
        ("resolve --theirs / --ours /sops/recipients app.yaml", "decrypt app.yaml"),
        before=RECIPIENTS_DIFFER,
    ),
    Scenario("cli.shared.resolving", "give the name of a FILE", "resolve -", ("resolve app.yaml",), before=(MARKED,)),
    Scenario(
        "cli.shared.resolving",
        "change to its folder",
        "resolve --merge HEAD app.yaml",
        (*COMMITTED, MERGED, "resolve --merge HEAD app.yaml"),
    ),
    Scenario(
        "cli.shared.resolving",
        'choose the lines that are right in the file, then run "git add FILE"',
        "resolve x.yaml",
        ("! cd HERE && git init -q && echo 'a: 1' > x.yaml && git add x.yaml",),
        files={"x.yaml": "<<<<<<< a\na: 1\n=======\na: 2\n>>>>>>> b\n"},
    ),
    Scenario(
        "cli.shared.resolving",
        "other lines of the file are merged already: resolve it in the repository where it was merged",
        "resolve app.yaml",
        ("! cd HERE && mv marked.yaml app.yaml", "resolve app.yaml"),
        before=(MARKED, "! cd HERE && sed -i /password/d app.yaml"),
    ),
    Scenario(
        "git.conflict_text",
        "keep the lines that are right, and delete the others and all lines with markers",
        lambda _stage: ConflictText(b"", 7).check(b"a: 1\n<<<<<<< ours\n"),
        (lambda _stage: ConflictText(b"", 7).check(b"a: 1\n"),),
    ),
    Scenario(
        "git.conflicted",
        'to decide a merge of the past again, name its commit: "leafseal resolve --merge REV FILE"',
        "resolve app.yaml",
        (MERGED, "resolve --merge HEAD app.yaml"),
        before=COMMITTED,
    ),
    Scenario(
        "git.conflicted",
        'see "git log --merges"',
        "resolve --merge HEAD app.yaml",
        (MERGED, "! cd HERE && git log --merges", "resolve --merge HEAD app.yaml"),
        before=COMMITTED,
    ),
    Scenario(
        "git.conflicted",
        'set the right value of each place, such as with "leafseal edit FILE"',
        "resolve app.yaml",
        ("set app.yaml db.password x", "! cd HERE && ! grep unresolved app.yaml"),
        before=(
            r"! cd HERE && sed -i 's/^\( *\)leafseal:$/&\n\1\1unresolved:\n\1\1\1"
            r"u0123456789abcdef: \/db\/password/' app.yaml",
        ),
    ),
    Scenario(
        "git.repository",
        'if you trust its owner, run "git config --global --add safe.directory {}"',
        "diff app.yaml",
        ("! HERE/../bin/git config --global --add safe.directory HERE", "diff app.yaml"),
        before=(*COMMITTED, *_NOT_MINE),
    ),
    Scenario(
        "git.markers",
        'have jj write others: set ui.conflict-marker-style to "git", then check the file out again',
        "resolve app.yaml",
        ("! cd HERE && mv marked.yaml app.yaml", "resolve app.yaml"),
        before=(MARKED, "! cd HERE && sed -i '2i %%%%%%% diff from base to side' app.yaml"),
    ),
    Scenario(
        "git.markers",
        'restore the file as the merge left it: "git checkout -m FILE"',
        "resolve app.yaml",
        ("! cd HERE && mv marked.yaml app.yaml", "resolve app.yaml"),
        before=(MARKED, "! cd HERE && sed -i '/^>>>>>>>/d' app.yaml"),
    ),
    Scenario(
        "cli.shared.compared",
        'name one file or two, or revisions and files, such as "leafseal diff HEAD~1 HEAD -- FILE"',
        "diff a b c",
        ("diff app.yaml app.yaml", "diff HEAD HEAD -- app.yaml"),
        before=COMMITTED,
    ),
    Scenario(
        "cli.shared.compared",
        'see what was changed with "{}"',
        "diff",
        ("! cd HERE && git log -p -- app.yaml", "! cd HERE && git add app.yaml", "diff"),
        before=("! cd HERE && cp app.yaml whole.yaml && sed -i 's/type:str/type:int/' app.yaml", *COMMITTED)
        + ("! cd HERE && cp whole.yaml app.yaml",),
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
