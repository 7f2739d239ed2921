"""The places that a merge left undecided, as a file remembers them (docs/format.md, "Unresolved conflicts").

    sops:
        leafseal:
            unresolved:
                u3f9a1c0b7d5e2a48: /db/password
                base: 2f1c…
                theirs: 9d0b…

The file is valid, and holds ours: nobody would see that theirs is missing. The places lie outside of MAC and digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from leafseal.document.frozen import NamedTuple
from leafseal.metadata import Metadata

RECIPIENTS = "/sops/recipients"
RULE = "/sops/rule"

_BLOB = r"[0-9a-f]{40,64}"


class Unresolved(NamedTuple):
    """The places with a conflict, as pointers (`document.values.pointer`), and the Git blobs that were merged.

    `base` and `theirs` are empty where they are not known.
    """

    places: tuple[str, ...] = ()
    base: str = ""
    theirs: str = ""

    def __bool__(self) -> bool:
        """Tell whether any place is left."""
        return bool(self.places)

    def without(self, places: Iterable[str]) -> Unresolved:
        """Return the same without some places; nothing at all where none is left."""
        gone = set(places)
        left = tuple(place for place in self.places if place not in gone)
        return self._replace(places=left) if left else Unresolved()


def read(metadata: Metadata) -> Unresolved:
    """Return what metadata remember of a merge. What is of a form that a later version may know counts as a place."""
    return of_mapping(metadata.unresolved)


def of_mapping(found: Mapping[str, str]) -> Unresolved:
    """Return what the mapping `sops.leafseal.unresolved` says."""
    blobs = {name: found.get(name, "") for name in ("base", "theirs")}
    blobs = {name: blob if re.fullmatch(_BLOB, blob) else "" for name, blob in blobs.items()}
    places = (text for name, text in found.items() if name not in blobs)
    return Unresolved(tuple(sorted(set(places))), **blobs)


def with_unresolved(metadata: Metadata, unresolved: Unresolved) -> Metadata:
    """Return metadata that remember these conflicts, or none."""
    entries = {entry_name(place): place for place in unresolved.places}
    blobs = {"base": unresolved.base, "theirs": unresolved.theirs} if entries else {}
    return metadata._replace(unresolved={**entries, **{name: blob for name, blob in blobs.items() if blob}})


def entry_name(place: str) -> str:
    """Return the name under which a place is kept: `u` and 16 hexadecimal digits of its SHA-256."""
    return "u" + hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
