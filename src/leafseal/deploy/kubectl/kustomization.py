"""What a kustomization has run, found before kustomize is asked.

With `--enable-alpha-plugins` alone, kustomize leaves out a generator that is a function, and succeeds: the Secret would
be missing without a word. It also runs the program at a path made of `apiVersion` and `kind`, `..` included, and
with `--enable-exec` any program that a file names. So nothing is run beside what is not known to be harmless:
configurations that are neither ours nor of kustomize itself, kustomizations that are elsewhere, those that make a
configuration, where a patch can add a function, and what kustomize may read otherwise than we do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping

from leafseal.deploy.krm.configuration import is_ours
from leafseal.deploy.manifests import documents
from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import LeafsealError, naming
from leafseal.system.reading import read

PROGRAM = "leafseal-krm"

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_BASES = ("resources", "bases", "components")
_CONFIGURATIONS = ("generators", "transformers", "validators")
_ANNOTATIONS = ("config.kubernetes.io/function", "config.k8s.io/function")
_FIELDS = {
    "apiVersion", "buildMetadata", "commonAnnotations", "commonLabels", "configMapGenerator", "configurations", "crds",
    "generatorOptions", "images", "imageTags", "kind",
    "labels", "metadata", "namePrefix", "namespace", "nameSuffix", "openapi", "patches", "patchesJson6902",
    "patchesStrategicMerge", "replacements", "replicas", "secretGenerator", "sortOptions", "vars",
    *_BASES, *_CONFIGURATIONS,
}  # fmt: skip
# Not helmCharts and the like: with --enable-alpha-plugins Helm is started, with plugins from a folder that they name.
_BUILTIN, _RUNS_HELM = "builtin", "HelmChartInflationGenerator"
_GROUP_VERSION = re.compile(r"[a-z.]+/[a-z0-9]+")
_NAME = re.compile(r"[\w ./+=~,()-]+")
_REMOTE = re.compile(r"github\.com/|.*_git/", re.IGNORECASE)  # the only ones without a colon or an at sign
_COMMENT = re.compile(r"^[ \t]*#[^\r\n\x85\u2028\u2029]*", re.MULTILINE)
_SHARED = re.compile(r"(?:^|[\s\[{,:-])(?:[!&*]\S|!\s)|<<|^%", re.MULTILINE)
"""Tags, anchors, aliases, merge keys and directives, and a few texts that look so."""


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
    files = [path for name in KUSTOMIZATIONS if os.path.lexists(path := os.path.join(folder, name))]
    file = next(filter(os.path.isfile, files), None)
    if real in seen or file is None:  # kustomize says so
        return
    seen.add(real)
    if len(files) > 1:  # and it takes another, where this one is a link that it does not follow
        yield "unknown", f"{folder}: more than one kustomization"
    for kustomization in _documents(file):
        if not isinstance(kustomization, Mapping):
            yield "unknown", f"{file}: not a mapping"
            continue
        for name in kustomization:
            if name not in _FIELDS:
                yield "unknown", f"{file}: the field {visible(str(name))}"
        for field in (*_BASES, *_CONFIGURATIONS):
            yield from _of_entries(kustomization.get(field), field, file, seen, programs)


def _of_entries(
    entries: object, field: str, file: str, seen: set[str], programs: Collection[str]
) -> Iterator[tuple[str, str]]:
    for entry in entries if isinstance(entries, list) else () if entries is None else (entries,):
        if not isinstance(entry, str) or not isinstance(entries, list):
            yield "unknown", f"{file}: {field} is no list of names"
        else:
            yield from _of_entry(entry, field, file, seen, programs)


def _of_entry(
    entry: str, field: str, file: str, seen: set[str], programs: Collection[str]
) -> Iterator[tuple[str, str]]:
    path = os.path.join(os.path.dirname(file), entry)
    if field in _CONFIGURATIONS and _inline(entry):  # before it is taken for a name
        yield from _told(entry.encode(), file, programs)
    elif not os.path.lexists(path):
        yield "unknown", f"{file}: {visible(entry)}, which is not on this machine"
    elif _NAME.fullmatch(entry) is None or _REMOTE.match(entry):
        yield "unknown", f"{file}: {visible(entry)}, which kustomize may take for something else than this file"
    elif os.path.isdir(path):
        if field in _CONFIGURATIONS:
            yield "unknown", f"{file}: {field} in a folder, {visible(entry)}"
        yield from _below(path, seen, programs)
    elif field in _CONFIGURATIONS:
        yield from _told(read(path).data, path, programs)


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
        return documents(data)


def _told(data: bytes, name: str, programs: Collection[str]) -> Iterator[tuple[str, str]]:
    if _SHARED.search(_COMMENT.sub("", data.decode("utf-8", "replace"))):
        yield "unknown", f"{name}: a tag, an anchor, an alias, a merge key or a directive of YAML"
    for one in _parsed(data, name):
        functions = list(_functions(one))
        if functions:
            if functions in [[{"exec": {"path": program}}] for program in programs] and is_ours(one):
                yield "functions", name
            else:
                yield "unknown", f"{name}: a function that is none of leafseal"
        elif is_ours(one) and _GROUP_VERSION.fullmatch(str(one["apiVersion"])):  # type: ignore[index]  # a mapping
            yield "plugins", name
        elif one and not _is_builtin(one):
            yield "unknown", f"{name}: a configuration that is none of leafseal or kustomize"


def _is_builtin(one: object) -> bool:
    return isinstance(one, Mapping) and one.get("apiVersion") == _BUILTIN and one.get("kind") != _RUNS_HELM


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
