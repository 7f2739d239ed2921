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
        kustomization_yaml="resources: [base, cm.yaml]\ncomponents: [part]\ngenerators: [g.yaml]\n",
        cm_yaml=OURS.format(""),  # no generator: it is among the resources
        g_yaml=OURS.format("") + "---\n" + KSOPS.format(FUNCTION.format("leafseal-krm")),
        part__kustomization_yaml="kind: Component\ngenerators: [k.yaml]\n",
        part__k_yaml=KSOPS.format(""),
        base__kustomization_yaml="resources: [..]\nnamePrefix: x-\n",
    )
    assert _names(look(str(tmp_path)), tmp_path) == {"plugins": ["part/k.yaml", "g.yaml"], "functions": ["g.yaml"]}


@pytest.mark.parametrize(
    ("kustomization", "what"),
    [
        ("transformers: [t.yaml]", "a function that is none of leafseal"),
        ("resources: [base]", "a function that is none of leafseal"),
        ("validators: [v.yaml]", "a function that is none of leafseal"),
        ("resources: [github.com/a/b]", "not on this machine"),
        ("generators: [folder]", "generators in a folder"),  # a patch there could make a function of anything
        ("Generators: [t.yaml]", "the field Generators"),  # which some versions read as generators
        ("generator: [t.yaml]", "the field generator"),
        ("helmCharts: [{name: x, repo: 'mine://x'}]", "the field helmCharts"),  # Helm with plugins of helmGlobals
        ("helmGlobals: {configHome: ./home}", "the field helmGlobals"),
        ("helmChartInflationGenerator: [{chartName: x}]", "the field helmChartInflationGenerator"),
    ],
)
def test_what_may_run_other_programs(tmp_path: Path, kustomization: str, what: str) -> None:
    other = "apiVersion: x/v1\nkind: X\nmetadata:\n  name: t\n"
    folder = _write(
        tmp_path,
        kustomization_yaml=f"{kustomization}\n",
        t_yaml=other + FUNCTION.format("./program"),
        v_yaml=other + "  configFn: {exec: {path: ./program}}\n",
        base__kustomization_yaml="transformers: [t.yaml]\n",
        base__t_yaml=other + FUNCTION.format("leafseal-krm"),
        folder__kustomization_yaml="resources: [g.yaml]\n",
        folder__g_yaml=OURS.format(""),
    )
    [unknown] = look(folder).unknown
    assert what in unknown


def test_a_generator_may_be_in_the_list_itself(tmp_path: Path) -> None:
    inline = "generators:\n- |\n" + "".join(f"  {line}\n" for line in OURS.format("").splitlines())
    folder = _write(tmp_path, kustomization_yaml=inline)
    assert _names(look(folder), tmp_path) == {"plugins": ["kustomization.yaml"]}


@pytest.mark.parametrize(
    "text",
    ["image: x", "exec: [", "exec: {path: [a]}", "starlark: {path: a}", "", "exec: {path: leafseal-krm, args: [a]}",
     "exec: {path: leafseal-krm}, container: {image: x}", "exec: {path: ./leafseal-krm}"],
)  # fmt: skip
def test_functions_that_are_none_of_ours(tmp_path: Path, text: str) -> None:
    annotated = f"  annotations: {{config.kubernetes.io/function: '{text}'}}\n"
    folder = _write(tmp_path, kustomization_yaml="generators: [g.yaml]\n", g_yaml=OURS.format(annotated))
    [unknown] = look(folder).unknown
    assert unknown.endswith("g.yaml: a function that is none of leafseal")


def test_a_file_with_the_name_of_a_configuration_is_none(tmp_path: Path) -> None:
    entry = "{apiVersion: x/v1, kind: X, metadata: {name: t, annotations: {config.k8s.io/function: 'exec: {path: x}'}}}"
    (tmp_path / entry).parent.mkdir(parents=True)
    (tmp_path / entry).write_text(OURS.format(""))
    folder = _write(tmp_path, kustomization_yaml=f'generators: ["{entry}"]\n')
    assert [field for field, names in look(folder)._asdict().items() if names] == ["unknown"]


def test_a_function_is_named_once(tmp_path: Path) -> None:
    ours, other = "'exec: {path: leafseal-krm}'", "'exec: {path: ./x}'"
    both = f"  annotations:\n    config.kubernetes.io/function: {ours}\n    config.k8s.io/function: {other}\n"
    folder = _write(tmp_path, kustomization_yaml="generators: [g.yaml]\n", g_yaml=OURS.format(both))
    assert len(look(folder).unknown) == 1


def test_what_has_no_generators_is_left_to_kubectl(tmp_path: Path) -> None:
    assert look(str(tmp_path / "gone")) == Found()
    assert look(_write(tmp_path, kustomization_yaml="resources: [cm.yaml, gone.yaml]\n")).plugins == ()


def test_nothing_is_run_beside_what_is_not_known(tmp_path: Path) -> None:
    folder = _write(
        tmp_path, kustomization_yaml="generators: [g.yaml]\nresources: [github.com/a/b]\n", g_yaml=OURS.format("")
    )
    with pytest.raises(LeafsealError, match="it may run other programs"):
        kustomize.build(folder)


def test_our_generator_is_the_one_beside_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "leafseal-krm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "kubectl-leafseal")])
    assert kustomize.own_program() == str(program)


HIDDEN = "apiVersion: x/v1\nkind: X\nmetadata:\n  name: t\n" + FUNCTION.format("./program")


INLINE = (
    "{metadata: {annotations: {config.kubernetes.io/function: 'exec: {path: ./program}'}}, apiVersion: x/v1, kind: X}"
)
MERGED = "a: &a\n  annotations:\n    config.kubernetes.io/function: 'exec: {path: ./program}'\n"
OUT = "../../../../../../proc/self/cwd"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.yaml", f"apiVersion: v1\nkind: List\nitems:\n- {INLINE}\n"),
        ("g.yaml", "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"),
        ("g.yaml", MERGED + OURS.format("").replace("metadata:\n", "metadata:\n  <<: *a\n")),
        ("g.yaml", OURS.format("").replace("metadata:", "!!merge x: {}\nmetadata:")),
        ("g.yaml", OURS.format("").replace("leafseal/v1alpha1", f"leafseal/{OUT}")),
        ("g.yaml", KSOPS.format("").replace("viaduct.ai/v1", f"viaduct.ai/v1/{OUT}")),
        ("g.yaml", f"apiVersion: x/{OUT}\nkind: Program\nmetadata: {{name: t}}\n"),
        ("g.yaml", "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: t}\n"),
        ("a: b", HIDDEN),
        ("{a", HIDDEN),
        ("https:/x.example/g.yaml", OURS.format("")),
    ],
)
def test_what_kustomize_reads_otherwise_is_not_known(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    entry = name.replace(":/", "://")
    folder = _write(tmp_path, kustomization_yaml=f"generators: ['{entry}', own.yaml]\n", own_yaml=OURS.format(""))
    found = look(folder)
    assert found.plugins[-1] == os.path.join(folder, "own.yaml")
    assert len(found.unknown) == 1


@pytest.mark.parametrize("entry", ["https://x.example/a/b", "github.com/a/b", "GitHub.com/a/b", "x_git/a", "git@x/a/b"])
def test_a_folder_that_is_called_like_a_repository_elsewhere(tmp_path: Path, entry: str) -> None:
    (tmp_path / entry).mkdir(parents=True)
    (tmp_path / entry / "kustomization.yaml").write_text("")
    [unknown] = look(_write(tmp_path, kustomization_yaml=f"resources: ['{entry}']\n")).unknown
    assert "kustomize may take for something else" in unknown


@pytest.mark.parametrize(
    "text", ["generators: g.yaml", "generators: [[g.yaml]]", "generators: {a: b}", "generators: 1"]
)
def test_kustomizations_of_another_form(tmp_path: Path, text: str) -> None:
    [unknown] = look(_write(tmp_path, kustomization_yaml=f"{text}\n", g_yaml=HIDDEN)).unknown
    assert unknown.endswith("generators is no list of names")


def test_a_kustomization_that_is_a_link_does_not_hide_another(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (tmp_path / "harmless.yaml").write_text("namePrefix: x-\n")
    _write(inner, g_yaml=HIDDEN)
    (inner / "kustomization.yaml").symlink_to("../harmless.yaml")  # which kustomize does not follow
    (inner / "kustomization.yml").write_text("generators: [g.yaml]\n")
    assert "more than one kustomization" in look(str(inner)).unknown[0]


def test_comments_and_configurations_of_kustomize_are_known(tmp_path: Path) -> None:
    own = "# for *.yaml, &c., <<and>> !important\n" + OURS.format("")
    prefix = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: x-\n"
    folder = _write(
        tmp_path, kustomization_yaml="generators: [g.yaml]\ntransformers: [p.yaml]\n", g_yaml=own, p_yaml=prefix
    )
    assert _names(look(folder), tmp_path) == {"plugins": ["g.yaml"]}
