import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leaflock.testing import ThrowawayIdentity, throwaway_identity

from .conftest import PLAIN, Run, Terminal, tokens

SOURCE = str(Path(__file__).parents[2] / "src")


def value(leaflock: Run, path: Path, place: str) -> object:
    return json.loads(leaflock("get", "--json", path, place).out)


# -- get


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["db.password"], b"hunter2-and-more\n"),
        (["-n", "db.password"], b"hunter2-and-more"),
        (["/db/port"], b"5432\n"),
        (["--json", "db"], b'{"password": "hunter2-and-more", "port": 5432}\n'),
        (["--json", "list"], b'["x", "y"]\n'),
        (["name_unencrypted"], b"shop\n"),
        (["empty"], b"\n"),
    ],
)
def test_get(leaflock: Run, sealed: Path, arguments: list[str], out: bytes) -> None:
    assert leaflock("get", sealed, *arguments) == (0, out, "")


def test_get_of_what_is_not_there(leaflock: Run, sealed: Path) -> None:
    result = leaflock("get", sealed, "db.none")
    assert (result.code, result.out) == (91, b"")
    assert "app.yaml: nothing stands at db.none" in result.err


# -- set and unset


def test_set_moves_nothing_else(leaflock: Run, sealed: Path) -> None:
    before, lines = tokens(sealed), sealed.read_text().splitlines()
    result = leaflock("set", sealed, "db.port", "6432")
    assert (result.code, result.out) == (0, b"")
    after = tokens(sealed)
    assert after["password"] == before["password"]
    assert after["port"] != before["port"]
    changed = [old for old, new in zip(lines, sealed.read_text().splitlines(), strict=True) if old != new]
    assert [line.split(":")[0].strip() for line in changed if "lastmodified" not in line] == ["port", "mac"]
    assert leaflock("decrypt", sealed).out == PLAIN.replace(b"5432", b"6432")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("5", 5),
        ('"5"', "5"),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ("plain words", "plain words"),
        ('{"a": [1, {"b": "c"}]}', {"a": [1, {"b": "c"}]}),
        ("05", "05"),
        ("", ""),
        ("-17", -17),
        ("9223372036854775807", 9223372036854775807),
    ],
)
def test_values_are_json_where_they_are_json(leaflock: Run, sealed: Path, given: str, stored: object) -> None:
    assert leaflock("set", sealed, "new.value", "--", given).code == 0
    found = value(leaflock, sealed, "new.value")
    assert (type(found), found) == (type(stored), stored)


def test_a_string_is_a_string_when_that_is_said(leaflock: Run, sealed: Path) -> None:
    assert leaflock("set", "--string", sealed, "db.port", "5").code == 0
    assert value(leaflock, sealed, "db.port") == "5"


@pytest.mark.parametrize(
    "given", ['{"a": 1', '["c4n4ry"', '"c4n4ry', '{"c4n4ry": 1, "c4n4ry": 2}', "9223372036854775808"]
)
def test_broken_values(leaflock: Run, sealed: Path, given: str) -> None:
    before = sealed.read_bytes()
    result = leaflock("set", sealed, "db.port", given)
    assert result.code == 7
    assert "c4n4ry" not in result.err
    assert sealed.read_bytes() == before


def test_a_value_on_the_command_line_is_warned_of(leaflock: Run, sealed: Path) -> None:
    assert "warning: the value stood on the command line" in leaflock("set", sealed, "db.port", "1").err


def test_a_value_from_a_file(leaflock: Run, sealed: Path, work: Path) -> None:
    (work / "value").write_text("-----BEGIN-----\nc4n4ry\n-----END-----\n")
    assert leaflock("set", "--value-file", "value", "--string", sealed, "db.key") == (0, b"", "")
    assert value(leaflock, sealed, "db.key") == "-----BEGIN-----\nc4n4ry\n-----END-----"
    (work / "value").write_bytes(b"\xff")
    assert leaflock("set", "--value-file", "value", sealed, "db.key").code == 7


def test_a_value_from_standard_input(leaflock: Run, sealed: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "leaflock", "set", "--value-stdin", sealed.name, "db.port"],
        input=b"7\n",
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE},
        start_new_session=True,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert value(leaflock, sealed, "db.port") == 7


def test_a_value_that_is_typed_is_a_string(leaflock: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leaflock.cli import _io

    assert leaflock("set", sealed, "db.port").code == 8
    monkeypatch.setattr(_io, "ask_secret", lambda question: "1e5")
    assert leaflock("set", sealed, "db.port") == (0, b"", "")
    assert value(leaflock, sealed, "db.port") == "1e5"


def test_one_value_from_one_place(leaflock: Run, sealed: Path) -> None:
    assert leaflock("set", "--value-stdin", sealed, "db.port", "5").code == 8
    assert leaflock("set", "--value-stdin", "--value-file", "x", sealed, "db.port").code == 8


def test_idempotent(leaflock: Run, sealed: Path) -> None:
    before = sealed.read_bytes()
    for path, given in (
        ("db.port", "5432"),
        ("list", '["x", "y"]'),
        ("db", '{"password": "hunter2-and-more", "port": 5432}'),
    ):
        result = leaflock("set", "--idempotent", sealed, path, given)
        assert result.code == 0
        assert "app.yaml: unchanged" in result.err
    assert leaflock("unset", "--idempotent", sealed, "db.none") == (
        0,
        b"",
        "leaflock: app.yaml: unchanged\n".replace("app.yaml", str(sealed)),
    )
    assert sealed.read_bytes() == before
    assert leaflock("set", "--idempotent", sealed, "db.port", "5432.0").code == 0
    assert sealed.read_bytes() != before


def test_unset(leaflock: Run, sealed: Path) -> None:
    assert leaflock("unset", sealed, "list[0]") == (0, b"", "")
    assert leaflock("unset", sealed, "db") == (0, b"", "")
    assert json.loads(leaflock("decrypt", "--output-type", "json", sealed).out) == {
        "name_unencrypted": "shop", "list": ["y"], "empty": "",
    }  # fmt: skip
    before = sealed.read_bytes()
    assert leaflock("unset", sealed, "db").code == 91
    assert sealed.read_bytes() == before


@pytest.mark.parametrize("command", [["set", "--string"], ["unset"]])
def test_the_whole_document_is_not_meant(leaflock: Run, sealed: Path, command: list[str]) -> None:
    assert leaflock(*command, sealed, "", *(["x"] if command[0] == "set" else [])).code == 91


def test_an_unverified_file_is_written_only_when_that_is_spelled_out(leaflock: Run, sealed: Path) -> None:
    sealed.write_text(sealed.read_text().replace("name_unencrypted: shop", "name_unencrypted: ship"))
    before = sealed.read_bytes()
    assert leaflock("set", sealed, "db.port", "1").code == 51
    assert leaflock("set", "--ignore-mac", sealed, "db.port", "1").code == 8
    assert sealed.read_bytes() == before
    result = leaflock("set", "--ignore-mac", "--write-unverified", sealed, "db.port", "1")
    assert result.code == 0
    assert "written although its MAC was not looked at; changed: db.port" in result.err
    assert leaflock("verify", sealed).code == 0


# -- what would get weaker


@pytest.fixture
def drifted(leaflock: Run, sealed: Path, work: Path, me: ThrowawayIdentity) -> Path:
    """A file whose own rule leaves clear what the configuration would seal."""
    assert leaflock("decrypt", "-i", sealed).code == 0
    assert leaflock("encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^password$", sealed).code == 0
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    return sealed


def test_drifted_rules_are_refused_where_nobody_can_be_asked(leaflock: Run, drifted: Path) -> None:
    before = drifted.read_bytes()
    result = leaflock("unset", drifted, "empty")
    assert result.code == 220
    assert "leaves clear what the configuration would seal:" in result.err
    assert "db.port, list[0], list[1]" in result.err
    assert "--keep-rules" in result.err
    assert drifted.read_bytes() == before


def test_drifted_rules_can_be_kept_or_mended(leaflock: Run, drifted: Path) -> None:
    assert leaflock("unset", "--keep-rules", drifted, "empty").code == 0
    assert set(tokens(drifted)) == {"password"}
    assert leaflock("unset", "--sync-rules", drifted, "list[0]").code == 0
    assert {"password", "port"} <= set(tokens(drifted))
    assert b"name_unencrypted: shop" in drifted.read_bytes()
    assert leaflock("unset", drifted, "list[0]").code == 0
    assert leaflock("unset", "--sync-rules", "--keep-rules", drifted, "db").code == 8


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 220)])
def test_drifted_rules_are_asked_about(
    leaflock: Run, drifted: Path, terminal: Terminal, answer: str, code: int
) -> None:
    terminal.answers = [answer]
    assert leaflock("unset", drifted, "empty").code == code
    assert "Keep it so? [y/N]" in terminal.shown


def test_recipients_that_only_the_file_names(leaflock: Run, sealed: Path, work: Path, me: ThrowawayIdentity) -> None:
    other = throwaway_identity()
    assert leaflock("rotate", "-i", "--add-age", other.recipient, sealed).code == 0
    before = sealed.read_bytes()
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    result = leaflock("set", sealed, "db.port", "1")
    assert result.code == 220
    assert other.recipient in result.err
    assert me.recipient not in result.err
    assert "--accept-recipients" in result.err
    assert sealed.read_bytes() == before
    assert leaflock("set", "--accept-recipients", sealed, "db.port", "1").code == 0


def test_new_clear_values_that_look_like_secrets(leaflock: Run, sealed: Path) -> None:
    before = sealed.read_bytes()
    result = leaflock("set", sealed, "api_token_unencrypted", "AKIAIOSFODNN7EXAMPLE")
    assert result.code == 220
    assert "api_token_unencrypted" in result.err
    assert "AKIA" not in result.err
    assert "--plaintext-ok" in result.err
    assert sealed.read_bytes() == before
    assert leaflock("set", sealed, "colour_unencrypted", "blue").code == 0
    assert leaflock("set", "--plaintext-ok", sealed, "api_token_unencrypted", "AKIAIOSFODNN7EXAMPLE").code == 0


def test_new_clear_values_under_a_rule_of_the_file_alone(leaflock: Run, plain: Path, me: ThrowawayIdentity) -> None:
    assert leaflock("encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^password$", plain).code == 0
    assert leaflock("set", plain, "colour", "blue").code == 220
    assert leaflock("set", plain, "db2.password", "sealed anyway").code == 0
    assert leaflock("set", "--plaintext-ok", plain, "colour", "blue").code == 0


# -- many at once


def test_writers_at_once_lose_nothing(leaflock: Run, sealed: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    command = [sys.executable, "-m", "leaflock", "set", "--string", sealed.name]
    writers = [
        subprocess.Popen(
            [*command, f"key{number}", "v"], env=environment, stderr=subprocess.PIPE, start_new_session=True
        )
        for number in range(8)
    ]
    for writer in writers:
        _, error = writer.communicate(timeout=60)
        assert writer.returncode == 0, error
    found = json.loads(leaflock("decrypt", "--output-type", "json", sealed).out)
    assert {f"key{number}" for number in range(8)} <= set(found)


@pytest.mark.campaign
def test_many_writers_at_once(leaflock: Run, sealed: Path) -> None:
    script = (
        "import sys\nfrom leaflock.cli.main import run\n"
        "for n in range(50):\n    assert run(['set', '--string', sys.argv[1], f'k{sys.argv[2]}_{n}', 'v']) == 0\n"
    )
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, sealed.name, str(who)],
            env=environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for who in range(16)
    ]
    while any(writer.poll() is None for writer in writers):
        assert sealed.read_bytes().endswith(b"version: 3.13.2\n")
    assert [writer.returncode for writer in writers] == [0] * 16
    found = json.loads(leaflock("decrypt", "--output-type", "json", sealed).out)
    assert len([key for key in found if key.startswith("k")]) == 800
