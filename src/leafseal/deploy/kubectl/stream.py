"""What kubectl reads: the manifests of all files in one stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leafseal.deploy.emitter import emit
from leafseal.deploy.manifests import Manifest, manifests
from leafseal.deploy.opening import File
from leafseal.deploy.secrets import with_data
from leafseal.errors import LeafsealError, naming

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def stream(
    files: Sequence[File], change: Callable[[Manifest], Manifest] = with_data
) -> tuple[bytes, list[LeafsealError]]:
    """Return the stream of manifests, and what is wrong with files: with any of it, the stream is not to be used.

    Plain files are in it as they are. Those that were encrypted have each object changed by `change`, and are quoted so
    that Kubernetes reads the values that they have.
    """
    parts: list[bytes] = []
    errors: list[LeafsealError] = []
    for file in files:
        try:
            with naming(file.name):
                parts.append(_plain(file) if file.opened is None else emit(list(map(change, manifests(file)))))
        except LeafsealError as error:
            errors.append(error)
    return b"---\n".join(filter(None, parts)), errors


def _plain(file: File) -> bytes:
    text = file.plaintext().removeprefix(_BYTE_ORDER_MARK)
    return text if text.endswith(b"\n") or not text else text + b"\n"


def identity(manifest: Manifest) -> Manifest:
    """Return what names an object and nothing else of it: whoever deletes it needs no values."""
    metadata = manifest.get("metadata")
    kept = {"name": metadata.get("name"), "namespace": metadata.get("namespace")} if isinstance(metadata, dict) else {}
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": {name: value for name, value in kept.items() if value is not None},
    }
