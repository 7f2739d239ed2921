"""Where a user's own files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.errors import UsageError
from leafseal.system.directories import identity_file


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
    assert path == Path(expected.replace("HOME", str(tmp_path)))


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", "XDG_CONFIG_HOME"), ("darwin", "XDG_CONFIG_HOME"), ("win32", "APPDATA")]
)
def test_a_relative_folder_is_refused(tmp_path: Path, platform: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is not an absolute path") as caught:
        identity_file({name: "conf"}, tmp_path, platform)
    assert str(caught.value.hint).startswith(f"set {name} to an absolute path")
