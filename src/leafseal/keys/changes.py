"""A change of who can open a file: its master keys before and after, group by group, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from leafseal.document.frozen import NamedTuple
from leafseal.keys import MasterKey, Resolvable
from leafseal.keys.groups import KeyGroup

Keys = tuple[MasterKey, ...]
"""The master keys of one group."""

KeyId = tuple[str, str]
"""What tells one master key from another: its kind, and how messages call it."""


def key_id(key: MasterKey) -> KeyId:
    """Return what tells one master key from another."""
    return key.kind, str(key)


def keys_of(groups: Iterable[KeyGroup]) -> list[Keys]:
    """Return the master keys of wrapped groups."""
    return [tuple(wrapped.master_key for wrapped in group) for group in groups]


def holder_id(key: MasterKey) -> KeyId:
    """Return what tells those who can use one key from those who can use another: all versions of a key are one."""
    return key_id(key.general if isinstance(key, Resolvable) else key)


class GroupChange(NamedTuple):
    """One group before and after; a group that is not there has no keys."""

    before: Keys
    after: Keys

    @property
    def kept(self) -> Keys:
        """The keys that stay."""
        return _among(self.after, {key_id(key) for key in self.before})

    @property
    def added(self) -> Keys:
        """The keys that come."""
        return excluding(self.after, {key_id(key) for key in self.before})

    @property
    def removed(self) -> Keys:
        """The keys that go."""
        return excluding(self.before, {key_id(key) for key in self.after})

    def __bool__(self) -> bool:
        """Tell whether any key comes or goes; their order, and how often one is listed, means nothing."""
        return bool(self.added or self.removed)


def compare(before: Sequence[Keys], after: Sequence[Keys]) -> list[GroupChange]:
    """Return what becomes of each group, position by position."""
    count = max(len(before), len(after))
    padded = [(*groups, *[()] * (count - len(groups))) for groups in (before, after)]
    return [GroupChange(*pair) for pair in zip(*padded, strict=True)]


def removed(before: Iterable[Keys], after: Iterable[Keys]) -> Keys:
    """Return the keys whose holders could open a file and cannot any more."""
    left = {holder_id(key) for group in after for key in group}
    return tuple(key for group in before for key in group if holder_id(key) not in left)


def not_configured(groups: Iterable[Keys], configured: Iterable[Keys]) -> Keys:
    """Return the keys that a configuration does not name: who else would read what is written."""
    return removed(groups, configured)


def prefer_configured(groups: Iterable[Keys], named: Iterable[MasterKey]) -> list[Keys]:
    """Return groups of a file in which the keys that the user names as well stand as the user named them.

    They are equal; but for a key that nobody but a file names a provider does less, such as start no program.
    """
    own = {key_id(key): key for key in named}
    return [tuple(own[key_id(key)] if own.get(key_id(key)) == key else key for key in group) for group in groups]


def matching(keys: Iterable[MasterKey], groups: Iterable[Keys]) -> set[KeyId]:
    """Return what the keys are called that a user means: one without a version means all its versions in the groups."""
    there = [key for group in groups for key in group]
    found: set[KeyId] = set()
    for key in keys:
        found |= {key_id(other) for other in there if holder_id(other) == key_id(key)} or {key_id(key)}
    return found


def excluding(group: Keys, ids: Collection[KeyId]) -> Keys:
    """Return the keys of a group that have none of these ids."""
    return tuple(key for key in group if key_id(key) not in ids)


def _among(group: Keys, ids: Collection[KeyId]) -> Keys:
    return tuple(key for key in group if key_id(key) in ids)


def required_groups(groups: int, threshold: int) -> int:
    """Return how many groups must open."""
    return 1 if groups < 2 else threshold or groups
