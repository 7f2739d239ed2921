"""What lies in examples/ runs, and opens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import leafseal
from leafseal.config.load import load_config
from leafseal.formats import format_of
from leafseal.testing import throwaway_identity

from .blocks import ROOT

EXAMPLES = ROOT / "examples"
SEALED = sorted((EXAMPLES / "sealed").iterdir())
AMBIENT = leafseal.Ambient({"SOPS_AGE_KEY_FILE": str(EXAMPLES / "throw-away.agekey")}, Path("/nonexistent"))
SECRETS = ("k3y-for-signing", "battery staple", "chub_live", "bm90IGEg", "letters-by-pigeon", "pigeons-in-the-attic")


@pytest.mark.parametrize("path", SEALED, ids=lambda path: path.name)
def test_sealed_files_open_to_the_plain_ones(path: Path) -> None:
    sealed = path.read_bytes()
    assert not [secret for secret in SECRETS if secret.encode() in sealed]
    plain = leafseal.decrypt(sealed, format=format_of(path.name), ambient=AMBIENT)
    assert plain == (EXAMPLES / "app" / path.name).read_bytes()


@pytest.mark.parametrize("path", SEALED, ids=lambda path: path.name)
def test_sealed_files_are_for_whom_the_configuration_names(path: Path) -> None:
    config = load_config(ROOT / ".sops-style-config.yaml")
    assert not config.warnings
    rule = config.rule_for(path)
    assert rule is not None
    file = leafseal.SealedFile.open(path, ambient=AMBIENT)
    assert [str(key) for key in file.recipients] == [str(key) for group in rule.groups for key in group]


def test_the_throw_away_identity_is_the_only_one_in_the_configuration() -> None:
    identity = (EXAMPLES / "throw-away.agekey").read_text()
    public = re.findall(r"age1[a-z0-9]+", identity)
    assert set(re.findall(r"age1[a-z0-9]+", (ROOT / ".sops-style-config.yaml").read_text())) == set(public)


def test_application_reads_its_settings(tmp_path: Path) -> None:
    me = throwaway_identity()
    path = tmp_path / "config.yaml"
    plain = (EXAMPLES / "app" / "config.yaml").read_bytes()
    path.write_bytes(leafseal.encrypt(plain, format="yaml", recipients=[me.recipient]))
    app = [sys.executable, "-P", str(EXAMPLES / "app" / "app.py"), str(path)]
    paths = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    done = subprocess.run(app, env={**paths, "SOPS_AGE_KEY": me.identity}, capture_output=True, text=True, check=True)
    assert done.stdout == "bookshop: 4 workers, signing key of 136 characters\n"
    closed = subprocess.run(app, env={**paths, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert closed.returncode == 128
    assert not [secret for secret in SECRETS if secret in closed.stdout + closed.stderr]


@pytest.mark.skipif(os.name == "nt" or shutil.which("git") is None, reason="needs a shell and git")
def test_demo_runs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    programs, temporary, home = tmp_path / "bin", tmp_path / "tmp", tmp_path / "home"
    for folder in (programs, temporary, home):
        folder.mkdir()
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    for name, module in (("python", ""), ("leafseal", "-m leafseal")):
        (programs / name).write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec "{sys.executable}" -P {module} "$@"\n')
        (programs / name).chmod(0o755)
    environ = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "TMPDIR": str(temporary),
        "HOME": str(home),
        "EDITOR": "false",
        "SOPS_AGE_KEY": "not an identity",
        "GIT_DIR": str(tmp_path / "elsewhere"),
    }
    done = subprocess.run(
        ["bash", str(EXAMPLES / "demo.sh")], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr
    assert "1 file changed" in done.stdout
    assert re.search(r"^DATABASE_URL: \d+ characters$", done.stdout, re.MULTILINE)
    assert not [*temporary.iterdir(), *home.iterdir()]
