"""The plugin in examples/argocd: its parts fit together, and its commands do what Argo CD wants of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafseal.cli.main import run
from leafseal.deploy.argocd.application import VALUES
from leafseal.testing import throwaway_identity

from .blocks import ROOT, blocks
from .layout import EXAMPLES, sealed

FOLDER = EXAMPLES / "argocd"
PLUGIN: dict[str, Any] = yaml.safe_load((FOLDER / "plugin.yaml").read_text())
POD: dict[str, Any] = yaml.safe_load((FOLDER / "repo-server.yaml").read_text())["spec"]["template"]["spec"]
APPLICATION: dict[str, Any] = yaml.safe_load((FOLDER / "application.yaml").read_text())


def test_the_page_shows_the_manifest() -> None:
    [shown] = [block for block in blocks(ROOT / "docs" / "argocd.md") if block.remark.startswith("copy: ")]
    assert (ROOT / shown.remark.removeprefix("copy: ")).read_text() == shown.text


def test_the_commands_are_run_as_argo_cd_runs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    me = throwaway_identity()
    discover, generate = PLUGIN["spec"]["discover"]["find"]["command"], PLUGIN["spec"]["generate"]["command"]
    assert discover[0] == generate[0] == "leafseal"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOPS_AGE_KEY", me.identity)
    (tmp_path / "secret.yaml").write_bytes(sealed("secret.yaml", me))
    assert run(discover[1:]) == 0
    assert capfdbinary.readouterr() == (b"secret.yaml\n", b"")
    assert run(generate[1:]) == 0
    captured = capfdbinary.readouterr()
    assert yaml.safe_load(captured.out)["kind"] == "Secret"
    assert captured.err == b""


def test_the_sidecar_has_what_it_mounts() -> None:
    [sidecar] = POD["containers"]
    mounts = {one["name"]: one["mountPath"] for one in sidecar["volumeMounts"]}
    own = {one["name"]: one for one in POD["volumes"]}
    assert set(mounts) - set(own) == {"var-files", "plugins"}  # of Argo CD's own Deployment
    assert set(own) <= set(mounts)
    assert mounts["leafseal-plugin"] == "/home/argocd/cmp-server/config/plugin.yaml"
    assert own["leafseal-tmp"]["emptyDir"]["medium"] == "Memory"
    environ = {one["name"]: one["value"] for one in sidecar["env"]}
    assert environ["SOPS_AGE_KEY_FILE"].startswith(mounts["leafseal-key"])
    assert sidecar["securityContext"]["runAsUser"] == 999
    assert sidecar["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_comment_creates_what_the_sidecar_mounts() -> None:
    text = (FOLDER / "repo-server.yaml").read_text()
    named = set(re.findall(r"^#.* create (?:secret generic|configmap) (\S+)", text, re.MULTILINE))
    assert named == {"leafseal-plugin", "leafseal-key"}


def test_the_application_names_the_plugin_and_a_parameter_that_is_read() -> None:
    plugin = APPLICATION["spec"]["source"]["plugin"]
    assert plugin["name"] == PLUGIN["metadata"]["name"]
    known = {one["name"] for one in PLUGIN["spec"]["parameters"]["static"]}
    assert {one["name"] for one in plugin["parameters"]} == known == {VALUES}
    assert "version" not in PLUGIN["spec"]  # or the application must name leafseal-VERSION


def test_the_image_is_of_what_the_sidecar_starts() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    image = POD["containers"][0]["image"]
    assert image in text
    assert "USER 999" in text


def test_the_image_installs_as_the_other_one_does() -> None:
    [own, other] = (
        re.findall(r"^FROM .* AS build\n(.*?)\n\n", file.read_text(), re.MULTILINE | re.DOTALL)
        for file in (FOLDER / "Dockerfile", EXAMPLES / "image" / "Dockerfile")
    )
    assert own == other  # of which test_example_image.py says what its steps must have
    assert "--require-hashes" in own[0]
