"""The master keys that a creation rule names: flat lists, and key groups (sops-cli §1.3, §1.4)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence

from leafseal.config.nodes import ListNode, ScalarNode
from leafseal.config.reader import Reader
from leafseal.errors import LeafsealError
from leafseal.keys import MasterKey
from leafseal.keys.registry import make_key, parse_recipients

Group = tuple[MasterKey, ...]

FLAT_KINDS = {
    "age": "age",
    "pgp": "pgp",
    "kms": "kms",
    "gcp_kms": "gcp_kms",
    "hckms": "hckms",
    "azure_keyvault": "azure_kv",
    "hc_vault_transit_uri": "hc_vault",
}
"""Names of the flat lists, in the order of their keys in the group, and the kinds of their keys."""

GROUP_KEYS = ("merge", "age", "pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault")

MAX_GROUPS = 255
_MAX_KEYS = 1024
_MAX_MERGES = 1000


def read_groups(rule: Reader) -> tuple[Group, ...]:
    """Return the key groups of a creation rule; one empty group where it names no keys.

    Key groups win over flat keys, which SOPS ignores then.
    """
    listed = rule.get("key_groups").members()
    if not listed:
        return (_read_flat(rule),)
    for name in FLAT_KINDS:
        if not rule.get(name).is_absent:
            rule.get(name).warn("ignored, because the rule has key_groups")
    if len(listed) > MAX_GROUPS:
        rule.get("key_groups").fault(f"more than {MAX_GROUPS} groups")
        return ()
    return tuple(_without_duplicates(_read_group(group, _Budget())) for group in listed)


def _read_flat(rule: Reader) -> Group:
    profile = rule.get("aws_profile").text()
    keys: list[MasterKey] = []
    for name, kind in FLAT_KINDS.items():
        field = rule.get(name)
        for item in _flat_items(field, list_only=name == "hckms"):
            text = item.quoted_text()
            if isinstance(field.node, ScalarNode):
                text = ",".join(part for part in map(str.strip, text.split(",")) if part)
            keys += _parsed(item, kind, text)
    if profile:
        keys = [_with_profile(key, profile) if key.kind == "kms" else key for key in keys]
    return tuple(keys)


def _flat_items(field: Reader, *, list_only: bool) -> Sequence[Reader]:
    if field.is_absent or (isinstance(field.node, ScalarNode) and not field.node.text):
        return ()
    if isinstance(field.node, ListNode) or list_only:
        return field.members()
    return (field,)


def _with_profile(key: MasterKey, profile: str) -> MasterKey:
    return make_key(key.kind, {**key.to_metadata(), "aws_profile": profile})


class _Budget:
    """How many groups may still be merged: aliases can make a short file mean a very long one."""

    def __init__(self) -> None:
        self.left = _MAX_MERGES


def _read_group(group: Reader, budget: _Budget) -> list[MasterKey]:
    if not group.is_mapping():
        return []
    group.expect(GROUP_KEYS)
    keys: list[MasterKey] = []
    for merged in group.get("merge").members():
        budget.left -= 1
        if budget.left < 0:
            if budget.left == -1:
                merged.fault(f"more than {_MAX_MERGES} merged groups")
            break
        keys += _read_group(merged, budget)
    keys += _texts(group.get("age"), "age")
    keys += _texts(group.get("pgp"), "pgp")
    keys += _entries(group.get("kms"), "kms", _kms_entry)
    keys += _entries(group.get("gcp_kms"), "gcp_kms", _renamed({"resource_id": "resource_id"}))
    keys += _entries(group.get("hckms"), "hckms", _renamed({"key_id": "key_id"}))
    keys += _entries(
        group.get("azure_keyvault"),
        "azure_kv",
        _renamed({"vaultUrl": "vault_url", "key": "name", "version": "version"}),
    )
    keys += _texts(group.get("hc_vault"), "hc_vault")
    return keys


def _texts(field: Reader, kind: str) -> list[MasterKey]:
    keys: list[MasterKey] = []
    for item in field.members():
        text = item.text()
        keys += _parsed(item, kind, text.replace(" ", "") if kind == "pgp" else text)
    return keys


def _entries(field: Reader, kind: str, read: Callable[[Reader], dict[str, object]]) -> list[MasterKey]:
    keys: list[MasterKey] = []
    for item in field.mappings():
        keys += _guarded(item, functools.partial(_made, kind, read(item)))
    return keys


def _made(kind: str, fields: dict[str, object]) -> list[MasterKey]:
    return [make_key(kind, fields)]


def _kms_entry(item: Reader) -> dict[str, object]:
    item.expect(("arn", "role", "context", "aws_profile"))
    fields: dict[str, object] = {"arn": item.get("arn").text(), "aws_profile": item.get("aws_profile").text()}
    if role := item.get("role").text():
        fields["role"] = role
    if context := item.get("context").texts():
        fields["context"] = context
    return fields


def _renamed(names: dict[str, str]) -> Callable[[Reader], dict[str, object]]:
    """Return the reader of entries whose fields go by other names in the metadata."""

    def read(item: Reader) -> dict[str, object]:
        item.expect(names)
        return {ours: item.get(theirs).text() for theirs, ours in names.items()}

    return read


def _parsed(item: Reader, kind: str, text: str) -> list[MasterKey]:
    return _guarded(item, functools.partial(parse_recipients, kind, text))


def _guarded(item: Reader, read: Callable[[], Iterable[MasterKey]]) -> list[MasterKey]:
    try:
        return list(read())
    except LeafsealError as exc:
        item.fault(exc.message)
        return []


def _without_duplicates(keys: Sequence[MasterKey]) -> Group:
    unique: dict[tuple[str, str], MasterKey] = {}
    for key in keys:
        unique.setdefault((key.kind, str(key)), key)
    return tuple(unique.values())
