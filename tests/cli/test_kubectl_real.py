"""`kubectl leafseal` with a real kubectl, which `LEAFSEAL_TEST_KUBECTL` names, and a stub of the API server.

LEAFSEAL_TEST_KUBECTL=/usr/local/bin/kubectl pytest tests/cli/test_kubectl_real.py
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from leafseal.testing import ThrowawayIdentity

from ..deploy.traces import can_trace, refuse_traces, strace
from ..isolation import CALLER
from ..services.kube_api import KubeAPI, kubeconfig
from ..services.recorder import Recorder
from .conftest import Run

NAMED = CALLER.get("LEAFSEAL_TEST_KUBECTL", "")
pytestmark = pytest.mark.skipif(not NAMED, reason="LEAFSEAL_TEST_KUBECTL names no kubectl")

CANARY = "swordfish-that-no-disk-sees"
SECRET = f"""\
apiVersion: v1
kind: Secret
metadata:
    name: db
stringData:
    password: {CANARY}
    on: n
    number: "1e3"
data:
    user: c2hvcC11c2Vy
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm\ndata: {a: b}\n"
DATA = {
    name: base64.b64encode(text.encode()).decode()
    for name, text in {"user": "shop-user", "password": CANARY, "on": "n", "number": "1e3"}.items()
}


_PROGRAMS = {
    "kubectl-leafseal": "kubectl",
    "kubectl_complete-leafseal": "complete_kubectl",
    "leafseal-krm": "krm",
}


class Cluster(NamedTuple):
    """The stub, what it was asked, and kubectl with our plugin."""

    api: KubeAPI
    recorder: Recorder
    run: Callable[..., subprocess.CompletedProcess[bytes]]
    folder: Path


@pytest.fixture
def cluster(
    recorder: Recorder, leafseal: Run, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> Cluster:
    bin_folder = work.parent / "bin"
    bin_folder.mkdir()
    (bin_folder / "kubectl").symlink_to(Path(NAMED).resolve())
    for name, function in _PROGRAMS.items():
        script = (
            f"#!{sys.executable} -P\nimport sys\nfrom leafseal.__main__ import {function}\nsys.exit({function}())\n"
        )
        (bin_folder / name).write_text(script)
        (bin_folder / name).chmod(0o755)
    (work.parent / "kubeconfig").write_text(kubeconfig(recorder.url))
    monkeypatch.setenv("KUBECONFIG", str(work.parent / "kubeconfig"))
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    (work / "db.yaml").write_text(SECRET)
    assert (
        leafseal("encrypt", "-i", "--age", me.recipient, "--encrypted-regex=^(data|stringData)$", "db.yaml").code == 0
    )
    (work / "cm.yaml").write_text(CONFIG_MAP)
    api = KubeAPI()
    recorder.otherwise = api

    def run(*words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*before, "kubectl", *words], cwd=work, capture_output=True, check=False, timeout=120)

    return Cluster(api, recorder, run, work)


def test_apply_diff_replace_and_delete(cluster: Cluster) -> None:
    done = cluster.run("leafseal", "apply", "--validate=false", "-f", "db.yaml,cm.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (
        0, b"secret/db serverside-applied\nconfigmap/cm serverside-applied\n", b""
    )  # fmt: skip
    found = cluster.api.objects["secrets", "shop", "db"]
    assert found["data"] == DATA
    assert "annotations" not in found["metadata"]
    assert not [one for one in cluster.recorder.requests if b"last-applied" in one.body]
    assert cluster.run("leafseal", "diff", "-f", "db.yaml,cm.yaml").returncode == 0
    found["data"] = {"user": "eA=="}
    done = cluster.run("leafseal", "diff", "-f", "db.yaml")
    assert done.returncode == 1
    assert DATA["password"].encode() not in done.stdout  # kubectl masks the values of Secrets
    for force in ((), ("--force",)):
        done = cluster.run("leafseal", "replace", "--validate=false", *force, "-f", "db.yaml")
        assert done.returncode == 0, done.stderr
        assert cluster.api.objects["secrets", "shop", "db"]["data"] == DATA
    done = cluster.run("leafseal", "delete", "-f", "db.yaml,cm.yaml")
    assert (done.returncode, cluster.api.objects) == (0, {})


def test_client_side_apply_copies_values_and_create_does_not(cluster: Cluster) -> None:
    done = cluster.run("leafseal", "apply", "--client-side", "--validate=false", "-f", "db.yaml")
    assert done.returncode == 0
    assert b"copies the values into the annotation" in done.stderr
    annotations = cluster.api.objects.pop(("secrets", "shop", "db"))["metadata"]["annotations"]
    assert DATA["password"] in json.dumps(annotations)
    assert cluster.run("leafseal", "create", "--validate=false", "-f", "db.yaml").returncode == 0
    assert "annotations" not in cluster.api.objects["secrets", "shop", "db"]["metadata"]


def test_exit_codes_and_messages_are_those_of_kubectl(cluster: Cluster) -> None:
    assert cluster.run("leafseal", "create", "--validate=false", "-f", "db.yaml").returncode == 0
    done = cluster.run("leafseal", "create", "--validate=false", "-f", "db.yaml")
    assert done.returncode == 1
    assert b"AlreadyExists" in done.stderr
    assert b"unknown flag: --bogus" in cluster.run("leafseal", "apply", "--bogus", "-f", "db.yaml").stderr


def test_nothing_is_sent_where_one_file_fails(cluster: Cluster) -> None:
    text = (cluster.folder / "db.yaml").read_text()
    (cluster.folder / "bad.yaml").write_text(text.replace("ENC[AES256_GCM,data:", "ENC[AES256_GCM,data:AAAA", 1))
    for verb, code in (("apply", 1), ("delete", 1), ("diff", 2)):
        done = cluster.run("leafseal", verb, "-f", "cm.yaml,db.yaml,bad.yaml")
        assert (done.returncode, done.stdout) == (code, b"")
        assert done.stderr.startswith(b"leafseal: error: bad.yaml: ")
    assert cluster.recorder.requests == []


def test_kustomize(cluster: Cluster) -> None:
    (cluster.folder / "overlay").mkdir()
    (cluster.folder / "overlay" / "kustomization.yaml").write_text("namePrefix: x-\nresources: [cm.yaml, db.yaml]\n")
    for name in ("cm.yaml", "db.yaml"):
        shutil.copy(cluster.folder / name, cluster.folder / "overlay")
    done = cluster.run("leafseal", "apply", "--validate=false", "-k", "overlay")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"leafseal: error: overlay: kustomize passed on an encrypted file")
    (cluster.folder / "overlay" / "kustomization.yaml").write_text("namePrefix: x-\nresources: [cm.yaml]\n")
    assert cluster.run("leafseal", "apply", "--validate=false", "-k", "overlay").returncode == 0
    assert ("configmaps", "shop", "x-cm") in cluster.api.objects


GENERATOR = """\
apiVersion: leafseal/v1alpha1
kind: SecretGenerator
metadata:
    name: app
disableNameSuffixHash: true
manifests: [db.yaml]
"""
FUNCTION = """\
    annotations:
        config.kubernetes.io/function: |
            exec:
                path: leafseal-krm
"""


def test_kustomize_runs_our_generator_and_leaves_nothing_out(cluster: Cluster) -> None:
    (cluster.folder / "kustomization.yaml").write_text("namespace: shop\nresources: [cm.yaml]\ngenerators: [g.yaml]\n")
    (cluster.folder / "g.yaml").write_text(GENERATOR)
    done = cluster.run("leafseal", "apply", "--validate=false", "-k", ".")
    assert (done.returncode, done.stderr) == (0, b"")
    assert cluster.api.objects["secrets", "shop", "db"]["data"] == DATA
    (cluster.folder / "g.yaml").write_text(GENERATOR.replace("disable", FUNCTION + "disable"))
    kustomize = CALLER.get("LEAFSEAL_TEST_KUSTOMIZE")
    if kustomize:
        (cluster.folder.parent / "bin" / "kustomize").symlink_to(Path(kustomize).resolve())
    done = cluster.run("leafseal", "template", "-k", ".")
    if kustomize:
        assert (done.returncode, done.stderr) == (0, b"")
        assert [one["kind"] for one in yaml.safe_load_all(done.stdout)] == ["ConfigMap", "Secret"]
    else:
        assert done.stderr.startswith(b"leafseal: error: g.yaml: the generator is a function") or done.returncode == 0


def test_fetch_and_apply_again(cluster: Cluster, me: ThrowawayIdentity, leafseal: Run) -> None:
    assert cluster.run("leafseal", "apply", "--validate=false", "-f", "db.yaml").returncode == 0
    done = cluster.run("leafseal", "fetch", "secret/db", "-n", "shop", "--age", me.recipient, "-o", "again.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    found = yaml.safe_load(leafseal("kubectl", "template", "-f", "again.yaml").out)
    assert found["data"] == DATA
    assert found["metadata"] == {"name": "db", "namespace": "shop"}


def test_the_plugin_is_found_and_completes(cluster: Cluster) -> None:
    assert str(cluster.folder.parent / "bin" / "kubectl-leafseal").encode() in cluster.run("plugin", "list").stdout
    done = cluster.run("__complete", "leafseal", "t")
    assert done.stdout.splitlines() == [b"template", b":4"]
    assert b"--server-side\t" in cluster.run("__complete", "leafseal", "apply", "--server-s").stdout


@pytest.mark.skipif(not can_trace(), reason="no strace, or it is not allowed here")
@pytest.mark.parametrize("verb", ["apply", "diff", "replace --force"])
def test_no_plaintext_reaches_a_file_system(cluster: Cluster, verb: str) -> None:
    assert cluster.run("leafseal", "apply", "--validate=false", "-f", "cm.yaml").returncode == 0
    log = cluster.folder.parent / "strace"
    flags = () if verb == "diff" else ("--validate=false",)
    done = cluster.run("leafseal", *verb.split(), *flags, "-f", "db.yaml", before=strace(log))
    assert done.returncode == (1 if verb == "diff" else 0), done.stderr
    refuse_traces(log, (CANARY, DATA["password"]))
