"""The manifests in a file: one object of Kubernetes for each document, those in lists each for itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from leafseal.document import Leaf
from leafseal.document.scalars import Empty, Scalar, Timestamp
from leafseal.document.tree import build, to_python
from leafseal.errors import LeafsealError, naming
from leafseal.formats import parse

if TYPE_CHECKING:
    from leafseal.deploy.opening import File
    from leafseal.run.variables import Spell

Manifest = dict[str, Any]
"""An object of Kubernetes, as plain dicts, lists and scalars."""


def manifests(file: File) -> list[Manifest]:
    """Return the objects in a file, in order; the members of lists stand for themselves, empty documents for nothing.

    Dates are text, spelled as in the file: Kubernetes has no other. Raises `LeafsealError` for what is no object.
    """
    with naming(file.name):
        return list(_objects([to_python(tree) for tree in build(_values(file))]))


def documents(data: bytes) -> list[object]:
    """Return the documents of a text of YAML as plain dicts, lists and scalars. Raises `FormatError`."""
    return [to_python(tree) for tree in build((leaf, leaf.value) for leaf in parse(data, "yaml").leaves())]


def _values(file: File) -> Iterator[tuple[Leaf, Scalar | Empty | None]]:
    if file.opened is None:
        document = parse(file.item.source.data, file.item.source.format)
        for leaf in document.leaves():
            is_date = isinstance(leaf.value, Timestamp) and not leaf.style
            yield leaf, document.text[leaf.start : leaf.end] if is_date else leaf.value
        return
    from leafseal.run.variables import spelled_as_in  # whoever only asks which values are secret does without

    spell: dict[int, Spell] = {}  # by documents
    for leaf, value in file.opened.leaves.values:
        if not isinstance(value, Timestamp):
            yield leaf, value
            continue
        if leaf.document not in spell:
            spell[leaf.document] = spelled_as_in(file.opened, leaf.document)
        yield leaf, spell[leaf.document](leaf.locator, value) or value.text


def _objects(found: Sequence[object]) -> Iterator[Manifest]:
    for one in found:
        if not one:
            continue
        if not isinstance(one, dict):
            raise LeafsealError("not an object of Kubernetes: a mapping is needed")
        items = one.get("items")
        kind = one.get("kind")
        if isinstance(items, list) and isinstance(kind, str) and kind.endswith("List"):
            yield from _objects([_member(item, one.get("apiVersion"), kind.removesuffix("List")) for item in items])
            continue
        for field in ("apiVersion", "kind"):
            if not isinstance(one.get(field), str) or not one[field]:
                raise LeafsealError(f"not an object of Kubernetes: it has no {field}")
        yield one


def _member(item: object, version: object, kind: str) -> object:
    """Return a member of a list; in a SecretList, say, those without a kind are Secrets."""
    if isinstance(item, dict) and kind and not item.get("kind"):
        return {"apiVersion": version, "kind": kind, **item}
    return item


def title(manifest: Manifest) -> str:
    """Return what messages call an object: `Secret db`."""
    metadata = manifest.get("metadata")
    name = metadata.get("name") or metadata.get("generateName") if isinstance(metadata, dict) else None
    return f"{manifest['kind']} {name}" if isinstance(name, str) else str(manifest["kind"])
