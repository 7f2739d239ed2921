"""The manifests that a configuration asks for: encrypted ones as they are, and Secrets made of encrypted files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence

from leafseal.deploy.krm.configuration import Generator, SecretFrom, with_texts
from leafseal.deploy.manifests import Manifest, manifests
from leafseal.deploy.opening import File, open_files
from leafseal.deploy.secrets import is_secret, with_data
from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.document.tree import Comment, ListNode, MappingNode
from leafseal.errors import LeafsealError, naming
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.unreadable import not_encrypted_error
from leafseal.run.variables import Spell, data_of, spelled_as_in

_HASH = "kustomize.config.k8s.io/needs-hash"


class Generated(NamedTuple):
    """What came of a configuration: objects, and a line about each file; with any error, neither is to be used."""

    objects: Sequence[Manifest]
    told: Sequence[tuple[str, str]]
    errors: Sequence[LeafsealError]


def generate(generator: Generator, read_file: Callable[[str], Item], ring: KeyRing) -> Generated:
    """Read and open every file, each once, and make the objects of them."""
    items: dict[str, Item] = {}
    errors: list[LeafsealError] = []
    for name in dict.fromkeys(generator.names):
        try:
            items[name] = read_file(name)
        except LeafsealError as error:
            errors.append(error)
    opened, failed = open_files(list(items.values()), ring)
    files = {file.name: file for file in opened}
    errors += [*failed, *_plain_errors(opened)]
    if errors:
        return Generated((), (), errors)
    objects: list[Manifest] = []
    told: list[tuple[str, str]] = []
    for name in generator.files:
        try:
            found = [_finished(one, generator) for one in _manifests(files[name])]
            objects += found
            told.append((name, ", ".join(str(one["kind"]) for one in found)))
        except LeafsealError as error:
            errors.append(error)
    for number, wanted in enumerate(generator.secrets):
        try:
            objects.append(_finished(_secret(wanted, files, generator.is_ksops), generator))
            told += [(name, f"Secret {wanted.metadata['name']}") for name in wanted.names]
        except LeafsealError as error:
            errors.append(error if error.file else LeafsealError(f"secretFrom[{number}]: {error}", hint=error.hint))
    return Generated(objects, told, errors)


def _plain_errors(files: Sequence[File]) -> Iterator[LeafsealError]:
    for file in files:
        if file.opened is None:
            error = not_encrypted_error(file.item.source.data)
            error.file = file.name
            yield error


def _manifests(file: File) -> list[Manifest]:
    with naming(file.name):
        if not (found := manifests(file)):
            raise LeafsealError("contains no manifest")
        for one in found:
            with_data(one)  # which checks it; the message then names the file
        return found


def _finished(manifest: Manifest, generator: Generator) -> Manifest:
    """Return an object as kustomize is to get it."""
    metadata = manifest.get("metadata")
    found = {**manifest, "metadata": with_texts(metadata, "metadata")} if isinstance(metadata, dict) else manifest
    if generator.is_ksops:
        return found
    found = with_data(found)
    if is_secret(found) and not found.get("type"):
        found = {**found, "type": "Opaque"}  # which a Secret that it is merged into takes over
    if generator.hashes_names and found["apiVersion"] == "v1" and found["kind"] in ("Secret", "ConfigMap"):
        own = found.get("metadata") or {}
        found["metadata"] = {**own, "annotations": {_HASH: "true", **(own.get("annotations") or {})}}
    return found


def _secret(wanted: SecretFrom, files: dict[str, File], is_ksops: bool) -> Manifest:
    texts: dict[str, str] = {}
    data: dict[str, str] = {}
    for key, value, is_binary in _values(wanted, files):
        if key in texts or key in data:
            raise LeafsealError(f"the key name {visible(key)!r} is given twice")
        text = None if is_binary or not is_ksops else _as_text(value)
        if text is None:
            data[key] = base64.b64encode(value).decode()
        else:
            texts[key] = text
    manifest: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": wanted.metadata}
    if wanted.type is not None:
        manifest["type"] = wanted.type
    manifest |= {name: found for name, found in (("stringData", texts), ("data", data)) if found}
    with_data(manifest)
    return manifest


def _values(wanted: SecretFrom, files: dict[str, File]) -> Iterator[tuple[str, bytes, bool]]:
    """Yield keys and values, and whether a value is to be bytes."""
    for key, name in wanted.files:
        yield key, files[name].plaintext(), False
    for key, name in wanted.binary_files:
        yield key, files[name].plaintext(), True
    for name in wanted.envs:
        with naming(name):
            for key, value in _variables(files[name], wanted.has_quotes):
                yield key, value, False


def _variables(file: File, has_quotes: bool) -> Iterator[tuple[str, bytes]]:
    if has_quotes:
        from leafseal.run.dialects import read  # hardly any file has them

        text = file.plaintext().decode("utf-8", "surrogateescape")
        for name, value in read(text, "godotenv", {}).items():
            yield name, value.encode("utf-8", "surrogateescape")
        return
    assert file.opened is not None
    for number, document in enumerate(file.trees()):
        yield from _of_mapping(document, spelled_as_in(file.opened, number))


def _of_mapping(document: MappingNode, spell: Spell) -> Iterator[tuple[str, bytes]]:
    for item in document.items:
        if isinstance(item, Comment):
            continue
        name, value = item
        if isinstance(value, MappingNode | ListNode):
            raise LeafsealError(f"{visible(name)}: is a mapping or list, and cannot be a value of a Secret")
        yield name, data_of((name,), value, as_sops=False, spell=spell)


def _as_text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
