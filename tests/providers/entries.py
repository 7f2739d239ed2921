"""Entries of master keys, read as they are read from the metadata of a file."""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.keys.ring import WrappedKey
from leafseal.metadata.groups import read_groups


def load_entry(kind: str, entry: Mapping[str, object]) -> WrappedKey:
    """Read one entry of the list of `kind` in a key group. Raises `MetadataError`."""
    [[wrapped]] = read_groups({"key_groups": [{kind: [dict(entry)]}]}, most=1)
    return wrapped
