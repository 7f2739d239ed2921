"""`leafseal diff`: which values differ, in files and in revisions of a real repository."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run

OLD = """\
# note
db:
  password: old
  port: 5432
api_unencrypted: plain
list: [a, b, c]
env:
  - name: A
    value: 1
  - name: B
    value: two
gone: true
"""
NEW = """\
# another note
db:
  port: "5432"
  password: new
  host: h
api_unencrypted: other
list: [a, x, c]
env:
  - name: B
    value: two
  - name: A
    value: 2
"""
DIFFERENCES = """\
old.yaml -> new.yaml
  ~ /db/port              encrypted int -> str
  ~ /db/password          encrypted str
  + /db/host              encrypted str
  ~ /api_unencrypted      plain str
  ~ /list/1               encrypted str
  > /env/1                moved
  ~ /env/1/value          encrypted int
  - /gone                 encrypted bool
  data key   rotated
  comments   ~1
"""


def encrypt(leafseal: Run, name: str, text: str | bytes, *options: str) -> Path:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = leafseal("encrypt", "-i", *options, name)
    assert result.code == 0, result.err
    return path


@pytest.fixture
def both(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    encrypt(leafseal, "old.yaml", OLD, "--age", me.recipient)
    encrypt(leafseal, "new.yaml", NEW, "--age", me.recipient)


def difference(leafseal: Run, *arguments: str, code: int = 0, err: str = "") -> str:
    result = leafseal("diff", *arguments)
    assert (result.code, result.err) == (code, err)
    return result.out.decode("utf-8", "surrogateescape")


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.usefixtures("both")
def test_what_differs_is_named_and_no_value(leafseal: Run) -> None:
    assert squeezed(difference(leafseal, "old.yaml", "new.yaml")) == squeezed(DIFFERENCES)
    assert difference(leafseal, "old.yaml", "old.yaml") == ""


@pytest.mark.usefixtures("both")
def test_exit_code_tells_of_a_difference(leafseal: Run) -> None:
    assert difference(leafseal, "--exit-code", "old.yaml", "new.yaml", code=222)
    assert difference(leafseal, "--exit-code", "old.yaml", "old.yaml") == ""


@pytest.mark.usefixtures("both")
def test_values_are_shown_where_that_is_asked_for(leafseal: Run, me: ThrowawayIdentity) -> None:
    shown = difference(leafseal, "--show-values", "old.yaml", "new.yaml")
    assert "  ~ /db/password      encrypted str\n      - old\n      + new\n" in shown
    assert "  ~ /db/port          encrypted int -> str\n      - 5432\n      + 5432\n" in shown
    encrypt(leafseal, "a.yaml", "a: x\n", "--age", me.recipient)
    encrypt(leafseal, "b.yaml", 'a: "one\\n\\e[2Jtwo\\n"\n', "--age", me.recipient)
    shown = difference(leafseal, "--show-values", "a.yaml", "b.yaml")
    assert shown.endswith("      - x\n      + one\n        \\x1b[2Jtwo\n  data key   rotated\n")


@pytest.mark.usefixtures("both")
def test_the_report_has_values_only_where_that_is_asked_for(leafseal: Run) -> None:
    report = json.loads(difference(leafseal, "--json", "old.yaml", "new.yaml"))
    [file] = report["files"]
    changes = {one["path"]: one for one in file["differences"]}
    expected = {"encrypted_a": True, "encrypted_b": True, "type_a": "str", "type_b": "str"}
    assert changes["/db/password"] == {"path": "/db/password", "change": "changed", **expected}
    assert [one["change"] for one in file["differences"]].count("moved") == 1
    assert (file["rotated"], file["comments"], file["differs"]) == (True, 1, True)
    report = json.loads(difference(leafseal, "--json", "--show-values", "old.yaml", "new.yaml"))
    changes = {one["path"]: one for one in report["files"][0]["differences"]}
    assert (changes["/db/port"]["value_a"], changes["/db/port"]["value_b"]) == ("5432", "5432")


def test_recipients_rule_and_layout(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    other = throwaway_identity().recipient
    path = encrypt(leafseal, "a.yaml", "a: 1\nb: 2\n", "--age", me.recipient)
    Path("b.yaml").write_bytes(path.read_bytes())
    assert leafseal("rotate", "-i", "--add-age", other, "--accept-recipients", "b.yaml").code == 0
    lines = squeezed(difference(leafseal, "a.yaml", "b.yaml"))
    assert lines == ["a.yaml -> b.yaml", f"recipients + {other[:12]}…", "data key rotated"]
    lines = squeezed(difference(leafseal, "b.yaml", "a.yaml"))
    assert lines == ["b.yaml -> a.yaml", f"recipients - {other[:12]}…", "data key rotated"]

    encrypt(leafseal, "c.yaml", "a: 1\nb: 2\n", "--age", me.recipient, "--encrypted-regex", "^a")
    lines = squeezed(difference(leafseal, "a.yaml", "c.yaml"))
    assert "~ /b encrypted -> plain" in lines
    assert "rule unencrypted_suffix=_unencrypted -> encrypted_regex=^a" in lines

    text = path.read_text()
    Path("d.yaml").write_text(text.replace("\nb:", "\n\nb:"))
    assert squeezed(difference(leafseal, "--exit-code", "a.yaml", "d.yaml")) == ["a.yaml -> d.yaml", "layout only"]


def test_two_formats_compare_text_with_text(leafseal: Run, me: ThrowawayIdentity) -> None:
    encrypt(leafseal, "a.yaml", "PORT: 5432\nNAME: x\n", "--age", me.recipient)
    encrypt(leafseal, "a.env", "NAME=x\nPORT=5432\nMORE=1\n", "--age", me.recipient)
    lines = squeezed(difference(leafseal, "a.yaml", "a.env"))
    assert lines == ["a.yaml -> a.env", "+ /MORE encrypted str", "data key rotated"]
    encrypt(leafseal, "a.ini", "[x]\na = 1\n", "--age", me.recipient)
    encrypt(leafseal, "a.json", '{"x": {"a": "1"}}\n', "--age", me.recipient)
    assert squeezed(difference(leafseal, "a.ini", "a.json")) == ["a.ini -> a.json", "data key rotated"]


def test_files_of_one_value(leafseal: Run, me: ThrowawayIdentity) -> None:
    encrypt(leafseal, "a.bin", b"\0a", "--age", me.recipient)
    encrypt(leafseal, "b.bin", b"\0b", "--age", me.recipient)
    assert "~ / encrypted str" in squeezed(difference(leafseal, "a.bin", "b.bin"))


def test_documents_and_lists_that_grow(leafseal: Run, me: ThrowawayIdentity) -> None:
    encrypt(leafseal, "a.yaml", "a: 1\n---\nname: x\nb: [1, 2, 3]\nm: {}\n", "--age", me.recipient)
    encrypt(leafseal, "b.yaml", "a: 1\n---\nname: x\nb: [0, 1, 3]\nm: {n: null}\n", "--age", me.recipient)
    lines = squeezed(difference(leafseal, "a.yaml", "b.yaml"))
    assert lines[1:5] == [
        "+ #2/b/0 encrypted int",
        "- #2/b/1 encrypted int",
        "+ #2/m/n plain null",
        "data key rotated",
    ]


def test_a_name_that_is_not_encrypted_names_the_element(leafseal: Run, me: ThrowawayIdentity) -> None:
    rule = ("--age", me.recipient, "--encrypted-regex", "^value$")
    encrypt(leafseal, "a.yaml", "env:\n- {name: A/B, value: 1}\n- {name: C, value: 1}\n", *rule)
    encrypt(leafseal, "b.yaml", "env:\n- {name: C, value: 2}\n- {name: A/B, value: 1}\n", *rule)
    lines = squeezed(difference(leafseal, "a.yaml", "b.yaml"))
    assert lines[1:3] == ["~ /env/name=C/value encrypted int", "> /env/name=A~1B moved"]


# -- without a key


@pytest.mark.usefixtures("both")
def test_without_a_key_tokens_are_compared(
    leafseal: Run, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("set.yaml").write_bytes(Path("old.yaml").read_bytes())
    assert leafseal("set", "set.yaml", "db.password", '"new"').code == 0
    assert leafseal("set", "set.yaml", "db.host", '"h"').code == 0
    monkeypatch.delenv("SOPS_AGE_KEY")
    told = "leafseal: old.yaml -> set.yaml: no key decrypts it here: values are compared by their encrypted text\n"
    lines = squeezed(difference(leafseal, "--exit-code", "old.yaml", "set.yaml", code=222, err=told))
    assert lines[1:] == [
        "~? /db/password encrypted str, changed or encrypted again",
        "+ /db/host encrypted str",
    ]
    lines = squeezed(difference(leafseal, "old.yaml", "new.yaml"))
    assert "~ /api_unencrypted plain str" in lines
    assert "+ /db/host encrypted str" in lines
    assert not any("/db/password" in line for line in lines)
    assert "data key another one: without a key for both, encrypted values cannot be compared" in lines


# -- what is wrong


def test_a_file_that_was_changed_is_not_compared(leafseal: Run, both: None) -> None:
    text = Path("old.yaml").read_text()
    Path("bad.yaml").write_text(text.replace("api_unencrypted: plain", "api_unencrypted: forged"))
    result = leafseal("diff", "old.yaml", "bad.yaml")
    assert (result.code, result.out) == (51, b"")
    result = leafseal("diff", "--json", "old.yaml", "bad.yaml")
    assert json.loads(result.out)["errors"][0]["code"] == "mac-mismatch"
    assert "forged" not in result.err


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("a", "b", "c"), 8, "more than two files"),
        (("-", "-"), 8, "standard input can be read only once"),
        (("-",), 8, "standard input needs a file to be compared with"),
        (("old.yaml", "nothing.yaml"), 100, "nothing.yaml: no such file"),
        (("old.yaml", "."), 2, ".: is a folder"),
    ],
)
def test_what_is_refused(leafseal: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = leafseal("diff", *arguments)
    assert result.code == code
    assert f"error: {message}" in result.err


# -- revisions


@pytest.mark.usefixtures("repository")
def test_without_files_it_is_as_git_diff(leafseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, new = ["secrets/s.yaml", "~ /a encrypted str"], ["secrets/new.env", "+ /A encrypted str", "file new"]
    encrypted = Path("secrets/s.yaml").read_bytes()
    Path("untracked.yaml").write_bytes(encrypted)
    monkeypatch.chdir("secrets")  # all of the repository is compared, from anywhere in it
    assert squeezed(difference(leafseal)) == changed
    assert leafseal("diff", "--exit-code").code == 222
    assert difference(leafseal, "--staged") == ""
    git("add", "s.yaml")
    assert difference(leafseal) == difference(leafseal, "--", ".") == ""
    assert squeezed(difference(leafseal, "--staged")) == squeezed(difference(leafseal, "HEAD")) == changed
    assert difference(leafseal, "--staged", "plain.txt") == ""
    for words in (("HEAD~1", "HEAD"), ("HEAD~1..HEAD",), ("HEAD~1",), ("--staged", "HEAD~1")):
        lines = squeezed(difference(leafseal, *words))
        assert [*lines[:3], *lines[4:]] == [*new, *changed]
    assert squeezed(difference(leafseal, "HEAD", "s.yaml")) == changed
    [one] = json.loads(leafseal("diff", "--json", "HEAD").out)["files"]
    assert (one["file"], one["differs"]) == ("secrets/s.yaml", True)
    result = leafseal("diff", "--staged", "HEAD", "HEAD~1")
    assert (result.code, result.out) == (8, b"")
    # A file that is plain in the folder alone, and one that is gone.
    assert leafseal("decrypt", "-i", "s.yaml").code == 0
    os.unlink("new.env")
    lines = squeezed(difference(leafseal))
    assert "~ /a encrypted -> plain" in lines
    assert "file deleted" in lines
    # What a sparse checkout leaves out is not deleted.
    git("update-index", "--skip-worktree", "new.env")
    assert "secrets/new.env" not in difference(leafseal)


def test_files_before_the_first_commit_are_staged(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    git("init", "-q", "-b", "main")
    encrypt(leafseal, "s.yaml", "a: 1\n", "--age", me.recipient)
    git("add", "s.yaml")
    assert squeezed(difference(leafseal, "--staged"))[:3] == ["s.yaml", "+ /a encrypted int", "file new"]


@pytest.mark.usefixtures("repository")
def test_what_is_wrong_with_a_revision_is_no_fault_of_the_file(leafseal: Run) -> None:
    good = Path("secrets/s.yaml").read_text()
    Path("secrets/s.yaml").write_text(good[: good.index("sops:")] + 'b: "ENC[AES')
    commit("cut off")
    Path("secrets/s.yaml").write_text(good)
    for words, name in (((), ":secrets/s.yaml"), (("HEAD",), "HEAD:secrets/s.yaml")):
        result = leafseal("diff", *words)
        assert (result.code, result.out) == (2, b"")
        assert f"error: {name}: line " in result.err
        log = f"git log -p {'HEAD ' if words else ''}-- secrets/s.yaml"
        assert f'hint: restore the file from Git: it is an encrypted one that was cut off; "{log}" shows' in result.err
    git("reset", "-q", "--hard", "HEAD~1")
    Path("secrets/s.yaml").write_text(good.replace("type:str", "type:int", 1))
    commit("damaged")
    result = leafseal("diff", "HEAD~1", "HEAD")
    assert 'hint: see what was changed with "git log -p HEAD -- secrets/s.yaml"' in result.err


@pytest.fixture
def repository(leafseal: Run, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository: plain in the first commit, encrypted in the second, changed in the third, and in the folder."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "x")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "x@example.org")
    git("init", "-q", "-b", "main")
    Path("secrets").mkdir()
    Path("secrets/plain.txt").write_text("not encrypted\n")
    Path("secrets/s.yaml").write_text("a: one\n")
    commit("plain")
    encrypt(leafseal, "secrets/s.yaml", "a: one\n", "--age", me.recipient)
    commit("encrypted")
    assert leafseal("set", "secrets/s.yaml", "a", '"two"').code == 0
    encrypt(leafseal, "secrets/new.env", "A=1\n", "--age", me.recipient)
    Path("secrets/plain.txt").write_text("still not\n")
    commit("changed")
    assert leafseal("set", "secrets/s.yaml", "a", '"three"').code == 0
    return work


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, timeout=100, capture_output=True)


def commit(message: str) -> None:
    git("add", "-A")
    git("commit", "-qm", message)


@pytest.mark.usefixtures("repository")
def test_a_file_and_its_revisions(leafseal: Run) -> None:
    changed = ["secrets/s.yaml", "~ /a encrypted str"]
    assert squeezed(difference(leafseal, "secrets/s.yaml")) == changed
    assert squeezed(difference(leafseal, "HEAD:secrets/s.yaml")) == changed
    assert squeezed(difference(leafseal, "HEAD~1:secrets/s.yaml", "secrets/s.yaml"))[1:] == changed[1:]
    assert squeezed(difference(leafseal, "HEAD:secrets/s.yaml", ":secrets/s.yaml")) == []
    shown = difference(leafseal, "--show-values", "HEAD~1:secrets/s.yaml", "HEAD:secrets/s.yaml")
    assert shown.endswith("      - one\n      + two\n")
    lines = squeezed(difference(leafseal, "HEAD~2:secrets/s.yaml", "HEAD~1:secrets/s.yaml"))
    assert lines[1:3] == ["~ /a plain -> encrypted", "file not encrypted -> encrypted"]
    lines = squeezed(difference(leafseal, "HEAD~2:secrets/s.yaml", "HEAD:secrets/s.yaml"))
    assert lines[1] == "~ /a plain -> encrypted, changed"


@pytest.mark.usefixtures("repository")
def test_folders_of_revisions(leafseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    both = ["secrets/new.env", "+ /A encrypted str", "file new", "recipients +", "secrets/s.yaml", "~ /a encrypted str"]
    for arguments in (("HEAD~1", "HEAD", "--", "secrets"), ("HEAD~1..HEAD", "--", "."), ("HEAD~1", "--", "secrets")):
        lines = squeezed(difference(leafseal, *arguments))
        assert [line.partition(" age1")[0] for line in lines] == both
    # What cannot be read, or is elsewhere, is in nobody's way.
    Path("secrets/large").write_bytes(bytes(20_000))
    Path("secrets/link.yaml").symlink_to("s.yaml")
    git("add", "-A")
    for arguments in (("HEAD~1", "--", "."), ("HEAD~1", "", "--", "secrets")):
        lines = squeezed(difference(leafseal, "--max-file-size", "10K", *arguments))
        assert [line.partition(" age1")[0] for line in lines] == both
    result = leafseal("diff", "--max-file-size", "10K", "HEAD", "--", "secrets/large")
    assert (result.code, result.out) == (2, b"")
    assert "secrets/large: larger than 10240 bytes" in result.err
    git("reset", "-q")
    monkeypatch.chdir("secrets")
    assert squeezed(difference(leafseal, "--", "s.yaml"))[0] == "secrets/s.yaml"
    assert squeezed(difference(leafseal, "HEAD:./s.yaml", "s.yaml"))[1:] == ["~ /a encrypted str"]
    os.unlink("new.env")
    assert "file deleted" in squeezed(difference(leafseal, "HEAD", "--", "new.env"))


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nothing:secrets/s.yaml",), 8, "no revision nothing"),
        (("--output=x:secrets/s.yaml",), 1, "no such option"),
        (("HEAD:nothing.yaml",), 100, "nothing.yaml: HEAD has no such file"),
        (("HEAD", "--", "nothing.yaml"), 100, "nothing.yaml: no such file in any of the revisions"),
        (("HEAD:../x.yaml",), 8, "../x.yaml is outside of the repository"),
    ],
)
def test_what_is_no_revision(leafseal: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = leafseal("diff", *arguments)
    assert result.code == code
    assert f"error: {message}" in result.err


def test_a_name_of_bytes(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    name = os.fsdecode(b"x \n'$(id)\xff.yaml")
    encrypt(leafseal, name, "a: 1\n", "--age", me.recipient)
    commit("odd")
    assert leafseal("set", name, "a", "2").code == 0
    lines = difference(leafseal, "--", name).splitlines()
    assert lines[1:] == ["  ~ /a  encrypted int"]
    assert "\\n" in lines[0]
