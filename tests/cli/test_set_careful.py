"""`set` and `unset` where more would change than was meant: what is lost, slips, documents, the shell's history."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run, Terminal


@pytest.fixture
def file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    (work / "a.yaml").write_text("db: {password: first, port: 1}\nhosts: [x, y]\nnone: {}\nnote_unencrypted: n\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.yaml").code == 0
    return "a.yaml"


@pytest.fixture
def documents(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    (work / "d.yaml").write_text("a: 1  # one\n---\n# two\na: &x 2\nb: *x\nc:\n  d: 3\n---\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "d.yaml").code == 0
    return "d.yaml"


# -- what would be lost


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("db", "new", "db is a mapping of 2 values (password, port), which would be lost"),
        ("db", "null", "db is a mapping of 2 values (password, port), which would be lost"),
        ("hosts", "5", "hosts is a list of 2 values, which would be lost"),
    ],
)
def test_several_values_are_not_replaced_by_one(leafseal: Run, file: str, path: str, value: str, what: str) -> None:
    before = Path(file).read_bytes()
    result = leafseal("set", file, path, value)
    assert result.code == 220
    assert what in result.err
    assert "hint: to replace all of it with one value, add --force" in result.err
    assert Path(file).read_bytes() == before
    assert leafseal("set", "--force", file, path, value).code == 0


@pytest.mark.parametrize(
    ("path", "value"), [("db", '{"password": "x"}'), ("hosts", "[]"), ("none", "x"), ("db.port", "2"), ("db.new", "x")]
)
def test_what_loses_nothing_needs_no_force(leafseal: Run, file: str, path: str, value: str) -> None:
    assert leafseal("set", file, path, value).code == 0


# -- before a secret is asked for


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["b.yaml", "db.password"], "b.yaml: no such file"),
        (["plain.yaml", "db.password"], "plain.yaml: not encrypted"),
        (["a.yaml", "TOKEN=hunter2"], "PATH contains =, and no VALUE is given"),
    ],
)
def test_what_is_seen_to_be_wrong_is_said_before_a_secret_is_typed(
    leafseal: Run, file: str, screen: Terminal, words: list[str], message: str
) -> None:
    Path("plain.yaml").write_text("db: 1\n")
    result = leafseal("set", *words)
    assert message in result.err
    assert "hunter2" not in result.err
    assert screen.shown == ""


# -- slips


def test_a_slip_is_said_where_nobody_can_be_asked(leafseal: Run, file: str) -> None:
    result = leafseal("set", file, "db.pasword", "x")
    assert result.code == 0
    assert "warning: a.yaml: db.pasword is new; the file also has db.password" in result.err
    assert leafseal("get", file, "db.pasword").out == b"x\n"


@pytest.mark.parametrize(("answer", "changed"), [("y", "db.password"), ("n", "db.pasword"), ("", "db.pasword")])
def test_a_slip_is_asked_about(leafseal: Run, file: str, screen: Terminal, answer: str, changed: str) -> None:
    screen.answers = [answer]
    assert leafseal("set", file, "db.pasword", "x").code == 0
    assert "a.yaml: db.pasword is new; set db.password instead? [y/N]" in screen.shown
    assert leafseal("get", file, changed).out == b"x\n"


def test_digits_are_no_slip(leafseal: Run, file: str, screen: Terminal) -> None:
    assert leafseal("set", file, "db.port2", "2").code == 0
    assert screen.shown == ""


def test_unset_suggests(leafseal: Run, file: str) -> None:
    result = leafseal("unset", file, "db.pasword")
    assert result.code == 91
    assert "hint: the file has db.password" in result.err


# -- documents


def test_set_takes_a_document(leafseal: Run, documents: str) -> None:
    assert "warning" not in leafseal("set", "--document", "1", "--string", documents, "c.d", "x").err.replace(
        "warning: the value was on the command line", ""
    )
    assert leafseal("set", "--document", "2", documents, "new", "7").code == 0
    assert leafseal("decrypt", documents).out == (b"a: 1  # one\n---\n# two\na: &x 2\nb: *x\nc:\n  d: x\n---\nnew: 7\n")
    assert leafseal("get", "--document", "1", documents, "c.d").out == b"x\n"


def test_unset_takes_a_document(leafseal: Run, documents: str) -> None:
    assert leafseal("unset", "--document", "1", documents, "c").code == 0
    assert leafseal("decrypt", documents).out == b"a: 1  # one\n---\n# two\na: &x 2\nb: *x\n---\n"
    assert leafseal("unset", "--document", "1", documents, "a").code == 220
    assert leafseal("unset", "--document", "1", "--expand-aliases", documents, "a").code == 0
    assert leafseal("decrypt", documents).out == b"a: 1  # one\n---\n# two\nb: 2\n---\n"


@pytest.mark.parametrize("command", [["set", "--string"], ["unset"]])
def test_the_first_document_is_said(leafseal: Run, documents: str, command: list[str]) -> None:
    result = leafseal(*command, documents, "a", *(["x"] if command[0] == "set" else []))
    assert result.code == 0
    said = "d.yaml: contains 3 documents; this changes the first; to choose, add --document N, from 0"
    assert result.err.count(said) == 1


@pytest.mark.parametrize("command", [["set", "--string"], ["unset"]])
def test_a_document_that_is_not_there(leafseal: Run, documents: str, command: list[str]) -> None:
    before = Path(documents).read_bytes()
    result = leafseal(*command, "--document", "3", documents, "a", *(["x"] if command[0] == "set" else []))
    assert (result.code, Path(documents).read_bytes()) == (91, before)
    assert "there is no document 3; the last is 2" in result.err


def test_a_damaged_value_of_a_later_document_can_be_replaced(leafseal: Run, documents: str) -> None:
    path = Path(documents)
    line = next(line for line in path.read_text().splitlines() if line.startswith("  d: "))
    path.write_text(path.read_text().replace(line, "  e: " + line.removeprefix("  d: ")))
    again = ["set", "--ignore-mac", "--write-unverified", "--string", documents, "c.e", "x"]
    assert leafseal(*again).code == 25
    assert leafseal(*again, "--document", "1").code == 0
    assert leafseal("get", "--document", "1", documents, "c.e").out == b"x\n"


# -- the shell's history


def test_only_values_that_are_encrypted_are_warned_of(leafseal: Run, file: str) -> None:
    warning = "the value was on the command line: it is now in your shell history"
    assert warning in leafseal("set", file, "db.port", "2").err
    assert warning in leafseal("set", "--idempotent", file, "db.port", "2").err
    assert warning in leafseal("set", file, "more", '{"a_unencrypted": 1, "b": 2}').err
    assert warning not in leafseal("set", file, "note_unencrypted", "m").err
    assert warning not in leafseal("set", "--idempotent", file, "note_unencrypted", "m").err


# -- odd values


def test_set_warns_of_new_odd_values(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.env").write_text("A='q'\nB=1\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.env").code == 0
    result = leafseal("set", "a.env", "B", "x # y")
    assert "B (# comment)" in result.err
    assert "A (quotes)" not in result.err
    assert "(# comment)" not in leafseal("set", "a.env", "C", "plain").err


# -- the last encrypted value


def test_that_nothing_is_encrypted_any_more_is_said(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.yaml").write_text("a: x\nb: z\nc_unencrypted: plain\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.yaml").code == 0
    assert leafseal("unset", "a.yaml", "a") == (0, b"", "")
    result = leafseal("unset", "a.yaml", "b")
    assert result.code == 0
    assert 'none of its values is encrypted any more; to make it a plain file, run "leafseal decrypt -i a.yaml"' in (
        result.err
    )
    assert leafseal("decrypt", "-i", "a.yaml").code == 0
    assert (work / "a.yaml").read_text() == "c_unencrypted: plain\n"
