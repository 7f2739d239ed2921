"""`leafseal resolve` on what real Git leaves of a merge: stages, markers, and files that remember conflicts."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.keys.short_names import short_recipient
from leafseal.system import clock
from leafseal.system import editor as editors
from leafseal.testing import ThrowawayIdentity

from .conftest import Run, Terminal, tokens

BASE = "# note\ndb:\n  password: old\n  host: h\n\napi: k\n\nlist:\n  - a\n  - b\n"
OURS = BASE.replace("old", "ours-1").replace("api: k", "api: k2")
THEIRS = BASE.replace("old", "theirs-1").replace("- b", "- c") + "new: from side\n"
MERGED = THEIRS.replace("theirs-1", "ours-1").replace("api: k", "api: k2")

DRIVER = (
    f"{shlex.quote(sys.executable)} -m leafseal merge --git --size=%L --path=%P"
    " --base-name=%S --our-name=%X --their-name=%Y %O %A %B"
)


class Repository:
    """A repository in which two branches change a file."""

    def __init__(self, leafseal: Run, me: ThrowawayIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leafseal = leafseal
        self.me = me
        self._script = tmp_path / "give.sh"
        self._monkeypatch = monkeypatch
        for name in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{name}_NAME", "x")
            monkeypatch.setenv(f"GIT_{name}_EMAIL", "x@example.org")
        monkeypatch.setattr(editors, "_AT_ONCE", 0.0)
        # Each version has a time of its own: one that two share is no part of a conflict, whatever else is.
        seconds = itertools.count(int(time.time()))
        monkeypatch.setattr(clock, "gmtime", lambda: time.gmtime(next(seconds)))
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, status: int | None = 0) -> str:
        done = subprocess.run(["git", *arguments], timeout=200, capture_output=True, check=False)
        assert status in (None, done.returncode), done.stderr
        return done.stdout.decode("utf-8", "surrogateescape")

    def use_driver(self) -> None:
        self.git("config", "merge.leafseal.driver", DRIVER)
        Path(".git/info/attributes").write_text("* merge=leafseal\n")

    def commit(self, name: str, text: str | None, message: str) -> None:
        """Commit a file with this plain text, encrypted; without one, commit that it is gone."""
        if text is None:
            self.git("rm", "-q", "--", name)
        elif os.path.exists(name):
            self.edit("edit", name, to=text)
        else:
            Path(name).write_text(text)
            assert self.leafseal("encrypt", "-i", "--age", self.me.recipient, name).code == 0
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def edit(self, *arguments: str, to: str, code: int = 0) -> str:
        """Run a command with an editor that makes this text of any other; return what is said."""
        wanted = self._script.with_suffix(".txt")
        wanted.write_bytes(to.encode())
        return self.edit_by(f'cat {shlex.quote(str(wanted))} > "$1"', *arguments, code=code)

    def edit_by(self, script: str, *arguments: str, code: int = 0) -> str:
        self._script.write_text(f"#!/bin/sh\n{script}\n")
        self._script.chmod(0o755)
        self._monkeypatch.setenv("SOPS_EDITOR", str(self._script))
        result = self.leafseal(*arguments)
        assert result.code == code, result.err
        return result.err

    def conflict(
        self,
        name: str = "s.yaml",
        base: str | None = BASE,
        ours: str | None = OURS,
        theirs: str | None = THEIRS,
        merge: tuple[str, ...] = ("merge", "side"),
    ) -> None:
        """Have both branches change a file, and merge them."""
        Path("other").write_text("x")
        self.git("add", "-A")
        self.git("commit", "-qm", "first")
        if base is not None:
            self.commit(name, base, "base")
        self.git("checkout", "-qb", "side")
        self.commit(name, theirs, "side")
        self.git("checkout", "-q", "main")
        self.commit(name, ours, "main")
        self.git(*merge, status=1)

    def plain(self, name: str = "s.yaml") -> str:
        result = self.leafseal("decrypt", name)
        assert result.code == 0, result.err
        return result.out.decode()

    def resolve(self, *arguments: str, code: int = 0) -> str:
        result = self.leafseal("resolve", *arguments)
        assert result.code == code, result.err
        return result.err

    @property
    def status(self) -> str:
        return self.git("status", "--porcelain", "--untracked-files=no").strip()


@pytest.fixture
def repository(
    leafseal: Run, work: Path, me: ThrowawayIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Repository:
    return Repository(leafseal, me, tmp_path, monkeypatch)


CONFLICT = "leafseal: s.yaml: CONFLICT /db/password: changed on both sides (main, side)\n"
DECIDED = 'leafseal: s.yaml: no conflict is left; now run "git add s.yaml"\n'


def test_after_a_merge_without_our_driver(repository: Repository) -> None:
    repository.conflict()
    assert "<<<<<<<" in Path("s.yaml").read_text()
    before = Path("s.yaml").read_bytes()
    # Without a terminal what is left is told, and nothing written.
    assert repository.resolve("s.yaml", code=1).startswith(CONFLICT)
    assert Path("s.yaml").read_bytes() == before
    assert repository.resolve("--ours", "/db/password", "s.yaml") == DECIDED
    assert repository.plain() == MERGED
    assert repository.status == "UU s.yaml"
    assert repository.leafseal("verify", "s.yaml").code == 0
    # The other side, and everything by the shortest path.
    added = repository.resolve("--theirs", "/", "--add", "s.yaml")
    assert added == 'leafseal: resolved 1 file; now run "git commit"\n'
    assert repository.plain() == MERGED.replace("ours-1", "theirs-1")
    assert repository.status == "M  s.yaml"
    repository.git("commit", "-qm", "merged")
    assert len(repository.git("log", "--format=%P", "-1").split()) == 2


def test_after_a_merge_by_our_driver(repository: Repository) -> None:
    repository.use_driver()
    repository.conflict()
    assert "unresolved" in Path("s.yaml").read_text()
    assert repository.status == "UU s.yaml"
    theirs = repository.git("show", ":3:s.yaml")
    assert b"\n  conflicts  /db/password: to be decided\n" in repository.leafseal("diff").out
    assert repository.resolve("s.yaml", code=1).startswith(CONFLICT)
    assert repository.resolve("--theirs", "/db", "s.yaml") == DECIDED
    assert repository.plain() == MERGED.replace("ours-1", "theirs-1")
    text = Path("s.yaml").read_text()
    assert "unresolved" not in text
    # What theirs has keeps its token.
    for name in ("password", "new"):
        assert tokens(Path("s.yaml"))[name] in theirs


def test_what_was_changed_since_the_merge_stays(repository: Repository) -> None:
    repository.use_driver()
    repository.conflict()
    assert repository.leafseal("set", "s.yaml", "db.password", '"by hand"').code == 0
    assert repository.leafseal("set", "s.yaml", "more", '"mine"').code == 0
    assert repository.resolve("s.yaml") == DECIDED
    assert repository.plain() == MERGED.replace("ours-1", "by hand") + "more: mine\n"
    # To say that ours is right is a decision, too.
    repository.git("checkout", "-m", "s.yaml")
    assert repository.leafseal("set", "s.yaml", "db.password", '"ours-1"').code == 0
    assert repository.resolve("s.yaml") == DECIDED
    assert repository.plain() == MERGED


def test_after_git_add(repository: Repository) -> None:
    repository.use_driver()
    repository.conflict()
    repository.git("add", "s.yaml")
    assert repository.status == "M  s.yaml"
    assert repository.resolve("s.yaml", code=1).startswith(CONFLICT)
    repository.resolve("--theirs", "/", "s.yaml")
    assert "theirs-1" in repository.plain()
    # Once everything is decided, there is nothing to do.
    repository.git("add", "s.yaml")
    assert "s.yaml: has no conflict" in repository.resolve("s.yaml", code=1)


@pytest.mark.parametrize("has_driver", [True, False])
def test_a_conflict_that_somebody_committed(repository: Repository, has_driver: bool, tmp_path: Path) -> None:
    if has_driver:
        repository.use_driver()
    repository.conflict()
    repository.git("commit", "-qam", "without a look")
    repository.git("clone", "-q", ".", str(tmp_path / "clone"))
    os.chdir(tmp_path / "clone")
    names = "(this file, theirs)" if has_driver else "(HEAD, side)"
    assert f"CONFLICT /db/password: changed on both sides {names}" in repository.resolve("s.yaml", code=1)
    assert repository.resolve("--theirs", "/", "s.yaml") == DECIDED
    assert repository.plain() == MERGED.replace("ours-1", "theirs-1")
    assert tokens(Path("s.yaml"))["password"] in repository.git("show", "HEAD^2:s.yaml")
    # And once more, from the commits that were merged.
    assert "(HEAD^1, HEAD^2)" in repository.resolve("--merge", "HEAD", "s.yaml", code=1)
    repository.resolve("--merge", "HEAD", "--base", "/", "s.yaml")
    assert repository.plain() == MERGED.replace("ours-1", "old")
    # A clone without the commits that were merged does not take them for empty ones.
    for depth, lacks in ((1, "the parents of the commit"), (2, "no common commit")):
        repository.git("clone", "-q", f"--depth={depth}", Path.cwd().as_uri(), str(tmp_path / f"depth-{depth}"))
        with contextlib.chdir(tmp_path / f"depth-{depth}"):
            told = repository.resolve("--merge", "HEAD", "--theirs", "/", "s.yaml", code=1)
            assert lacks in told
            assert "git fetch --unshallow" in told


def test_markers_where_there_is_no_repository(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "merge.conflictStyle", "diff3")
    ours, theirs = BASE.replace("old", "ours-1"), BASE.replace("old", "theirs-1")
    repository.conflict(ours=ours, theirs=theirs)
    (tmp_path / "alone").mkdir()
    text = Path("s.yaml").read_bytes()
    os.chdir(tmp_path / "alone")
    Path("s.yaml").write_bytes(text)
    assert repository.resolve("--theirs", "/", "s.yaml").endswith("leafseal: s.yaml: no conflict is left\n")
    assert repository.plain() == theirs
    # Without a base every difference is a conflict.
    lines, keep = [], True
    for line in text.splitlines(keepends=True):
        keep = False if line.startswith(b"|||||||") else keep or line.startswith(b"=======")
        lines += [line] if keep else []
    Path("s.yaml").write_bytes(b"".join(lines))
    assert "CONFLICT /db/password: added on both sides (HEAD, side)" in repository.resolve("s.yaml", code=1)
    told = repository.resolve("--base", "/db", "s.yaml", code=220)
    assert "/db/password: only ours or theirs can be taken here: the base is not known" in told
    assert repository.resolve("--ours", "/", "s.yaml") == "leafseal: s.yaml: no conflict is left\n"
    assert repository.plain() == ours


def test_text_that_git_has_merged_in_part_needs_its_repository(repository: Repository, tmp_path: Path) -> None:
    repository.conflict()
    (tmp_path / "alone").mkdir()
    text = Path("s.yaml").read_bytes()
    os.chdir(tmp_path / "alone")
    Path("s.yaml").write_bytes(text)
    told = repository.resolve("--ours", "/", "s.yaml", code=1)
    assert "ours (HEAD) cannot be merged: the integrity check (MAC) failed" in told
    assert "resolve it in the repository where it was merged" in told
    assert Path("s.yaml").read_bytes() == text


def test_markers_in_a_style_of_jj(repository: Repository) -> None:
    Path("s.yaml").write_text("<<<<<<< Conflict 1 of 1\n%%%%%%% diff\n-a\n+b\n+++++++ side\nc\n>>>>>>> ends\n")
    assert "has conflict markers in a style of jj" in repository.resolve("s.yaml", code=2)


def test_rebase_and_cherry_pick(repository: Repository) -> None:
    repository.conflict(merge=("rebase", "side"))
    # Ours is what the commits go onto, as for Git: the names tell which that is.
    assert "CONFLICT /db/password: changed on both sides (HEAD, main" in repository.resolve("s.yaml", code=1)
    added = repository.resolve("--theirs", "/", "--add", "s.yaml")
    assert added == 'leafseal: resolved 1 file; now run "git rebase --continue"\n'
    assert repository.plain() == MERGED
    repository.git("-c", "core.editor=true", "rebase", "--continue")
    repository.git("reset", "-q", "--hard", "side")
    repository.git("cherry-pick", "ORIG_HEAD", status=None)


def test_two_new_files_of_one_name(repository: Repository) -> None:
    repository.conflict(base=None)
    assert "CONFLICT /db/password: added on both sides (main, side)" in repository.resolve("s.yaml", code=1)
    repository.resolve("--ours", "/", "--theirs", "/new", "s.yaml")
    assert "new: from side" in repository.plain()


@pytest.mark.parametrize(("name", "text", "place"), [
    ("s.json", '{\n  "a": "%s",\n  "b": 1\n}\n', "/a"),
    ("s.env", "A=%s\nB=1\n", "/A"),
    ("s.ini", "[x]\na = %s\nb = 1\n", "/x/a"),
    ("s.bin", "%s", "/data"),
])  # fmt: skip
def test_other_formats(repository: Repository, name: str, text: str, place: str) -> None:
    repository.conflict(name, *(text % word for word in ("old", "ours-1", "theirs-1")))
    assert f"CONFLICT {place}: changed on both sides" in repository.resolve(name, code=1)
    repository.resolve("--theirs", "/", name)
    assert repository.plain(name) == text % "theirs-1"


def test_a_version_that_git_lacks_is_not_one_that_was_deleted(repository: Repository) -> None:
    repository.conflict()
    theirs = repository.git("rev-parse", ":3:s.yaml").strip()
    os.unlink(f".git/objects/{theirs[:2]}/{theirs[2:]}")
    before = Path("s.yaml").read_bytes()
    assert "Git lacks a version that was merged" in repository.resolve("--ours", "/", "--add", "s.yaml", code=1)
    assert Path("s.yaml").read_bytes() == before
    Path(".git/index").unlink()
    repository.git("read-tree", "HEAD")
    assert "Git lacks a version that was merged" in repository.resolve("--ours", "/", "--add", "s.yaml", code=1)


# -- one side has deleted the file


@pytest.mark.parametrize(("ours", "theirs"), [(None, THEIRS), (OURS, None)])
def test_to_keep_or_to_delete_is_asked(
    repository: Repository, ours: str | None, theirs: str | None, screen: Terminal
) -> None:
    repository.conflict(ours=ours, theirs=theirs)
    kept = "--theirs" if ours is None else "--ours"
    told = repository.resolve("s.yaml", code=1)
    assert 'keep it with "git add s.yaml", or delete it with "git rm s.yaml"' in told
    assert "only ours or theirs can be taken here" in repository.resolve("--base", "/", "s.yaml", code=220)
    screen.answers = ["k"]
    repository.resolve("s.yaml")
    assert "Keep it, or delete it? [k/d]" in screen.shown
    assert Path("s.yaml").exists()
    repository.resolve(kept, "/", "--add", "s.yaml")
    assert repository.status == ("A  s.yaml" if ours is None else "")
    repository.git("checkout", "-q", "--force", "main")
    repository.git("reset", "-q", "--hard")
    repository.git("merge", "side", status=1)
    screen.answers = ["d"]
    repository.resolve("--add", "s.yaml")
    assert repository.status == ("" if ours is None else "D  s.yaml")


# -- in the editor


HUNK = """\
<<<<<<< ours (main)  /db/password: changed on both sides
  password: ours-1
||||||| base
  password: old
=======
  password: theirs-1
>>>>>>> theirs (side)
"""


def test_the_editor_shows_both_sides(repository: Repository, screen: Terminal, tmp_path: Path) -> None:
    repository.conflict()
    shown = tmp_path / "shown"
    told = repository.edit_by(f'cp "$1" {shown}', "resolve", "s.yaml", code=1)
    assert told.startswith("leafseal: s.yaml: nothing was decided\n")
    assert shown.read_text() == MERGED.replace("  password: ours-1\n", HUNK)
    wanted = MERGED.replace("ours-1", "both").replace("# note", "# another note")
    assert repository.edit("resolve", "s.yaml", to=wanted) == DECIDED
    assert repository.plain() == wanted
    assert repository.leafseal("verify", "s.yaml").code == 0


def test_markers_that_are_left_are_another_round(repository: Repository, screen: Terminal, tmp_path: Path) -> None:
    repository.conflict()
    wanted = tmp_path / "wanted"
    wanted.write_text(MERGED)
    script = f'if [ -e {tmp_path}/once ]; then cp {wanted} "$1"; else echo "# x" >> "$1"; touch {tmp_path}/once; fi'
    screen.answers = [""]
    told = repository.edit_by(script, "resolve", "s.yaml")
    assert "line 3: a conflict marker is left" in told
    assert repository.plain() == MERGED


def test_text_that_looks_like_a_marker_is_no_marker(repository: Repository, screen: Terminal, tmp_path: Path) -> None:
    text = "a: |\n  x\nb: |2\n  =======\n  %s\n"
    sides = [(text % word).replace("|2\n  ===", "|\n  ===") for word in ("old", "ours-1", "theirs-1")]
    repository.conflict("s.yaml", *sides)
    shown = tmp_path / "shown"
    repository.edit_by(f'cp "$1" {shown}', "resolve", "s.yaml", code=1)
    assert "  =======\n" in shown.read_text()
    repository.edit("resolve", "s.yaml", to=sides[2])
    assert repository.plain() == sides[2]


def test_a_text_that_cannot_be_saved_is_kept(repository: Repository, screen: Terminal) -> None:
    repository.conflict()
    screen.answers = ["q"]
    told = repository.edit("resolve", "s.yaml", to="{broken", code=2)
    assert "your changes were not saved" in told
    [command] = [line for line in told.splitlines() if '"leafseal resolve --resume' in line]
    words = shlex.split(command.partition('run "leafseal ')[2].rstrip('"'))
    assert repository.edit(*words, to=MERGED) == DECIDED
    assert repository.plain() == MERGED


# -- what is left to people


def test_recipients_are_asked_about(repository: Repository, screen: Terminal) -> None:
    from leafseal.testing import throwaway_identity

    one, two = throwaway_identity().recipient, throwaway_identity().recipient
    repository.commit("s.yaml", BASE, "base")
    for branch, recipient in (("side", one), ("main", two)):
        repository.git("checkout", "-q", *(["-b"] if branch == "side" else []), branch)
        options = ("--add-age", recipient, "--accept-recipients")
        assert repository.leafseal("rotate", "-i", *options, "s.yaml").code == 0
        repository.git("commit", "-qam", branch)
    repository.git("merge", "side", status=1)
    told = repository.resolve("s.yaml", code=1)
    what = "theirs has other recipients"
    only = f"only theirs names {short_recipient(one)}; only ours names {short_recipient(two)}"
    assert f"CONFLICT /sops/recipients: {what}: {only} (" in told
    assert told.rstrip().endswith("decide with --ours PATH")
    assert "only ours can be taken here" in repository.resolve("--theirs", "/sops/recipients", "s.yaml", code=220)
    Path(".sops.yaml").write_text(f"creation_rules: [{{age: {repository.me.recipient}}}]\n")
    screen.answers = ["y"]
    others = "leafseal: warning: s.yaml: .sops.yaml names other recipients than this file has; to apply them, run "
    assert repository.resolve("s.yaml").endswith(f'{others}"leafseal updatekeys s.yaml"\n{DECIDED}')
    assert "/sops/recipients" in screen.shown
    assert two in Path("s.yaml").read_text()
    assert one not in Path("s.yaml").read_text()
    assert repository.leafseal("updatekeys", "--yes", "s.yaml").code == 0
    assert two not in Path("s.yaml").read_text()


def test_the_report(repository: Repository) -> None:
    repository.conflict()
    result = repository.leafseal("resolve", "--json", "s.yaml")
    assert result.code == 1
    [file] = json.loads(result.out)["files"]
    conflicts = [{"path": "/db/password", "message": "changed on both sides"}]
    assert file == {"file": "s.yaml", "state": "conflicts", "conflicts": conflicts}
    assert "ours-1" not in result.err + result.out.decode()
    result = repository.leafseal("resolve", "--json", "--ours", "/", "s.yaml")
    assert json.loads(result.out)["files"] == [{"file": "s.yaml", "state": "resolved", "conflicts": []}]


def test_all_files_of_a_merge(repository: Repository) -> None:
    assert repository.resolve("--all") == "leafseal: no encrypted file is unmerged\n"
    Path("a b").mkdir()
    for branch, word in (("main", "old"), ("side", "theirs-1"), ("main", "ours-1")):
        repository.git("checkout", "-q", *(["-b"] if branch == "side" else []), branch, status=None)
        Path("plain.txt").write_text(word)
        repository.commit("a b/s.yaml", f"a: {word}\n", word)
        repository.commit("t.env", f"A={word}\n", word)
    repository.git("merge", "side", status=1)
    os.chdir("a b")
    told = repository.resolve("--all", code=1)
    assert "s.yaml: CONFLICT /a" in told
    assert "../t.env: CONFLICT /A" in told
    assert "plain.txt" not in told
    left = '; 1 file is still unmerged: "git status" lists what is left\n'
    assert repository.resolve("--all", "--add", "--theirs", "/") == f"leafseal: resolved 2 files{left}"
    assert repository.status.split("\n") == ['M  "a b/s.yaml"', "UU plain.txt", "M  t.env"]


def test_theirs_with_a_wrong_mac_is_for_people_to_take(repository: Repository) -> None:
    repository.conflict()
    theirs = repository.git("show", ":3:s.yaml")
    [line] = [line for line in theirs.splitlines(keepends=True) if line.startswith("new: ")]
    forged = theirs.replace(line, "")
    Path("forged").write_text(forged)
    blob = repository.git("hash-object", "-w", "forged").strip()
    info = f"100644 {blob} 3\ts.yaml\n"
    subprocess.run(["git", "update-index", "--index-info"], input=info.encode(), check=True, timeout=100)
    assert "integrity check (MAC)" in repository.resolve("--theirs", "/", "s.yaml", code=1)
    told = repository.resolve("--theirs", "/", "--ignore-mac", "theirs", "s.yaml")
    assert "taken from theirs, of which the integrity check (MAC) was skipped" in told
    assert "~ /db/password" in told
    assert repository.plain() == MERGED.replace("ours-1", "theirs-1").replace("new: from side\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 8, "no FILE is named"),
        (("--all", "s.yaml"), 8, "--all takes the place of files"),
        (("--ours", "db", "s.yaml"), 8, "--ours: a path begins with /"),
        (("--ours", "/", "--theirs", "/", "s.yaml"), 8, "/ is to be from two sides"),
        (("-",), 8, "standard input has no conflicts"),
        (("--merge", "HEAD", "s.yaml"), 1, "HEAD is no merge of two branches"),
        (("other",), 1, "not an encrypted binary file"),
        (("nothing.yaml",), 100, "nothing.yaml: no such file"),
    ],
)
def test_what_is_refused(repository: Repository, arguments: tuple[str, ...], code: int, message: str) -> None:
    repository.commit("s.yaml", BASE, "base")
    Path("other").write_text("x")
    assert f"{message}" in repository.resolve(*arguments, code=code)


def test_one_side_that_is_not_encrypted_is_never_mixed(repository: Repository) -> None:
    repository.commit("s.yaml", BASE, "base")
    repository.git("checkout", "-qb", "side")
    Path("s.yaml").write_text("a: plain\n")
    repository.git("commit", "-qam", "side")
    repository.git("checkout", "-q", "main")
    repository.commit("s.yaml", OURS, "main")
    repository.git("merge", "side", status=1)
    before = Path("s.yaml").read_bytes()
    assert "theirs (side) is not encrypted" in repository.resolve("--theirs", "/", "s.yaml", code=1)
    assert Path("s.yaml").read_bytes() == before


EVERY = Callable[..., None]


@pytest.mark.parametrize(
    "command",
    ["decrypt", "inspect", "verify", "edit", "repair", "rotate -i", "diff", "get s.yaml a", "set s.yaml a 1"],
)
def test_every_command_names_the_way_out(repository: Repository, command: str) -> None:
    Path("s.yaml").write_text("<<<<<<< a\nb: ENC[AES256_GCM,data:x]\n=======\nb: c\n>>>>>>> d\nsops: {}\n")
    words = shlex.split(command)
    result = repository.leafseal(*words, *([] if "s.yaml" in words else ["s.yaml"]))
    assert result.code == 2
    assert 'the file has conflict markers of a merge: run "leafseal resolve s.yaml"' in result.err
