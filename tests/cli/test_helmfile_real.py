"""`helm leafseal` as the Helm of a real helmfile, which `LEAFSEAL_TEST_HELMFILE` names, and without helm-secrets.

LEAFSEAL_TEST_HELMFILE=/usr/local/bin/helmfile LEAFSEAL_TEST_HELM=/usr/local/bin/helm pytest FILE

The variables of test_helm_real.py name the Helms and helm-diff.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Callable

import pytest

from ..docs.blocks import ROOT
from ..isolation import CALLER
from ..services.kube_api import KubeAPI, kubeconfig
from ..services.recorder import Recorder
from .test_helm_real import CANARY, Installed, installed

__all__ = ["installed"]

HELMFILE = """\
helmDefaults:
  disableOpenAPIValidation: true
releases:
  - name: shop
    chart: ./chart
    values: [plain.yaml, s.yaml]
    set:
      - name: key
        file: tls.key
"""
Helmfile = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def helmfile(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> Helmfile:
    program = CALLER.get("LEAFSEAL_TEST_HELMFILE")
    if not program:
        pytest.skip("LEAFSEAL_TEST_HELMFILE names no helmfile")
    (installed.folder / "helmfile.yaml").write_text(HELMFILE)
    (installed.folder / "plain.yaml").write_text("extra: in plain text\n")
    monkeypatch.setenv("HELM_BIN", installed.helm)
    monkeypatch.setenv("HELMFILE_CACHE_HOME", str(installed.folder.parent / "helmfile"))
    monkeypatch.setenv("HELMFILE_UPGRADE_NOTICE_DISABLED", "1")
    plugin = installed.folder.parent / "data" / "plugins" / "leafseal" / "bin" / "leafseal-helm"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [program, "--helm-binary", str(plugin), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)

    return run


def test_the_page_names_the_plugin_as_helm() -> None:
    page = (ROOT / "docs" / "helm.md").read_text("utf-8")
    assert re.search(r'^helmfile --helm-binary "\$\(helm env HELM_PLUGINS\)/leafseal/bin/leafseal-helm" ', page, re.M)


def test_releases_have_the_values_of_encrypted_files(helmfile: Helmfile) -> None:
    done = helmfile("template")
    assert done.returncode == 0, done.stderr
    assert f'password: "{CANARY}"' in done.stdout
    assert 'key: "PEM\\n"' in done.stdout
    assert 'extra: "in plain text"' in done.stdout


def test_a_file_that_fails_ends_it(helmfile: Helmfile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", os.devnull)
    monkeypatch.delenv("SOPS_AGE_KEY", raising=False)
    done = helmfile("template")
    assert done.returncode != 0
    assert "no key of yours can decrypt" in done.stderr
    assert "kind:" not in done.stdout


def test_diff_has_the_values(
    helmfile: Helmfile, installed: Installed, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = CALLER.get("LEAFSEAL_TEST_HELM_DIFF")
    if not plugin:
        pytest.skip("LEAFSEAL_TEST_HELM_DIFF names no folder of helm-diff")
    (installed.folder.parent / "data" / "plugins" / "diff").symlink_to(plugin)
    recorder.otherwise = KubeAPI()
    (installed.folder.parent / "kubeconfig").write_text(kubeconfig(recorder.url))
    monkeypatch.setenv("KUBECONFIG", str(installed.folder.parent / "kubeconfig"))
    done = helmfile("diff", "--show-secrets")
    assert done.returncode == 0, done.stderr
    assert CANARY in done.stdout or base64.b64encode(CANARY.encode()).decode() in done.stdout
