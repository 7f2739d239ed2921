"""The guard of `git setup --protect`, against the ways in which plain text gets into a repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.git import guard
from leafseal.git.guard_script import UNDO

from .conftest import Run
from .test_git_setup import git, repository

__all__ = ["repository"]  # the fixture

PAGE = Path(__file__).parents[2] / "docs" / "git.md"
STOPS, PASSES = "stops", "passes"


@pytest.fixture
def guarded(repository: Path, leafseal: Run) -> Path:
    """A repository with the guard, and two encrypted files: one by a rule that demands it, one by a rule for all."""
    rules = (repository / ".sops.yaml").read_text()
    recipient = rules.rpartition("age: ")[2].strip()
    (repository / ".sops.yaml").write_text(f"{rules}  - age: {recipient}\n")
    (repository / "other.yaml").write_text("key: word-other\n")
    assert leafseal("encrypt", "-i", "other.yaml").code == 0
    assert leafseal("git", "setup", "--protect").code == 0
    git(repository, "config", "user.name", "a")
    git(repository, "config", "user.email", "a@example.org")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "guarded")
    return repository


def shell(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


def has_plain(folder: Path, word: str) -> bool:
    """Tell whether any object of a repository has a word."""
    told = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"], cwd=folder, capture_output=True, check=True
    )
    return word.encode() in told.stdout


NEW = "secrets/new.yaml"
WAYS: dict[str, str] = {
    "`git add secrets/new.yaml`": f"git add {NEW}",
    "`git add -A`": "git add -A",
    "`git commit -am x` after `decrypt -i`": "mv secrets/new.yaml secrets/app.yaml; git commit -am x",
    "`git commit -m x secrets/app.yaml` after `decrypt -i`": "mv secrets/new.yaml secrets/app.yaml;"
    " git commit -m x secrets/app.yaml",
    "`git commit --no-verify -am x`": "mv secrets/new.yaml secrets/app.yaml; git commit --no-verify -am x",
    "`git add -p`": "mv secrets/new.yaml secrets/app.yaml; yes | git add -p",
    "`git add -f` of an ignored file": "echo '*.yaml' > .gitignore; git add -f secrets/new.yaml",
    "`git add -N` and then `git commit -a`": "git add -N secrets/new.yaml; git commit -am x",
    "`git stash`": "mv secrets/new.yaml secrets/app.yaml; git stash",
    "`git update-index --add secrets/new.yaml`": f"git update-index --add {NEW}",
    "`git hash-object -w secrets/new.yaml`": f"git hash-object -w {NEW}",
    "`git mv` of an encrypted file that is plain by now, then `git add`": "mv secrets/new.yaml secrets/app.yaml;"
    " git mv secrets/app.yaml secrets/moved.yaml; git add secrets/moved.yaml",
    "a `.sops.yaml` without the rule, in the same `git add -A`": "sed -i 1,3d .sops.yaml && sed -i"
    " '1i creation_rules:' .sops.yaml; git add -A",
    "the guard's program is gone from `PATH`": f"PATH=/usr/bin:/bin git add {NEW}",
    "`git mv` of a plain file into `secrets/`": "mv secrets/new.yaml plain.yaml; git add plain.yaml;"
    " git mv plain.yaml secrets/plain.yaml",
    "`git apply --index` of a patch": "git diff --no-index /dev/null secrets/new.yaml > patch; rm secrets/new.yaml;"
    " git apply --index patch",
    "`git am` of a commit": "git am mail",
    "`git merge` or `git cherry-pick` of a commit": "git fetch -q ../elsewhere; git merge FETCH_HEAD",
    "`git update-index --cacheinfo` with `git hash-object -w --no-filters`": "git update-index --add --cacheinfo"
    f" 100644,$(git hash-object -w --no-filters {NEW}),{NEW}",
    "a line in `.gitattributes` that takes the filter away, in the same `git add -A`": "echo 'secrets/* -filter'"
    " >> .gitattributes; git add -A",
    "a clone in which nobody ran `git setup --protect`": "git config --remove-section filter.leafseal;"
    " git config --remove-section filter.leafseal-kept; git add -A",
    "the same, and `git add -A` after `decrypt -i` of a file under a rule for all files": "git config --remove-section"
    f" filter.leafseal; git config --remove-section filter.leafseal-kept; sed s/password/key/ {NEW} > other.yaml;"
    f" rm {NEW}; git add -A",
    "a plain value in a file that is encrypted otherwise": f"(echo ---; cat {NEW}) >> secrets/app.yaml; rm {NEW};"
    " git add secrets/app.yaml",
    "the same where the file's own rule leaves values plain": "sed -i 's/unencrypted_suffix: .*/encrypted_regex: pass/'"
    f" secrets/app.yaml; (echo ---; cat {NEW}) >> secrets/app.yaml; rm {NEW}; git add secrets/app.yaml",
    "`git -c filter.leafseal.clean=cat add`": f"git -c filter.leafseal.clean=cat add {NEW}",
}


def rows() -> dict[str, tuple[str, str, str]]:
    text = PAGE.read_text(encoding="utf-8").partition("<!-- ways -->")[2].partition("\n\n## ")[0]
    found = re.findall(r"^\| (.*?) \| (stops|passes) \| ?(.*?) \| ?(.*?) \|$", text, re.MULTILINE)
    return {way: (told, hook, ci) for way, told, hook, ci in found}


def test_the_page_lists_the_ways() -> None:
    assert list(rows()) == list(WAYS)
    for told, hook, ci in rows().values():
        assert told == STOPS or (hook in ("finds", "not run") and ci == "finds")


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_add_plain_text(guarded: Path, leafseal: Run, way: str) -> None:
    word = "word-of-a-leak"
    if "git am" in way or "git merge" in way:
        git(guarded.parent, "clone", "-q", str(guarded), "elsewhere")
        shell(
            guarded.parent / "elsewhere",
            f"echo 'password: {word}' > {NEW}; git add -A; git -c user.name=a -c user.email=a@example.org commit -qm x;"
            " git format-patch -1 --stdout > ../work/mail",
        )
    else:
        (guarded / NEW).write_text(f"password: {word}\n")
    done = shell(guarded, WAYS[way])
    told, hook, _ = rows()[way]
    assert has_plain(guarded, word) == (told == PASSES), done.stderr
    if told == STOPS:
        assert done.returncode != 0
        assert "leafseal: error: secrets/" in done.stderr
        return
    if hook == "finds":
        assert leafseal("check", "--staged").code == 222
        git(guarded, "-c", "filter.leafseal.clean=cat", "commit", "-qm", "x")
    assert leafseal("check", "--revision", "HEAD").code == 222


def test_what_may_be_added_is_added_as_it_is(guarded: Path) -> None:
    sealed = (guarded / "secrets" / "app.yaml").read_bytes()
    names = ["secrets/two.yaml", "secrets/a b.yaml", "secrets/-x.yaml", "secrets/$(id).yaml", "secrets/two\nlines.yaml"]
    for name in [*names, os.fsdecode(b"secrets/caf\xe9.yaml")]:
        (guarded / name).write_bytes(sealed)
    (guarded / "secrets" / "empty.yaml").write_bytes(b"")
    (guarded / "plain.yaml").write_bytes(b"a: no end of line \xff\0")
    git(guarded, "add", "-A")
    for name in [*names, "secrets/empty.yaml", "plain.yaml"]:
        written = subprocess.run(["git", "show", f":0:{name}"], cwd=guarded, capture_output=True, check=True).stdout
        assert written == (guarded / name).read_bytes()
    git(guarded, "commit", "-qm", "x")
    shutil.rmtree(guarded / "secrets")
    git(guarded, "checkout", "-q", "--", "secrets")
    assert (guarded / "secrets" / "two.yaml").read_bytes() == sealed


def test_a_file_that_git_has_encrypted_stays_encrypted(guarded: Path, leafseal: Run) -> None:
    assert leafseal("decrypt", "-i", "other.yaml").code == 0
    told = git(guarded, "add", "other.yaml", code=128)
    assert "other.yaml: Git has this file encrypted, and this is plain text" in told
    assert "+key: word-other" in git(guarded, "diff", "--no-textconv", "other.yaml")
    assert git(guarded, "status", "--short") == " M other.yaml\n"
    git(guarded, "-c", "color.ui=never", "--literal-pathspecs", "add", "other.yaml", code=128)
    git(guarded, "checkout", "other.yaml")
    assert git(guarded, "status", "--short") == ""


def test_broken_files_are_refused(guarded: Path) -> None:
    (guarded / NEW).write_text("a: 1\n<<<<<<< ours\nb: ENC[AES256_GCM,\n=======\n>>>>>>> theirs\n")
    told = git(guarded, "add", NEW, code=128)
    assert "the markers of a merge conflict" in told
    assert f'hint: decide the conflict with "leafseal resolve {NEW}", then add it again' in told
    (guarded / NEW).write_text((guarded / "secrets" / "app.yaml").read_text().partition("sops:")[0])
    told = git(guarded, "add", NEW, code=128)
    assert "no sops metadata" in told
    assert f'hint: restore a version that has the metadata; "git log -p {NEW}" shows where it was lost' in told


def test_nothing_passes_by_a_configuration_that_is_wrong(guarded: Path) -> None:
    (guarded / ".sops.yaml").write_text("creation_rules: [{path_regex: '('}]\n")
    (guarded / NEW).write_text("a: 1\n")
    assert "leafseal: error: .sops.yaml: line 1: creation_rules[0].path_regex" in git(guarded, "add", NEW, code=128)


def test_nothing_passes_where_rules_are_not_read(guarded: Path, leafseal: Run) -> None:
    rules = (guarded / ".sops.yaml").read_text()
    (guarded / ".sops.yaml").write_text(f"    age: x\n{rules}")
    (guarded / NEW).write_text("a: 1\n")
    told = git(guarded, "add", NEW, code=128)
    assert "leafseal: error: .sops.yaml: line 2: the document ends before this line" in told
    for wrong in (f"    age: x\n{rules}", rules.replace("creation_rules", "creation_rule"), f"---\n---\n{rules}"):
        (guarded / ".sops.yaml").write_text(wrong)
        told = leafseal("git", "setup", "--protect").err  # which knows no rule now
        assert "leafseal: warning: .sops.yaml: line " in told
        assert "- secrets/" not in told
        assert b".sops.yaml: line " in leafseal("git", "doctor").out
        git(guarded, "-c", "filter.leafseal.clean=cat", "commit", "-qm", "x", ".sops.yaml")
        for name in (NEW, "new.json"):
            (guarded / name).write_text("{}\n")
            assert "leafseal: error: .sops.yaml: line " in git(guarded, "add", name, code=128)
        result = leafseal("encrypt", NEW)
        assert "has no creation rules (line " in result.err
    (guarded / ".sops.yaml").write_text(rules)
    leafseal("git", "setup", "--protect")
    git(guarded, "add", "new.json")


def test_an_unresolved_conflict_is_refused(guarded: Path) -> None:
    path = guarded / "secrets" / "app.yaml"
    block = "\n    leafseal:\n        unresolved:\n            u0123456789abcdef: /password\n    mac:"
    old = path.read_text()
    text = re.sub(r"(\n    leafseal:\n)", r"\1        unresolved:\n            u0123456789abcdef: /password\n", old)
    path.write_text(text if text != old else old.replace("\n    mac:", block))
    assert "unresolved" in path.read_text()
    told = git(guarded, "add", "secrets/app.yaml", code=128)
    assert "secrets/app.yaml" in told.partition("\n")[0]
    assert "merge" in told


def test_it_is_taken_away(guarded: Path, leafseal: Run) -> None:
    result = leafseal("git", "unsetup", "--protect")
    assert result.err.count("removed section filter.") == 2
    assert not list((guarded / ".git").glob("leafseal*"))
    (guarded / NEW).write_text("a: 1\n")
    git(guarded, "add", NEW)
    assert leafseal("git", "doctor").out.count(b"asks for the guard") == 1
    assert b"merge.leafseal" not in leafseal("git", "doctor").out
    leafseal("git", "unsetup")  # as in a fresh clone
    commands = [line for line in leafseal("git", "doctor").out.splitlines() if line.startswith(b"  ")]
    assert commands == [b"  leafseal git setup --protect"]
    assert leafseal("git", "setup", "--protect").code == 0
    assert leafseal("git", "doctor").code == 0


def test_its_lines_are_taken_away_for_everybody(guarded: Path, leafseal: Run) -> None:
    leafseal("git", "unsetup", "--protect", "--attributes")
    text = (guarded / ".gitattributes").read_text()
    assert ("filter=" in text, "merge=leafseal" in text) == (False, True)
    (guarded / ".gitattributes").unlink()
    (guarded / ".gitattributes").symlink_to("elsewhere")
    assert leafseal("git", "unsetup").code == 0


def test_without_the_program_git_takes_it_away(guarded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [one for one in os.environ["PATH"].split(os.pathsep) if not os.path.exists(f"{one}/leafseal")]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    (guarded / NEW).write_text("a: 1\n")
    told = git(guarded, "add", NEW, code=128)
    assert f"leafseal: error: {NEW}: may be plain text, and leafseal is not on PATH" in told
    assert UNDO in told
    git(guarded, "diff")
    (guarded / "secrets" / "copy.yaml").write_bytes((guarded / "secrets" / "app.yaml").read_bytes())
    git(guarded, "add", "secrets/copy.yaml")
    subprocess.run(["/bin/sh", "-c", UNDO], cwd=guarded, check=True)
    git(guarded, "add", NEW)


def test_a_linked_work_tree_has_it_too(guarded: Path) -> None:
    git(guarded, "worktree", "add", "-q", "../linked")
    linked = guarded.parent / "linked"
    (linked / NEW).write_text("a: 1\n")
    assert "not encrypted" in git(linked, "add", NEW, code=128)


def test_a_file_with_another_filter_is_refused(repository: Path, leafseal: Run) -> None:
    (repository / ".gitattributes").write_text("secrets/* filter=lfs\n")
    result = leafseal("git", "setup", "--protect")
    assert result.code == 220
    assert "secrets/app.yaml: has filter=lfs" in result.err
    assert "leafseal" not in git(repository, "config", "--local", "--list")


def test_doctor_tests_it(guarded: Path, leafseal: Run) -> None:
    result = leafseal("git", "doctor")
    assert (result.code, b"refuses plain text" in result.out) == (0, True)
    git(guarded, "config", "filter.leafseal.clean", "cat")
    assert b"is not that of this version" in leafseal("git", "doctor").out
    git(guarded, "config", "--unset", "filter.leafseal.required")
    leafseal("git", "setup", "--protect")
    assert leafseal("git", "doctor").code == 0
    (guarded / ".sops.yaml").write_text((guarded / ".sops.yaml").read_text() + "# other\n")
    assert b"the guard knows other rules than these" in leafseal("git", "doctor").out
    assert "wrote .git/leafseal-guard-rules" in leafseal("git", "setup", "--protect").err
    assert leafseal("git", "doctor").code == 0
    (guarded / ".git" / "info").mkdir(exist_ok=True)
    (guarded / ".git" / "info" / "attributes").write_text("* -filter\n")
    assert leafseal("git", "doctor").code == 222


def test_setup_without_it_keeps_the_lines_of_those_who_have_it(guarded: Path, leafseal: Run) -> None:
    before = (guarded / ".gitattributes").read_bytes()
    leafseal("git", "setup")
    assert (guarded / ".gitattributes").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "reads"),
    [
        (["git", "diff"], True),
        (["/usr/bin/git", "-C", "add", "-c", "a=b", "--no-pager", "diff", "x"], True),
        (["git", "commit", "-am", "fix diff"], False),
        (["git", "add", "diff"], False),
        (["git", "diff-files", "-p"], False),
        (["git"], False),
        (["vi", "diff"], False),
        ([], False),
    ],
)
def test_which_git_only_compares(monkeypatch: pytest.MonkeyPatch, words: list[str], reads: bool) -> None:
    monkeypatch.setattr(guard, "_arguments", lambda process: words)
    assert guard.only_reads(1) is reads


def test_the_arguments_of_a_process() -> None:
    told: Callable[[int], list[str]] = guard._arguments
    assert told(os.getpid())[0].rpartition("/")[2].startswith("python") or sys.platform != "linux"
    assert guard._arguments(2**22 + 5) == []
