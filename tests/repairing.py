"""Files with a garbled encryption context, repaired as `repair` does it."""

from __future__ import annotations

from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.context_repair import open_garbled, rewrap_garbled
from leafseal.operations.open import Source
from leafseal.operations.product import Product


def repair_context(data: bytes, format_name: str, ambient: Ambient) -> Product:
    """Return the file under a new data key, which all its master keys wrap under the context that it names."""
    opened = open_garbled(Source("", data, format_name), KeyRing(ambient))
    groups = [[wrapped.master_key for wrapped in group] for group in opened.metadata.groups]
    return rewrap_garbled(opened, groups, ambient)
