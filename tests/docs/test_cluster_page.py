"""What docs/cluster.md shows is what happens; a program that writes down what it reads is `kubectl`."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import leafseal
from leafseal.testing import throwaway_identity

from ..deploy.kustomize import client
from .blocks import ROOT, blocks
from .layout import EXAMPLES, sealed
from .test_transcripts import environ  # noqa: F401  a fixture
from .transcripts import run

PAGE = ROOT / "docs" / "cluster.md"

_KUBECTL = r"""#!/bin/sh
if [ "$1" = leafseal ]; then shift; exec leafseal kubectl "$@"; fi
case "$*" in
    "apply --server-side -f -") cat >> "$APPLIED" ;;
    "apply -f "*) cat "$3" >> "$APPLIED" || exit 1 ;;
    *) echo "error: $*" >&2; exit 1 ;;
esac
printf '\n---\n' >> "$APPLIED"
"""


@pytest.fixture
def cluster(tmp_path: Path, environ: dict[str, str]) -> tuple[dict[str, str], Path]:  # noqa: F811
    """The environment of somebody who has kubectl, and the file in which it writes down what it applies."""
    programs, noted = tmp_path / "programs", tmp_path / "applied"
    programs.mkdir()
    (programs / "kubectl").write_text(_KUBECTL)
    (programs / "kubectl").chmod(0o755)
    return {**environ, "PATH": f"{programs}:{environ['PATH']}", "APPLIED": str(noted)}, noted


def objects(noted: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(noted.read_text()) if one]


@pytest.fixture
def applied(tmp_path: Path, cluster: tuple[dict[str, str], Path]) -> list[dict[str, Any]]:
    """Run the page; return the objects that reached the cluster."""
    folder = tmp_path / "page"
    folder.mkdir()
    for step, output, code in run(blocks(PAGE), folder, cluster[0]):
        assert code == 0, f"{step.command}\n{output}"
    for name in ("aws", "azure"):
        text = (folder / "deploy" / f"{name}.yaml").read_text()
        assert "ENC[" in text
        assert f"name: {name}-credentials" in text, "names stay in plain text"
        assert not re.search(r"example-(id|key)", text)
    assert not (folder / "key.txt").exists()
    return objects(cluster[1])


def values(secret: dict[str, Any]) -> dict[str, str]:
    return {name: base64.b64decode(text).decode() for name, text in secret["data"].items()}


def test_the_examples_run(applied: list[dict[str, Any]]) -> None:
    aws, azure = applied
    store = _manifest("push-secret.yaml", "SecretStore")["spec"]["provider"]["aws"]["auth"]["secretRef"]
    asked = [store["accessKeyIDSecretRef"], store["secretAccessKeySecretRef"]]
    assert {one["name"] for one in asked} == {aws["metadata"]["name"]}
    assert values(aws) == {one["key"]: value for one, value in zip(asked, ("example-id", "example-key"), strict=True)}
    [volume] = _manifest("csi.yaml", "Pod")["spec"]["volumes"]
    assert volume["csi"]["nodePublishSecretRef"] == {"name": azure["metadata"]["name"]}
    assert azure["metadata"]["labels"] == {"secrets-store.csi.k8s.io/used": "true"}
    assert values(azure) == {"clientid": "example-id", "clientsecret": "example-key"}
    assert {one["metadata"]["namespace"] for one in applied} == {"shop"}


def _manifest(name: str, kind: str) -> dict[str, Any]:
    every = yaml.safe_load_all((EXAMPLES / "kubernetes" / name).read_text(encoding="utf-8"))
    [found] = [one for one in every if one["kind"] == kind]
    return dict(found)


def test_the_commands_are_those_of_the_examples() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ("external-secrets.yaml", "push-secret.yaml", "csi.yaml", "pod.yaml"):
        assert f"`examples/kubernetes/{name}`" in page or f"`{name}`" in page
    comment = (EXAMPLES / "kubernetes" / "external-secrets.yaml").read_text(encoding="utf-8")
    named = re.findall(r"^#   (.*)$", comment, re.MULTILINE)
    assert "```\n" + "\n".join(named) + "\n```" in page
    for name in ("external-secrets.yaml", "push-secret.yaml", "csi.yaml"):
        text = (EXAMPLES / "kubernetes" / name).read_text(encoding="utf-8")
        assert f"kubectl apply -f {name}\n" in text
        for path in re.findall(r"apply -f (\.\./\S+)", text):
            assert (EXAMPLES / "kubernetes" / path).is_file()


def test_the_commands_of_the_examples_run(tmp_path: Path, cluster: tuple[dict[str, str], Path]) -> None:
    around, noted = cluster
    for folder in ("kubernetes", "sealed"):
        shutil.copytree(EXAMPLES / folder, tmp_path / folder)
    identity = EXAMPLES / "throw-away.agekey"
    [recipient] = set(re.findall(r"age1[a-z0-9]+", identity.read_text()))
    rule = leafseal.Selection(encrypted_regex="^(data|stringData)$")
    for name in ("aws", "azure"):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"id": "example"}}
        plain = yaml.safe_dump(secret).encode()
        encrypted = leafseal.encrypt(plain, format="yaml", recipients=[recipient], selection=rule)
        (tmp_path / "kubernetes" / f"{name}.enc.yaml").write_bytes(encrypted)
    named = [
        line
        for name in ("external-secrets.yaml", "push-secret.yaml", "csi.yaml")
        for line in re.findall(r"^#   (.*)$", (EXAMPLES / "kubernetes" / name).read_text(), re.MULTILINE)
    ]
    known = {**around, "SOPS_AGE_KEY_FILE": str(identity), "HOME": str(tmp_path)}
    script = ["bash", "-ec", "\n".join(named)]
    done = subprocess.run(
        script, cwd=tmp_path / "kubernetes", env=known, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = objects(noted)
    [secret, *_] = [one for one in found if one["metadata"]["name"] == "bookshop" and one["kind"] == "Secret"]
    [copied] = [one for one in found if one["kind"] == "ExternalSecret"]
    # What External Secrets is to do: its store reads the namespace of the Secret.
    [asked] = copied["spec"]["data"]
    assert asked["remoteRef"]["key"] == secret["metadata"]["name"]
    assert values(secret)[asked["remoteRef"]["property"]] == "correct horse battery staple"
    assert [one["metadata"]["name"] for one in found if one["kind"] == "Secret"] == [
        "bookshop",
        "bookshop",
        "aws",
        "azure",
    ]


@pytest.mark.parametrize("again", [json.dumps, yaml.safe_dump], ids=["as Helm writes it", "as kustomize writes it"])
def test_ciphertext_survives_hydration(again: Any) -> None:
    me = throwaway_identity()
    encrypted = sealed("config.yaml", me).decode()
    manifest = again({"kind": "ConfigMap", "data": {"config.yaml": encrypted}})
    taken = yaml.safe_load(manifest)["data"]["config.yaml"].encode()
    found = leafseal.loads(taken, format="yaml", ambient=me.ambient())
    assert found["database"]["password"] == "correct horse battery staple"


def test_kustomize_renders_ciphertext(tmp_path: Path) -> None:
    kustomize = client("kustomize")
    me = throwaway_identity()
    [text] = [one.text for one in blocks(PAGE) if one.file == "kustomization.yaml"]
    (tmp_path / "kustomization.yaml").write_text(text)
    for source in ("kubernetes/pod.yaml", "app/render.yaml"):
        shutil.copy(EXAMPLES / source, tmp_path)
    encrypted = sealed("config.yaml", me)
    (tmp_path / "config.yaml").write_bytes(encrypted)
    done = subprocess.run([kustomize, "build", str(tmp_path)], capture_output=True, text=True, check=True, timeout=120)
    shown = {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}
    assert shown["ConfigMap"]["data"]["config.yaml"].encode() == encrypted
    [volume] = [one for one in shown["Pod"]["spec"]["volumes"] if one["name"] == "config"]
    assert volume["configMap"]["name"] == shown["ConfigMap"]["metadata"]["name"] != "bookshop"


@pytest.mark.parametrize("name", ["helm", "helm4"])
def test_helm_renders_ciphertext(tmp_path: Path, name: str) -> None:
    helm = client(name)
    me = throwaway_identity()
    [text] = [one.text for one in blocks(PAGE) if ".Files.Get" in one.text]
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: bookshop\nversion: 0.1.0\n")
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bookshop}\n"
    (tmp_path / "templates" / "config.yaml").write_text(head + text)
    encrypted = sealed("config.yaml", me)
    (tmp_path / "config.yaml").write_bytes(encrypted)
    done = subprocess.run([helm, "template", str(tmp_path)], capture_output=True, text=True, check=True, timeout=120)
    assert yaml.safe_load(done.stdout)["data"]["config.yaml"].encode() == encrypted
