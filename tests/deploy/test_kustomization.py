"""What a kustomization has run, found before kustomize is asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from leafseal.deploy.kubectl import kustomize
from leafseal.deploy.kubectl.kustomization import Found, look
from leafseal.errors import LeafsealError

OURS = "apiVersion: leafseal/v1alpha1\nkind: SecretGenerator\nmetadata:\n  name: a\n{}manifests: [x.yaml]\n"
KSOPS = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: b\n{}files: [x.yaml]\n"
FUNCTION = "  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: {}\n"


def _write(folder: Path, **files: str) -> str:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


def _names(found: Found, folder: Path) -> dict[str, list[str]]:
    return {
        field: [os.path.relpath(name, folder) if os.path.isabs(name) else name for name in names]
        for field, names in found._asdict().items()
        if names
    }


def test_generators_are_found_in_bases_too(tmp_path: Path) -> None:
    _write(
        tmp_path,
        kustomization_yaml="resources: [base, cm.yaml, github.com/a/b]\ngenerators: [g.yaml, more]\n",
        cm_yaml=OURS.format(""),  # no generator: it is among the resources
        g_yaml=OURS.format("") + "---\n" + KSOPS.format(FUNCTION.format("leafseal-krm")),
        more__kustomization_yaml="resources: [k.yaml]\n",
        more__k_yaml=KSOPS.format(""),
        base__kustomization_yaml="resources: [..]\ntransformers: [t.yaml]\n",
        base__t_yaml="apiVersion: x/v1\nkind: X\nmetadata:\n  name: t\n" + FUNCTION.format("./program"),
    )
    assert _names(look(str(tmp_path)), tmp_path) == {
        "plugins": ["g.yaml", "more/k.yaml"],
        "functions": ["g.yaml"],
        "foreign": ["base/t.yaml"],
        "remote": ["github.com/a/b"],
    }


def test_a_generator_may_be_in_the_list_itself(tmp_path: Path) -> None:
    inline = "generators:\n- |\n" + "".join(f"  {line}\n" for line in OURS.format("").splitlines())
    folder = _write(tmp_path, kustomization_yaml=inline)
    assert _names(look(folder), tmp_path) == {"plugins": ["kustomization.yaml"]}


@pytest.mark.parametrize("text", ["image: x", "exec: [", "exec: {path: [a]}", "starlark: {path: a}", ""])
def test_functions_that_are_none_of_ours(tmp_path: Path, text: str) -> None:
    annotated = f"  annotations: {{config.kubernetes.io/function: '{text}'}}\n"
    folder = _write(tmp_path, kustomization_yaml="generators: [g.yaml]\n", g_yaml=OURS.format(annotated))
    assert _names(look(folder), tmp_path) == {"foreign": ["g.yaml"]}


def test_what_has_no_generators_is_left_to_kubectl(tmp_path: Path) -> None:
    assert look(str(tmp_path / "gone")) == Found()
    assert look(_write(tmp_path, kustomization_yaml="resources: [cm.yaml, gone.yaml]\n")).plugins == ()


@pytest.mark.parametrize("field", ["foreign", "remote"])
def test_nothing_is_run_beside_what_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    monkeypatch.setattr(kustomize, "look", lambda _: Found(plugins=("g.yaml",))._replace(**{field: ("other",)}))
    with pytest.raises(LeafsealError, match="other"):
        kustomize.build(str(tmp_path))


def test_our_generator_is_the_one_beside_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "leafseal-krm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "kubectl-leafseal")])
    assert kustomize.own_program() == str(program)
