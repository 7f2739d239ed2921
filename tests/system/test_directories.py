"""Where a user's own files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal.errors import UsageError
from leafseal.system import directories
from leafseal.system.directories import identity_file, policy_file, system_policy_file


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "HOME/.config/sops/age/keys.txt"),
        ("linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/sops/age/keys.txt"),
        ("linux", {"XDG_CONFIG_HOME": ""}, "HOME/.config/sops/age/keys.txt"),
        ("darwin", {}, "HOME/Library/Application Support/sops/age/keys.txt"),
        ("darwin", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/sops/age/keys.txt"),
        ("win32", {"APPDATA": "/roaming", "XDG_CONFIG_HOME": "/xdg"}, "/roaming/sops/age/keys.txt"),
        ("win32", {}, "HOME/AppData/Roaming/sops/age/keys.txt"),
    ],
)
def test_default_files(tmp_path: Path, platform: str, environ: dict[str, str], expected: str) -> None:
    path = identity_file(environ, tmp_path, platform)
    assert path == identity_file(environ, str(tmp_path), platform) == expected.replace("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", "XDG_CONFIG_HOME"), ("darwin", "XDG_CONFIG_HOME"), ("win32", "APPDATA")]
)
def test_a_relative_folder_is_refused(tmp_path: Path, platform: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is not an absolute path") as caught:
        identity_file({name: "conf"}, tmp_path, platform)
    assert str(caught.value.hint).startswith(f"set {name} to an absolute path")


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "HOME/.config/leafseal/policy.toml"),
        ("darwin", {}, "HOME/.config/leafseal/policy.toml"),
        ("linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/leafseal/policy.toml"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, "HOME/.config/leafseal/policy.toml"),
        ("win32", {"APPDATA": "/roaming", "XDG_CONFIG_HOME": "/xdg"}, "/roaming/leafseal/policy.toml"),
        ("win32", {}, "HOME/AppData/Roaming/leafseal/policy.toml"),
    ],
)
def test_where_the_users_policy_is(tmp_path: Path, platform: str, environ: dict[str, str], expected: str) -> None:
    assert policy_file(environ, tmp_path, platform) == expected.replace("HOME", str(tmp_path))


def test_where_the_administrators_policy_is() -> None:
    assert system_policy_file({}, "linux") == "/etc/leafseal/policy.toml"
    assert system_policy_file({"PROGRAMDATA": "/all"}, "win32") == "/all/leafseal/policy.toml"


def test_a_state_folder_that_others_can_enter_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert directories.state_directory() == str(tmp_path / "leafseal")
    (tmp_path / "leafseal").chmod(0o755)
    assert not directories.own_directory(str(tmp_path / "leafseal"))
    monkeypatch.setattr(directories, "own_directory", lambda path: not path.startswith(str(tmp_path)))
    assert directories.state_directory() == f"/tmp/leafseal-{os.geteuid()}"
