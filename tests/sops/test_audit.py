"""The audit trail, as the command line of sops writes it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

import leafseal
from leafseal.sops.syntax.commands import COMMANDS, Command
from leafseal.testing import throwaway_identity

from ..audit_log import Trail, told
from .conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths of logs are those of POSIX")

ME = throwaway_identity()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    monkeypatch.setenv("EDITOR", "false")
    (work / "plain.yaml").write_text("password: hunter2\n")
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {ME.recipient}\n")
    path = work / "app.yaml"
    path.write_bytes(leafseal.encrypt(b"password: hunter2\n", format="yaml", recipients=[ME.recipient]))
    return path


@pytest.fixture
def trail(file: Path, tmp_path: Path) -> Trail:
    return Trail(tmp_path)


LINES = {
    "decrypt": ("decrypt app.yaml", "decrypt", "*"),
    "decrypt --extract": ("decrypt --extract '[\"password\"]' app.yaml", "decrypt", '["password"]'),
    "encrypt": ("encrypt plain.yaml", "encrypt", "*"),
    "edit": ("edit app.yaml", "edit", "*"),
    "set": ("set app.yaml '[\"password\"]' '\"new\"'", "set", '["password"]'),
    "unset": ("unset app.yaml '[\"password\"]'", "unset", '["password"]'),
    "rotate": ("rotate -i app.yaml", "rotate", "*"),
    "updatekeys": ("updatekeys --yes app.yaml", "updatekeys", "*"),
    "exec-env": ("exec-env app.yaml true", "exec", "*"),
    "exec-file": ("exec-file --no-fifo app.yaml true", "exec", "*"),
    "groups add": ("groups add -f app.yaml --age ME", "groups", "*"),
    "groups delete": ("groups delete -f two.yaml 0", "groups", "*"),
    "-d": ("-d app.yaml", "decrypt", "*"),
    "-e": ("-e plain.yaml", "encrypt", "*"),
    "-r": ("-r app.yaml", "rotate", "*"),
    "--set": ('--set \'["password"] "new"\' app.yaml', "set", "*"),
    "edit by default": ("app.yaml", "edit", "*"),
}
"""A command line of each command that opens or encrypts files, its action, and the path."""

OPENS_NOTHING = {"filestatus", "keyservice", "publish", "completion bash", "completion zsh"}


def names(commands: tuple[Command, ...], above: str = "") -> set[str]:
    found = set()
    for one in commands:
        name = f"{above} {one.name}".strip()
        found |= names(one.commands, name) if one.commands else {name}
    return found


def test_every_command_is_known_to_report_or_to_open_nothing() -> None:
    assert names(COMMANDS) - OPENS_NOTHING <= set(LINES)


def words(line: str) -> list[str]:
    return [ME.recipient if word == "ME" else word for word in shlex.split(line)]


def prepare(file: Path) -> None:
    groups = [[ME.recipient], [throwaway_identity().recipient]]
    data = leafseal.encrypt(b"password: hunter2\n", format="yaml", groups=[*groups, [ME.recipient]], threshold=2)
    (file.parent / "two.yaml").write_bytes(data)


@pytest.mark.parametrize("name", LINES)
def test_every_command_that_opens_or_encrypts_gives_one_event(
    trail: Trail, file: Path, outcome_of: Run, name: str
) -> None:
    line, action, path = LINES[name]
    policy = trail.policy.read_text()
    trail.policy.unlink()
    prepare(file)
    trail.policy.write_text(policy)
    if name == "updatekeys":
        other = throwaway_identity().recipient
        (file.parent / ".sops.yaml").write_text(f"creation_rules:\n  - age: {ME.recipient},{other}\n")
    result = outcome_of(*words(line))
    events = trail.take()
    assert told(events)[:1] == [(action, "allowed")], result
    assert [event["id"] for event in events] == [events[0]["id"]] * len(events)
    target = "plain.yaml" if "plain" in line else "two.yaml" if "two" in line else "app.yaml"
    assert events[0]["secret"] == {"file": str(file.parent / target), "paths": [path]}
    assert events[0]["command"] in (f"sops {name.partition(' --')[0]}", "sops")


def test_without_its_event_nothing_is_let_out(trail: Trail, file: Path, outcome_of: Run) -> None:
    trail.path.parent.rmdir()
    for line in ("decrypt app.yaml", "-d app.yaml", "encrypt plain.yaml"):
        result = outcome_of(*words(line))
        assert (result.code, result.out) == (1, "")
        assert "the audit log cannot be written" in result.err


def test_what_goes_wrong(trail: Trail, file: Path, outcome_of: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome_of("decrypt", "none.yaml").code == 100
    assert outcome_of("decrypt", "--extract", '["none"]', "app.yaml").code != 0
    monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    assert outcome_of("decrypt", "app.yaml").code == 128
    results = [event["result"] for event in trail.take()]
    assert (results[0], results[1], results[-1]) == ("missing", "allowed", "denied")
    assert results[2] in ("missing", "error")
