"""What programs that we start get to see of our environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal.system.environment import child_environment, helper_environment


def test_children_see_no_identities() -> None:
    environ = {
        "PATH": "/bin",
        "SOPS_AGE_KEY_FILE": "kept",
        "SOPS_AGE_KEY": "x",
        "SOPS_AGE_KEY_CMD": "x",
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE": "x",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD": "x",
        "LEAFSEAL_DEBUG": "x",
        "AGEDEBUG": "x",
    }
    assert child_environment(environ, ADDED="1") == {"PATH": "/bin", "SOPS_AGE_KEY_FILE": "kept", "ADDED": "1"}


def test_helpers_do_not_look_for_programs_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("checkout/.git", "checkout/bin", "checkout/sub", "tools"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "checkout" / "bin")
    monkeypatch.chdir(tmp_path / "checkout" / "sub")
    inside = [str(tmp_path / name) for name in ("checkout/bin", "checkout/sub", "link", "tools/../checkout")]
    path = ":".join(["", ".", "bin", "../bin", *inside, str(tmp_path / "tools"), "/bin"])
    environ = {"PATH": path, "SOPS_AGE_KEY": "x", "HOME": "/home/x"}
    assert helper_environment(environ) == {"PATH": f"{tmp_path / 'tools'}:/bin", "HOME": "/home/x"}
    assert helper_environment({"PATH": ":.", "HOME": "/home/x"})["PATH"] == os.devnull  # empty is the current folder
    assert child_environment(environ)["PATH"] == path  # of an editor, which is the user's
