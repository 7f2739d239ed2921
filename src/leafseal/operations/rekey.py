"""Change the keys of a file: a new data key, or the same one wrapped for others."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.crypto.spelling import seal_spellings
from leafseal.crypto.token import Sealer
from leafseal.display import visible
from leafseal.document import Document, Edit, Leaf
from leafseal.errors import IntegrityError, RefusedError
from leafseal.keys import Ambient
from leafseal.keys.groups import DataKey, check_count, resolve_threshold, wrap_data_key
from leafseal.metadata import Metadata
from leafseal.metadata.groups import foreign_lists
from leafseal.metadata.least_change import mapping_over
from leafseal.operations import hand_edits
from leafseal.operations.open import Opened
from leafseal.operations.product import Groups, Product
from leafseal.operations.seal import has_structure, scan_sealed, with_mac, with_structure
from leafseal.system.clock import now


def rotate(opened: Opened, groups: Groups, threshold: int, ambient: Ambient) -> Product:
    """Return the file under a new data key: every token is new, everything else stands as it stood.

    Raises `RefusedError` where a key of a kind that is not known wraps the old data key, and could not have the new.
    """
    check_count(groups, opened.read.limits.recipients)
    if foreign := foreign_lists(opened.metadata.extra):
        names = ", ".join(map(visible, foreign))
        raise RefusedError(
            f"also encrypted for keys that this version does not know and cannot give a new data key: {names}",
            hint=f"use the program that added them; or, to lock these keys out, delete {names} from the sops metadata",
        )
    data_key = DataKey.generate()
    wrapped = wrap_data_key(data_key, groups, threshold, ambient, now(), previous=opened.metadata.groups)
    sealer = Sealer(data_key.reveal())
    tokens: list[tuple[Leaf, str]] = []
    spellings: list[tuple[str, str]] = []
    for leaf, _, data, word, aad in opened.leaves.sealed:
        token = sealer.seal_bytes(data, word, aad)
        tokens.append((leaf, token))
        if (source := opened.spellings.get(str(leaf.value))) is not None:
            spellings.append((token, source))
    metadata = opened.metadata.with_groups(wrapped, resolve_threshold(len(wrapped), threshold))
    metadata = metadata.with_spelling(seal_spellings(spellings, sealer))
    if opened.has_layout:
        from leafseal.operations import layout  # which most files do without

        old = Sealer(opened.data_key.reveal())
        parts = layout.seal_again(opened.laid_out(), layout.remembered(opened.metadata), old, sealer)
        metadata = layout.with_layout(metadata, parts)
    replaced = opened.document.rewrite(_replacements(opened.document, tokens))
    document = scan_sealed(replaced, opened.document.format, opened.read)
    metadata = structured(with_mac(metadata, opened.leaves.hashed, sealer), opened, document, data_key)
    return _unchanged(opened, document.rewrite([], mapping_over(document.metadata(), metadata)), data_key)


def without_foreign(opened: Opened) -> Opened:
    """Return the same without the keys that `rotate` refuses to leave behind: SOPS drops them."""
    extra = opened.metadata.extra
    foreign = foreign_lists(extra)
    if not foreign:
        return opened
    kept = {name: value for name, value in extra.items() if name not in foreign}
    return opened.with_metadata(opened.metadata._replace(extra=kept))


def _replacements(document: Document, tokens: Sequence[tuple[Leaf, str]]) -> list[Edit]:
    """Return the edits that put new tokens where old ones stand, quotes and headers untouched."""
    edits = []
    for leaf, token in tokens:
        source, old = document.text[leaf.start : leaf.end], str(leaf.value)
        start = leaf.start + source.find(old)
        if old not in source:
            raise IntegrityError(
                "an encrypted value is written in a way that cannot be replaced in place", path=leaf.path
            )
        edits.append(Edit(start, start + len(old), token))
    return edits


def rewrap(opened: Opened, groups: Groups, threshold: int, ambient: Ambient, *, keep_dates: bool = False) -> Product:
    """Return the file with the same data key wrapped for other groups: leaves, time and MAC stand as they stood.

    With `keep_dates` the keys that stay keep the date they were added at, as with `rotate`; else all are dated now.
    """
    check_count(groups, opened.read.limits.recipients)
    previous = opened.metadata.groups if keep_dates else ()
    wrapped = wrap_data_key(opened.data_key, groups, threshold, ambient, now(), previous=previous)
    metadata = opened.metadata.with_groups(wrapped, resolve_threshold(len(wrapped), threshold))
    if metadata.unresolved:
        from leafseal.operations.unresolved import with_recipients_decided  # most files have no conflicts

        metadata = with_recipients_decided(metadata)
    metadata = structured(metadata, opened, opened.document, opened.data_key)
    mapping = mapping_over(opened.document.metadata(), metadata)
    return _unchanged(opened, opened.document.rewrite([], mapping), opened.data_key)


def structured(metadata: Metadata, opened: Opened, document: Document, data_key: DataKey) -> Metadata:
    """Return metadata with a digest of the structure of a document, which new keys do not change."""
    if opened.read.omit_structure or not has_structure(document.format):
        return metadata._replace(structure="")
    told = hand_edits.marks(document, metadata, data_key.reveal())
    if opened.coverage == "covered" and metadata.mac == opened.metadata.mac and told == opened.marks:
        return metadata
    return with_structure(metadata, document, data_key)


def _unchanged(opened: Opened, data: bytes, data_key: DataKey) -> Product:
    """Return new bytes for a file that opens to what it opened to."""
    return Product(data, opened.document.format, data_key, opened.plaintext(), opened.read)
