"""Vault keys under the name of sops: every server is asked, unless the user said which."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from leafseal.providers.vault import VaultKey

from ..services.recorder import Recorder
from ..services.transit import TOKEN, Transit
from .transcripts import Stage, link_to_us

pytest.importorskip("httpx", reason="httpx is not installed")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "bin").mkdir()
    return Stage.make(tmp_path, [str(link_to_us(tmp_path / "bin"))])


@pytest.fixture
def key(recorder: Recorder) -> VaultKey:
    engine = Transit()
    engine.create("shop")
    recorder.otherwise = engine
    return VaultKey(recorder.url, "transit", "shop")


def sops(stage: Stage, *words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environ = stage.environ({"VAULT_TOKEN": TOKEN, **variables})
    return subprocess.run([*stage.program, *words], cwd=stage.folder, env=environ, capture_output=True, check=False)


def test_both_ways(stage: Stage, key: VaultKey) -> None:
    (stage.folder / "a.yaml").write_text("k: v\n")
    done = sops(stage, "encrypt", "-i", "--hc-vault-transit", str(key), "a.yaml")
    assert (done.returncode, done.stderr) == (0, b"")
    done = sops(stage, "decrypt", "a.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"k: v\n", b"")


@pytest.mark.parametrize("how", ["list", "policy"])
def test_what_the_user_said_counts(stage: Stage, key: VaultKey, recorder: Recorder, how: str) -> None:
    (stage.folder / "a.yaml").write_text("k: v\n")
    variables = {"SOPS_HC_VAULT_ALLOWLIST": "https://vault.example.org"} if how == "list" else {}
    if how == "policy":
        policy = stage.home / ".config" / "leafseal" / "policy.toml"
        policy.parent.mkdir(parents=True)
        policy.write_text('endpoints.allow = ["https://vault.example.org"]\n')
    done = sops(stage, "encrypt", "--hc-vault-transit", str(key), "a.yaml", **variables)
    assert done.returncode == 1
    assert b"Could not generate data key: [" in done.stderr
    assert recorder.requests == []
