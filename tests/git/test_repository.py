"""What Git is asked, in repositories as users have them, and with names as they can be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from leafseal.git.repository import LINK, SUBMODULE, GitError, NotARepositoryError, find_repository, user_name

STRANGE = [b"a b.yaml", b"two\nlines.yaml", b"caf\xe9.yaml", b"-dash.yaml", b"$(id).yaml", b":(top)x.yaml", b"\"'.yaml"]


def git(folder: Path, *arguments: str) -> str:
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    (top / "a.yaml").write_text("a: 1\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "one")
    return top


def test_it_is_found_from_a_folder_below(top: Path) -> None:
    (top / "deep" / "er").mkdir(parents=True)
    found = find_repository(str(top / "deep" / "er"))
    assert (found.top, found.git_dir, found.common_dir) == (str(top), str(top / ".git"), str(top / ".git"))
    assert not found.is_shallow


def test_a_folder_with_a_line_break_in_its_name(tmp_path: Path) -> None:
    top = tmp_path / "two\nlines\n"
    git(tmp_path, "init", "-q", str(top))
    assert find_repository(str(top)).top == str(top)


def test_elsewhere_is_none(tmp_path: Path, top: Path) -> None:
    with pytest.raises(NotARepositoryError, match="not in a Git repository"):
        find_repository(str(tmp_path))
    with pytest.raises(NotARepositoryError, match="not in a Git repository"):
        find_repository(str(tmp_path / "missing"))
    with pytest.raises(NotARepositoryError, match="bare repository"):
        find_repository(str(top / ".git"))
    git(tmp_path, "clone", "-q", "--bare", str(top), "bare.git")
    with pytest.raises(NotARepositoryError, match="bare repository"):
        find_repository(str(tmp_path / "bare.git"))
    (top / ".git" / "HEAD").write_text("damaged")
    with pytest.raises(GitError, match="not a git repository"):
        find_repository(str(top))


def test_a_linked_work_tree_has_its_own_top(tmp_path: Path, top: Path) -> None:
    git(top, "worktree", "add", "-q", "../linked")
    found = find_repository(str(tmp_path / "linked"))
    assert found.top == str(tmp_path / "linked")
    assert found.git_dir == str(top / ".git" / "worktrees" / "linked")
    assert found.common_dir == str(top / ".git")


def test_a_submodule_is_its_own_repository(tmp_path: Path, top: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(top), str(other))
    git(top, "submodule", "add", "-q", str(other), "sub")
    found = find_repository(str(top / "sub"))
    assert found.top == str(top / "sub")
    modes = {entry.name: entry.mode for entry in find_repository(str(top)).entries()}
    assert modes == {".gitmodules": 0o100644, "a.yaml": 0o100644, "sub": SUBMODULE}


def test_a_shallow_clone_is_one(tmp_path: Path, top: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{top}", "shallow")
    assert find_repository(str(tmp_path / "shallow")).is_shallow


def test_names_stay_what_they_are(top: Path) -> None:
    names = [os.fsdecode(name) for name in STRANGE]
    for name in names:
        (top / name).write_text("a: 1\n")
    (top / "link").symlink_to("a.yaml")
    (top / ".gitattributes").write_text("*.yaml merge=x\n-dash.yaml -merge\n")
    found = find_repository(str(top))
    assert set(found.names(untracked=True)) == {*names, "a.yaml", "link", ".gitattributes"}
    assert found.names() == ["a.yaml"]
    git(top, "add", ".")
    assert {entry.name: entry.mode for entry in found.entries()}["link"] == LINK
    assert [entry.name for entry in found.entries([":(top)x.yaml"])] == [":(top)x.yaml"]
    attributes = found.attributes([*names, "link"], ["merge", "diff"])
    assert {name: one["merge"] for name, one in attributes.items()} == {
        **dict.fromkeys(names, "x"),
        "-dash.yaml": "unset",
        "link": "unspecified",
    }
    assert attributes["link"]["diff"] == "unspecified"


def test_attributes_of_the_index(top: Path) -> None:
    (top / ".gitattributes").write_text("*.yaml merge=x\n")
    found = find_repository(str(top))
    assert found.attributes(["a.yaml"], ["merge"], is_cached=True) == {"a.yaml": {"merge": "unspecified"}}


def test_settings_have_their_scope(top: Path) -> None:
    git(top, "config", "merge.Some Driver.driver", "two\nlines = 1")
    found = find_repository(str(top))
    [one] = [one for one in found.settings() if one.name.startswith("merge.")]
    assert one == ("local", "file:.git/config", "merge.Some Driver.driver", "two\nlines = 1")
    assert found.config("merge.Some Driver.driver") == "two\nlines = 1"
    assert found.config("core.fsmonitor") is None
    assert found.config("safe.barerepository") is None


def test_where_a_path_is_in_it(top: Path) -> None:
    (top / "deep").mkdir()
    (top / "deep" / "link").symlink_to("/etc/hostname")
    (top.parent / "way").symlink_to(top)
    found = find_repository(str(top))
    assert found.inside(str(top / "deep" / "link")) == "deep/link"
    assert found.inside(str(top.parent / "way" / "a.yaml")) == "a.yaml"
    assert found.inside(str(top.parent / "elsewhere")) is None
    assert found.inside(str(top / "..name")) == "..name"


def test_the_index_that_git_tells_its_hooks_counts(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / "b.yaml").write_text("b: 1\n")
    (top / "deep").mkdir()
    subprocess.run(["git", "add", "b.yaml"], cwd=top, env={**os.environ, "GIT_INDEX_FILE": ".git/own"}, check=True)
    monkeypatch.chdir(top / "deep")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/own")
    assert find_repository().names() == ["b.yaml"]
    monkeypatch.chdir(top)
    monkeypatch.setenv("GIT_DIR", ".git")  # as in a linked work tree
    found, below = find_repository(), find_repository("deep")
    monkeypatch.chdir(top.parent)
    assert found.names() == below.names() == ["b.yaml"]


def test_what_changes_the_answers_of_git_is_not_passed_on(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "maybe")
    monkeypatch.setenv("GIT_TRACE", "1")
    assert find_repository(str(top)).names() == ["a.yaml"]


def test_what_the_repository_has_git_start_is_not_started(top: Path) -> None:
    program = top.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {top.parent / 'started'}\n")
    program.chmod(0o755)
    git(top, "config", "core.fsmonitor", str(program))
    find_repository(str(top)).names(untracked=True)
    assert not (top.parent / "started").exists()


def test_a_bare_repository_among_the_files_is_not_asked(top: Path) -> None:
    program = top.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {top.parent / 'started'}\n")
    program.chmod(0o755)
    git(top, "init", "-q", "--bare", "folder")
    git(top / "folder", "config", "core.fsmonitor", str(program))
    git(top / "folder", "config", "core.worktree", str(top))
    with pytest.raises(NotARepositoryError, match="in a bare repository"):
        find_repository(str(top / "folder"))
    assert not (top.parent / "started").exists()


def test_what_git_says_is_shown_in_one_line(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_repository(str(top))
    with pytest.raises(GitError, match=r"^git rev-parse: Needed a single revision$"):
        found.ask(["rev-parse", "--verify", "nowhere"])
    assert found.exchange(["rev-parse", "--verify", "nowhere"]).status == 128
    monkeypatch.setenv("PATH", str(top.parent))
    with pytest.raises(GitError, match="Git was not found"):
        find_repository(str(top))


def test_the_name_of_the_user(top: Path) -> None:
    git(top, "config", "user.name", "Ann Example")
    assert user_name(str(top)) == "Ann Example"
