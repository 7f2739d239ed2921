"""Flux, which decrypts in the cluster: the Secret with its key, and what its controller does not decrypt.

Facts of kustomize-controller, as of August 2026: it decrypts each object that has a `sops` field of its own, as JSON,
after the kustomization was built, and does not verify the MAC.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from leafseal.crypto.token import PREFIX
from leafseal.deploy.manifests import Manifest
from leafseal.document import Document, Leaf
from leafseal.document.paths import format_path
from leafseal.errors import LeafsealError
from leafseal.formats import recognize
from leafseal.keys.ring import WrappedKey
from leafseal.metadata import Metadata
from leafseal.operations.open import Source, read_metadata

MOST_BYTES = 5 << 20
"""The largest file that the controller decrypts."""

_AGE, _PGP = "identity.agekey", "identity.asc"
_PGP_HEAD = b"-----BEGIN PGP PRIVATE KEY BLOCK-----"
_UNKNOWN_KIND = "hckms"
_DECRYPT = "kustomize.toolkit.fluxcd.io/decrypt"
_NEW_KEY = 'create a key for the cluster with "leafseal keygen -o cluster.agekey"'
_CLEAR = ("apiVersion", "kind", "metadata")


def key_secret(name: str, namespace: str, private_key: bytes) -> Manifest:
    """Return the Secret from which the controller takes its keys: age identities, or a PGP key in armor."""
    entry = _PGP if is_pgp_key(private_key) else _AGE
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": {entry: base64.b64encode(private_key).decode()},
    }


def is_pgp_key(text: bytes) -> bool:
    """Tell whether a text is a PGP private key in armor."""
    return text.lstrip().startswith(_PGP_HEAD)


def limits(source: Source) -> list[str]:
    """Return why the controller would not decrypt an encrypted manifest, a sentence each. No key is needed.

    Raises `LeafsealError` for a file that is not encrypted, or that cannot be read.
    """
    document, metadata = read_metadata(source.data, source.format)
    return [text for _, text in undecrypted(source, document, metadata)]


def undecrypted(source: Source, document: Document, metadata: Metadata) -> Iterator[tuple[str, str]]:
    """Yield why the controller would not decrypt an encrypted manifest: a word that does not change, and a sentence."""
    yield from _of_file(source)
    yield from _of_keys(metadata)
    yield from _of_manifests(document)


NO_MANIFEST = "no-manifest"
"""The word for a file that is no manifest."""


def _of_file(source: Source) -> Iterator[tuple[str, str]]:
    if source.format not in ("yaml", "json"):
        yield NO_MANIFEST, "it is no manifest: Flux decrypts it only if a secretGenerator of the kustomization names it"
    if len(source.data) > MOST_BYTES:
        yield "size", f"it has {len(source.data)} bytes, and Flux decrypts files of at most {MOST_BYTES}"
    if source.name and recognize(source.name) != source.format:
        yield "name", "its name does not tell its format, by which Flux reads it"


def _of_keys(metadata: Metadata) -> Iterator[tuple[str, str]]:
    needed = metadata.threshold or len(metadata.groups)
    usable = [group for group in metadata.groups if any(map(_is_usable, group))]
    if len(usable) < needed:
        yield (
            "keys",
            "none of its keys is of a kind that Flux has"
            if needed == 1
            else f"{needed} key groups are needed, and Flux has kinds of keys for {len(usable)}",
        )


def _is_usable(wrapped: WrappedKey) -> bool:
    """Tell whether the controller can have the key: not one of Huawei Cloud, of SSH, or of a plugin of age."""
    key = wrapped.master_key
    text = str(key)
    is_own = text.startswith("age1pq1") or (text.startswith("age1") and "1" not in text[4:])
    return key.kind != _UNKNOWN_KIND and (key.kind != "age" or is_own)


def _of_manifests(document: Document) -> Iterator[tuple[str, str]]:
    for leaf in document.leaves():
        if leaf.is_comment:
            continue
        place = format_path(leaf.locator)
        if _is_token(leaf) and leaf.path[:1] and leaf.path[0] in _CLEAR:
            text = f'{place} is encrypted, and Flux must read it: encrypt with --encrypted-regex "^(data|stringData)$"'
            yield f"{leaf.document} {place}", text
        elif leaf.path[:2] == ("metadata", "annotations") and leaf.path[2:] == (_DECRYPT,) and leaf.value == "disabled":
            yield f"{leaf.document} annotation", f"the annotation {_DECRYPT} says that it is not decrypted"


def _is_token(leaf: Leaf) -> bool:
    return isinstance(leaf.value, str) and leaf.value.startswith(PREFIX)


def refuse_key(text: bytes) -> None:
    """Raise `LeafsealError` for what the controller cannot use as a key: a protected one, a plugin's, or none."""
    lines: Sequence[str] = text.decode("utf-8", "replace").splitlines()
    if any(line.startswith("AGE-PLUGIN-") for line in lines):
        raise LeafsealError("is a key of a plugin of age, and Flux has no plugins")
    if text.startswith(b"age-encryption.org/") or b"-----BEGIN AGE ENCRYPTED FILE-----" in text:
        raise LeafsealError(
            "is protected by a passphrase, and nobody would type it",
            hint=_NEW_KEY,
        )
    if b"PRIVATE KEY-----" in text and not is_pgp_key(text):
        raise LeafsealError(
            "is an SSH key, which Flux cannot use",
            hint=_NEW_KEY,
        )
    if not is_pgp_key(text) and not any(line.startswith("AGE-SECRET-KEY-") for line in lines):
        raise LeafsealError("contains no private key", hint=_NEW_KEY)
