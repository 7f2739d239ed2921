"""What a command that wrote a file says of it, in one line on a terminal. Nothing here runs where nobody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leafseal.display import counted

if TYPE_CHECKING:
    from leafseal.metadata import Metadata
    from leafseal.operations.edit import Draft
    from leafseal.operations.open import Opened
    from leafseal.operations.product import Product


def encrypted(product: Product, verb: str = "encrypted") -> str:
    """Return how many values of a new form of a file are encrypted, and for how many recipients."""
    from leafseal.crypto.token import looks_sealed
    from leafseal.formats import ANY_BYTES
    from leafseal.operations.open import read_metadata

    document, metadata = read_metadata(product.data, product.format, product.read._replace(allow_duplicates=True))
    values = [leaf.value for leaf in document.leaves() if not leaf.is_comment]
    sealed = sum(isinstance(value, str) and looks_sealed(value) for value in values)
    what = "the whole file" if product.format == ANY_BYTES else f"{sealed} of {counted(len(values), 'value')}"
    return f"{verb} {what} for {_recipients(metadata)}"


def rewrapped(product: Product) -> str:
    """Return for whom a new form of a file is encrypted."""
    from leafseal.keys.changes import required_groups
    from leafseal.operations.open import read_metadata

    _, metadata = read_metadata(product.data, product.format, product.read._replace(allow_duplicates=True))
    groups = len(metadata.groups)
    count = required_groups(groups, metadata.threshold)
    needed = f" in {groups} key groups, {count} needed to decrypt" if groups > 1 else ""
    return f"now encrypted for {_recipients(metadata)}{needed}"


def decrypted(opened: Opened) -> str:
    """Return how many values of a file were decrypted."""
    from leafseal.formats import ANY_BYTES

    if opened.document.format == ANY_BYTES:
        return "decrypted the whole file"
    return f"decrypted {counted(sum(not item.leaf.is_comment for item in opened.leaves.sealed), 'value')}"


def edited(opened: Opened, draft: Draft) -> str:
    """Return how many values an edit changed, added or removed."""
    before = {(leaf.document, leaf.locator): value for leaf, value in opened.leaves.values if not leaf.is_comment}
    after = {(leaf.document, leaf.locator): leaf.value for leaf in draft.document.leaves() if not leaf.is_comment}
    common = before.keys() & after.keys()
    counts = {
        "changed": sum((type(before[place]), before[place]) != (type(after[place]), after[place]) for place in common),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
    }
    told = [f"{number} {word}" for word, number in counts.items() if number]
    return f"saved; values: {', '.join(told)}" if told else "saved"


def _recipients(metadata: Metadata) -> str:
    keys = {(wrapped.master_key.kind, str(wrapped.master_key)) for group in metadata.groups for wrapped in group}
    return counted(len(keys), "recipient")
