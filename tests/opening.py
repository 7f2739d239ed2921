"""Sealed files, opened from their bytes."""

from __future__ import annotations

from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Opened, Source, open_file


def open_sealed(data: bytes, format_name: str, keys: KeyRing | Ambient) -> Opened:
    """Open a sealed file and verify all of it."""
    return open_file(Source("", data, format_name), keys if isinstance(keys, KeyRing) else KeyRing(keys))
