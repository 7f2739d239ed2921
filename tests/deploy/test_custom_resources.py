"""The resources of other operators in examples/kubernetes are what their schemas say, and name what there is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ..docs.layout import EXAMPLES
from .custom_resources import faults

FILES = ("external-secrets.yaml", "push-secret.yaml", "csi.yaml")
SOURCE: dict[str, Any] = yaml.safe_load((EXAMPLES / "app" / "secret.yaml").read_text(encoding="utf-8"))


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((EXAMPLES / "kubernetes" / name).read_text(encoding="utf-8")))


BY_KIND = {one["kind"]: one for name in FILES for one in manifests(name)}
"""The last of each kind; of kinds that are tested by name there is one."""

RESOURCES = [
    one
    for name in FILES
    for one in manifests(name)
    if "external-secrets" in one["apiVersion"] or "csi" in one["apiVersion"]
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_the_schema_accepts_it(resource: dict[str, Any]) -> None:
    assert faults(resource) == []


def fields(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each mapping of a resource."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from fields(each)
    elif isinstance(value, list):
        for each in value:
            yield from fields(each)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_the_schema_refuses_a_misspelt_field(resource: dict[str, Any]) -> None:
    bent = copy.deepcopy(resource["spec"])
    for number, _ in enumerate(fields(bent)):
        again = copy.deepcopy(resource)
        [*mappings] = fields(again["spec"])
        name = next(iter(mappings[number]))
        mappings[number][f"{name}s"] = mappings[number].pop(name)
        free = mappings[number] is again["spec"].get("parameters")
        assert bool(faults(again)) is not free, (number, name)


def test_a_wrong_value_is_a_fault() -> None:
    store = copy.deepcopy(BY_KIND["SecretStore"])
    store["spec"]["provider"]["aws"]["service"] = "SecretManager"
    assert faults(store) == ["SecretStore.spec.provider.aws.service: enum"]
    store["apiVersion"] = "external-secrets.io/v1beta1"
    assert faults(store) == ["apiVersion"]
    pushed = copy.deepcopy(BY_KIND["PushSecret"])
    pushed["spec"]["selector"]["secret"]["name"] = "Not A Name"
    assert faults(pushed) == ["PushSecret.spec.selector.secret.name: pattern"]


def test_external_secrets_reads_what_leafseal_applies() -> None:
    [_, role, binding, store, copied] = manifests("external-secrets.yaml")
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [SOURCE["metadata"]["name"]], "verbs": ["get"]}
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    there = store["spec"]["provider"]["kubernetes"]
    assert there["remoteNamespace"] == SOURCE["metadata"]["namespace"] == role["metadata"]["namespace"]
    [account] = binding["subjects"]
    assert there["auth"]["serviceAccount"]["name"] == account["name"]
    assert account["namespace"] == store["metadata"]["namespace"] == copied["metadata"]["namespace"]
    for one in copied["spec"]["data"]:
        assert one["remoteRef"]["key"] == SOURCE["metadata"]["name"]
        assert one["remoteRef"]["property"] in SOURCE["stringData"]


def test_external_secrets_pushes_what_leafseal_applies() -> None:
    pushed = BY_KIND["PushSecret"]
    assert pushed["metadata"]["namespace"] == SOURCE["metadata"]["namespace"]
    assert pushed["spec"]["selector"]["secret"]["name"] == SOURCE["metadata"]["name"]
    assert {one["match"]["secretKey"] for one in pushed["spec"]["data"]} <= set(SOURCE["stringData"])
    [store] = [one for one in manifests("push-secret.yaml") if one["kind"] == "SecretStore"]
    assert [one["name"] for one in pushed["spec"]["secretStoreRefs"]] == [store["metadata"]["name"]]


def test_the_pod_mounts_the_class() -> None:
    given, pod = BY_KIND["SecretProviderClass"], BY_KIND["Pod"]
    [volume] = pod["spec"]["volumes"]
    assert volume["csi"]["volumeAttributes"] == {"secretProviderClass": given["metadata"]["name"]}
    assert pod["metadata"]["namespace"] == given["metadata"]["namespace"]
    [listed] = yaml.safe_load(given["spec"]["parameters"]["objects"])["array"]
    wanted = yaml.safe_load(listed)["objectName"]
    assert pod["spec"]["containers"][0]["args"] == [f"/secrets/{wanted}"]
