"""What kustomize and kubectl make of our generator, run for real, by each way there is to start it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import leafseal
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..docs.blocks import ROOT
from ..whole_files import ME, seal
from .kustomize import client, packed, program, run, suffix

EXAMPLE = ROOT / "examples" / "kustomize"

SECRET = b"apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: '1e3', y: n}\n"
CONFIG = "apiVersion: leafseal/v1alpha1\nkind: SecretGenerator\nmetadata:\n  name: app\n"
FUNCTION = "  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: leafseal-krm\n"
CONTAINER = "  annotations:\n    config.kubernetes.io/function: |\n      container:\n        image: leafseal\n"
FILES = "files: [db.yaml]\n"
BUILD = ["build", "--enable-alpha-plugins", "--enable-exec"]

Build = Callable[..., tuple[int, str, str]]


def manifest_of(text: bytes) -> bytes:
    return seal(text, "yaml", Selection(encrypted_regex="^(data|stringData)$"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A kustomization with an encrypted Secret, and a pod that uses it."""
    path = tmp_path / "app"
    path.mkdir()
    (path / "kustomization.yaml").write_text("resources: [pod.yaml]\ngenerators: [generator.yaml]\nnamePrefix: my-\n")
    (path / "generator.yaml").write_text(CONFIG + FUNCTION + FILES)
    (path / "db.yaml").write_bytes(manifest_of(SECRET))
    (path / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        "spec: {containers: [{name: c, image: i, envFrom: [{secretRef: {name: db}}]}]}\n"
    )
    return path


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Run a client on a folder, with our generator on PATH and as an exec plugin."""
    binary = program(tmp_path / "bin" / "leafseal-krm")
    plugin = "kustomize/plugin/leafseal/v1alpha1/secretgenerator/SecretGenerator"
    (tmp_path / "config" / plugin).parent.mkdir(parents=True)
    (tmp_path / "config" / plugin).symlink_to(binary)

    def call(argv: list[str], where: Path, **environ: str) -> tuple[int, str, str]:
        own = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "SOPS_AGE_KEY": ME.identity}
        path = {"PATH": f"{binary.parent}:/usr/bin:/bin"}
        return run([*argv, str(where)], {**own, **path, **environ}, tmp_path)

    return call


def wanted(name: str = "my-db") -> list[dict[str, Any]]:
    data = {"password": packed("1e3"), "y": packed("n")}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "type": "Opaque", "data": data}
    secret["metadata"] = {"name": f"{name}-{suffix(secret)}"}
    return [secret]


def assert_built(result: tuple[int, str, str]) -> None:
    """Assert that the Secret is there, its name with a hash, and that the pod uses it under that name."""
    code, out, err = result
    assert (code, err) == (0, "")
    found = list(yaml.safe_load_all(out))
    pod = next(one for one in found if one["kind"] == "Pod")
    assert [one for one in found if one["kind"] == "Secret"] == wanted()
    [reference] = pod["spec"]["containers"][0]["envFrom"]
    assert reference["secretRef"]["name"] == wanted()[0]["metadata"]["name"]


def test_kustomize_starts_the_function(folder: Path, build: Build) -> None:
    assert_built(build([client("kustomize"), *BUILD], folder))


def test_kustomize_starts_the_plugin(folder: Path, build: Build) -> None:
    (folder / "generator.yaml").write_text(CONFIG + FILES)
    assert_built(build([client("kustomize"), "build", "--enable-alpha-plugins"], folder))


def test_kubectl_starts_the_plugin(folder: Path, build: Build) -> None:
    (folder / "generator.yaml").write_text(CONFIG + FILES)
    assert_built(build([client("kubectl"), "kustomize", "--enable-alpha-plugins"], folder))


_DOCKER = """\
#!/bin/sh
# Runs what a container would, in the folder that is mounted.
echo "$@" >>"{log}"
cd "{folder}" && exec "{program}"
"""


@pytest.mark.parametrize("name", ["kustomize", "kubectl"])
def test_a_container_is_given_the_same(name: str, folder: Path, build: Build, tmp_path: Path) -> None:
    mounts = "        mounts: [{type: bind, src: ., dst: /work}]\n        envs: [SOPS_AGE_KEY]\n"
    (folder / "generator.yaml").write_text(CONFIG + CONTAINER + mounts + FILES)
    docker = tmp_path / "bin" / "docker"
    log = tmp_path / "docker.log"
    docker.write_text(_DOCKER.format(log=log, folder=folder, program=tmp_path / "bin" / "leafseal-krm"))
    docker.chmod(0o755)
    command = {"kustomize": ["build"], "kubectl": ["kustomize"]}[name]
    assert_built(build([client(name), *command, "--enable-alpha-plugins"], folder))
    words = log.read_text().split()
    assert words[:2] == ["run", "--rm"]
    assert words[-1] == "leafseal"
    assert words[words.index("--network") + 1] == "none"
    assert ME.identity not in words


def test_an_overlay_finds_the_files_of_its_base(folder: Path, build: Build, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text("resources: [../app]\n")
    assert_built(build([client("kustomize"), *BUILD], overlay))


@pytest.mark.parametrize("behavior", ["merge", "replace"])
def test_a_secret_that_changes_another(behavior: str, folder: Path, build: Build) -> None:
    (folder / "base").mkdir()
    (folder / "base" / "kustomization.yaml").write_text("secretGenerator: [{name: db, literals: [user=x]}]\n")
    (folder / "kustomization.yaml").write_text("resources: [base]\ngenerators: [generator.yaml]\n")
    annotated = SECRET.replace(
        b"{name: db}", b"{name: db, annotations: {kustomize.config.k8s.io/behavior: %s}}" % behavior.encode()
    )
    (folder / "db.yaml").write_bytes(manifest_of(annotated))
    code, out, err = build([client("kustomize"), *BUILD], folder)
    assert (code, err) == (0, "")
    [found] = yaml.safe_load_all(out)
    expected = wanted()[0]
    if behavior == "merge":
        expected["data"]["user"] = "eA=="
    expected["metadata"] = {"name": f"db-{suffix(expected)}"}
    assert found == expected


@pytest.mark.parametrize("kind", ["function", "plugin"])
def test_a_file_that_fails_ends_the_build_and_is_named(kind: str, folder: Path, build: Build) -> None:
    if kind == "plugin":
        (folder / "generator.yaml").write_text(CONFIG + FILES)
    code, out, err = build([client("kustomize"), *BUILD], folder, SOPS_AGE_KEY=throwaway_identity().identity)
    assert (code, out) == (1, "")
    [line] = [line for line in err.splitlines() if "leafseal: error: " in line]
    assert "db.yaml: your key age1" in line


def test_a_transformer_is_refused(folder: Path, build: Build) -> None:
    (folder / "kustomization.yaml").write_text("resources: [pod.yaml]\ntransformers: [generator.yaml]\n")
    for config in (CONFIG + FUNCTION + FILES, CONFIG + FILES):
        (folder / "generator.yaml").write_text(config)
        code, out, err = build([client("kustomize"), *BUILD], folder)
        assert (code, out) == (1, "")
        assert "leafseal only generates" in err


def test_the_example(tmp_path: Path, build: Build) -> None:
    key = (ROOT / "examples" / "throw-away.agekey").read_text()
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    code, out, err = build([client("kustomize"), *BUILD], folder, SOPS_AGE_KEY=key)
    assert (code, err) == (0, "")
    found = {one["metadata"]["name"].rpartition("-")[0] or "bookshop": one for one in yaml.safe_load_all(out)}
    assert found["bookshop-variables"]["data"]["MAIL_PASSWORD"] == packed("letters-by-pigeon")


def test_the_example_decrypts_with_the_throwaway_key() -> None:
    ambient = leafseal.Ambient(
        {"SOPS_AGE_KEY_FILE": str(ROOT / "examples" / "throw-away.agekey")}, Path("/nonexistent")
    )
    plain = leafseal.decrypt((EXAMPLE / "secret.yaml").read_bytes(), format="yaml", ambient=ambient)
    assert yaml.safe_load(plain)["stringData"]["database-password"] == "correct horse battery staple"
    variables = leafseal.decrypt((EXAMPLE / "secrets.env").read_bytes(), format="dotenv", ambient=ambient)
    assert variables == (ROOT / "examples" / "app" / "secrets.env").read_bytes()
