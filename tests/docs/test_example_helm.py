"""The chart in examples/helm: with a program in Helm's place everywhere, and with Helm where there is one."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ..cli.fake_helm import fake_helm
from ..isolation import CALLER
from .blocks import ROOT

EXAMPLE = ROOT / "examples" / "helm"
PASSWORD = "correct horse, battery staple"
KEY = "-----BEGIN KEY-----\nbm90IGEga2V5\n-----END KEY-----\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")


def run(helm: str, words: list[str]) -> str:
    """Run `helm leafseal` as Helm does, with words."""
    environ = {**os.environ, "HELM_BIN": helm, "SOPS_AGE_KEY_FILE": str(EXAMPLE.parent / "throw-away.agekey")}
    command = [sys.executable, "-P", "-m", "leafseal", "helm", "run", *words]
    done = subprocess.run(command, cwd=EXAMPLE, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def words() -> list[str]:
    """The words of the page."""
    page = (ROOT / "docs" / "helm.md").read_text("utf-8")
    [line] = re.findall(r"^helm leafseal (template shop chart .*)$", page, re.MULTILINE)
    return shlex.split(line)


def test_helm_gets_the_values(tmp_path: Path, words: list[str]) -> None:
    shown = run(str(fake_helm(tmp_path / "programs")), words)
    assert f'password: "{PASSWORD}"\n' in shown
    assert f"file: {KEY}" in shown


def test_nothing_of_them_is_in_the_folder() -> None:
    for path in EXAMPLE.rglob("*"):
        if path.is_file():
            assert not [text for text in (PASSWORD, "bm90IGEga2V5") if text in path.read_text("utf-8")]


@pytest.mark.parametrize("variable", ["LEAFSEAL_TEST_HELM", "LEAFSEAL_TEST_HELM4"])
def test_the_chart_is_rendered(variable: str, words: list[str]) -> None:
    helm = CALLER.get(variable)
    if not helm:
        pytest.skip(f"{variable} names no Helm")
    documents = list(yaml.safe_load_all(run(helm, [*words, "--set", "checksum=leafseal1-x"])))
    secrets = {one["metadata"]["name"]: one["stringData"] for one in documents if one["kind"] == "Secret"}
    assert secrets == {
        "shop-database": {"user": "bookshop", "password": PASSWORD},
        "shop-signing": {"signing.pem": KEY},
    }
