"""What the post-renderer makes of a stream: encrypted manifests decrypted, references resolved, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from leafseal.deploy.emitter import emit
from leafseal.deploy.helm import references
from leafseal.deploy.helm.references import Reference
from leafseal.deploy.helm.stream import FILENAME, Piece, pieces, without_filename
from leafseal.deploy.manifests import Manifest, manifests
from leafseal.deploy.opening import File, open_files
from leafseal.deploy.secrets import with_data
from leafseal.document.paths import resolve_path
from leafseal.document.scalars import to_plain_text
from leafseal.document.tree import ListNode, MappingNode, find
from leafseal.errors import LeafsealError, NotEncryptedError, naming
from leafseal.formats import ANY_BYTES
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.extract import document_of
from leafseal.operations.open import Source
from leafseal.system.reading import Snapshot

Read = Callable[[str], Item]
"""Reads a file that a reference names. Raises `LeafsealError` for one that must not be read, or cannot."""


def render(stream: bytes, ring: KeyRing, read: Read) -> tuple[bytes, list[LeafsealError]]:
    """Return the stream, and what is wrong: with any of it, the stream is not to be used.

    Documents in which there is nothing to do stay to the byte.
    """
    found = list(pieces(stream))
    touched = [piece for piece in found if piece.is_encrypted or piece.has_references]
    errors: list[LeafsealError] = []
    texts: dict[int, list[Manifest]] = {}
    opened, names = _open(touched, ring, errors)
    for piece, file in zip(touched, opened, strict=True):
        if file is not None:
            with _noting(errors), naming(piece.name):
                texts[id(piece)] = [_with_filename(one, names[id(piece)]) for one in manifests(file)]
    files = _read_all(texts, {id(piece): piece.name for piece in touched}, ring, read, errors)
    if errors:
        return b"", errors
    new: dict[int, bytes] = {}
    for piece in touched:
        with _noting(errors), naming(piece.name):
            resolved = [references.resolved(one, lambda ref: _value(files[ref.file], ref)) for one in texts[id(piece)]]
            new[id(piece)] = emit([with_data(one) for one in resolved])
    if errors:
        return b"", errors
    return b"".join(b"".join((one.separator, one.lead, new.get(id(one), one.text))) for one in found), errors


class _noting:
    """Keeps a `LeafsealError` of the block among others."""

    def __init__(self, errors: list[LeafsealError]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _trace: object) -> bool:
        if isinstance(error, LeafsealError):
            self._errors.append(error)
            return True
        return False


def _open(
    touched: Sequence[Piece], ring: KeyRing, errors: list[LeafsealError]
) -> tuple[list[File | None], dict[int, str | None]]:
    """Return the documents as files, and the names that Helm 4 added to them."""
    items: list[Item] = []
    names: dict[int, str | None] = {}
    for piece in touched:
        text, names[id(piece)] = without_filename(piece.text)
        items.append(Item(Snapshot(piece.name, text), Source(piece.name, text, "yaml")))
    files, failed = open_files(items, ring)
    errors += [_from_a_value_file(error) if isinstance(error, NotEncryptedError) else error for error in failed]
    by_item = {id(file.item): file for file in files}
    return [by_item.get(id(item)) for item in items], names


def _from_a_value_file(error: NotEncryptedError) -> LeafsealError:
    """Return the error for encrypted values in what Helm made of a template: hardly any chart has them itself."""
    return NotEncryptedError(
        "a value is still encrypted (ENC[…])",
        hint='if it is from a value file, run "helm leafseal template", or write -f leafseal:PATH',
        file=error.file,
    )


def _with_filename(manifest: Manifest, name: str | None) -> Manifest:
    if name is None:
        return manifest
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    annotations = metadata.get("annotations")
    annotations = annotations if isinstance(annotations, dict) else {}
    return {**manifest, "metadata": {**metadata, "annotations": {**annotations, FILENAME[-1]: name}}}


def _read_all(
    texts: Mapping[int, Sequence[Manifest]],
    names: Mapping[int, str],
    ring: KeyRing,
    read: Read,
    errors: list[LeafsealError],
) -> dict[str, File]:
    """Return the files that the references of all manifests name, each opened once."""
    wanted: dict[str, None] = {}
    for key, objects in texts.items():
        with _noting(errors), naming(names[key]):
            wanted.update(dict.fromkeys(ref.file for one in objects for ref in references.references(one)))
    items: dict[str, Item] = {}
    for name in wanted:
        with _noting(errors):
            items[name] = read(name)
    files, failed = open_files(list(items.values()), ring)
    errors += failed
    by_item = {id(file.item): file for file in files}
    found = {name: by_item[id(item)] for name, item in items.items() if id(item) in by_item}
    errors += [
        NotEncryptedError(
            "not encrypted, and a reference names it", hint='encrypt it with "leafseal encrypt -i FILE"', file=name
        )
        for name, file in found.items()
        if file.opened is None
    ]
    return found


def _value(file: File, reference: Reference) -> bytes:
    """Return the value that a reference names. Raises `LeafsealError`."""
    opened = file.opened
    assert opened is not None
    with naming(file.name):
        if not reference.pointer:
            return opened.plaintext()
        if opened.document.format == ANY_BYTES:
            raise LeafsealError("this file has one value", hint=f"write {references.PREFIX}{reference.file}")
        document = document_of(opened, None, hint="keep one document in a file that references name")
        locator = resolve_path(reference.pointer, (leaf.locator for leaf, _ in opened.leaves.values))
        node = find(document, locator)
        if isinstance(node, MappingNode | ListNode) or node is None:
            raise LeafsealError(f"{reference.pointer} is not a single value", hint="name one value in a reference")
        text = to_plain_text(node)
        return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
