"""What of a merge can be decided without a key: by equal bytes, with the MAC and all that it covers from one side.

One side may have changed values that nothing covers (with `mac_only_encrypted`), or recipients, which no MAC covers.
Nobody can verify the result. Everything else needs the values.
"""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.crypto.token import is_token
from leafseal.document import Document, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import ReadOptions
from leafseal.document.values import equal, values_of
from leafseal.errors import LeafsealError
from leafseal.git.lines import TooDifferentError, merge_lines
from leafseal.git.recipients import CannotWrapError, Wrapped, merge_names, recipient_id
from leafseal.git.sides import Version
from leafseal.git.three_way import merge
from leafseal.keys import MasterKey
from leafseal.metadata import Metadata
from leafseal.metadata.least_change import mapping_over
from leafseal.operations.open import read_metadata


class Scanned(NamedTuple):
    """A version that was read and not opened."""

    document: Document
    metadata: Metadata
    block: Mapping[str, object]

    @property
    def sealed(self) -> list[tuple[int, Locator, object]]:
        """The ciphertext of the file, with its places."""
        leaves = self.document.leaves()
        selects = self.metadata.selection.selects
        return [(leaf.document, leaf.locator, leaf.value) for leaf in leaves if selects(leaf)]

    @property
    def tokens(self) -> set[tuple[int, Locator, str]]:
        """What only the data key can have made: not what is empty, which the rule selects too."""
        return {(at, path, text) for at, path, text in self.sealed if isinstance(text, str) and is_token(text)}


class Merged(NamedTuple):
    """The bytes of a result, and whom theirs added and removed."""

    data: bytes
    added: tuple[MasterKey, ...] = ()
    removed: tuple[MasterKey, ...] = ()


def merge_without_key(versions: tuple[Version, Version, Version], format_name: str, read: ReadOptions) -> Merged | None:
    """Return the merge of three versions, where it can be decided without a key; else None."""
    try:
        base, ours, theirs = (_scan(version, format_name, read) for version in versions)
        return _clear_changes(base, ours, theirs, format_name, read) or _recipients(base, ours, theirs)
    except (LeafsealError, TooDifferentError, CannotWrapError):
        return None


def _scan(version: Version, format_name: str, read: ReadOptions) -> Scanned:
    document, metadata = read_metadata(version.data, format_name, read)
    return Scanned(document, metadata, document.metadata() or {})


def _clear_changes(base: Scanned, ours: Scanned, theirs: Scanned, format_name: str, read: ReadOptions) -> Merged | None:
    """Merge what nothing covers on one side with whatever the other has: by lines, which must agree with the values."""
    rules = {side.metadata.selection for side in (base, ours, theirs)}
    if len(rules) > 1 or not base.metadata.selection.mac_only_encrypted:
        return None
    leading = next(
        (
            other
            for side, other in ((theirs, ours), (ours, theirs))
            if side.sealed == base.sealed and dict(side.block) == dict(base.block)
        ),
        None,
    )
    if leading is None:
        return None
    merged = merge_lines(base.document.text, ours.document.text, theirs.document.text)
    values = merge(values_of(base.document), values_of(ours.document), values_of(theirs.document))
    if merged.conflicts or values.conflicts:
        return None
    data = merged.text.encode("utf-8", "surrogateescape")
    result = _scan(Version("result", "", data), format_name, read)
    is_right = (
        result.sealed == leading.sealed
        and dict(result.block) == dict(leading.block)
        and equal(values_of(result.document), values.documents)
    )
    return Merged(data) if is_right else None


def _recipients(base: Scanned, ours: Scanned, theirs: Scanned) -> Merged | None:
    """Merge the recipients of one side, which changed nothing else, with the values of the other."""
    for side, leading in ((theirs, ours), (ours, theirs)):
        is_only_recipients = (
            side.sealed == base.sealed
            and equal(values_of(side.document), values_of(base.document))
            and (side.metadata.mac, side.metadata.selection) == (base.metadata.mac, base.metadata.selection)
        )
        if is_only_recipients and leading.tokens & base.tokens:  # then their data key is the same
            sides = [Wrapped(one.metadata.groups, one.metadata.threshold, True) for one in (base, ours, theirs)]
            if any(len(one.groups) != 1 for one in sides):
                return None
            groups = merge_names(*sides)
            if not groups[0]:
                return None
            metadata = leading.metadata.with_groups(groups, leading.metadata.threshold)
            data = leading.document.rewrite([], mapping_over(leading.block, metadata))
            before = {recipient_id(one.master_key): one.master_key for one in sides[1].groups[0]}
            after = {recipient_id(one.master_key): one.master_key for one in groups[0]}
            added = tuple(key for name, key in after.items() if name not in before)
            return Merged(data, added, tuple(key for name, key in before.items() if name not in after))
    return None
