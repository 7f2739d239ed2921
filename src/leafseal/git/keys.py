"""Whose data key the result of a merge has, and who can open it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from leafseal.document.frozen import NamedTuple
from leafseal.git.recipients import Id, MergedRecipients, merge_recipients, recipient_id, told_of, wrapped_of
from leafseal.git.sides import Sides
from leafseal.keys import MasterKey
from leafseal.keys.changes import required_groups
from leafseal.keys.groups import DataKey, KeyGroup, wrap_data_key
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Opened
from leafseal.system.clock import now

if TYPE_CHECKING:
    from typing import Protocol

    class Configured(Protocol):
        """What ours' configuration wants of the file."""

        @property
        def groups(self) -> Sequence[Sequence[MasterKey]]:
            """The master keys that it names."""

        @property
        def threshold(self) -> int:
            """How many of its groups are needed; 0 for all."""


class MergedKeys(NamedTuple):
    """The side whose data key the result has, its recipients, and what is to be told of both."""

    side: Opened
    recipients: MergedRecipients
    told: list[str]


def merge_keys(sides: Sides, ring: KeyRing, configured: Callable[[], Configured | None]) -> MergedKeys:
    """Merge the keys of three opened versions; `configured` is what ours' configuration wants, asked if need be."""
    side, told = _key_side(sides)
    recipients = _recipients(sides, side.data_key, ring, configured)
    told += told_of(recipients.added, recipients.removed)
    if recipients.removed and side.data_key.reveal() == sides.ours.data_key.reveal():
        told.append('who was removed can still read new values with the old data key: run "leafseal rotate"')
    return MergedKeys(side, recipients, told)


def _key_side(sides: Sides) -> tuple[Opened, list[str]]:
    """Return the side whose data key the result has, the one that was rotated or ours where both were, and why."""
    was, mine, other = (side.data_key.reveal() if side else None for side in sides)
    if mine == other:
        return sides.ours, []
    if was != mine:
        return sides.ours, ["both sides have another data key than the base; ours is kept"] if was != other else []
    if _knows_values_of(sides.theirs, sides.base):
        return sides.theirs, []
    # Whoever lacks the key could have made it up, to be able to read what ours adds.
    return sides.ours, [
        'theirs has another data key and too few of the values that were there; ours is kept: run "leafseal rotate"'
    ]


def _recipients(
    sides: Sides, data_key: DataKey, ring: KeyRing, configured: Callable[[], Configured | None]
) -> MergedRecipients:
    key = data_key.reveal()
    base, ours, theirs = (
        wrapped_of(side.metadata, has_key=side.data_key.reveal() == key) if side else None for side in sides
    )
    assert ours is not None
    assert theirs is not None
    if ours.groups == theirs.groups and ours.has_key:
        return MergedRecipients(ours.groups, ours.threshold)

    def wrap(groups: Sequence[Sequence[MasterKey]], threshold: int) -> tuple[KeyGroup, ...]:
        return wrap_data_key(data_key, groups, threshold, ring.ambient, now())

    wanted = configured()
    return merge_recipients(
        base,
        ours,
        theirs,
        opened=_opened_ids(sides, ring),
        configured={recipient_id(one) for group in wanted.groups for one in group} if wanted else (),
        least=required_groups(len(wanted.groups), wanted.threshold) if wanted else None,
        wrap=wrap,
    )


def _opened_ids(sides: Sides, ring: KeyRing) -> Collection[Id]:
    """Return the recipients whose key is here."""
    wrapped = (one for side in sides if side for one in side.metadata.wrapped_keys())
    return {recipient_id(one.master_key) for one in wrapped if ring.gave(one)}


def _knows_values_of(one: Opened, other: Opened | None) -> bool:
    """Tell whether a side has what the other has encrypted, in its places: most of it, and what is hardest to guess.

    Names of hosts and users can be guessed by somebody who lacks the key.
    """
    known, mine = (_telling(side) if side else set() for side in (other, one))
    shared = known & mine
    hardest = max(map(_variety, known), default=0)
    return 2 * len(shared) > len(known) and any(_variety(key) == hardest for key in shared)


_Known = tuple[str, str, bytes]
"""Place, type and bytes of an encrypted value."""


def _telling(side: Opened) -> set[_Known]:
    found = ((item.aad, item.word, item.data) for item in side.leaves.sealed if not item.leaf.is_comment)
    return {key for key in found if len(key[2]) >= _TELLING}


def _variety(key: _Known) -> int:
    return len(set(key[2]))


_TELLING = 4
"""Bytes of a value that nobody is likely to have guessed."""
