import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import PLAIN, Run, Terminal, tokens

SOURCE = str(Path(__file__).parents[2] / "src")


def value(leafseal: Run, path: Path, place: str) -> object:
    return json.loads(leafseal("get", "--json", path, place).out)


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
def test_get(leafseal: Run, sealed: Path, arguments: list[str], out: bytes) -> None:
    assert leafseal("get", sealed, *arguments) == (0, out, "")


def test_get_of_what_is_not_there(leafseal: Run, sealed: Path) -> None:
    result = leafseal("get", sealed, "db.none")
    assert (result.code, result.out) == (91, b"")
    assert "app.yaml: db.none does not exist" in result.err


# -- set and unset


def test_set_moves_nothing_else(leafseal: Run, sealed: Path) -> None:
    before, lines = tokens(sealed), sealed.read_text().splitlines()
    result = leafseal("set", sealed, "db.port", "6432")
    assert (result.code, result.out) == (0, b"")
    after = tokens(sealed)
    assert after["password"] == before["password"]
    assert after["port"] != before["port"]
    changed = [old for old, new in zip(lines, sealed.read_text().splitlines(), strict=True) if old != new]
    names = [line.split(":")[0].split("1_t")[0].strip() for line in changed if "lastmodified" not in line]
    assert names == ["port", "structure", "mac"]
    assert leafseal("decrypt", sealed).out == PLAIN.replace(b"5432", b"6432")


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
def test_values_are_json_where_they_are_json(leafseal: Run, sealed: Path, given: str, stored: object) -> None:
    assert leafseal("set", sealed, "new.value", "--", given).code == 0
    found = value(leafseal, sealed, "new.value")
    assert (type(found), found) == (type(stored), stored)


def test_a_string_is_a_string_when_that_is_said(leafseal: Run, sealed: Path) -> None:
    assert leafseal("set", "--string", sealed, "db.port", "5").code == 0
    assert value(leafseal, sealed, "db.port") == "5"


@pytest.mark.parametrize(
    "given", ['{"a": 1', '["c4n4ry"', '"c4n4ry', '{"c4n4ry": 1, "c4n4ry": 2}', "9223372036854775808"]
)
def test_broken_values(leafseal: Run, sealed: Path, given: str) -> None:
    before = sealed.read_bytes()
    result = leafseal("set", sealed, "db.port", given)
    assert result.code == 7
    assert "c4n4ry" not in result.err
    assert sealed.read_bytes() == before


def test_a_value_on_the_command_line_is_warned_of(leafseal: Run, sealed: Path) -> None:
    assert "warning: the value was on the command line" in leafseal("set", sealed, "db.port", "1").err


def test_a_value_from_a_file(leafseal: Run, sealed: Path, work: Path) -> None:
    (work / "value").write_text("-----BEGIN-----\nc4n4ry\n-----END-----\n")
    assert leafseal("set", "--value-file", "value", "--string", sealed, "db.key") == (0, b"", "")
    assert value(leafseal, sealed, "db.key") == "-----BEGIN-----\nc4n4ry\n-----END-----"
    (work / "value").write_bytes(b"\xff")
    assert leafseal("set", "--value-file", "value", sealed, "db.key").code == 7


def test_a_value_from_standard_input(leafseal: Run, sealed: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "leafseal", "set", "--value-stdin", sealed.name, "db.port"],
        input=b"7\n",
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE},
        start_new_session=True,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert value(leafseal, sealed, "db.port") == 7


def test_a_value_that_is_typed_is_a_string(leafseal: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leafseal.system import terminal

    assert leafseal("set", sealed, "db.port").code == 8
    monkeypatch.setattr(terminal, "ask_secret", lambda question: "1e5")
    assert leafseal("set", sealed, "db.port") == (0, b"", "")
    assert value(leafseal, sealed, "db.port") == "1e5"


def test_one_value_from_one_place(leafseal: Run, sealed: Path) -> None:
    assert leafseal("set", "--value-stdin", sealed, "db.port", "5").code == 8
    assert leafseal("set", "--value-stdin", "--value-file", "x", sealed, "db.port").code == 8


def test_idempotent(leafseal: Run, sealed: Path) -> None:
    before = sealed.read_bytes()
    for path, given in (
        ("db.port", "5432"),
        ("list", '["x", "y"]'),
        ("db", '{"password": "hunter2-and-more", "port": 5432}'),
    ):
        result = leafseal("set", "--idempotent", sealed, path, given)
        assert result.code == 0
        assert "app.yaml: unchanged" in result.err
    assert leafseal("unset", "--idempotent", sealed, "db.none") == (
        0,
        b"",
        "leafseal: app.yaml: unchanged\n".replace("app.yaml", str(sealed)),
    )
    assert sealed.read_bytes() == before
    assert leafseal("set", "--idempotent", sealed, "db.port", "5432.0").code == 0
    assert sealed.read_bytes() != before


def test_unset(leafseal: Run, sealed: Path) -> None:
    assert leafseal("unset", sealed, "list[0]") == (0, b"", "")
    assert leafseal("unset", sealed, "db") == (0, b"", "")
    assert json.loads(leafseal("decrypt", "--output-type", "json", sealed).out) == {
        "name_unencrypted": "shop", "list": ["y"], "empty": "",
    }  # fmt: skip
    before = sealed.read_bytes()
    assert leafseal("unset", sealed, "db").code == 91
    assert sealed.read_bytes() == before


@pytest.mark.parametrize("command", [["set", "--string"], ["unset"]])
def test_the_whole_document_is_not_meant(leafseal: Run, sealed: Path, command: list[str]) -> None:
    assert leafseal(*command, sealed, "", *(["x"] if command[0] == "set" else [])).code == 91


def test_an_unverified_file_is_written_only_when_that_is_spelled_out(leafseal: Run, sealed: Path) -> None:
    sealed.write_text(sealed.read_text().replace("name_unencrypted: shop", "name_unencrypted: ship"))
    before = sealed.read_bytes()
    assert leafseal("set", sealed, "db.port", "1").code == 51
    assert leafseal("set", "--ignore-mac", sealed, "db.port", "1").code == 8
    assert sealed.read_bytes() == before
    result = leafseal("set", "--ignore-mac", "--write-unverified", sealed, "db.port", "1")
    assert result.code == 0
    assert "written although the integrity check (MAC) was skipped; changed: db.port" in result.err
    assert leafseal("verify", sealed).code == 0


# -- what would get weaker


@pytest.fixture
def drifted(leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity) -> Path:
    """A file whose own rule leaves clear what the configuration would seal."""
    assert leafseal("decrypt", "-i", sealed).code == 0
    assert leafseal("encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^password$", sealed).code == 0
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    return sealed


def test_drifted_rules_are_refused_where_nobody_can_be_asked(leafseal: Run, drifted: Path) -> None:
    before = drifted.read_bytes()
    result = leafseal("unset", drifted, "empty")
    assert result.code == 220
    assert "would encrypt what this file's own rule leaves in plain text:" in result.err
    assert "db.port, list[0], list[1]" in result.err
    assert "--keep-rules" in result.err
    assert drifted.read_bytes() == before


def test_drifted_rules_can_be_kept_or_mended(leafseal: Run, drifted: Path) -> None:
    assert leafseal("unset", "--keep-rules", drifted, "empty").code == 0
    assert set(tokens(drifted)) == {"password"}
    assert leafseal("unset", "--sync-rules", drifted, "list[0]").code == 0
    assert {"password", "port"} <= set(tokens(drifted))
    assert b"name_unencrypted: shop" in drifted.read_bytes()
    assert leafseal("unset", drifted, "list[0]").code == 0
    assert leafseal("unset", "--sync-rules", "--keep-rules", drifted, "db").code == 8


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 220)])
def test_drifted_rules_are_asked_about(leafseal: Run, drifted: Path, screen: Terminal, answer: str, code: int) -> None:
    screen.answers = [answer]
    assert leafseal("unset", drifted, "empty").code == code
    assert "Leave it in plain text? [y/N]" in screen.shown


def test_recipients_that_only_the_file_names(leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity) -> None:
    other = throwaway_identity()
    assert leafseal("rotate", "-i", "--add-age", other.recipient, sealed).code == 0
    before = sealed.read_bytes()
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    result = leafseal("set", sealed, "db.port", "1")
    assert result.code == 220
    assert other.recipient in result.err
    assert me.recipient not in result.err
    assert "--accept-recipients" in result.err
    assert sealed.read_bytes() == before
    assert leafseal("set", "--accept-recipients", sealed, "db.port", "1").code == 0


def test_new_clear_values_that_look_like_secrets(leafseal: Run, sealed: Path) -> None:
    before = sealed.read_bytes()
    result = leafseal("set", sealed, "api_token_unencrypted", "AKIAIOSFODNN7EXAMPLE")
    assert result.code == 220
    assert "api_token_unencrypted" in result.err
    assert "AKIA" not in result.err
    assert "--plaintext-ok" in result.err
    assert sealed.read_bytes() == before
    assert leafseal("set", sealed, "colour_unencrypted", "blue").code == 0
    assert leafseal("set", "--plaintext-ok", sealed, "api_token_unencrypted", "AKIAIOSFODNN7EXAMPLE").code == 0


def test_new_clear_values_under_a_rule_of_the_file_alone(leafseal: Run, plain: Path, me: ThrowawayIdentity) -> None:
    assert leafseal("encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^password$", plain).code == 0
    assert leafseal("set", plain, "colour", "blue").code == 220
    assert leafseal("set", plain, "db2.password", "sealed anyway").code == 0
    assert leafseal("set", "--plaintext-ok", plain, "colour", "blue").code == 0


# -- many at once


def test_writers_at_once_lose_nothing(leafseal: Run, sealed: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    command = [sys.executable, "-m", "leafseal", "set", "--string", sealed.name]
    writers = [
        subprocess.Popen(
            [*command, f"key{number}", "v"], env=environment, stderr=subprocess.PIPE, start_new_session=True
        )
        for number in range(8)
    ]
    for writer in writers:
        _, error = writer.communicate(timeout=120)
        assert writer.returncode == 0, error
    found = json.loads(leafseal("decrypt", "--output-type", "json", sealed).out)
    assert {f"key{number}" for number in range(8)} <= set(found)


@pytest.mark.campaign
def test_many_writers_at_once(leafseal: Run, sealed: Path) -> None:
    script = (
        "import sys\nfrom leafseal.cli.main import run\n"
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
    found = json.loads(leafseal("decrypt", "--output-type", "json", sealed).out)
    assert len([key for key in found if key.startswith("k")]) == 800
