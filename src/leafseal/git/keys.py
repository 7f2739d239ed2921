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
    return sides.theirs, []


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
