"""The folders that KSOPS tests itself with give the same manifests, without a client and with the real ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafseal.cli.main import run as run_leafseal
from leafseal.deploy.emitter import emit

from ..conftest import Suites
from ..providers.gpg_home import GpgHome, gpg_home, needs_gpg
from .kustomize import client, program, run, suffix

pytestmark = needs_gpg

FOLDERS = ["behaviors", "binaryfile", "envs", "file", "hash", "metadata", "multiple", "override", "single"]
HASH, BEHAVIOR = "kustomize.config.k8s.io/needs-hash", "kustomize.config.k8s.io/behavior"


@pytest.fixture(scope="module")
def ring(third_party: Suites) -> Iterator[GpgHome]:
    """A key ring with the key that the files are encrypted for."""
    key = (third_party / "ksops" / "key.asc").read_bytes()
    with gpg_home() as home:
        home.gpg("--import", data=key)
        yield home


@pytest.fixture
def suite(third_party: Suites, tmp_path: Path, ring: GpgHome, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folders, and the key ring."""
    monkeypatch.setenv("GNUPGHOME", str(ring.folder))
    return Path(shutil.copytree(third_party / "ksops", tmp_path / "ksops"))


def as_kustomize_does(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest with the hash in its name that it asks for, and without what is said to kustomize."""
    annotations = manifest["metadata"].pop("annotations", {})
    annotations.pop(BEHAVIOR, None)
    if annotations.pop(HASH, "") == "true":
        manifest["metadata"]["name"] += f"-{suffix(manifest)}"
    if annotations:
        manifest["metadata"]["annotations"] = annotations
    return manifest


@pytest.mark.parametrize("name", FOLDERS)
def test_a_function_gives_the_same(
    name: str, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = suite / "krm" / name
    monkeypatch.chdir(folder)
    config = yaml.safe_load((folder / "generate-resources.yaml").read_text())
    request = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config}
    (tmp_path / "request").write_bytes(emit([{**request, "items": [config]}]))
    with open(tmp_path / "request") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert run_leafseal(["krm"]) == 0
    captured = capfdbinary.readouterr()
    answer = yaml.safe_load(captured.out)
    assert (answer["apiVersion"], answer["kind"], captured.err) == ("config.kubernetes.io/v1", "ResourceList", b"")
    found = [as_kustomize_does(item) for item in answer["items"]]
    wanted = list(yaml.safe_load_all((folder / "want.yaml").read_text()))
    assert sorted(found, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize("kind", ["krm", "legacy"])
def test_kustomize_gives_the_same(kind: str, suite: Path, tmp_path: Path, ring: GpgHome) -> None:
    plugin = program(tmp_path / "config" / "kustomize" / "plugin" / "viaduct.ai" / "v1" / "ksops" / "ksops")
    environ = {
        "PATH": f"{plugin.parent}:/usr/bin:/bin",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "GNUPGHOME": str(ring.folder),
    }
    for name in FOLDERS:
        folder = suite / kind / name
        argv = [client("kustomize"), "build", "--enable-alpha-plugins", "--enable-exec", str(folder)]
        assert run(argv, environ, tmp_path) == (0, (folder / "want.yaml").read_text(), ""), name


def test_kubectl_gives_the_same_by_the_old_protocol(suite: Path, tmp_path: Path, ring: GpgHome) -> None:
    program(tmp_path / "config" / "kustomize" / "plugin" / "viaduct.ai" / "v1" / "ksops" / "ksops")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "GNUPGHOME": str(ring.folder)}
    for name in FOLDERS:
        folder = suite / "legacy" / name
        argv = [client("kubectl"), "kustomize", "--enable-alpha-plugins", str(folder)]
        assert run(argv, environ, tmp_path) == (0, (folder / "want.yaml").read_text(), ""), name
