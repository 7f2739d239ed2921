"""Sealed files, opened from their bytes, and edited texts, sealed again."""

from __future__ import annotations

from leafseal.document import Locator
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.edit import Draft, draft_with, draft_without
from leafseal.operations.open import Opened, Source, open_file
from leafseal.operations.product import Product
from leafseal.operations.reseal import reseal
from leafseal.system.reading import Snapshot


def as_item(name: str, data: bytes, format_name: str) -> Item:
    """Return what reading a file gives."""
    return Item(Snapshot(name, data), Source(name, data, format_name))


def open_sealed(data: bytes, format_name: str, keys: KeyRing | Ambient, read: ReadOptions = DEFAULT_READ) -> Opened:
    """Open a sealed file and verify all of it."""
    return open_file(Source("", data, format_name), keys if isinstance(keys, KeyRing) else KeyRing(keys), read)


def reseal_text(opened: Opened, text: bytes) -> Product:
    """Return an edited text sealed again, as after the editor."""
    return reseal(opened, Draft.of(opened, text))


def set_leaf(opened: Opened, locator: Locator, value: object) -> Product:
    """Return the file with `value` stored at `locator` of the first document, and nothing else moved."""
    return reseal(opened, draft_with(opened, locator, value))


def unset_leaf(opened: Opened, locator: Locator) -> Product:
    """Return the file without what stands at `locator` of the first document."""
    return reseal(opened, draft_without(opened, locator))
