"""What kustomize sends and reads: a ResourceList on standard input and output, or a file and a stream of manifests."""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.deploy.emitter import emit
from leafseal.deploy.krm.configuration import Generator, is_ours, read_generator
from leafseal.deploy.krm.generating import Generated
from leafseal.deploy.manifests import Manifest, documents, title
from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import LeafsealError, RefusedError, naming

_LIST = "ResourceList"


class Request(NamedTuple):
    """What is asked for, and how it is answered."""

    title: str
    """What messages call the configuration."""

    generator: Generator
    list_version: str | None
    """The version of the ResourceList that is the answer; None where it is a stream of manifests."""


def read_request(data: bytes) -> Request:
    """Read a ResourceList, or a configuration alone. Raises `LeafsealError`."""
    found = list(filter(None, documents(data)))
    if len(found) != 1 or not isinstance(found[0], dict):
        raise LeafsealError("needs one configuration of the generator, or one ResourceList")
    given: object = found[0]
    version = None
    if found[0].get("kind") == _LIST:
        version, given = str(found[0].get("apiVersion")), _configuration(found[0])
    name = title(given) if isinstance(given, dict) and isinstance(given.get("kind"), str) else "functionConfig"
    with naming(visible(name)):
        return Request(visible(name), read_generator(given), version)


def _configuration(given: Manifest) -> object:
    """Return the configuration in a ResourceList, which has it among its items too, and nothing else."""
    items = given.get("items") or []
    if not isinstance(items, list):
        raise LeafsealError("items: must be a list")
    config = given.get("functionConfig")
    if not all(is_ours(item) or _identity(item) == _identity(config) for item in items):
        raise RefusedError(
            "there are manifests to be transformed, and leafseal only generates",
            hint="list it under generators:, not transformers:",
        )
    return items[0] if config is None and len(items) == 1 else config


def _identity(manifest: object) -> object:
    """Return what tells an object from others; kustomize adds annotations of its own."""
    if not isinstance(manifest, dict):
        return manifest
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return manifest.get("apiVersion"), manifest.get("kind"), name


def answer(request: Request, generated: Generated) -> bytes:
    """Return what kustomize reads."""
    if request.list_version is None:
        return emit(generated.objects)
    return emit([
        {
            "apiVersion": request.list_version,
            "kind": _LIST,
            "items": list(generated.objects),
            "results": list(map(_result, generated.told)),
        }
    ])  # fmt: skip


def _result(told: tuple[str, str]) -> Mapping[str, object]:
    name, what = told
    return {"message": f"{name}: {what}", "severity": "info", "file": {"path": name}}
