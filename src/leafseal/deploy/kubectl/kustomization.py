"""What a kustomization has run, found before kustomize is asked.

With `--enable-alpha-plugins` alone, kustomize leaves out a generator that is a function, and succeeds: the Secret would
be missing without a word. And with `--enable-exec` it runs any program that a file names. So nothing is run beside what
is not known: functions that are none of ours, kustomizations that are elsewhere, those that make a configuration, where
a patch can add a function, and fields that kustomize may read otherwise than we do.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from leafseal.deploy.krm.configuration import is_ours
from leafseal.display import visible
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
_FIELDS = {
    "apiVersion", "buildMetadata", "commonAnnotations", "commonLabels", "configMapGenerator", "configurations", "crds",
    "generatorOptions", "helmChartInflationGenerator", "helmCharts", "helmGlobals", "images", "imageTags", "kind",
    "labels", "metadata", "namePrefix", "namespace", "nameSuffix", "openapi", "patches", "patchesJson6902",
    "patchesStrategicMerge", "replacements", "replicas", "secretGenerator", "sortOptions", "vars",
    *_BASES, *_CONFIGURATIONS,
}  # fmt: skip


class Found(NamedTuple):
    """The generators of ours, and what keeps them from being run with what is beside them."""

    plugins: tuple[str, ...] = ()
    """Files with generators that are exec plugins."""

    functions: tuple[str, ...] = ()
    """Files with generators that are functions, which kubectl cannot run."""

    unknown: tuple[str, ...] = ()
    """What else is run, or may be: files and folders, with what they have."""


def look(folder: str, programs: Collection[str] = (PROGRAM,)) -> Found:
    """Return what a kustomization, and those that it is made of, have run. Raises `LeafsealError`.

    `programs` are the names under which our generator can be started.
    """
    found: dict[str, list[str]] = {field: [] for field in Found._fields}
    for field, name in _below(folder, set(), programs):
        found[field].append(name)
    return Found(*map(tuple, found.values()))


def _below(folder: str, seen: set[str], programs: Collection[str]) -> Iterator[tuple[str, str]]:
    real = os.path.realpath(folder)
    file = next((path for name in _NAMES if os.path.isfile(path := os.path.join(folder, name))), None)
    if real in seen or file is None:  # kustomize says so
        return
    seen.add(real)
    for kustomization in _documents(file):
        for name in kustomization if isinstance(kustomization, Mapping) else ():
            if name not in _FIELDS:
                yield "unknown", f"{file}: the field {visible(str(name))}"
        for field in (*_BASES, *_CONFIGURATIONS):
            for entry in _entries(kustomization, field):
                path = os.path.join(folder, entry)
                if field in _CONFIGURATIONS and (inline := _inline(entry)):  # before it is taken for a name
                    yield from _told(inline, file, programs)
                elif os.path.isdir(path):
                    if field in _CONFIGURATIONS:
                        yield "unknown", f"{file}: {field} in a folder, {visible(entry)}"
                    yield from _below(path, seen, programs)
                elif not os.path.lexists(path):
                    yield "unknown", f"{file}: {visible(entry)}, which is not on this machine"
                elif field in _CONFIGURATIONS:
                    yield from _told(_documents(path), path, programs)


def _entries(kustomization: object, field: str) -> Iterator[str]:
    entries = kustomization.get(field) if isinstance(kustomization, Mapping) else None
    return (one for one in entries if isinstance(one, str)) if isinstance(entries, list) else iter(())


def _inline(entry: str) -> list[object]:
    """Return the configurations that an entry is itself; none where it is the name of one."""
    try:
        return _parsed(entry.encode(), "")
    except LeafsealError:
        return []


def _documents(path: str) -> list[object]:
    return _parsed(read(path).data, path)


def _parsed(data: bytes, name: str) -> list[object]:
    with naming(name):
        document = parse(data, "yaml")
        return [to_python(tree) for tree in build((leaf, leaf.value) for leaf in document.leaves())]


def _told(configurations: list[object], name: str, programs: Collection[str]) -> Iterator[tuple[str, str]]:
    for one in configurations:
        functions = list(_functions(one))
        if functions:
            if functions in [[{"exec": {"path": program}}] for program in programs] and is_ours(one):
                yield "functions", name
            else:
                yield "unknown", f"{name}: a function that is none of leafseal"
        elif is_ours(one):
            yield "plugins", name


def _functions(configuration: object) -> Iterator[object]:
    """Yield what a configuration says of functions, wherever kustomize may look for it; None for what is unreadable."""
    metadata = configuration.get("metadata") if isinstance(configuration, Mapping) else None
    if not isinstance(metadata, Mapping):
        return
    if "configFn" in metadata:  # as it was once written
        yield None
    annotations = metadata.get("annotations")
    for name in _ANNOTATIONS:
        if isinstance(annotations, Mapping) and name in annotations:
            try:
                yield from _parsed(str(annotations[name]).encode(), "")
            except LeafsealError:
                yield None
