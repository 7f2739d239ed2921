"""The manifest of a new Secret, made of literals and files as `kubectl create secret` makes it, without a cluster."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from leafseal.deploy.manifests import Manifest
from leafseal.deploy.secrets import fault_of_key, with_data
from leafseal.display import visible
from leafseal.document.tree import from_python
from leafseal.errors import LeafsealError, UsageError
from leafseal.formats import emit

Read = Callable[[str], bytes]
"""Returns what is in a file. Raises `LeafsealError`."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 253


def secret(name: str, namespace: str, kind: str, values: Mapping[str, bytes]) -> Manifest:
    """Return a Secret: values that are text in `stringData`, others in `data`. Raises `LeafsealError` for wrong names.

    What the server would refuse is refused here.
    """
    if len(name) > _LONGEST_NAME or _NAME.fullmatch(name) is None:
        raise UsageError(f"{visible(name)!r} is not a valid name: lower case letters, digits, - and . are")
    manifest: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    if namespace:
        manifest["metadata"]["namespace"] = namespace
    manifest["type"] = kind
    manifest |= fields(values)
    with_data(manifest)
    return manifest


def fields(values: Mapping[str, bytes]) -> Manifest:
    """Return the fields of a Secret that hold values."""
    texts: dict[str, str] = {}
    packed: dict[str, str] = {}
    for key, value in values.items():
        try:
            texts[key] = value.decode()
            if not all(letter.isprintable() or letter in "\n\t" for letter in texts[key]):
                raise ValueError
        except ValueError:
            texts.pop(key, None)
            packed[key] = base64.b64encode(value).decode()
    return {name: found for name, found in (("stringData", texts), ("data", packed)) if found}


def to_yaml(manifest: Manifest) -> bytes:
    """Return a manifest as people write it, and SOPS."""
    tree = from_python(manifest)
    return emit([tree], "yaml", indent=2)  # type: ignore[list-item]  # a mapping


# -- values


def values_of(literals: Sequence[str], files: Sequence[str], env_files: Sequence[str], read: Read) -> dict[str, bytes]:
    """Return the values that options name. Raises `UsageError` for what is not written so, or named twice."""
    if env_files and (literals or files):
        raise UsageError("--from-env-file cannot be used together with --from-literal and --from-file")
    found: dict[str, bytes] = {}
    for key, value in [*_literals(literals), *_files(files, read), *_env_files(env_files, read)]:
        if (fault := fault_of_key(key)) is not None:
            raise UsageError(f"the key name {visible(key)!r} {fault}")
        if key in found:
            raise UsageError(f"the key name {key!r} is given twice")
        found[key] = value
    return found


def _literals(literals: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for word in literals:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise UsageError("--from-literal is not KEY=VALUE")  # the word may be a password
        yield key, os.fsencode(value)


def _files(files: Sequence[str], read: Read) -> Iterator[tuple[str, bytes]]:
    for word in files:
        key, equals, name = word.partition("=")
        if not equals:
            key, name = "", word
        if not name or (equals and not key):
            raise UsageError("--from-file is not [KEY=]FILE")
        if key or not os.path.isdir(name):
            yield key or os.path.basename(name), read(name)
            continue
        for base in sorted(os.listdir(name)):
            if os.path.isfile(path := os.path.join(name, base)) and fault_of_key(base) is None:
                yield base, read(path)


def _env_files(files: Sequence[str], read: Read) -> Iterator[tuple[str, bytes]]:
    for name in files:
        for number, line in enumerate(read(name).removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
            text = line.lstrip()
            if not text or text.startswith(b"#"):
                continue
            key, equals, value = text.partition(b"=")
            if not equals:
                raise LeafsealError(f"line {number} is not KEY=VALUE", file=name)
            yield key.decode("utf-8", "replace"), value


# -- kinds with their own keys


def tls(certificate: bytes, private_key: bytes, names: tuple[str, str]) -> dict[str, bytes]:
    """Return the values of a Secret of TLS. Raises `LeafsealError` for a certificate and a key that are no pair."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    spki = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    try:
        chain = x509.load_pem_x509_certificates(certificate)
    except ValueError:
        raise LeafsealError("is not a certificate in PEM", file=names[0]) from None
    try:
        key = serialization.load_pem_private_key(private_key, None)
    except (ValueError, TypeError):
        raise LeafsealError("is not a private key in PEM without a passphrase", file=names[1]) from None
    if chain[0].public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        raise LeafsealError(f"the private key is not that of {names[0]}", file=names[1])
    return {"tls.crt": certificate, "tls.key": private_key}


def docker_registry(server: str, user: str, password: str, email: str) -> dict[str, bytes]:
    """Return the values of a Secret with the account of a container registry."""
    import json

    account = {"username": user, "password": password}
    if email:
        account["email"] = email
    account["auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {".dockerconfigjson": json.dumps({"auths": {server: account}}, separators=(",", ":")).encode()}


# -- from the cluster

_OF_SERVER = (
    "creationTimestamp",
    "resourceVersion",
    "uid",
    "managedFields",
    "selfLink",
    "ownerReferences",
    "generation",
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def of_cluster(found: Manifest) -> Manifest:
    """Return a Secret of a cluster as a manifest: without what the server added. Raises `LeafsealError`."""
    if found.get("kind") != "Secret" or not isinstance(found.get("metadata"), dict):
        raise LeafsealError("kubectl did not print one Secret")
    metadata = {name: value for name, value in found["metadata"].items() if name not in _OF_SERVER}
    if isinstance(annotations := metadata.get("annotations"), dict):
        metadata["annotations"] = {name: value for name, value in annotations.items() if name != _LAST_APPLIED}
        if not metadata["annotations"]:
            del metadata["annotations"]
    values = {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
    rest: Manifest = {name: found[name] for name in ("type", "immutable") if name in found}
    order = ("name", "namespace", "labels", "annotations")
    metadata = {name: metadata[name] for name in (*order, *metadata) if name in metadata}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **rest, **fields(values)}
