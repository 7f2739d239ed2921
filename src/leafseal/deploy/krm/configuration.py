"""Configurations of the generator: ours, and those of KSOPS as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from leafseal.deploy.manifests import Manifest
from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import LeafsealError
from leafseal.formats.json.emitter import scalar_text

GROUP, KIND = "leafseal", "SecretGenerator"
VERSION = f"{GROUP}/v1alpha1"
ROOT = "LEAFSEAL_KRM_ROOT"
"""The environment variable that names the folder from which files may come; without it, the kustomization's."""

_OF_KSOPS = "viaduct.ai", "ksops"

_FIELDS = {"apiVersion", "kind", "metadata", "files", "secretFrom"}
_OWN_FIELDS = {"manifests", "disableNameSuffixHash"}
_SECRET_FIELDS = {"metadata", "type", "files", "binaryFiles", "envs"}
_OWN_SECRET_FIELDS = {"envStyle"}
_ENV_STYLES = ("raw", "dotenv")


class SecretFrom(NamedTuple):
    """A Secret that is made of files: the keys that they become, and their names."""

    metadata: Manifest
    type: str | None
    files: tuple[tuple[str, str], ...]
    binary_files: tuple[tuple[str, str], ...]
    envs: tuple[str, ...]
    has_quotes: bool
    """Whether the values of `envs` have quotes around them that are none of theirs, and `$NAME` in them."""

    @property
    def names(self) -> list[str]:
        """The files, in order."""
        return [*(name for _, name in (*self.files, *self.binary_files)), *self.envs]


class Generator(NamedTuple):
    """What is to be generated."""

    is_ksops: bool
    """Whether Secrets are to be what KSOPS makes of the files; else they have `data` alone."""

    files: tuple[str, ...]
    secrets: tuple[SecretFrom, ...]
    hashes_names: bool

    @property
    def names(self) -> list[str]:
        """All files, in order."""
        return [*self.files, *(name for one in self.secrets for name in one.names)]


def is_ours(manifest: object) -> bool:
    """Tell whether an object is a configuration of the generator. The version in KSOPS's group is not looked at."""
    if not isinstance(manifest, Mapping):
        return False
    group = str(manifest.get("apiVersion")).partition("/")[0]
    return (group, manifest.get("kind")) in (_OF_KSOPS, (GROUP, KIND))


def read_generator(manifest: object) -> Generator:
    """Read a configuration. Raises `LeafsealError` for what is none, and for fields that nothing would look at."""
    if not isinstance(manifest, Mapping) or not is_ours(manifest):
        raise LeafsealError(
            "not a configuration of this generator",
            hint=f"write apiVersion: {VERSION} and kind: {KIND}; viaduct.ai/v1 and ksops are read too",
        )
    is_ksops = manifest["kind"] == _OF_KSOPS[1]
    if not is_ksops and manifest["apiVersion"] != VERSION:
        raise LeafsealError(f"apiVersion is {visible(str(manifest['apiVersion']))}, and this leafseal knows {VERSION}")
    _refuse_unknown(manifest, _FIELDS if is_ksops else _FIELDS | _OWN_FIELDS, "")
    files = (*_texts(manifest, "manifests", ""), *_texts(manifest, "files", ""))
    given = manifest.get("secretFrom") or []
    if not isinstance(given, list):
        raise LeafsealError("secretFrom: must be a list")
    secrets = tuple(_secret(one, f"secretFrom[{number}]", is_ksops) for number, one in enumerate(given))
    if not (files or secrets):
        raise LeafsealError("names no files", hint='write "files: [FILE]" with encrypted manifests, or secretFrom')
    disabled = manifest.get("disableNameSuffixHash", False)
    if not isinstance(disabled, bool):
        raise LeafsealError("disableNameSuffixHash: must be true or false")
    return Generator(is_ksops, files, secrets, hashes_names=not (is_ksops or disabled))


def _refuse_unknown(manifest: Mapping[str, object], known: set[str], place: str) -> None:
    unknown = [name for name in manifest if name not in known]
    if unknown:
        where = f"{place}: " if place else ""
        names = ", ".join(map(visible, unknown))
        raise LeafsealError(f"{where}unknown field: {names}; known are {', '.join(sorted(known))}")


def _texts(manifest: Mapping[str, object], field: str, place: str) -> tuple[str, ...]:
    found = manifest.get(field)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise LeafsealError(f"{f'{place}.' if place else ''}{field}: must be a list of file names")
    return tuple(found)


def _secret(given: object, place: str, is_ksops: bool) -> SecretFrom:
    if not isinstance(given, Mapping):
        raise LeafsealError(f"{place}: must be a mapping")
    _refuse_unknown(given, _SECRET_FIELDS if is_ksops else _SECRET_FIELDS | _OWN_SECRET_FIELDS, place)
    style = given.get("envStyle", "dotenv" if is_ksops else "raw")
    if style not in _ENV_STYLES:
        raise LeafsealError(f"{place}.envStyle: must be {' or '.join(_ENV_STYLES)}")
    kind = given.get("type")
    if kind is not None and not isinstance(kind, str):
        raise LeafsealError(f"{place}.type: must be text")
    found = SecretFrom(
        _metadata(given.get("metadata"), place),
        kind or None,
        tuple(_named(_texts(given, "files", place), f"{place}.files")),
        tuple(_named(_texts(given, "binaryFiles", place), f"{place}.binaryFiles")),
        _texts(given, "envs", place),
        style == "dotenv",
    )
    if not found.names:
        raise LeafsealError(f"{place}: names no files, binaryFiles or envs")
    return found


def _named(words: Sequence[str], place: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and the names of files in `KEY=FILE` and `FILE`, of which the last part is the key."""
    for word in words:
        key, equals, name = word.rpartition("=")
        if "=" in key or (equals and not (key and name)):
            raise LeafsealError(f"{place}: {visible(word)!r} is not KEY=FILE")
        yield key or name.rstrip("/").rpartition("/")[2], name


def _metadata(given: object, place: str) -> Manifest:
    name = given.get("name") if isinstance(given, Mapping) else None
    if not (isinstance(given, Mapping) and isinstance(name, str) and name):
        raise LeafsealError(f"{place}.metadata: has no name")
    return with_texts(dict(given), f"{place}.metadata")


def with_texts(metadata: Manifest, place: str) -> Manifest:
    """Return metadata in which all labels and annotations are text, as Kubernetes wants them: `true` and `1` too."""
    found = dict(metadata)
    for field in ("labels", "annotations"):
        members = found.get(field)
        if members is None:
            found.pop(field, None)
            continue
        if not isinstance(members, Mapping):
            raise LeafsealError(f"{place}.{field}: must be a mapping")
        found[field] = {name: _text(value, f"{place}.{field}.{visible(name)}") for name, value in members.items()}
    return found


def _text(value: object, place: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return scalar_text(value)
    if value is None:
        return ""
    raise LeafsealError(f"{place}: must be text")
