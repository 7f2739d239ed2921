"""Kubernetes Secrets and Helm charts among files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from leafseal.config.write import is_manifest_path
from leafseal.document import Document
from leafseal.document.frozen import NamedTuple
from leafseal.rules.selection import Selection
from leafseal.system import terminal

ADVICE = "to encrypt only data and stringData, add --encrypted-regex '^(data|stringData)$' to \"leafseal encrypt\""

_SECRET = re.compile(rb"""^kind:[ ]*["']?Secret["']?[ ]*\r?$""", re.MULTILINE)
_VERSIONED = re.compile(rb"^apiVersion:", re.MULTILINE)
_FILES, _FOUND, _BYTES = 5000, 50, 1 << 18  # enough for a repository; nobody waits for more


class Kinds(NamedTuple):
    """What the YAML files below a folder show."""

    secrets: list[str]
    """Kubernetes Secrets where no rule of `init` would expect them: paths as seen from the folder, with `/`."""

    has_manifests: bool
    has_helm_values: bool


def look_around(folder: str) -> Kinds:
    """Find Kubernetes Secrets, folders of manifests and Helm charts below a folder, by names and contents."""
    secrets: list[str] = []
    has_manifests = has_helm_values = False
    for name in _yaml_files(folder):
        has_helm_values |= os.path.basename(name).startswith(("Chart.yaml", "values"))
        if is_manifest_path(name):
            has_manifests = True
        elif len(secrets) < _FOUND and name.isprintable() and _is_secret(os.path.join(folder, name)):
            secrets.append(name)
    return Kinds(sorted(secrets), has_manifests, has_helm_values)


def _yaml_files(folder: str) -> Iterator[str]:
    seen = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            seen += 1
            if seen > _FILES:
                return
            if name.lower().endswith((".yaml", ".yml")):
                yield os.path.relpath(os.path.join(parent, name), folder).replace(os.sep, "/")


def _is_secret(path: str) -> bool:
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(_BYTES)
    except OSError:
        return False
    return bool(_SECRET.search(head) and _VERSIONED.search(head))


def warn_of_secret(name: str, document: Document, rule: Selection, advice: str) -> None:
    """Warn of a Secret of which a rule encrypts also what kubectl must read. `advice` is what to do about it."""
    versioned, secrets = set(), set()
    for leaf in document.leaves():
        if leaf.path == ("apiVersion",):
            versioned.add(leaf.document)
        elif leaf.path == ("kind",) and leaf.value == "Secret" and rule.selects(leaf):
            secrets.add(leaf.document)
    if versioned & secrets:
        terminal.warn(
            f"{name}: apiVersion, kind and metadata of this Kubernetes Secret are encrypted too, and kubectl cannot "
            f"read it; {advice}"
        )
