"""Secrets of Kubernetes: their values as `data`, and what the API server would refuse said before it is asked."""

from __future__ import annotations

import re
from collections.abc import Callable

from leafseal.deploy.manifests import Manifest, title
from leafseal.display import visible
from leafseal.document import Document, Leaf, Locator
from leafseal.errors import LeafsealError

MOST_BYTES = 1 << 20
"""What the values of one Secret can have together, decoded."""

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_LONGEST_KEY = 253
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def is_secret(manifest: Manifest) -> bool:
    """Tell whether an object is a Secret."""
    return manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1"


def with_data(manifest: Manifest) -> Manifest:
    """Return a Secret with all of its values in `data`, where those of `stringData` count; checked as the server does.

    Other objects are returned as they are. Raises `LeafsealError`, which names the Secret and the key.
    """
    if not is_secret(manifest):
        return manifest
    data = {key: _encoded(manifest, key, value) for key, value in _members(manifest, "data").items()}
    for key, value in _members(manifest, "stringData").items():
        data[key] = _of_text(manifest, key, value)
    _check(manifest, data)
    if not data:
        return {key: value for key, value in manifest.items() if key != "stringData"}
    found: Manifest = {}
    for key, value in manifest.items():
        if key in ("data", "stringData"):
            found["data"] = data
        else:
            found[key] = value
    return found


def _members(manifest: Manifest, field: str) -> Manifest:
    members = manifest.get(field)
    if members is None:
        return {}
    if not isinstance(members, dict):
        raise LeafsealError(f"{title(manifest)}: {field} must be a mapping of key names and values")
    return members


def _encoded(manifest: Manifest, key: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _not_text_error(manifest, "data", key, value)
    packed = value.replace("\n", "").replace("\r", "")
    if _BASE64.fullmatch(packed) is None:
        raise LeafsealError(f"{title(manifest)}: data.{visible(key)}: is not base64; plain text belongs in stringData")
    return packed


def _of_text(manifest: Manifest, key: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | bytes):
        raise _not_text_error(manifest, "stringData", key, value)
    import base64

    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    return base64.b64encode(data).decode()


def _not_text_error(manifest: Manifest, field: str, key: str, value: object) -> LeafsealError:
    what = "a mapping or list" if isinstance(value, dict | list) else _WORDS.get(type(value), "a number")
    return LeafsealError(
        f"{title(manifest)}: {field}.{visible(key)}: is {what}, and the values of a Secret are text: put it in quotes"
    )


_WORDS = {bool: "true or false", bytes: "not UTF-8"}


def _check(manifest: Manifest, data: Manifest) -> None:
    for key in data:
        if (fault := fault_of_key(key)) is not None:
            raise LeafsealError(f"{title(manifest)}: the key name {visible(key)!r} {fault}")
    if (size := sum(len(value) // 4 * 3 - value.count("=") for value in data.values())) > MOST_BYTES:
        raise LeafsealError(f"{title(manifest)}: its values have {size} bytes; a Secret can have {MOST_BYTES} (1 MiB)")
    kind = manifest.get("type")
    missing = [key for key in _NEEDED.get(kind, ()) if key not in data] if isinstance(kind, str) else []
    if missing:
        raise LeafsealError(f"{title(manifest)}: type {kind} needs the key {' and '.join(missing)}")


def fault_of_key(key: str) -> str | None:
    """Return what is wrong with a key of a Secret or ConfigMap; None where nothing is."""
    if len(key) > _LONGEST_KEY:
        return f"is longer than {_LONGEST_KEY} characters"
    if _KEY.fullmatch(key) is None:
        return "is not valid: letters, digits, - . and _ are"
    if key == "." or key.startswith(".."):
        return "is not valid: it is a folder's name"
    return None


def secret_values(document: Document, fields: tuple[str, ...] = ("data", "stringData")) -> Callable[[Leaf], bool]:
    """Return what tells whether a leaf of a document is a value of a Secret for Kubernetes: one below these fields.

    It may be one that merge keys bring, or one in a SecretList, whose members need no kind.
    """
    marks: dict[str, set[tuple[int, Locator]]] = {"Secret": set(), "SecretList": set()}
    versions = {_place(leaf) for leaf in document.leaves() if (leaf.locator[-1:], leaf.value) == _VERSION}
    for leaf in document.leaves():
        if leaf.locator[-1:] == ("kind",) and isinstance(leaf.value, str) and leaf.value in marks:
            marks[leaf.value].add(_place(leaf))
    objects, lists = marks["Secret"] & versions, marks["SecretList"] & versions

    def is_value(leaf: Leaf) -> bool:
        locator = _merged(leaf.locator)
        return not leaf.is_comment and any(
            locator[depth] in fields
            and (
                (leaf.document, locator[:depth]) in objects
                or (depth > 1 and locator[depth - 2] == "items" and (leaf.document, locator[: depth - 2]) in lists)
            )
            for depth in range(len(locator) - 1)
        )

    return is_value


_VERSION = (("apiVersion",), "v1")


def _place(leaf: Leaf) -> tuple[int, Locator]:
    return leaf.document, _merged(leaf.locator)[:-1]


def _merged(locator: Locator) -> Locator:
    return tuple(step for step in locator if step != "<<")
