"""Seal a draft under the data key that its file has: what did not change keeps its token to the byte."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from leafseal.crypto.spelling import entry_name
from leafseal.document import Edit, Locator
from leafseal.formats import ANY_BYTES, parse
from leafseal.metadata import Metadata
from leafseal.operations.clear_text import Comments, comments_of
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import refuse_reserved
from leafseal.operations.leaves import OpenedLeaf
from leafseal.operations.memory import Memory
from leafseal.operations.open import Opened
from leafseal.operations.product import FORMAT_VERSION, Product
from leafseal.operations.seal import seal_document
from leafseal.rules.selection import Selection


def reseal(
    opened: Opened,
    draft: Draft,
    *,
    selection: Selection | None = None,
    floats: Collection[Locator] = (),
    comments: Comments | None = None,
    allow_nothing: bool = False,
    others: Sequence[Opened] = (),
) -> Product:
    """Return an edited form of the opened file, sealed under the same data key.

    What did not change keeps its token to the byte; `lastmodified` and the MAC are new. With `selection` the file gets
    another rule. `floats` are places of the first document whose numbers are floats also where their text, such as
    `5`, is that of an integer. Comments beside sealed values stay what they were, unless `comments` says otherwise. The
    caller that asked about a rule that seals nothing gives `allow_nothing`. What comes from `others`, versions of the
    file under the same data key, keeps the token that it has there.
    """
    document = draft.document
    refuse_reserved(document, document.format)
    metadata = opened.metadata if selection is None else opened.metadata._replace(selection=selection)
    if metadata.unresolved:
        from leafseal.operations import unresolved  # most files have no conflicts

        metadata = unresolved.left_after(metadata, opened.plain_document(), document, draft.settled)
        metadata = metadata if selection is None else unresolved.with_rule_decided(metadata)
    memory = Memory(*remembered(opened))
    for other in others:
        memory.add(*remembered(other))
    data = seal_document(
        document,
        opened.data_key,
        metadata,
        before=opened.document,
        comments=comments if comments is not None else comments_of(opened),
        memory=memory,
        floats=frozenset(floats),
        indent=opened.document.block_indent,
        allow_nothing=allow_nothing or selection in (None, opened.metadata.selection),
        read=opened.read,
    )
    return Product(data, document.format, opened.data_key, draft.plain, opened.read._replace(ignore_mac=False))


def remembered(
    opened: Opened,
) -> tuple[str, Sequence[OpenedLeaf], Sequence[Edit], Sequence[object], Mapping[str, tuple[str, str]]]:
    """Return what `Memory` is made of: the tokens of a file, and how each was spelled."""
    stored = opened.metadata.spelling
    entries = {token: (source, stored[entry_name(token)]) for token, source in opened.spellings.items()}
    contexts = [opened.document.context(item.leaf) for item in opened.leaves.sealed]
    return opened.document.text, opened.leaves.sealed, opened.edits(), contexts, entries


def seal_beside(opened: Opened, data: bytes) -> bytes:
    """Return any bytes as a binary file under the data key and the wrapped keys of an opened file."""
    document = parse(data, ANY_BYTES, opened.read)
    metadata = Metadata(
        groups=opened.metadata.groups,
        threshold=opened.metadata.threshold,
        version=FORMAT_VERSION,
        states_rule=False,
    )
    return seal_document(document, opened.data_key, metadata, allow_nothing=True, read=opened.read)
