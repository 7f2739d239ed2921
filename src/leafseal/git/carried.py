"""The MAC and the digest of a side, carried to a merged file that has what they cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leafseal.crypto.token import Sealer
from leafseal.document import Document, Leaf, Locator
from leafseal.document.scalars import Empty
from leafseal.document.tree import Comment
from leafseal.errors import StructureMismatchError
from leafseal.metadata import Metadata
from leafseal.operations import hand_edits, structure
from leafseal.operations.open import Opened
from leafseal.operations.seal import with_mac
from leafseal.rules.selection import Selection


class Kept:
    """The MAC and the digest of a side, where the result has what they cover: a merge of comments moves neither."""

    def __init__(self, document: Document, sides: Sequence[Opened], time: str) -> None:
        self._document = document
        self._sides = sides
        self._time = time
        self._side: Opened | None = None

    def mac(self, metadata: Metadata, hashed: Sequence[bytes], sealer: Sealer) -> Metadata:
        """Return metadata with the MAC and the time of the first side whose MAC fits, or with new ones."""
        mac_only = metadata.selection.mac_only_encrypted
        places = _places(((leaf, leaf.value) for leaf in self._document.leaves()), metadata.selection)
        for side in self._sides:
            own = side.metadata.selection
            if (
                own.mac_only_encrypted == mac_only
                and side.leaves.hashed == list(hashed)
                and _places(side.leaves.values, own) == places
            ):
                self._side = side
                return metadata.with_mac(side.metadata.mac, side.metadata.lastmodified)
        return with_mac(metadata, hashed, sealer, self._time)

    def structure(self, metadata: Metadata, document: Document, sealer: Sealer) -> Metadata | None:
        """Return metadata with the digest of the side that the MAC is from, None where it does not fit."""
        side = self._side
        if side is None or side.coverage != "covered":
            return None
        kept = metadata._replace(structure=side.metadata.structure)
        try:
            coverage, marks = structure.check(document, kept, sealer)
        except StructureMismatchError:
            return None
        now_ = hand_edits.marks(document, kept, side.data_key.reveal())
        return kept if coverage == "covered" and list(marks) == now_ else None


def _places(leaves: Iterable[tuple[Leaf, object]], selection: Selection) -> list[tuple[int, Locator]]:
    return [
        (leaf.document, leaf.locator)
        for leaf, value in leaves
        if not (leaf.is_comment or isinstance(value, Comment))
        and not (value is None or isinstance(value, Empty) or value in ("", b""))
        and (not selection.mac_only_encrypted or selection.selects(leaf))
    ]
