"""The plugin for Argo CD: what it finds, what it renders, and that it prints nothing where anything is wrong."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafseal.cli.argocd import rendering
from leafseal.deploy.argocd import application, tools
from leafseal.errors import LeafsealError, UsageError
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .. import isolation
from ..deploy.kustomize import client, program
from ..processes import wait_until_gone
from .conftest import Run
from .test_krm import DB, KSOPS, OWN, Seal, seal

__all__ = ["seal"]

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n"
TOKEN = "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH for programs, with our generator."""
    folder = tmp_path / "programs"
    program(folder / "leafseal-krm")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def fake(folder: Path, name: str, script: str) -> None:
    """Write a program that a shell runs, which notes its arguments."""
    (folder / name).write_text(f'#!/bin/sh\necho "$@" >>"{folder}/{name}.log"\n{script}\n')
    (folder / name).chmod(0o755)


def words(folder: Path, name: str) -> list[str]:
    return (folder / f"{name}.log").read_text().split()


def documents(data: bytes) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(data))


# -- discover


def test_what_leafseal_is_needed_for(seal: Seal, leafseal: Run, work: Path) -> None:
    seal("deploy/db.yaml", DB)
    seal("settings.env", b"A=1\n")
    seal("key.pem", b"\x00key")
    (work / "sub").mkdir()
    (work / "sub" / "generator.yaml").write_text("apiVersion: viaduct.ai/v1\nkind: ksops\nfiles: [../x]\n")
    (work / "own.yaml").write_text("apiVersion: leafseal/v1alpha1\nkind: SecretGenerator\n")
    (work / "cut.yaml").write_text(f"apiVersion: v1\nkind: Secret\ndata: {{a: '{TOKEN}'}}\n")
    (work / "plain.yaml").write_text(CONFIG_MAP)
    (work / "README.md").write_text(f"sops: writes {TOKEN}\n")
    (work / ".git" / "x.yaml").write_text(f"a: {TOKEN}\n")
    os.symlink("settings.env", work / "link.env")
    found = ["cut.yaml", "deploy/db.yaml", "key.pem", "own.yaml", "settings.env", "sub/generator.yaml"]
    result = leafseal("argocd", "discover")
    assert (result.code, sorted(result.out.decode().splitlines()), result.err) == (0, found, "")


def test_nothing_is_printed_where_nothing_is_encrypted(leafseal: Run, work: Path) -> None:
    (work / "plain.yaml").write_text(CONFIG_MAP)
    (work / "README.md").write_text(f"{TOKEN}\n")
    assert leafseal("argocd", "discover") == (0, b"", "")


def test_a_secret_that_a_rule_wants_encrypted(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "db.yaml").write_bytes(DB)
    assert leafseal("argocd", "discover") == (0, b"", "")
    rule = f"creation_rules: [{{encrypted_regex: '^(data|stringData)$', age: {me.recipient}}}]\n"
    (work / ".sops.yaml").write_text(rule)
    assert leafseal("argocd", "discover") == (0, b"db.yaml\n", "")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "db.yaml: not encrypted, and the rule for it in .sops.yaml encrypts" in result.err


# -- generate


def test_manifests(seal: Seal, leafseal: Run, work: Path) -> None:
    seal("deploy/db.yaml", DB)
    (work / "config.yaml").write_text(CONFIG_MAP)
    (work / ".hidden.yaml").write_text("a: 1\n")
    result = leafseal("argocd", "generate")
    assert (result.code, result.err) == (0, "")
    first, second = documents(result.out)
    assert first["kind"] == "ConfigMap"
    assert base64.b64decode(second["data"]["password"]) == b"1e3"


def test_without_manifests_nothing_is_deleted(leafseal: Run, work: Path) -> None:
    for text in (None, "# nothing\n---\n"):
        if text is not None:
            (work / "empty.yaml").write_text(text)
        result = leafseal("argocd", "generate")
        assert (result.code, result.out) == (1, b"")
        assert "there are no manifests" in result.err


def test_a_file_that_fails_lets_nothing_out(
    seal: Seal, leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal("db.yaml", DB)
    (work / "config.yaml").write_text(CONFIG_MAP)
    monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "db.yaml: your key age1" in result.err


def kustomization(work: Path) -> None:
    (work / "kustomization.yaml").write_text("generators: [generator.yaml]\n")
    (work / "generator.yaml").write_text(json.dumps({**OWN, "files": ["db.yaml"]}))


def test_kustomize_is_started_with_both_flags(
    leafseal: Run, work: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "apps" / "shop").mkdir(parents=True)
    kustomization(work / "apps" / "shop")
    monkeypatch.chdir(work / "apps" / "shop")
    monkeypatch.setenv("ARGOCD_APP_SOURCE_PATH", "apps/shop")
    fake(programs, "kustomize", f'echo "# $LEAFSEAL_KRM_ROOT"; cat <<X\n{CONFIG_MAP}X')
    result = leafseal("argocd", "generate")
    assert (result.code, result.err) == (0, "")
    assert words(programs, "kustomize") == ["build", "--enable-alpha-plugins", "--enable-exec", "."]
    assert result.out.splitlines()[0].decode() == f"# {work}"


def function(work: Path, config: dict[str, Any], path: str) -> None:
    """Write a generator that is a function, and is started under a name."""
    annotations = {"config.kubernetes.io/function": f"exec:\n  path: {path}\n"}
    metadata = {"name": "app", "annotations": annotations}
    (work / "kustomization.yaml").write_text("generators: [generator.yaml]\n")
    (work / "generator.yaml").write_text(json.dumps({**config, "metadata": metadata, "files": ["db.yaml"]}))


@pytest.mark.parametrize("path", ["./run.sh", "sh", "/bin/sh"])
def test_other_programs_are_started_only_if_that_is_allowed(
    path: str, leafseal: Run, work: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function(work, OWN, path)
    fake(programs, "kustomize", "echo a: 1")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "generator.yaml: a function that is none of leafseal: kustomize may start other programs" in result.err
    assert not (programs / "kustomize.log").exists()
    monkeypatch.setenv("LEAFSEAL_ARGOCD_EXEC", "all")
    assert leafseal("argocd", "generate") == (0, b"a: 1\n", "")


@pytest.mark.parametrize(("config", "path"), [(OWN, "leafseal-krm"), (KSOPS, "ksops")])
def test_our_generator_is_found_under_its_names(
    config: dict[str, Any], path: str, leafseal: Run, work: Path, programs: Path
) -> None:
    function(work, config, path)
    plugin = "leafseal/v1alpha1/secretgenerator/SecretGenerator"
    fake(programs, "kustomize", f'test -x "$KUSTOMIZE_PLUGIN_HOME/{plugin}" && command -v {path} | sed "s/^/a: /"')
    result = leafseal("argocd", "generate")
    assert (result.code, result.err) == (0, "")
    assert result.out.decode().startswith("a: /")
    assert not os.path.exists(result.out.decode().split()[1])  # a link in a folder that is gone


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (f"kind: Secret\ndata: {{a: '{TOKEN}'}}", "data.a: the value is still encrypted"),
        (f"a: [\n{TOKEN}", "a value is still encrypted"),
        ("a: 1\nsops: {mac: x, version: y}", "metadata of an encrypted file is left"),
        ("a: 1\n---\nb: 1\nsops: {mac: x, version: y}", "metadata of an encrypted file is left"),
        ("---\n# nothing", "there are no manifests"),
    ],
)
def test_what_kustomize_prints_is_looked_at(output: str, said: str, leafseal: Run, work: Path, programs: Path) -> None:
    kustomization(work)
    fake(programs, "kustomize", f"cat <<'X'\n{output}\nX")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert f"the rendered application: {said}" in result.err


def test_what_kustomize_says_has_no_values(seal: Seal, leafseal: Run, work: Path, programs: Path) -> None:
    kustomization(work)
    seal("db.yaml", DB.replace(b"1e3", b"correct-horse-battery"))
    fake(programs, "kustomize", "echo partial; echo 'Error: at correct-horse-battery' >&2; exit 1")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "Error: at [REDACTED]" in result.err
    assert "kustomize failed" in result.err
    assert "correct-horse" not in result.err


def test_a_program_of_the_repository_is_not_started(leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kustomization(work)
    fake(work, "kustomize", "echo a: 1")
    monkeypatch.setenv("PATH", f"{work}:/usr/bin:/bin")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "command not found: kustomize" in result.err
    assert not (work / "kustomize.log").exists()


@pytest.mark.skipif(not hasattr(os, "setitimer") and os.name == "nt", reason="no timers")
def test_it_ends_before_argo_cd_ends_it(
    leafseal: Run, work: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kustomization(work)
    fake(programs, "kustomize", f'echo $$ >"{programs}/pid"; sleep 300 & wait')
    monkeypatch.setenv("ARGOCD_EXEC_TIMEOUT", "2500ms")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "not done within 2 seconds, 80 % of ARGOCD_EXEC_TIMEOUT" in result.err
    note = programs / "pid"
    if note.exists() and (pid := note.read_text().strip()):  # it began in time
        wait_until_gone(int(pid))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 72), ("90s", 72), ("1m30s", 72), ("2m", 96), ("1.5h", 4320), ("500ms", 0.4)],
)
def test_how_long_it_may_take(text: str, seconds: float) -> None:
    assert application.seconds_of({"ARGOCD_EXEC_TIMEOUT": text}) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["90", "s", "1d", "0s", "-1s", "1m x"])
def test_a_time_that_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        application.seconds_of({"ARGOCD_EXEC_TIMEOUT": text})


# -- charts


@pytest.fixture
def chart(work: Path, seal: Seal, programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A chart with encrypted values, as Argo CD renders it, and a Helm that prints what it is given."""
    folder = work / "charts" / "shop"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text("user: nobody\n")
    (folder / "templates" / "secret.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\n"
        "stringData: {password: {{ .Values.password | quote }}, user: {{ .Values.user | quote }}}\n"
    )
    seal("charts/shop/secrets.yaml", b"password: correct-horse-battery\n")
    seal("common.yaml", b"user: admin\n")
    monkeypatch.chdir(folder)
    environ = {
        "ARGOCD_APP_NAME": "shop",
        "ARGOCD_APP_NAMESPACE": "prod",
        "ARGOCD_APP_SOURCE_PATH": "charts/shop",
        "KUBE_VERSION": "1.32.4",
        "KUBE_API_VERSIONS": "v1,apps/v1",
        "ARGOCD_APP_PARAMETERS": json.dumps(
            [{"name": "other"}, {"name": "values-files", "array": ["../../common.yaml", "secrets.yaml"]}]
        ),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return folder


PRINT_VALUES = 'for word; do case "$word" in --values=*) cat "${word#--values=}";; esac; done'


def test_helm_gets_value_files_in_memory(chart: Path, leafseal: Run, programs: Path) -> None:
    fake(programs, "helm", PRINT_VALUES)
    result = leafseal("argocd", "generate")
    assert (result.code, result.out, result.err) == (0, b"user: admin\npassword: correct-horse-battery\n", "")
    given = words(programs, "helm")
    assert given[:7] == [
        "template", "shop", ".", "--include-crds", "--namespace=prod", "--kube-version=1.32.4", "--api-versions=v1",
    ]  # fmt: skip
    assert "correct-horse" not in " ".join(given)
    if hasattr(os, "memfd_create"):
        assert given[-1].startswith("--values=/proc/self/fd/")


def test_value_files_of_the_environment(
    chart: Path, leafseal: Run, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(programs, "helm", PRINT_VALUES)
    monkeypatch.delenv("ARGOCD_APP_PARAMETERS")
    monkeypatch.setenv("ARGOCD_ENV_VALUES_FILES", "values.yaml, secrets.yaml")
    assert leafseal("argocd", "generate").out == b"user: nobody\npassword: correct-horse-battery\n"


def test_encrypted_values_that_nobody_names_are_an_error(
    chart: Path, leafseal: Run, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(programs, "helm", "echo a: 1")
    monkeypatch.setenv("ARGOCD_APP_PARAMETERS", "[]")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "secrets.yaml is encrypted, and the application names no value files" in result.err
    assert not (programs / "helm.log").exists()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["../../../x.yaml"], "is outside of the folder"),
        (["/etc/hostname"], "is outside of the folder"),
        (["none.yaml", "secrets.yaml"], "none.yaml: no such file"),
        ("secrets.yaml", "must be an array"),
    ],
)
def test_value_files_that_fail_start_no_helm(
    files: object, said: str, chart: Path, leafseal: Run, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(programs, "helm", "echo a: 1")
    monkeypatch.setenv("ARGOCD_APP_PARAMETERS", json.dumps([{"name": "values-files", "array": files}]))
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert said in result.err
    assert not (programs / "helm.log").exists()


def test_what_helm_warns_of_has_no_values(chart: Path, leafseal: Run, programs: Path) -> None:
    fake(programs, "helm", "echo 'warning: cannot overwrite (map[password:correct-horse-battery])' >&2; echo a: 1")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (0, b"a: 1\n")
    assert "map[password:[REDACTED]]" in result.err


@pytest.mark.parametrize("way", ["/proc/self/environ", "../../../../other.txt", "further"])
def test_a_link_out_of_the_repository_starts_no_helm(way: str, chart: Path, leafseal: Run, programs: Path) -> None:
    fake(programs, "helm", "echo a: 1")
    (chart.parent / "further").mkdir()
    (chart.parent / "further" / "key").symlink_to("/etc/hostname")
    (chart / "inside").symlink_to("../../common.yaml")
    assert leafseal("argocd", "generate").out == b"a: 1\n"
    (programs / "helm.log").unlink()
    (chart / "templates" / "link").symlink_to(way if way != "further" else "../../further")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "link: a link leads out of the repository" in result.err or "key: a link leads out" in result.err
    assert not (programs / "helm.log").exists()


def test_helm_gets_no_private_key(chart: Path, leafseal: Run, programs: Path, me: ThrowawayIdentity) -> None:
    fake(programs, "helm", 'echo "a: ${SOPS_AGE_KEY-none}"')
    assert leafseal("argocd", "generate").out == b"a: none\n"


# -- real ones


@pytest.mark.parametrize("name", ["helm", "helm4"])
def test_real_helm(name: str, chart: Path, leafseal: Run, programs: Path) -> None:
    variable = f"LEAFSEAL_TEST_{name.upper()}"
    if not (real := isolation.CALLER.get(variable)):
        pytest.skip(f"{variable} names no helm")
    (programs / "helm").symlink_to(real)
    result = leafseal("argocd", "generate")
    assert (result.code, result.err) == (0, "")
    [found] = documents(result.out)
    assert found["metadata"] == {"name": "shop", "namespace": "prod"}
    assert found["stringData"] == {"password": "correct-horse-battery", "user": "admin"}


@pytest.mark.parametrize(("config", "path"), [(OWN, "leafseal-krm"), (KSOPS, "ksops")])
def test_real_kustomize(
    config: dict[str, Any], path: str, seal: Seal, leafseal: Run, work: Path, programs: Path
) -> None:
    (programs / "kustomize").symlink_to(client("kustomize"))
    function(work, config, path)
    seal("db.yaml", DB)
    result = leafseal("argocd", "generate")
    assert (result.code, result.err) == (0, "")
    [found] = documents(result.out)
    assert found["metadata"]["name"].startswith("db")
    shutil.copy(work / "generator.yaml", work / "db.yaml")
    result = leafseal("argocd", "generate")
    assert (result.code, result.out) == (1, b"")
    assert "db.yaml: not encrypted" in result.err


# -- parts


def test_a_deadline_ends_what_waits_in_python_too() -> None:
    def wait() -> None:
        with rendering._deadline(0.01):
            while True:
                pass

    with pytest.raises(LeafsealError, match="not done within"):
        wait()


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\0")
    (tmp_path / "x").chmod(0o755)
    with pytest.raises(LeafsealError, match="cannot be started"):
        tools.run([str(tmp_path / "x")], {})


def test_every_event_of_an_application_is_logged(
    seal: Seal, leafseal: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal("db.yaml", DB)
    policy = Path(os.environ["XDG_CONFIG_HOME"]) / "leafseal" / "policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text(f'[audit]\nfile = "{tmp_path}/audit.log"\n')
    policy.chmod(0o600)
    assert leafseal("argocd", "generate").code == 0
    [event] = map(json.loads, (tmp_path / "audit.log").read_text().splitlines())
    assert (event["command"], event["action"], event["result"]) == ("leafseal argocd", "decrypt", "allowed")
