"""The guards of our own commands, which a policy holds the name `sops` to."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.cli.main import run as run_leafseal
from leafseal.sops.main import run
from leafseal.system import terminal
from leafseal.testing import ambient_with

from ..opening import open_sealed
from .transcripts import ME, OTHER, Stage

WRITES = {
    "set": ["set", "a.yaml", '["token"]', '"new"'],
    "unset": ["unset", "a.yaml", '["user"]'],
    "rotate": ["rotate", "-i", "a.yaml"],
    "updatekeys": ["updatekeys", "--yes", "a.yaml"],
    "groups": ["groups", "add", "-f", "a.yaml", "--age", OTHER.recipient, "-i"],
}


@pytest.mark.parametrize("command", WRITES)
def test_the_policy_holds_sops_to_the_guards(
    desk: Stage, command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The rule in the file leaves clear what the configuration encrypts; only a policy keeps `sops` from going on."""
    desk.enter(monkeypatch)
    monkeypatch.setattr(terminal, "has_terminal", lambda: False)
    file = Path("a.yaml")
    file.write_text("user: me\ntoken: hunter2\nother: x\n")
    assert run_leafseal(["encrypt", "-i", "--age", ME.recipient, "--encrypted-regex", "^user|other$", "a.yaml"]) == 0
    Path(".sops.yaml").write_text(f"creation_rules:\n  - age: {ME.recipient},{OTHER.recipient}\n")
    before = file.read_bytes()
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    policy = desk.home / ".config" / "leafseal" / "policy.toml"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text('guards = "everywhere"\n')
    assert run(WRITES[command]) == 1
    assert "own rule leaves in plain text" in capfd.readouterr().err
    assert file.read_bytes() == before
    policy.unlink()
    assert run(WRITES[command]) == 0
    assert b"token: ENC[" not in file.read_bytes()
    assert open_sealed(file.read_bytes(), "yaml", ambient_with(ME, OTHER))
