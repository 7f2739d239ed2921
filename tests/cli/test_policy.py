"""`leafseal policy`: a policy that is written, and what is in force."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from leafseal.cli import policy as command
from leafseal.cli.shared.policy_settings import SETTINGS, policy_text
from leafseal.errors import ConfigError
from leafseal.keys.policy import Policy, parse_policy, read_policy
from leafseal.testing import ThrowawayIdentity

from .conftest import Run


@pytest.fixture
def own(work: Path) -> Path:
    """The user's policy, which is not there yet."""
    return Path(os.environ["XDG_CONFIG_HOME"]) / "leafseal" / "policy.toml"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The administrator's policy, which is not there yet."""
    path = tmp_path / "etc" / "policy.toml"
    path.parent.mkdir()
    monkeypatch.setattr(command, "system_policy_file", lambda environ: str(path))
    return path


def settings(leafseal: Run) -> dict[str, dict[str, Any]]:
    shown = json.loads(leafseal("policy", "show", "--json").out)["settings"]
    return {one.pop("setting"): one for one in shown}


# -- init


def test_every_setting_is_explained() -> None:
    assert {one.field for one in SETTINGS} == set(Policy._fields)


def test_a_strict_policy(leafseal: Run, own: Path) -> None:
    result = leafseal("policy", "init", "--strict")
    assert (result.code, result.out) == (0, b"")
    assert result.err.startswith(
        f"leafseal: created {own}: it allows no service, plugin or variable that a repository names\n"
    )
    assert own.stat().st_mode & 0o7777 == 0o600
    assert own.parent.stat().st_mode & 0o7777 == 0o700
    policy = read_policy(own)
    assert policy is not None
    assert policy.no_disk_plaintext
    assert policy.guards == "everywhere"
    lists = [field for field in Policy._fields if isinstance(getattr(policy, field), frozenset)]
    assert lists == ["endpoints", "plugins", "exec_names", "aws_accounts", "aws_roles", "aws_profiles", "gcp_projects",
                     "azure_vaults", "huawei_projects"]  # fmt: skip
    assert not any(getattr(policy, field) for field in lists)
    assert policy.recipients is None  # there is no file of identities


def test_its_recipient_is_the_user(leafseal: Run, own: Path, me: ThrowawayIdentity) -> None:
    keys = Path(os.environ["XDG_CONFIG_HOME"]) / "sops" / "age" / "keys.txt"
    keys.parent.mkdir(parents=True)
    keys.write_text(me.identity)
    assert leafseal("policy", "init", "--strict").code == 0
    policy = read_policy(own)
    assert policy is not None
    assert policy.recipients == {me.recipient}


def test_without_strict_it_restricts_nothing(leafseal: Run, own: Path) -> None:
    assert "it restricts nothing yet" in leafseal("policy", "init").err
    assert read_policy(own) == Policy()
    assert leafseal("policy", "show").out.count(b"[not set]") == len(SETTINGS)


def test_a_policy_that_is_there_stays(leafseal: Run, own: Path) -> None:
    own.parent.mkdir(parents=True)
    for make in (lambda: own.write_text("min_threshold = 2\n"), lambda: own.symlink_to("nowhere")):
        make()
        before = (own.is_symlink(), None if own.is_symlink() else own.read_bytes())
        for more in ([], ["--strict"]):
            result = leafseal("policy", "init", *more)
            assert result.code == 220
            assert f"{own}: already exists" in result.err
        assert (own.is_symlink(), None if own.is_symlink() else own.read_bytes()) == before
        own.unlink()
    assert not os.path.lexists(own.parent / "nowhere")


def test_what_does_not_read_back_is_not_written(leafseal: Run, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "policy_text", lambda **_: "roles = []\n")
    result = leafseal("policy", "init", "--strict")
    assert result.code == 1
    assert "is now aws.roles" in result.err
    assert list(own.parent.iterdir()) == []


def test_a_folder_that_cannot_be_made(leafseal: Run, own: Path) -> None:
    own.parent.parent.write_text("")
    result = leafseal("policy", "init")
    assert result.code == 3
    assert "cannot write" in result.err


@pytest.mark.parametrize("strict", [True, False])
def test_every_line_may_be_commented_in(strict: bool) -> None:
    text = policy_text(strict=strict)
    keys = {one.key for one in SETTINGS}
    settings = re.findall(r"^(?:# )?([\w.]+) = ", text, re.MULTILINE)
    assert settings == [one.key for one in SETTINGS]
    bare = re.sub(r"^# (?=[\w.]+ = )", "", text, flags=re.MULTILINE)
    policy = parse_policy(bare.encode(), "policy.toml")
    assert all(getattr(policy, one.field) != getattr(Policy(), one.field) for one in SETTINGS)
    assert len(keys) == len(settings)
    assert max(map(len, text.splitlines())) <= 120
    assert tomllib.loads(bare)


# -- show


def test_what_is_in_force_without_a_policy(leafseal: Run, own: Path, machine: Path) -> None:
    result = leafseal("policy", "show")
    assert result.code == 0
    lines = result.out.decode().splitlines()
    assert lines[:2] == [
        f"your policy: {own} (does not exist)",
        f"policy of this machine: {machine} (does not exist)",
    ]
    assert len(lines) == 2 + len(SETTINGS)
    assert all(line.endswith("[not set]") for line in lines[2:])
    assert re.search(r"^  aws\.roles +all ", result.out.decode(), re.MULTILINE)
    assert {key for key, one in settings(leafseal).items() if not one["unrestricted"]} == {
        "endpoints.allow", "plugins.allow", "exec.allow",
    }  # fmt: skip


def test_each_value_and_whose_it_is(leafseal: Run, own: Path, machine: Path) -> None:
    own.parent.mkdir(parents=True)
    own.write_text('min_threshold = 3\nrequire_structure = false\nplugins.allow = ["b", "a"]\naws.roles = []\n')
    machine.write_text(
        'min_threshold = 2\nrequire_structure = true\nplugins.allow = ["c", "b"]\nazure.vaults = ["https://x"]\n'
    )
    found = settings(leafseal)
    assert found["min_threshold"] == {"values": ["3"], "from": ["user"], "unrestricted": False}
    assert found["require_structure"] == {"values": ["true"], "from": ["machine"], "unrestricted": False}
    assert found["plugins.allow"] == {"values": ["b"], "from": ["user", "machine"], "unrestricted": False}
    assert found["aws.roles"] == {"values": [], "from": ["user"], "unrestricted": False}
    assert found["azure.vaults"] == {"values": ["https://x:443"], "from": ["machine"], "unrestricted": False}
    assert found["aws.accounts"] == {"values": [], "from": [], "unrestricted": True}
    assert found["no_disk_plaintext"] == {"values": ["false"], "from": [], "unrestricted": True}
    shown = leafseal("policy", "show").out.decode()
    for line in ("min_threshold 3 [yours]", "require_structure true [the machine's]", "plugins.allow b [both files]",
                 "aws.roles none [yours]", "aws.accounts all [not set]"):  # fmt: skip
        assert line in re.sub(" +", " ", shown)


def test_every_fault_of_both_files_is_named(leafseal: Run, own: Path, machine: Path) -> None:
    own.parent.mkdir(parents=True)
    own.write_text("roles = []\nmin_treshold = 2\n")
    machine.write_text("[[")
    result = leafseal("policy", "show")
    assert result.code == 1
    assert result.out.decode().splitlines() == [
        f"your policy: {own} (has errors)",
        f"policy of this machine: {machine} (has errors)",
    ]
    for words in ("roles: is now aws.roles", "min_treshold: unknown key: did you mean min_threshold?", "not TOML"):
        assert words in result.err
    again = leafseal("policy", "show", "--json")
    assert again.code == 1
    told = json.loads(again.out)
    assert told["settings"] == []
    assert [(one["whose"], one["file"], one["exists"], one["valid"]) for one in told["files"]] == [
        ("user", str(own), True, False), ("machine", str(machine), True, False),
    ]  # fmt: skip
    faults = [one for one in told["errors"] if one["file"] == str(own)]
    assert {one["place"]["pointer"] for one in faults} == {"/roles", "/min_treshold"}
    assert ["not TOML" in one["message"] for one in told["errors"] if one["file"] == str(machine)] == [True]


def test_a_file_that_others_may_write_is_a_fault(leafseal: Run, own: Path, machine: Path) -> None:
    own.parent.mkdir(parents=True)
    own.touch()
    own.chmod(0o666)
    with pytest.raises(ConfigError):
        read_policy(own)
    [error] = json.loads(leafseal("policy", "show", "--json").out)["errors"]
    assert (error["place"], error["message"]) == (None, "everybody may write it")
