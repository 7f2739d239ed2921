"""The API server of Kubernetes, as far as kubectl needs one for Secrets and ConfigMaps: a function for a `Recorder`.

Plain HTTP, discovery without OpenAPI: kubectl needs `--validate=false`. Server-side apply replaces what it is given,
with no other managers. Values that are not text are refused in the server's words.
"""

from __future__ import annotations

import base64
import copy
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from .recorder import Answer, Reaction, Request, json_answer

_RESOURCES = {"secrets": ("Secret", True), "configmaps": ("ConfigMap", True), "namespaces": ("Namespace", False)}
_VERBS = ["create", "delete", "get", "list", "patch", "update"]
_KEPT = ("uid", "resourceVersion", "creationTimestamp")

Key = tuple[str, str, str]
"""Resource, namespace and name of an object."""


class Refusal(Exception):
    """A status, its reason, and a message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass
class KubeAPI:
    """A server with the objects that it was given."""

    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reaction:
        """Answer a request."""
        url = urlsplit(request.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        fixed = _DISCOVERY.get(url.path.rstrip("/"))
        if fixed is not None:
            return json_answer(fixed)
        try:
            return self._answer(request, [part for part in url.path.split("/") if part], query)
        except Refusal as refusal:
            return json_answer(_status(refusal), refusal.status)

    def _answer(self, request: Request, parts: list[str], query: dict[str, str]) -> Answer:
        if parts[:2] != ["api", "v1"]:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        parts = parts[2:]
        namespace = parts.pop(1) if parts[0] == "namespaces" and len(parts) > 2 else ""
        if namespace:
            parts.pop(0)
        resource, name = parts[0], parts[1] if len(parts) > 1 else ""
        key = (resource, namespace, name)
        if request.method == "GET":
            return json_answer(self._get(key) if name else self._list(resource, namespace, query))
        is_dry = query.get("dryRun") == "All"
        if request.method == "DELETE":
            found = self._get(key)
            if not is_dry:
                del self.objects[key]
            return json_answer(_status(None) | {"details": {"name": name, "uid": found["metadata"]["uid"]}})
        sent = _read(request)
        if request.method == "POST":
            key = (resource, namespace, sent["metadata"]["name"])
            if key in self.objects:
                raise Refusal(409, "AlreadyExists", f'{resource} "{key[2]}" already exists')
        elif request.method == "PATCH" and "apply-patch" not in request.headers["content-type"]:
            sent = _merged(self._get(key), sent)
        stored = self._stored(key, sent)
        if not is_dry:
            self.objects[key] = stored
        return json_answer(stored, 201 if request.method == "POST" else 200)

    def _get(self, key: Key) -> dict[str, Any]:
        if key not in self.objects:
            raise Refusal(404, "NotFound", f'{key[0]} "{key[2]}" not found')
        return self.objects[key]

    def _list(self, resource: str, namespace: str, query: dict[str, str]) -> dict[str, Any]:
        wanted = query.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [
            one
            for (kind, where, name), one in self.objects.items()
            if kind == resource and where == namespace and wanted in ("", name)
        ]
        kind = _RESOURCES[resource][0]
        return {"apiVersion": "v1", "kind": f"{kind}List", "metadata": {"resourceVersion": "1"}, "items": items}

    def _stored(self, key: Key, sent: dict[str, Any]) -> dict[str, Any]:
        new = copy.deepcopy(sent)
        old = self.objects.get(key, {}).get("metadata", {})
        metadata = new.setdefault("metadata", {})
        metadata.update({"uid": str(uuid.uuid4()), "resourceVersion": "1", "creationTimestamp": "2026-11-29T12:00:00Z"})
        metadata.update({name: old[name] for name in _KEPT if name in old})
        if _RESOURCES[key[0]][1]:
            metadata["namespace"] = key[1]
        if key[0] == "secrets":
            _keep_as_data(new)
        return new


def _read(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(request.body)
    return found


def _keep_as_data(secret: dict[str, Any]) -> None:
    secret.setdefault("type", "Opaque")
    for field_name in ("data", "stringData"):
        for key, value in (secret.get(field_name) or {}).items():
            if not isinstance(value, str):
                word = "bool" if isinstance(value, bool) else "number"
                where = f"Go struct field Secret.{field_name} of type string"
                raise Refusal(400, "BadRequest", f"json: cannot unmarshal {word} into {where}")
            if field_name == "data":
                base64.b64decode(value, validate=True)
            else:
                secret.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
    secret.pop("stringData", None)


def _merged(old: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return a merge patch applied, which for these objects a strategic one is too."""
    new = copy.deepcopy(old)
    for name, value in patch.items():
        if value is None:
            new.pop(name, None)
        elif isinstance(value, dict) and isinstance(new.get(name), dict):
            new[name] = _merged(new[name], value)
        elif not name.startswith("$"):
            new[name] = value
    return new


def _status(refusal: Refusal | None) -> dict[str, Any]:
    found: dict[str, Any] = {"apiVersion": "v1", "kind": "Status", "metadata": {}}
    if refusal is None:
        return found | {"status": "Success"}
    code = {"code": refusal.status, "reason": refusal.reason, "message": refusal.message}
    return found | {"status": "Failure", **code}


_DISCOVERY: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.1", "platform": "linux/amd64"},
    "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": name, "singularName": kind.lower(), "namespaced": is_namespaced, "kind": kind, "verbs": _VERBS}
            for name, (kind, is_namespaced) in _RESOURCES.items()
        ],
    },
}


def kubeconfig(url: str) -> str:
    """Return a configuration of kubectl for a server without authentication."""
    cluster = {"name": "stub", "cluster": {"server": url}}
    context = {"name": "stub", "context": {"cluster": "stub", "user": "stub", "namespace": "shop"}}
    users = [{"name": "stub", "user": {}}]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "contexts": [context],
            "users": users,
            "current-context": "stub",
        }
    )
