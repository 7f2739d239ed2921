"""Every format through Git's merge, what a merge makes of layout, and merge tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.git.repositories import PROGRAM, Repository

from leafseal.testing import throwaway_identity

FILES = {
    "s.json": '{\n\t"db": {\n\t\t"password": "hunter22",\n\t\t"port": 1\n\t},\n\t"list": [1, 2],\n\t"one": true\n}\n',
    "one-line.json": '{"db": {"password": "hunter22", "port": 1}, "one": true}\n',
    "s.env": "# c\nPASSWORD=hunter22\nHOST=h\nPORT=1\n",
    "s.ini": "[db]\npassword = hunter22\nhost = h\nport = 1\n[other]\na = b\n",
    "s.yaml": "a: {x: 1}\nb: &p hunter22\nc: *p\nport: 1\n---\nkind: two\nport: 1\n",
    "windows.yaml": "a: 1\r\nb: hunter22\r\n\r\nport: 1\r\n",
}
OURS, THEIRS = ("hunter22", "hunter23"), {".env": ("PORT=1", "PORT=6"), ".ini": ("port = 1", "port = 6")}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "r", throwaway_identity())


@pytest.mark.parametrize("name", FILES)
def test_every_format(repository: Repository, name: str) -> None:
    plain = FILES[name]
    theirs = THEIRS.get(
        Path(name).suffix, ('"port": 1', '"port": 6') if name.endswith("json") else ("port: 1", "port: 6")
    )
    repository.seal(name, plain)
    repository.branches(name, [OURS], [theirs])
    repository.git("merge", "-q", "side")
    assert repository.text(name) == plain.replace(*OURS).replace(*theirs)
    assert repository.unresolved(name) == []


def test_a_document_that_theirs_changed_is_not_lost(repository: Repository) -> None:
    repository.seal("s.yaml", FILES["s.yaml"])
    repository.branches("s.yaml", [("kind: two", "kind: 2")], [("kind: two\nport: 1", "kind: two\nport: 2\nnew: 3")])
    repository.git("merge", "-q", "side")
    assert repository.values("s.yaml")[1] == {"kind": 2, "port": 2, "new": 3}


def test_binary_files_conflict_as_a_whole(repository: Repository) -> None:
    repository.seal("s.bin", "first")
    repository.branches("s.bin", [("first", "ours")], [("first", "theirs")])
    repository.git("merge", "side", code=1)
    assert (repository.text("s.bin"), repository.unresolved("s.bin")) == ("ours", ["/data"])


def test_comments_and_spelling_of_theirs_survive_and_what_is_lost_is_told(repository: Repository) -> None:
    plain = "# one\na: 1\n\nb: 0x10\n\n# two\nc: x\n"
    repository.seal("s.yaml", plain)
    ours = [("# one", "# ours"), ("a: 1", "a: 2")]
    theirs = [("# one", "# theirs"), ("0x10", "0x1F"), ("# two", "# of theirs"), ("c: x", "c: 'x'")]
    repository.branches("s.yaml", ours, theirs)
    repository.git("merge", "side")
    assert repository.text("s.yaml") == "# ours\na: 2\n\nb: 0x1F\n\n# of theirs\nc: 'x'\n"
    assert "leafseal: s.yaml: 1 comment of theirs was not taken over: /\n" in repository.said


def test_a_renamed_file_is_merged_under_its_new_name(repository: Repository) -> None:
    repository.seal("s.yaml", "a: 1\n\n\nb: hunter22\n\n\nport: 1\n")
    repository.commit("base")
    repository.git("switch", "-q", "-c", "side")
    repository.edit("s.yaml", ("port: 1", "port: 2"))
    repository.commit("side")
    repository.git("switch", "-q", "main")
    repository.git("mv", "s.yaml", "t.yaml")
    repository.edit("t.yaml", OURS)
    repository.commit("main")
    repository.git("merge", "-q", "side")
    assert repository.values("t.yaml") == [{"a": 1, "b": "hunter23", "port": 2}]


def test_merge_tools_get_a_file_of_their_own(repository: Repository) -> None:
    repository.seal("s.yaml", "a: 1\nb: hunter22\n")
    repository.branches("s.yaml", [OURS], [("a: 1", "a: 2")])
    repository.git("config", "--remove-section", "merge.leafseal")
    repository.git("merge", "side", code=1)
    repository.git("config", "mergetool.leafseal.cmd", f'{PROGRAM} merge "$BASE" "$LOCAL" "$REMOTE" -o "$MERGED"')
    repository.git("config", "mergetool.leafseal.trustExitCode", "true")
    repository.git("config", "mergetool.keepBackup", "false")
    repository.git("mergetool", "--no-prompt", "--tool=leafseal")
    assert repository.unmerged() == []
    assert repository.text("s.yaml") == "a: 2\nb: hunter23\n"


def test_markers_of_a_size_of_their_own_are_no_ancestor(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r", throwaway_identity(), marker_size=20)
    repository.seal("s.yaml", "a: 1\n")
    repository.branches("s.yaml", [("a: 1", "a: 2")], [("a: 1", "a: 3")])
    repository.git("merge", "side", code=1)
    assert (repository.text("s.yaml"), repository.unresolved("s.yaml")) == ("a: 2\n", ["/a"])
