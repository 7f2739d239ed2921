"""Vault keys under the name of sops: every server is asked, unless the user said which."""

from __future__ import annotations

import subprocess

import pytest

from leafseal.providers.vault import VaultKey

from ..services.recorder import Recorder
from ..services.transit import TOKEN, Transit
from .transcripts import Stage

pytest.importorskip("httpx", reason="httpx is not installed")


@pytest.fixture
def key(recorder: Recorder) -> VaultKey:
    engine = Transit()
    engine.create("shop")
    recorder.otherwise = engine
    return VaultKey(recorder.url, "transit", "shop")


def sops(desk: Stage, *words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    process = desk.start(*words, environ={"VAULT_TOKEN": TOKEN, **variables})
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def test_both_ways(desk: Stage, key: VaultKey) -> None:
    (desk.folder / "a.yaml").write_text("k: v\n")
    done = sops(desk, "encrypt", "-i", "--hc-vault-transit", str(key), "a.yaml")
    assert (done.returncode, done.stderr) == (0, b"")
    done = sops(desk, "decrypt", "a.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"k: v\n", b"")


@pytest.mark.parametrize("how", ["list", "policy"])
def test_what_the_user_said_counts(desk: Stage, key: VaultKey, recorder: Recorder, how: str) -> None:
    (desk.folder / "a.yaml").write_text("k: v\n")
    variables = {"SOPS_HC_VAULT_ALLOWLIST": "https://vault.example.org"} if how == "list" else {}
    if how == "policy":
        policy = desk.home / ".config" / "leafseal" / "policy.toml"
        policy.parent.mkdir(parents=True)
        policy.write_text('endpoints.allow = ["https://vault.example.org"]\n')
    done = sops(desk, "encrypt", "--hc-vault-transit", str(key), "a.yaml", **variables)
    assert done.returncode == 1
    assert b"Could not generate data key: [" in done.stderr
    assert recorder.requests == []
