"""The three-way merge of who can open a file: names decide, never blobs, which every re-wrapping makes new.

Whoever was removed on one side stays removed. What only theirs names is carried over with its blob as it is; nothing is
wrapped anew for anybody whom neither ours nor ours' configuration names: a hostile branch can list any recipient.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from leafseal.document.frozen import NamedTuple
from leafseal.git.lists import merged_order
from leafseal.keys import MasterKey
from leafseal.keys.changes import keys_of, removed, required_groups
from leafseal.keys.groups import KeyGroup
from leafseal.keys.ring import WrappedKey, label
from leafseal.keys.short_names import NameOf, listed
from leafseal.metadata import Metadata

Id = tuple[str, str]
"""What a recipient is: its kind, and all that the metadata say of it but the blob."""

Wrap = Callable[[Sequence[Sequence[MasterKey]], int], tuple[KeyGroup, ...]]
"""Wraps the data key of the result for groups of keys, with a threshold."""


class Wrapped(NamedTuple):
    """One side: its groups, and whether its blobs hold the data key of the result."""

    groups: tuple[KeyGroup, ...]
    threshold: int
    has_key: bool


class MergedRecipients(NamedTuple):
    """The groups of the result; who came and went by theirs; why it is ours' after all, where it is a conflict."""

    groups: tuple[KeyGroup, ...]
    threshold: int
    added: tuple[MasterKey, ...] = ()
    removed: tuple[MasterKey, ...] = ()
    conflict: str = ""


def told_of(added: Iterable[MasterKey], removed: Iterable[MasterKey]) -> list[str]:
    """Return the sentences about whom theirs added and removed."""
    return [
        *(f"recipient added by theirs: {label(one)}" for one in added),
        *(f"recipient removed by theirs: {label(one)}" for one in removed),
    ]


def only_named(ours: Metadata, theirs: Metadata, name_of: NameOf) -> str:
    """Return in what the recipients of two sides differ, to be appended to a conflict; empty where in nothing."""
    mine, other = keys_of(ours.groups), keys_of(theirs.groups)
    parts = [
        f"only {whose} names {listed(keys, name_of)}"
        for whose, keys in (("theirs", removed(other, mine)), ("ours", removed(mine, other)))
        if keys
    ]
    return f": {'; '.join(parts)}" if parts else ""


def names_of(metadata: Metadata) -> tuple[object, ...]:
    """Return what two files have in common that are for the same recipients, whatever their blobs."""
    return _shape(wrapped_of(metadata, has_key=True))


class CannotWrapError(Exception):
    """Somebody would have to be given the data key whom nobody on our side names."""


def recipient_id(key: MasterKey) -> Id:
    """Return what tells one recipient from another."""
    return key.kind, _in_order(key.to_metadata())


def _in_order(value: object) -> str:
    """Return the text of what metadata say, whatever order its names have."""
    if isinstance(value, Mapping):
        return repr([(name, _in_order(value[name])) for name in sorted(value)])
    return repr(value)


def wrapped_of(metadata: Metadata, *, has_key: bool) -> Wrapped:
    """Return one side of the merge."""
    return Wrapped(metadata.groups, metadata.threshold, has_key)


def merge_recipients(
    base: Wrapped | None,
    ours: Wrapped,
    theirs: Wrapped,
    *,
    opened: Collection[Id],
    configured: Collection[Id] = (),
    least: int | None = None,
    wrap: Wrap,
) -> MergedRecipients:
    """Merge who can open a file.

    `opened` are the recipients whose key we hold, `configured` those that ours' configuration names, `least` how many
    groups it wants to be needed. Where there is a conflict, the groups are ours', whose blobs must hold the data key or
    be wrapped again.
    """
    allowed = {*configured, *_ids(ours)}
    try:
        if all(len(side.groups) == 1 for side in (ours, theirs) + ((base,) if base else ())):
            merged = _one_group(base, ours, theirs, allowed, wrap)
        else:
            merged = _groups(base, ours, theirs, allowed, least, wrap)
        if not merged.conflict and not {recipient_id(w.master_key) for g in merged.groups for w in g} & set(opened):
            merged = merged._replace(conflict="nobody would be left whose key is here")
    except CannotWrapError:
        merged = MergedRecipients((), 0, conflict="a recipient that only theirs names would get the data key")
    if not merged.conflict:
        before = _ids(ours)
        after = {recipient_id(wrapped.master_key): wrapped.master_key for group in merged.groups for wrapped in group}
        return merged._replace(
            added=tuple(key for name, key in after.items() if name not in before),
            removed=tuple(key for name, key in before.items() if name not in after),
        )
    if ours.has_key:
        return MergedRecipients(ours.groups, ours.threshold, conflict=merged.conflict)
    return MergedRecipients(wrap(_keys(ours.groups), ours.threshold), ours.threshold, conflict=merged.conflict)


def _ids(side: Wrapped) -> dict[Id, MasterKey]:
    return {recipient_id(wrapped.master_key): wrapped.master_key for group in side.groups for wrapped in group}


def _keys(groups: Sequence[KeyGroup]) -> list[list[MasterKey]]:
    return [[wrapped.master_key for wrapped in group] for group in groups]


def _by_id(group: KeyGroup) -> dict[Id, WrappedKey]:
    return {recipient_id(wrapped.master_key): wrapped for wrapped in group}


def _merged_ids(base: Collection[Id], ours: Collection[Id], theirs: Collection[Id]) -> list[Id]:
    """Return who is left: what both have, what one added, and nobody whom one removed."""
    left = [one for one in {**dict.fromkeys(ours), **dict.fromkeys(theirs)} if _stays(one, base, ours, theirs)]
    return merged_order([*base], [*ours], [*theirs], left)


def _stays(one: Id, base: Collection[Id], ours: Collection[Id], theirs: Collection[Id]) -> bool:
    return (one in ours and one in theirs) if one in base else True


def _one_group(
    base: Wrapped | None, ours: Wrapped, theirs: Wrapped, allowed: Collection[Id], wrap: Wrap
) -> MergedRecipients:
    sides = [_by_id(side.groups[0]) if side else {} for side in (base, ours, theirs)]
    usable = [group for group, side in ((sides[1], ours), (sides[2], theirs)) if side.has_key]
    ids = _merged_ids(*sides)
    blobs = {one: next((group[one] for group in usable if one in group), None) for one in ids}
    missing = [one for one, blob in blobs.items() if blob is None]
    if not set(missing) <= set(allowed):
        raise CannotWrapError
    if missing:
        named = {**sides[2], **sides[1]}
        [new] = wrap([[named[one].master_key for one in missing]], 0)
        dated = (_dated_as(blob, named[one]) for one, blob in zip(missing, new, strict=True))
        blobs |= dict(zip(missing, dated, strict=True))
    threshold = ours.threshold if base is None or theirs.threshold == base.threshold else theirs.threshold
    return MergedRecipients((tuple(blob for blob in blobs.values() if blob is not None),), threshold)


def merge_names(base: Wrapped, ours: Wrapped, theirs: Wrapped) -> tuple[KeyGroup, ...]:
    """Return the one group of a merge in which all blobs hold the same data key. Raises `CannotWrapError`."""

    def wrap(_groups: Sequence[Sequence[MasterKey]], _threshold: int) -> tuple[KeyGroup, ...]:
        raise CannotWrapError

    return _one_group(base, ours, theirs, (), wrap).groups


def _dated_as(blob: WrappedKey, had: WrappedKey) -> WrappedKey:
    return blob._replace(created_at=had.created_at) if had.created_at is not None else blob


def _groups(
    base: Wrapped | None, ours: Wrapped, theirs: Wrapped, allowed: Collection[Id], least: int | None, wrap: Wrap
) -> MergedRecipients:
    """Merge several groups. Shares of two wraps do not mix: all blobs come from one side, or are wrapped again."""
    shape, mine, other = (_shape(side) if side else None for side in (base, ours, theirs))
    weaker = _needed(theirs) < _needed(ours) and (base is None or _needed(theirs) < _needed(base))
    if other not in (mine, shape) and weaker and least != _needed(theirs):
        return MergedRecipients((), 0, conflict="theirs lowers how many key groups are needed")
    if mine == other or other == shape:
        if ours.has_key:
            return MergedRecipients(ours.groups, ours.threshold)
        if mine == other:
            return MergedRecipients(theirs.groups, theirs.threshold)
    if mine == shape and theirs.has_key:
        return MergedRecipients(theirs.groups, theirs.threshold)
    counts = {len(side.groups) for side in (base, ours, theirs) if side}
    if len(counts) > 1:
        return MergedRecipients((), 0, conflict="both sides changed the key groups")
    merged: list[list[MasterKey]] = []
    for position in range(counts.pop()):
        sides = [_by_id(side.groups[position]) if side else {} for side in (base, ours, theirs)]
        ids = _merged_ids(*sides)
        if not ids:
            return MergedRecipients((), 0, conflict="a key group would be empty")
        if not set(ids) <= set(allowed):
            raise CannotWrapError
        named = {**sides[2], **sides[1]}
        merged.append([named[one].master_key for one in ids])
    threshold = ours.threshold
    if base is not None and ours.threshold == base.threshold:
        threshold = theirs.threshold
    return MergedRecipients(wrap(merged, threshold), threshold)


def _shape(side: Wrapped) -> tuple[object, ...]:
    return (_needed(side), *(frozenset(_by_id(group)) for group in side.groups))


def _needed(side: Wrapped) -> int:
    return required_groups(len(side.groups), side.threshold)
