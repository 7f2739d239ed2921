"""The master keys that a creation rule names: flat lists, and key groups (sops-cli §1.3, §1.4)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from leafseal.config import fields
from leafseal.config.nodes import ListNode, ScalarNode
from leafseal.config.reader import Reader
from leafseal.errors import LeafsealError
from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS, MAPS
from leafseal.keys.recognize import kind_of
from leafseal.keys.registry import make_key, parse_recipients, with_aws

Group = tuple[MasterKey, ...]

MAX_GROUPS = 255
_GROUPS_HINT = 'write key_groups as a list of groups, each with its kinds of keys, such as "- age: [age1…]"'
_MAX_MERGES = 1000


def read_groups(rule: Reader) -> tuple[Group, ...]:
    """Return the key groups of a creation rule; one empty group where it names no keys.

    Key groups win over flat keys, which SOPS ignores then.
    """
    listed = rule.get("key_groups").members(_GROUPS_HINT)
    if not listed:
        return (_read_flat(rule),)
    for kind in KINDS.values():
        if not rule.get(kind.rule_list).is_absent:
            rule.get(kind.rule_list).doubt("ignored, because the rule has key_groups")
    if len(listed) > MAX_GROUPS:
        rule.get("key_groups").fault(f"more than {MAX_GROUPS} groups")
        return ()
    return tuple(_without_duplicates(_read_group(group, _Budget())) for group in listed)


def _read_flat(rule: Reader) -> Group:
    profile = rule.get("aws_profile").text()
    keys: list[MasterKey] = []
    for kind in KINDS.values():
        field = rule.get(kind.rule_list)
        for item in _flat_items(field, list_only=kind.is_only_list):
            text = item.quoted_text(
                f"write the keys of {kind.rule_list} as text; keys with fields belong in key_groups"
            )
            if isinstance(field.node, ScalarNode):
                text = ",".join(part for part in map(str.strip, text.split(",")) if part)
            keys += _parsed(item, kind.name, text)
    return tuple(with_aws(key, {}, profile) for key in keys)


def _flat_items(field: Reader, *, list_only: bool) -> Sequence[Reader]:
    if field.is_absent or (isinstance(field.node, ScalarNode) and not field.node.text):
        return ()
    if isinstance(field.node, ListNode) or list_only:
        return field.members()
    return (field,)


class _Budget:
    """How many groups may still be merged: aliases can make a short file mean a very long one."""

    def __init__(self) -> None:
        self.left = _MAX_MERGES


def _read_group(group: Reader, budget: _Budget) -> list[MasterKey]:
    if not group.is_mapping(_GROUPS_HINT):
        return []
    group.expect(fields.names(fields.GROUP))
    keys: list[MasterKey] = []
    for merged in group.get("merge").members():
        budget.left -= 1
        if budget.left < 0:
            if budget.left == -1:
                merged.fault(f"more than {_MAX_MERGES} merged groups")
            break
        keys += _read_group(merged, budget)
    for kind in KINDS.values():
        field = group.get(kind.group_list)
        keys += _texts(field, kind.name) if kind.group_fields is None else _entries(field, kind.name, kind.group_fields)
    return keys


def _texts(field: Reader, kind: str) -> list[MasterKey]:
    hint = "write each key on a line of its own, with a dash before it"
    return [key for item in field.members(hint) for key in _parsed(item, kind, item.text())]


def _entries(field: Reader, kind: str, names: Mapping[str, str]) -> list[MasterKey]:
    """Return the keys of a list of mappings, whose fields go by other names in a file."""
    keys: list[MasterKey] = []
    for item in field.mappings(f'in key_groups, write each of these keys as "- {next(iter(names))}: …"'):
        item.expect(names)
        members = {ours: item.get(theirs) for theirs, ours in names.items()}
        values = {name: member.texts() if name in MAPS else member.text() for name, member in members.items()}
        named = {name: value for name, value in values.items() if name not in _BESIDE_NAMES}
        made = _guarded(item, lambda values=values: [make_key(kind, values)])  # type: ignore[misc]
        if made:
            _doubt_of(item, kind, str(make_key(kind, named)))
        keys += made
    return keys


_BESIDE_NAMES = (*MAPS, "aws_profile", "role")
"""The fields that do not tell one key from another."""


def _parsed(item: Reader, kind: str, text: str) -> list[MasterKey]:
    found = _guarded(item, functools.partial(parse_recipients, kind, text))
    for key in found:
        _doubt_of(item, kind, str(key))
    return found


def _guarded(item: Reader, read: Callable[[], Iterable[MasterKey]]) -> list[MasterKey]:
    try:
        return list(read())
    except LeafsealError as exc:
        item.fault(exc.message, exc.hint)
        return []


def _doubt_of(item: Reader, kind: str, text: str) -> None:
    """Warn of a key that its service or program will not take, which SOPS finds out when it asks there."""
    if re.fullmatch(KINDS[kind].form, text):
        return
    other = kind_of(text)
    if other is not None and other != kind:
        item.doubt(f"this is not a key for {_list_of(item, kind)}", f"give it as {_list_of(item, other)}")
        return
    try:
        parse_recipients(kind, text)
        item.doubt(f"this does not look like a key for {_list_of(item, kind)}: it takes {KINDS[kind].what}")
    except LeafsealError as exc:
        item.doubt(exc.message, exc.hint)


def _list_of(item: Reader, kind: str) -> str:
    """Return the name of the list that keys of a kind stand in beside this one."""
    return KINDS[kind].group_list if "key_groups" in item.place else KINDS[kind].rule_list


def _without_duplicates(keys: Sequence[MasterKey]) -> Group:
    unique: dict[tuple[str, str], MasterKey] = {}
    for key in keys:
        unique.setdefault((key.kind, str(key)), key)
    return tuple(unique.values())
