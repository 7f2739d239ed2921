"""Encrypted files that real Git merges with our driver: what Git's commands hand to it, and what comes of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.git.repositories import DRIVER, PROGRAM, Repository

from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

PLAIN = """\
# the database
db:
  host: localhost  # where
  password: hunter22
  port: 5432

# programs
env:
  - name: A
    value: a
  - name: B
    value: b
hosts: [x, z]
api: one
"""
FILE = "s.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path / "r", throwaway_identity())
    found.seal(FILE, PLAIN)
    return found


def tokens(repository: Repository, revision: str) -> set[str]:
    text = repository.git("show", f"{revision}:{FILE}").split("sops:")[0]
    return {line.split("ENC[", 1)[1] for line in text.splitlines() if "ENC[" in line}


def test_changes_of_different_values_are_merged_and_every_token_is_that_of_a_side(repository: Repository) -> None:
    repository.branches(
        FILE,
        [("port: 5432", "port: 6000"), ("api: one", "api: one\nours: 1")],
        [("hunter22", "hunter23"), ("api: one", "# what theirs adds\ntheirs: 2\napi: one\nlast: 3")],
    )
    repository.git("merge", "-q", "side")
    assert "leafseal" not in repository.said
    merged = repository.text(FILE)
    expected = PLAIN.replace("5432", "6000").replace("hunter22", "hunter23")
    expected = expected.replace("api: one\n", "# what theirs adds\ntheirs: 2\napi: one\nours: 1\nlast: 3\n")
    assert merged == expected
    assert tokens(repository, "HEAD") <= tokens(repository, "HEAD^1") | tokens(repository, "HEAD^2")
    assert repository.unresolved(FILE) == []


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_a_conflict_leaves_a_valid_file_with_ours_that_remembers_it(tmp_path: Path, digest: str) -> None:
    repository = Repository(tmp_path / "r", throwaway_identity(), f"--object-format={digest}")
    repository.seal(FILE, PLAIN)
    repository.branches(
        FILE, [("hunter22", "c4n4ry-ours"), ("5432", "1")], [("hunter22", "c4n4ry-theirs"), ("one", "two")]
    )
    repository.git("merge", "side", code=1)
    assert f"leafseal: {FILE}: CONFLICT /db/password: changed on both sides (" in repository.said
    assert "c4n4ry" not in repository.said
    assert repository.unmerged() == [FILE]
    assert repository.text(FILE) == PLAIN.replace("hunter22", "c4n4ry-ours").replace("5432", "1").replace("one", "two")
    assert repository.unresolved(FILE) == ["/db/password"]
    data = (repository.folder / FILE).read_text()
    base, theirs = (repository.git("rev-parse", f":{stage}:{FILE}").strip() for stage in (1, 3))
    assert f"base: {base}\n" in data.replace("'", "").replace('"', "")
    assert f"theirs: {theirs}\n" in data.replace("'", "").replace('"', "")
    assert "c4n4ry" not in data
    assert b"c4n4ry" not in b"".join(path.read_bytes() for path in repository.folder.glob(".merge*"))


def test_what_identifies_an_element_is_not_shown_where_it_is_encrypted(repository: Repository) -> None:
    repository.branches(FILE, [("value: a", "value: o")], [("value: a", "value: t")])
    repository.git("merge", "side", code=1)
    assert repository.unresolved(FILE) == ["/env/0/value"]


def test_what_identifies_an_element_is_shown_where_it_is_not(repository: Repository) -> None:
    repository.seal(FILE, PLAIN, selection=Selection(encrypted_regex="^value$"))
    repository.branches(FILE, [("value: a", "value: o")], [("value: a", "value: t")])
    repository.git("merge", "side", code=1)
    assert repository.unresolved(FILE) == ["/env/name=A/value"]


def test_rebase_and_cherry_pick(repository: Repository) -> None:
    repository.branches(FILE, [("5432", "6000")], [("hunter22", "hunter23")])
    repository.edit(FILE, ("one", "two"))
    picked = repository.commit("pick")
    repository.git("switch", "-q", "side")
    repository.git("cherry-pick", picked)
    assert repository.text(FILE) == PLAIN.replace("hunter22", "hunter23").replace("one", "two")
    repository.git("reset", "-q", "--hard", "HEAD^")
    repository.git("rebase", "-q", "main")
    expected = PLAIN.replace("hunter22", "hunter23").replace("one", "two").replace("5432", "6000")
    assert repository.text(FILE) == expected
    assert repository.unresolved(FILE) == []


def test_revert_and_stash(repository: Repository) -> None:
    repository.branches(FILE, [("5432", "6000")], [("hunter22", "hunter23")])
    repository.edit(FILE, ("one", "two"))
    repository.commit("later")
    repository.git("revert", "--no-edit", "HEAD^")
    assert repository.text(FILE) == PLAIN.replace("one", "two")
    repository.edit(FILE, ("hosts: [x, z]", "hosts: [x, q]"))
    repository.git("stash")
    repository.edit(FILE, ("hunter22", "hunter24"))
    repository.commit("meanwhile")
    repository.git("stash", "pop")
    assert repository.text(FILE) == PLAIN.replace("one", "two").replace("x, z", "x, q").replace("hunter22", "hunter24")


@pytest.mark.parametrize("kept", [True, False])
def test_two_ancestors_that_conflict(repository: Repository, kept: bool) -> None:
    """With ours for an ancestor, or with the older one, Git would lose a change without a word in one of these."""
    repository.branches(FILE, [("api: one", "api: k")], [("api: one", "api: m0")])
    left, right = (repository.git("rev-parse", name).strip() for name in ("main", "side"))
    for branch, other in (("main", right), ("side", left)):
        repository.git("switch", "-q", branch)
        own = repository.text(FILE)
        repository.git("merge", other, code=1)
        value = own.split("api: ")[1].split()[0]
        repository.edit(FILE, (f"api: {value}", f"api: {value if kept else 'm1'}"))
        repository.commit("merged")
    repository.git("switch", "-q", "main")
    if not kept:
        repository.edit(FILE, ("api: m1", "api: k"))
        repository.commit("back")
    repository.git("merge", "side", code=1)
    assert "api: k\n" in repository.text(FILE)
    assert "/api" in repository.unresolved(FILE)


def test_two_ancestors_that_cannot_be_merged_are_none(repository: Repository) -> None:
    repository.branches(FILE, [("hunter22", "hunter23")], [("hunter22", "hunter24")])
    repository.git("branch", "other")
    repository.git("merge", "-q", "-s", "ours", "side")
    repository.git("switch", "-q", "side")
    repository.git("merge", "-q", "-s", "ours", "other")
    repository.git("switch", "-q", "main")
    # Either of them in the place of the ancestor would be one side, so that Git took the other without a word.
    repository.git("merge", "side", code=1, environ={"SOPS_AGE_KEY": ""})
    assert repository.unmerged() == [FILE]
    assert repository.git("cat-file", "blob", f":1:{FILE}") == ""


def test_a_size_of_markers_makes_no_ancestor_of_a_merge_in_a_bare_repository(repository: Repository) -> None:
    repository.branches(FILE, [("hunter22", "hunter23")], [("hunter22", "hunter24")])
    bare = repository.folder.parent / "bare.git"
    repository.git("clone", "-q", "--bare", ".", str(bare))
    repository.git("-C", str(bare), "config", "merge.leafseal.driver", f"{PROGRAM} {DRIVER}")
    (bare / "info" / "attributes").write_text("* merge=leafseal conflict-marker-size=20\n")
    # In an ancestor, a placeholder would be in the place of the conflict, and the merge clean.
    repository.git("-C", str(bare), "merge-tree", "--write-tree", "main", "side", code=1)
    assert f"leafseal: {FILE}: CONFLICT /db/password: changed on both sides" in repository.said


def test_added_on_both_sides(repository: Repository) -> None:
    """Nothing shows that it is one file: theirs may be another one, which ours' readers must not see."""
    repository.commit("base")
    for branch, text in (("side", "a: 1\nc: 3\n"), ("main", "a: 1\nb: 2\n")):
        repository.git("switch", "-q", *(("-c", branch) if branch == "side" else (branch,)))
        repository.seal("new.yaml", text)
        repository.commit()
    repository.git("merge", "-q", "side", code=1)
    assert "CONFLICT /c: added by them" in repository.said
    assert repository.values("new.yaml") == [{"a": 1, "b": 2}]
    assert repository.unresolved("new.yaml") == ["/c"]


def test_files_that_are_not_encrypted_are_merged_by_git(repository: Repository) -> None:
    (repository.folder / "plain.txt").write_text("a\nm\nb\n")
    repository.commit("base")
    for branch, text in (("side", "a\nm\ntheirs\n"), ("main", "ours\nm\nb\n")):
        repository.git("switch", "-q", *(("-c", branch) if branch == "side" else (branch,)))
        (repository.folder / "plain.txt").write_text(text)
        repository.commit()
    repository.git("merge", "-q", "side")
    assert (repository.folder / "plain.txt").read_text() == "ours\nm\ntheirs\n"
    (repository.folder / "plain.txt").write_text("ours\nm\nours\n")
    repository.commit()
    repository.git("switch", "-q", "side")
    (repository.folder / "plain.txt").write_text("theirs\nm\ntheirs too\n")
    repository.commit()
    repository.git("merge", "main", code=1)
    assert "<<<<<<< " in (repository.folder / "plain.txt").read_text()


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_one_side_that_is_not_encrypted_is_a_conflict_and_ours_stays(repository: Repository, side: str) -> None:
    repository.branches(FILE, [("5432", "1")], [("one", "two")])
    branch = "main" if side == "ours" else "side"
    repository.git("switch", "-q", branch)
    (repository.folder / FILE).write_text(PLAIN)
    repository.commit("decrypted by mistake")
    repository.git("switch", "-q", "main")
    before = (repository.folder / FILE).read_bytes()
    repository.git("merge", "side", code=1)
    assert f"{side} (" in repository.said or f"{side} is not encrypted" in repository.said
    assert (repository.folder / FILE).read_bytes() == before


def test_without_a_key_ours_stays(repository: Repository) -> None:
    repository.branches(FILE, [("5432", "1")], [("one", "two")])
    before = (repository.folder / FILE).read_bytes()
    repository.git("merge", "side", code=1, environ={"SOPS_AGE_KEY": throwaway_identity().identity})
    assert "leafseal: error: s.yaml: not merged: no key of yours can decrypt ours" in repository.said
    assert (repository.folder / FILE).read_bytes() == before
    assert repository.unmerged() == [FILE]


def test_a_side_whose_mac_is_wrong_is_named_and_ours_stays(repository: Repository) -> None:
    repository.branches(FILE, [("5432", "1")], [("one", "two")])
    repository.git("switch", "-q", "side")
    lines = (repository.folder / FILE).read_text().splitlines(keepends=True)
    (repository.folder / FILE).write_text("".join(line for line in lines if "host:" not in line))
    repository.commit("by hand")
    repository.git("switch", "-q", "main")
    before = (repository.folder / FILE).read_bytes()
    repository.git("merge", "side", code=1)
    assert "theirs" in repository.said
    assert "integrity check (MAC)" in repository.said
    assert (repository.folder / FILE).read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="such names")
@pytest.mark.parametrize("name", ["-x .yaml", "a'b$(id).yaml", "line\nbreak.yaml", os.fsdecode(b"\xff.yaml")])
def test_names_of_files(repository: Repository, name: str) -> None:
    repository.seal(name, PLAIN)
    repository.branches(name, [("5432", "6000")], [("hunter22", "hunter23")])
    repository.git("merge", "-q", "side")
    assert repository.text(name) == PLAIN.replace("5432", "6000").replace("hunter22", "hunter23")


def test_switched_off(repository: Repository) -> None:
    repository.branches(FILE, [("5432", "6000")], [("hunter22", "hunter23")])
    repository.git("merge", "side", code=1, environ={"LEAFSEAL_MERGE": "0"})
    assert "<<<<<<< " in (repository.folder / FILE).read_text()
