"""Metadata as it is written over metadata that a file has: what says the same again stays as it stands there."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from leafseal.document.limits import Limits
from leafseal.document.order import in_old_order
from leafseal.errors import MetadataError
from leafseal.metadata import FIELDS, Metadata

_ANY = Limits(recipients=sys.maxsize)  # they were counted when the file was read


def mapping_over(old: Mapping[str, object] | None, metadata: Metadata) -> dict[str, object]:
    """Return the mapping to be written in the place of `old`: its names, order and values, where they say the same.

    Other programs, and SOPS before 3.13, have their own order, write null and empty lists, and text for numbers.
    """
    new = metadata.to_mapping()
    if old is None:
        return new
    try:
        written = _over(old, Metadata.parse(old, check_version=False, limits=_ANY).to_mapping(), new)
        if Metadata.parse(written, check_version=False, limits=_ANY).to_mapping() == new:
            return written
    except MetadataError:
        pass
    return new


def _over(old: Mapping[str, object], had: Mapping[str, object], new: Mapping[str, object]) -> dict[str, object]:
    known = {name.casefold(): name for name in FIELDS}
    written: dict[str, object] = {}
    missing = dict(new)
    for name, value in old.items():
        field = known.get(name.casefold(), name)
        if field in new:
            written[name] = value if field in had and had[field] == new[field] else new[field]
            del missing[field]
        elif field not in had:
            written[name] = value  # it says nothing, and did not before
    written.update(missing)
    return {name: written[name] for name in in_old_order(old, sorted(written))}
