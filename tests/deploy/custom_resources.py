"""Whether an object is what a custom resource's schema says, as an API server looks at it: unknown fields are wrong.

What is not looked at is rules in CEL. A schema with a word that is not known here is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SCHEMAS = Path(__file__).parents[1] / "vectors" / "third-party" / "custom-resources"

_VERSIONS = {
    "ExternalSecret": "external-secrets.io/v1",
    "PushSecret": "external-secrets.io/v1alpha1",
    "SecretProviderClass": "secrets-store.csi.x-k8s.io/v1",
    "SecretStore": "external-secrets.io/v1",
}
"""The version of each that its API server stores, which is the one whose schema is here."""

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "object": (dict,),
    "string": (str,),
}
_SILENT = {"default", "example", "format", "nullable", "x-kubernetes-validations"}
_SILENT |= {"x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields"}
_CHECKED = {"additionalProperties", "anyOf", "enum", "items", "maxLength", "maxProperties", "minItems", "minLength"}
_CHECKED |= {"minProperties", "minimum", "pattern", "properties", "required", "type", "x-kubernetes-int-or-string"}


def faults(resource: dict[str, Any]) -> list[str]:
    """Return what is wrong with a custom resource: the path of a field, and the word of the schema that it breaks."""
    kind = resource["kind"]
    if resource["apiVersion"] != _VERSIONS[kind]:
        return ["apiVersion"]
    schema = json.loads((_SCHEMAS / f"{kind.lower()}.json").read_text(encoding="utf-8"))
    # What metadata may have is not the business of the schema.
    return list(_faults({**resource, "metadata": {}}, schema, kind))


def _faults(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    assert not set(schema) - _SILENT - _CHECKED, (path, set(schema) - _SILENT - _CHECKED)
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, int | str):
            yield f"{path}: type"
        return
    expected = _TYPES[schema["type"]] if "type" in schema else (object,)
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected and "type" in schema):
        yield f"{path}: type"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: enum"
    if isinstance(value, str):
        yield from _text(value, schema, path)
    elif isinstance(value, dict):
        yield from _mapping(value, schema, path)
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{path}: minItems"
        for number, each in enumerate(value):
            yield from _faults(each, schema["items"], f"{path}[{number}]")
    elif isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{path}: minimum"


def _text(value: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{path}: length"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: pattern"


def _mapping(value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        yield f"{path}: number of fields"
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}: required"
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    free = schema.get("x-kubernetes-preserve-unknown-fields") or not (known or others)
    for name, each in value.items():
        below = known.get(name, others)
        if isinstance(below, dict):
            yield from _faults(each, below, f"{path}.{name}")
        elif not free:
            yield f"{path}.{name}: unknown"
