"""`helm leafseal` with real Helms, which `LEAFSEAL_TEST_HELM` (3) and `LEAFSEAL_TEST_HELM4` name.

LEAFSEAL_TEST_HELM=/usr/local/bin/helm LEAFSEAL_TEST_HELM4=/usr/local/bin/helm4 pytest tests/cli/test_helm_real.py

`LEAFSEAL_TEST_HELM_DIFF` names the folder of the plugin helm-diff, for one of them.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from leafseal.testing import ThrowawayIdentity

from ..isolation import CALLER
from ..services.kube_api import KubeAPI, kubeconfig
from ..services.recorder import Recorder
from .conftest import Run

CANARY = "swordfish-that-no-disk-sees"
VARIABLES = {3: "LEAFSEAL_TEST_HELM", 4: "LEAFSEAL_TEST_HELM4"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")

TEMPLATE = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: {{ .Release.Namespace }}
stringData:
  password: {{ .Values.db.password | quote }}
  key: {{ .Values.key | quote }}
  extra: {{ .Values.extra | quote }}
"""
VALUES = {
    "s.yaml": f"db:\n  password: {CANARY}\n",
    "a, b%.yaml": "extra: from a file with a comma\n",
    "tls.key": "PEM\n",
}
HOOK = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: hook, annotations: {"helm.sh/hook": pre-install}}
data: {a: b}
"""


class Installed(NamedTuple):
    """A Helm with our plugins, a chart and encrypted files."""

    major: int
    helm: str
    folder: Path

    def run(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*before, self.helm, *words], capture_output=True, text=True, check=False, timeout=120)

    def secret(self, *words: str) -> dict[str, str]:
        """Return the values of the Secret that Helm makes."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        documents = [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] == "Secret"]
        assert len(documents) == 1
        return documents[0]["stringData"]  # type: ignore[no-any-return]


@pytest.fixture(params=sorted(VARIABLES))
def installed(
    request: pytest.FixtureRequest, leafseal: Run, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> Installed:
    helm = CALLER.get(VARIABLES[request.param])
    if not helm:
        pytest.skip(f"{VARIABLES[request.param]} names no Helm")
    monkeypatch.setenv("PATH", f"{os.path.dirname(sys.executable)}:/usr/bin:/bin")  # without another Helm
    monkeypatch.setenv("HELM_DATA_HOME", str(work.parent / "data"))
    monkeypatch.setenv("HELM_CACHE_HOME", str(work.parent / "cache"))
    monkeypatch.setenv("HELM_CONFIG_HOME", str(work.parent / "config"))
    assert leafseal("helm", "plugins", "--secrets", "--helm", helm).code == 0
    (work / "chart" / "templates").mkdir(parents=True)
    (work / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 0.1.0\n")
    (work / "chart" / "values.yaml").write_text('db: {password: none}\nkey: ""\nextra: ""\n')
    (work / "chart" / "templates" / "secret.yaml").write_text(TEMPLATE)
    for name, text in VALUES.items():
        (work / name).write_text(text)
        assert leafseal("encrypt", "-i", "--age", me.recipient, name).code == 0
    return Installed(request.param, helm, work)


def test_it_is_the_version_that_it_is_taken_for(installed: Installed) -> None:
    assert installed.run("version", "--template", "{{.Version}}").stdout.startswith(f"v{installed.major}.")


def test_the_plugins_are_listed(installed: Installed) -> None:
    done = installed.run("plugin", "list")
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines()[1:]}
    assert done.stderr == ""
    expected = {"leafseal": "cli/v1", "leafseal-getter": "getter/v1", "leafseal-secrets": "getter/v1"}
    if installed.major == 4:
        expected["leafseal-post-renderer"] = "postrenderer/v1"
        assert {name: row[2] for name, row in rows.items()} == expected
    assert set(rows) == set(expected)


def test_plugins_for_helm_4_are_not_written_where_helm_3_looks(
    installed: Installed, leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed.major == 4 or not (helm_4 := CALLER.get(VARIABLES[4])):
        pytest.skip("both are needed")
    others = work.parent / "others"  # not in the working tree, from which no program is taken
    others.mkdir()
    (others / "helm3").symlink_to(installed.helm)
    monkeypatch.setenv("PATH", f"{others}:{os.environ['PATH']}")
    folder = work.parent / "data" / "plugins"
    before = installed.run("plugin", "list").stdout
    result = leafseal("helm", "plugins", "--helm", helm_4)
    assert (result.code, f"{folder}: {others}/helm3 is Helm 3 and looks here too" in result.err) == (220, True)
    assert installed.run("plugin", "list").stdout == before
    assert leafseal("helm", "plugins", "--helm", helm_4, "--dir", "for-4").code == 0
    monkeypatch.setenv("HELM_PLUGINS", str(work / "for-4"))
    listed = subprocess.run([helm_4, "plugin", "list"], capture_output=True, text=True, check=True)
    assert "leafseal-post-renderer" in listed.stdout
    assert listed.stderr == ""
    assert "failed to load plugins" in installed.run("plugin", "list").stderr  # this is why


def test_value_files(installed: Installed) -> None:
    words = ("-f", '"a, b%.yaml",?none.yaml', "--values", "s.yaml", "--set-file", "key=tls.key")
    found = installed.secret("leafseal", "template", "r", "chart", *words)
    assert found == {"password": CANARY, "key": "PEM\n", "extra": "from a file with a comma"}
    done = installed.run("leafseal", "template", "r", "chart", "-n", "shop", "-f", "s.yaml")
    assert "namespace: shop" in done.stdout  # which Helm keeps from plugins, and gives back by a variable
    assert done.stderr == ""


def test_the_exit_code_is_that_of_helm(installed: Installed) -> None:
    done = installed.run("leafseal", "template", "r", "chart", "-f", "s.yaml", "--bogus")
    assert done.returncode == 1
    assert "unknown flag: --bogus" in done.stderr


def test_one_file_that_fails(installed: Installed) -> None:
    torn = (installed.folder / "s.yaml").read_text().replace("data:", "data:AAAA", 1)
    (installed.folder / "torn.yaml").write_text(torn)
    done = installed.run("leafseal", "template", "r", "chart", "-f", "s.yaml,torn.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leafseal: error: torn.yaml: ")


@pytest.mark.parametrize("prefix", ["leafseal:", "leafseal://", "secrets://", "secrets://sops!"])
def test_urls(installed: Installed, prefix: str) -> None:
    assert installed.secret("template", "r", "chart", "-f", f"{prefix}s.yaml")["password"] == CANARY


def test_urls_of_odd_names_and_missing_files(installed: Installed) -> None:
    words = ("-f", '"leafseal:a, b%.yaml",leafseal:?none.yaml', "--set-file", "key=leafseal:tls.key")
    found = installed.secret("template", "r", "chart", *words)
    assert found == {"password": "none", "key": "PEM\n", "extra": "from a file with a comma"}


@pytest.mark.parametrize("url", ["leafseal:chart/values.yaml", "leafseal:none.yaml", "leafseal:../work/s.yaml"])
def test_urls_that_are_refused(installed: Installed, url: str) -> None:
    done = installed.run("template", "r", "chart", "-f", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "leafseal: error: " in done.stderr


def renderer(installed: Installed) -> str:
    """Return what `--post-renderer` takes."""
    if installed.major == 4:
        return "leafseal-post-renderer"
    return str(installed.folder.parent / "data" / "plugins" / "leafseal" / "bin" / "leafseal-post-renderer")


def test_the_post_renderer(installed: Installed, leafseal: Run, me: ThrowawayIdentity) -> None:
    templates = installed.folder / "chart" / "templates"
    secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: NAME\nstringData:\n  password: VALUE\n"
    (templates / "secret.yaml").write_text(
        secret.replace("NAME", "b").replace("VALUE", "ref+leafseal://s.yaml#/db/password")
    )
    sealed = templates / "sealed.yaml"
    sealed.write_text(secret.replace("NAME", "a").replace("VALUE", CANARY))
    chosen = ("--age", me.recipient, "--encrypted-regex", "^(data|stringData)$")
    assert leafseal("encrypt", "-i", *chosen, str(sealed)).code == 0
    (templates / "hook.yaml").write_text(HOOK)
    words = ("template", "r", "chart", "--post-renderer", renderer(installed))
    done = installed.run(*words)
    assert done.returncode == 0, done.stderr
    found = {one["metadata"]["name"]: one for one in yaml.safe_load_all(done.stdout) if one}
    value = base64.b64encode(CANARY.encode()).decode()
    assert {name: found[name]["data"] for name in ("a", "b")} == {name: {"password": value} for name in ("a", "b")}
    assert "ENC[" not in done.stdout
    assert found["hook"]["data"] == {"a": "b"}
    sealed.write_text(sealed.read_text().replace("name: a", "name: c"))
    log = installed.folder / "errors"
    done = subprocess.run(
        [installed.helm, *words],
        env={**os.environ, "LEAFSEAL_ERROR_FILE": str(log)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert log.read_text().startswith("shop/templates/sealed.yaml: ")


_WRITE = re.compile(rb"(?:p?write(?:v|64)?|sendto)\((\d+)<([^>]*)>")


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
@pytest.mark.parametrize("way", ["leafseal", "leafseal:", "post-renderer"])
def test_no_plaintext_reaches_a_file_system(installed: Installed, way: str) -> None:
    log = installed.folder.parent / "strace"
    trace = (
        "strace",
        "-f",
        "-y",
        "-s",
        "100000",
        "-o",
        str(log),
        "-e",
        "trace=%file,write,pwrite64,writev,execve,sendto",
    )
    words = {
        "leafseal": ("leafseal", "template", "r", "chart", "-f", "s.yaml"),
        "leafseal:": ("template", "r", "chart", "-f", "leafseal:s.yaml"),
        "post-renderer": (
            "template", "r", "chart", "--set", "db.password=ref+leafseal://s.yaml#/db/password",
            "--post-renderer", renderer(installed),
        ),
    }[way]  # fmt: skip
    done = installed.run(*words, before=trace)
    if "ptrace" in done.stderr:
        pytest.skip("strace is not allowed here")
    assert done.returncode == 0, done.stderr
    forms = [form.encode() for form in (CANARY, base64.b64encode(CANARY.encode()).decode())]
    told = [line for line in log.read_bytes().splitlines() if any(form in line for form in forms)]
    assert told, "strace saw nothing of it"
    for line in told:
        write = _WRITE.search(line)
        assert write is not None, line[:200]  # no name of a file, and no argument
        assert write[2].decode().startswith(("/memfd:", "pipe:")), line[:200]


def test_helm_diff_reads_the_values(installed: Installed, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = CALLER.get("LEAFSEAL_TEST_HELM_DIFF")
    if not plugin:
        pytest.skip("LEAFSEAL_TEST_HELM_DIFF names no folder of helm-diff")
    (installed.folder.parent / "data" / "plugins" / "diff").symlink_to(plugin)
    recorder.otherwise = KubeAPI()
    (installed.folder.parent / "kubeconfig").write_text(kubeconfig(recorder.url))
    monkeypatch.setenv("KUBECONFIG", str(installed.folder.parent / "kubeconfig"))
    words = ("--allow-unreleased", "--disable-openapi-validation", "--show-secrets", "-f", "s.yaml")
    done = installed.run("leafseal", "diff", "upgrade", "r", "chart", *words)
    assert done.returncode == 0, done.stderr
    assert CANARY in done.stdout or base64.b64encode(CANARY.encode()).decode() in done.stdout
