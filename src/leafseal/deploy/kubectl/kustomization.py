"""What a kustomization has run, found before kustomize is asked: of what it may not run, it says nothing.

With `--enable-alpha-plugins` alone, kustomize leaves out a generator that is a function, and succeeds: the Secret would
be missing without a word.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from leafseal.deploy.krm.configuration import is_ours
from leafseal.document.frozen import NamedTuple
from leafseal.document.tree import build, to_python
from leafseal.errors import LeafsealError, naming
from leafseal.formats import parse
from leafseal.system.reading import read

PROGRAM = "leafseal-krm"

_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_BASES = ("resources", "bases", "components")
_CONFIGURATIONS = ("generators", "transformers", "validators")
_ANNOTATIONS = ("config.kubernetes.io/function", "config.k8s.io/function")


class Found(NamedTuple):
    """The generators of ours, and what keeps them from being run with what is beside them."""

    plugins: tuple[str, ...] = ()
    """Files with generators that are exec plugins."""

    functions: tuple[str, ...] = ()
    """Files with generators that are functions, which kubectl cannot run."""

    foreign: tuple[str, ...] = ()
    """Files with functions that are none of ours."""

    remote: tuple[str, ...] = ()
    """Folders that are elsewhere, where nothing can be looked at."""


def look(folder: str) -> Found:
    """Return what a kustomization, and those that it is made of, have run. Raises `LeafsealError`."""
    found: dict[str, list[str]] = {field: [] for field in Found._fields}
    for field, name in _below(folder, set()):
        found[field].append(name)
    return Found(*map(tuple, found.values()))


def _below(folder: str, seen: set[str], *, is_configuration: bool = False) -> Iterator[tuple[str, str]]:
    real = os.path.realpath(folder)
    file = next((path for name in _NAMES if os.path.isfile(path := os.path.join(folder, name))), None)
    if real in seen or file is None:  # kustomize says so
        return
    seen.add(real)
    for kustomization in _documents(file):
        for field in (*_BASES, *_CONFIGURATIONS):
            is_one = is_configuration or field in _CONFIGURATIONS
            for entry in _entries(kustomization, field):
                path = os.path.join(folder, entry)
                if "\n" in entry:
                    yield from _told(_parsed(entry.encode(), file), file)
                elif os.path.isdir(path):
                    yield from _below(path, seen, is_configuration=is_one)
                elif not os.path.lexists(path):
                    yield "remote", entry
                elif is_one:
                    yield from _told(_documents(path), path)


def _entries(kustomization: object, field: str) -> Iterator[str]:
    entries = kustomization.get(field) if isinstance(kustomization, Mapping) else None
    return (one for one in entries if isinstance(one, str)) if isinstance(entries, list) else iter(())


def _documents(path: str) -> list[object]:
    return _parsed(read(path).data, path)


def _parsed(data: bytes, name: str) -> list[object]:
    with naming(name):
        document = parse(data, "yaml")
        return [to_python(tree) for tree in build((leaf, leaf.value) for leaf in document.leaves())]


def _told(configurations: list[object], name: str) -> Iterator[tuple[str, str]]:
    for one in configurations:
        function = _function(one)
        if function is not None:
            yield ("functions" if function == PROGRAM and is_ours(one) else "foreign"), name
        elif is_ours(one):
            yield "plugins", name


def _function(configuration: object) -> str | None:
    """Return the program of a function, empty where it is none; None where the configuration is no function."""
    metadata = configuration.get("metadata") if isinstance(configuration, Mapping) else None
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    text = next((annotations[name] for name in _ANNOTATIONS if name in annotations), None) if annotations else None
    if text is None:
        return None
    try:
        [function] = _parsed(str(text).encode(), "")
        program = function["exec"]["path"]  # type: ignore[index]
    except (LeafsealError, ValueError, KeyError, TypeError):
        return ""
    return program if isinstance(program, str) else ""
