"""`leafseal krm`: what kustomize gets for a configuration, and that it gets nothing where a file is wrong."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafseal.testing import ThrowawayIdentity

from .conftest import Result, Run

HASH = "kustomize.config.k8s.io/needs-hash"
OWN = {"apiVersion": "leafseal/v1alpha1", "kind": "SecretGenerator", "metadata": {"name": "app"}}
KSOPS = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "app"}}

DB = b"""\
apiVersion: v1
kind: Secret
metadata:
  name: db
  labels: {app: shop, tier: 1}
stringData:
  password: "1e3"
  switch: "y"
data:
  user: YWRtaW4=
"""

Seal = Callable[[str, bytes], None]
Generate = Callable[..., Result]


@pytest.fixture
def seal(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Seal:
    """Write an encrypted file."""

    def write(name: str, data: bytes) -> None:
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        regex = () if b"kind:" not in data else ("--encrypted-regex", "^(data|stringData)$")
        assert leafseal("encrypt", "-i", "--age", me.recipient, *regex, name).code == 0

    return write


@pytest.fixture
def generate(leafseal: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generate:
    """Send a configuration as kustomize does."""

    def send(config: dict[str, Any], **members: object) -> Result:
        request = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [config], **members}
        (tmp_path / "request").write_text(json.dumps({"functionConfig": config, **request}))
        with open(tmp_path / "request") as stream:
            monkeypatch.setattr("sys.stdin", stream)
            return leafseal("krm")

    return send


def items(result: Result) -> list[dict[str, Any]]:
    assert (result.code, result.err) == (0, "")
    answer: dict[str, Any] = yaml.safe_load(result.out)
    found: list[dict[str, Any]] = answer["items"]
    return found


def decoded(manifest: dict[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in manifest["data"].items()}


def test_a_manifest_has_data_alone_a_type_and_a_hash(seal: Seal, generate: Generate) -> None:
    seal("db.yaml", DB)
    result = generate({**OWN, "manifests": ["db.yaml"]})
    [found] = items(result)
    assert found["metadata"] == {
        "name": "db",
        "labels": {"app": "shop", "tier": "1"},
        "annotations": {HASH: "true"},
    }
    assert found["type"] == "Opaque"
    assert "stringData" not in found
    assert decoded(found) == {"user": "admin", "password": "1e3", "switch": "y"}
    assert yaml.safe_load(result.out)["results"] == [
        {"message": "db.yaml: Secret", "severity": "info", "file": {"path": "db.yaml"}}
    ]


def test_hashes_can_be_left_out_and_annotations_count(seal: Seal, generate: Generate) -> None:
    seal("db.yaml", DB)
    [found] = items(generate({**OWN, "files": ["./db.yaml"], "disableNameSuffixHash": True}))
    assert "annotations" not in found["metadata"]
    own = {HASH: False, "kustomize.config.k8s.io/behavior": "merge"}
    seal("env.yaml", b"A: 1\n")
    secret = {"metadata": {"name": "x", "annotations": own}, "envs": ["env.yaml"]}
    [found] = items(generate({**OWN, "secretFrom": [secret]}))
    assert found["metadata"]["annotations"] == {HASH: "false", "kustomize.config.k8s.io/behavior": "merge"}


def test_files_become_a_secret(seal: Seal, generate: Generate) -> None:
    seal("tls/ca.crt", b"-----BEGIN\n")
    seal("app.env", b'QUOTED="a b"\nHASH=x # y\n')
    seal("more.yaml", b"port: 5432\nempty:\nrate: 1.50\n")
    (found,) = items(
        generate(
            {
                **OWN,
                "secretFrom": [
                    {
                        "metadata": {"name": "x", "namespace": "shop"},
                        "type": "example.org/kind",
                        "files": ["ca.pem=./tls/ca.crt"],
                        "binaryFiles": ["./tls/ca.crt"],
                        "envs": ["app.env", "more.yaml"],
                    }
                ],
            }
        )
    )
    assert found["type"] == "example.org/kind"
    assert found["metadata"]["namespace"] == "shop"
    values = decoded(found)
    assert values.pop("ca.pem") == values.pop("ca.crt") == "-----BEGIN\n"
    assert values == {"QUOTED": '"a b"', "HASH": "x # y", "port": "5432", "empty": "", "rate": "1.50"}


def test_quotes_in_envs_are_those_of_the_file_where_that_is_said(seal: Seal, generate: Generate) -> None:
    seal("app.env", b'QUOTED="a b"\nHASH=x # y\n')
    secret = {"metadata": {"name": "x"}, "envs": ["app.env"]}
    [found] = items(generate({**OWN, "secretFrom": [{**secret, "envStyle": "dotenv"}]}))
    assert decoded(found) == {"QUOTED": "a b", "HASH": "x"}
    [found] = items(generate({**KSOPS, "secretFrom": [secret]}))
    assert found["stringData"] == {"QUOTED": "a b", "HASH": "x"}
    assert "type" not in found
    assert "annotations" not in found["metadata"]


def test_a_configuration_of_ksops_changes_nothing_in_manifests(seal: Seal, generate: Generate) -> None:
    seal("db.yaml", DB)
    seal("key", b"\xff\0")
    secret = {"metadata": {"name": "x"}, "files": ["key"]}
    first, second = items(generate({**KSOPS, "files": ["db.yaml"], "secretFrom": [secret]}))
    assert first["stringData"] == {"password": "1e3", "switch": "y"}
    assert first["data"] == {"user": "YWRtaW4="}
    assert second["data"] == {"key": base64.b64encode(b"\xff\0").decode()}


def test_all_documents_and_kinds_of_a_file(seal: Seal, generate: Generate) -> None:
    seal("all.yaml", DB + b"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n---\n" + DB)
    found = items(generate({**OWN, "files": ["all.yaml"]}))
    assert [one["kind"] for one in found] == ["Secret", "ConfigMap", "Secret"]
    assert found[1]["data"] == {"a": "b"}
    assert found[1]["metadata"]["annotations"] == {HASH: "true"}


def test_a_stream_is_the_answer_to_a_configuration_alone(seal: Seal, leafseal: Run, work: Path) -> None:
    seal("db.yaml", DB)
    (work / "generator.yaml").write_text(json.dumps({**OWN, "files": ["db.yaml", "db.yaml"]}))
    result = leafseal("krm", "generator.yaml")
    assert (result.code, result.err) == (0, "")
    assert [one["kind"] for one in yaml.safe_load_all(result.out)] == ["Secret", "Secret"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "plain": ({"files": ["plain.yaml"]}, "plain.yaml: not encrypted"),
    "missing": ({"files": ["db.yaml", "none.yaml"]}, "none.yaml: no such file"),
    "folder": ({"files": ["folder"]}, "folder: is a folder"),
    "above": ({"files": ["../x.yaml"]}, "../x.yaml: is outside of the folder"),
    "link": ({"files": ["link.yaml"]}, "link.yaml: is outside of the folder"),
    "torn": ({"files": ["torn.yaml"]}, "torn.yaml: "),
    "empty": ({"files": ["empty.yaml"]}, "empty.yaml: contains no manifest"),
    "key": ({"files": ["foreign.yaml"]}, "foreign.yaml: your key age1"),
    "unknown": ({"files": ["db.yaml"], "disable": True}, "unknown field: disable"),
    "unknown below": (
        {"secretFrom": [{"metadata": {"name": "x"}, "files": ["db.yaml"], "kind": "x"}]},
        "SecretGenerator app: secretFrom[0]: unknown field: kind",
    ),
    "no name": ({"secretFrom": [{"files": ["db.yaml"]}]}, "secretFrom[0].metadata: has no name"),
    "no files": ({"secretFrom": [{"metadata": {"name": "x"}}]}, "secretFrom[0]: names no files"),
    "nothing": ({}, "SecretGenerator app: names no files"),
    "no list": ({"files": "db.yaml"}, "files: must be a list of file names"),
    "two keys": (
        {"secretFrom": [{"metadata": {"name": "x"}, "files": ["a=db.yaml", "a=./db.yaml"]}]},
        "secretFrom[0]: the key name 'a' is given twice",
    ),
    "no key": ({"secretFrom": [{"metadata": {"name": "x"}, "files": ["=db.yaml"]}]}, "is not KEY=FILE"),
    "two signs": ({"secretFrom": [{"metadata": {"name": "x"}, "files": ["a=b=db.yaml"]}]}, "is not KEY=FILE"),
    "wrong key": ({"secretFrom": [{"metadata": {"name": "x"}, "files": ["a/b=db.yaml"]}]}, "the key name 'a/b'"),
    "nested": ({"secretFrom": [{"metadata": {"name": "x"}, "envs": ["nested.yaml"]}]}, "nested.yaml: a: is a mapping"),
    "number": ({"files": ["number.yaml"]}, "number.yaml: Secret n: stringData.port: is a number"),
    "tls": ({"secretFrom": [{"metadata": {"name": "x"}, "type": "kubernetes.io/tls", "files": ["db.yaml"]}]}, "tls.c"),
    "style": ({"secretFrom": [{"metadata": {"name": "x"}, "envs": ["db.yaml"], "envStyle": "x"}]}, "raw or dotenv"),
    "version": ({"apiVersion": "leafseal/v2", "files": ["db.yaml"]}, "this leafseal knows leafseal/v1alpha1"),
    "kind": ({"kind": "ConfigMap", "files": ["db.yaml"]}, "not a configuration of this generator"),
    "labels": (
        {"secretFrom": [{"metadata": {"name": "x", "labels": {"a": [1]}}, "files": ["db.yaml"]}]},
        "secretFrom[0].metadata.labels.a: must be text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_line_and_nothing_is_let_out(
    name: str, seal: Seal, generate: Generate, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal("db.yaml", DB)
    seal("torn.yaml", DB)
    torn = (work / "torn.yaml").read_bytes().replace(b"data:", b"data:AAAA", 1)
    (work / "torn.yaml").write_bytes(torn)
    seal("nested.yaml", b"a: {b: 1}\n")
    seal("number.yaml", DB.replace(b"name: db", b"name: n").replace(b'"1e3"', b"1e3").replace(b"password", b"port"))
    seal("empty.yaml", b"# nothing\n---\n{}\n")
    (work / "plain.yaml").write_bytes(DB)
    (work / "folder").mkdir()
    (work.parent / "x.yaml").write_bytes(b"")
    os.symlink("../x.yaml", work / "link.yaml")
    (work / "foreign.yaml").write_bytes((work / "db.yaml").read_bytes())
    if name == "key":
        from leafseal.testing import throwaway_identity

        monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    config, text = BAD[name]
    result = generate({**OWN, **config})
    assert (result.code, result.out) == (1, b"")
    assert text in result.err
    assert result.err.startswith("leafseal: error: ")
    assert result.err.count("\n") == 1
    for value in ("1e3", "admin", "YWRtaW4="):
        assert value not in result.err


def test_every_file_that_is_wrong_has_a_line(seal: Seal, generate: Generate, work: Path) -> None:
    seal("db.yaml", DB)
    (work / "plain.yaml").write_bytes(DB)
    result = generate({**OWN, "files": ["plain.yaml", "db.yaml", "none.yaml"]})
    assert (result.code, result.out) == (1, b"")
    assert sorted(line.split(": ")[2] for line in result.err.splitlines()) == ["none.yaml", "plain.yaml"]


def test_files_may_come_from_a_folder_that_is_named(
    seal: Seal, generate: Generate, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal("secrets/db.yaml", DB)
    (work / "overlay").mkdir()
    monkeypatch.chdir(work / "overlay")
    config = {**KSOPS, "files": ["../secrets/db.yaml"]}
    assert generate(config).code == 1
    monkeypatch.setenv("LEAFSEAL_KRM_ROOT", str(work))
    assert len(items(generate(config))) == 1


def test_it_transforms_nothing(
    seal: Seal, generate: Generate, leafseal: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal("db.yaml", DB)
    config = {**OWN, "files": ["db.yaml"]}
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    result = generate(config, items=[config, other])
    assert (result.code, result.out) == (1, b"")
    assert "leafseal only generates" in result.err
    (work / "generator.yaml").write_text(json.dumps(config))
    (tmp_path / "resources").write_text(json.dumps(other))
    monkeypatch.setenv("KUSTOMIZE_PLUGIN_CONFIG_STRING", json.dumps(config))
    with open(tmp_path / "resources") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        result = leafseal("krm", "generator.yaml")
    assert (result.code, result.out) == (1, b"")
    assert "leafseal only generates" in result.err


@pytest.mark.parametrize("text", ["", "{}", "[1]", "a: [", "a: 1\n---\nb: 2\n", '{"kind": "ResourceList", "items": 1}'])
def test_a_request_that_is_none(text: str, leafseal: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "request").write_text(text)
    with open(tmp_path / "request") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        result = leafseal("krm")
    assert (result.code, result.out) == (1, b"")
    assert result.err.startswith("leafseal: error: ")
    assert result.err.count("\n") == 1
