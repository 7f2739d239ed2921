"""Contents, revisions and ranges, as Git has them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from leafseal.git.blobs import (
    Contents,
    changed_names,
    commit_of,
    files_of,
    fork_point,
    staged_names,
    versions_between,
    with_index_of,
)
from leafseal.git.repository import GitError, Repository, find_repository

from .test_repository import STRANGE, git, top

__all__ = ["top"]


@pytest.fixture
def repository(top: Path) -> Repository:
    return find_repository(str(top))


def note_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    ask = Repository.ask

    def noted(self: Repository, arguments: Sequence[str], data: bytes = b"", **limits: Any) -> bytes:
        asked.append(next(word for word in arguments if not word.startswith("-")))
        return ask(self, arguments, data, **limits)

    monkeypatch.setattr(Repository, "ask", noted)
    return asked


def blob(top: Path, data: bytes) -> str:
    (top / "x").write_bytes(data)
    return git(top, "hash-object", "-w", "x").strip()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Git is asked, a command each."""
    return note_what_is_asked(monkeypatch)


def test_contents_come_in_one_go(top: Path, repository: Repository, asked: list[str]) -> None:
    texts = [b"", b"\n", b"one\ntwo", b"\0\xff" * 1000, b"x" * 5000]
    ids = [blob(top, text) for text in texts]
    contents = Contents(repository, 5000)
    assert dict(contents.read([*ids, ids[2]])) == dict(zip(ids, texts, strict=True))
    assert asked == ["cat-file", "cat-file"]  # for the sizes, and for all contents


def test_what_is_large_or_missing_is_left_out(top: Path, repository: Repository) -> None:
    small, large, missing = blob(top, b"s"), blob(top, b"x" * 11), "0123456789" * 4
    tree = git(top, "rev-parse", "HEAD^{tree}").strip()
    contents = Contents(repository, 10)
    assert contents.sizes([small, large, missing, tree]) == {small: 1, large: 11, missing: None, tree: None}
    assert dict(contents.read([missing, large, tree, small])) == {small: b"s"}


def test_contents_beyond_the_room_come_in_parts(
    top: Path, repository: Repository, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leafseal.git.blobs._ROOM", 10)
    ids = [blob(top, text) for text in (b"a" * 6, b"b" * 6, b"c" * 30, b"d")]
    contents = Contents(repository, 100)
    assert {len(data) for _, data in contents.read(ids)} == {6, 30, 1}
    assert len(asked) > 4


@pytest.mark.parametrize("name", STRANGE)
def test_names_are_bytes(top: Path, repository: Repository, name: bytes) -> None:
    (top / os.fsdecode(name)).write_bytes(b"x")
    git(top, "add", "-A")
    assert staged_names(repository) == [os.fsdecode(name)]
    git(top, "commit", "-qm", "two")
    assert staged_names(repository) == []
    assert os.fsdecode(name) in [entry.name for entry in files_of(repository, commit_of(repository, "HEAD"))]
    assert changed_names(repository, "HEAD~1", "HEAD") == [os.fsdecode(name)]
    assert [one.entry.name for one in versions_between(repository, "HEAD~1", "HEAD")] == [os.fsdecode(name)]


def test_what_is_staged_before_the_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "new")
    (tmp_path / "new" / "a").write_text("x")
    git(tmp_path / "new", "add", "a")
    assert staged_names(find_repository(str(tmp_path / "new"))) == ["a"]


def test_every_version_of_a_range(top: Path, repository: Repository) -> None:
    start = git(top, "rev-parse", "HEAD").strip()
    for text in ("2", "3"):
        (top / "a.yaml").write_text(text)
        git(top, "commit", "-qam", text)
    git(top, "rm", "-q", "a.yaml")
    git(top, "commit", "-qm", "gone")
    found = list(versions_between(repository, start, "HEAD"))
    assert [one.entry.name for one in found] == ["a.yaml", "a.yaml"]
    assert {data for _, data in Contents(repository, 10).read(one.entry.blob for one in found)} == {b"2", b"3"}
    assert len({one.commit for one in found}) == 2
    assert changed_names(repository, start, "HEAD") == []


def test_a_merge_has_what_is_in_none_of_its_parents(top: Path, repository: Repository) -> None:
    start = git(top, "rev-parse", "HEAD").strip()
    git(top, "checkout", "-qb", "side")
    (top / "b").write_text("side")
    git(top, "add", "b")
    git(top, "commit", "-qm", "side")
    git(top, "checkout", "-q", "main")
    (top / "c").write_text("main")
    git(top, "add", "c")
    git(top, "commit", "-qm", "main")
    git(top, "merge", "-q", "--no-commit", "side")
    (top / "b").write_text("neither")
    git(top, "commit", "-qam", "merge")
    found = [(one.entry.name, one.commit) for one in versions_between(repository, start, "HEAD")]
    assert ("b", git(top, "rev-parse", "HEAD").strip()) in found
    assert sorted(name for name, _ in found) == ["b", "b", "c"]
    assert fork_point(repository, "main", "side") == git(top, "rev-parse", "side").strip()


@pytest.mark.parametrize("revision", ["--output=x", "-h", "none", "HEAD:a.yaml", "HEAD\nx", ""])
def test_what_is_no_commit(top: Path, repository: Repository, revision: str) -> None:
    with pytest.raises(GitError):
        commit_of(repository, revision)
    assert not (top / "x").exists()


def test_a_shallow_clone_says_that_it_is_one(top: Path, tmp_path: Path) -> None:
    first = git(top, "rev-parse", "HEAD").strip()
    git(top, "commit", "-qm", "two", "--allow-empty")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{top}", "shallow")
    with pytest.raises(GitError, match="shallow") as caught:
        commit_of(find_repository(str(tmp_path / "shallow")), first)
    assert "fetch-depth: 0" in (caught.value.hint or "")


def test_histories_without_a_common_commit(top: Path, repository: Repository) -> None:
    git(top, "checkout", "-q", "--orphan", "other")
    git(top, "commit", "-qm", "other")
    with pytest.raises(GitError, match="no common commit"):
        fork_point(repository, "main", "other")


def test_attributes_of_a_commit(top: Path, repository: Repository) -> None:
    (top / ".gitattributes").write_text("a.yaml merge=union\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "attributes")
    git(top, "rm", "-q", ".gitattributes")
    with with_index_of(repository, commit_of(repository, "HEAD")) as other:
        assert other.attributes(["a.yaml"], ["merge"], is_cached=True) == {"a.yaml": {"merge": "union"}}
    assert repository.attributes(["a.yaml"], ["merge"], is_cached=True) == {"a.yaml": {"merge": "unspecified"}}


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_no_hook_of_the_repository_is_run_for_that(top: Path, repository: Repository, is_elsewhere: bool) -> None:
    hooks = top.parent / "hooks" if is_elsewhere else top / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    hook = hooks / "post-index-change"
    hook.write_text(f"#!/bin/sh\ntouch {top.parent / 'started'}\n")
    hook.chmod(0o755)
    if is_elsewhere:
        git(top, "config", "core.hooksPath", str(hooks))
    with with_index_of(repository, commit_of(repository, "HEAD")) as other:
        other.attributes(["a.yaml"], ["merge"], is_cached=True)
    assert not (top.parent / "started").exists()


def test_a_replaced_object_shows_its_own_content(top: Path, repository: Repository) -> None:
    secret, harmless = blob(top, b"secret"), blob(top, b"harmless")
    git(top, "replace", secret, harmless)
    assert dict(Contents(repository, 100).read([secret])) == {secret: b"secret"}
