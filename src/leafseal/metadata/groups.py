"""The wrapped keys in the metadata: lists by kind, flat or in key groups (sops-format §3.1, §3.2, §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from leafseal.display import visible
from leafseal.errors import LeafsealError, MetadataError
from leafseal.keys.groups import RAISE_RECIPIENTS, KeyGroup
from leafseal.keys.kinds import KINDS, MAPS, READING_ORDER, Kind
from leafseal.keys.registry import make_key
from leafseal.keys.ring import WrappedKey
from leafseal.metadata.weak_types import as_mapping, as_mappings, as_text, as_time, fold_names

MAX_GROUPS = 255
MAX_ENC_BYTES = 64 * 1024


def read_groups(fields: Mapping[str, object], most: int) -> tuple[KeyGroup, ...]:
    """Return the key groups of metadata, flat or listed, with `most` recipients at most.

    Raises `MetadataError`, which names entry and field.
    """
    flat = _read_group(fields, "", most)
    nested = as_mappings(fields.get("key_groups"), "key_groups")
    if flat and nested:
        raise MetadataError(
            "key_groups: there are flat keys beside key groups", hint="remove one of the two; SOPS ignores the groups"
        )
    if len(nested) > MAX_GROUPS:
        raise MetadataError(f"key_groups: more than {MAX_GROUPS} groups")
    groups = (flat,) if flat else tuple(_read_nested(group, i, most) for i, group in enumerate(nested))
    recipients = sum(map(len, groups))
    if not recipients:
        raise MetadataError("no keys found in file")
    if recipients > most:
        raise _too_many_error("", most)
    return groups


def _too_many_error(place: str, most: int) -> MetadataError:
    return MetadataError(f"{place}more than {most} recipients", hint=RAISE_RECIPIENTS).over("recipients")


def _read_nested(group: Mapping[str, object], index: int, most: int) -> KeyGroup:
    place = f"key_groups[{index}]."
    fields = fold_names(group, KINDS, place)
    foreign = tuple(
        WrappedKey(make_key(kind, _without(entry, "enc", "created_at")), entry["enc"], entry.get("created_at"))
        for kind, entries in sorted(fields.items())
        if kind not in KINDS and _are_wrapped_keys(entries)
        for entry in cast(list[dict[str, Any]], entries)
    )
    return _read_group(fields, place, most) + foreign


def foreign_lists(unknown: Mapping[str, object]) -> list[str]:
    """Return the names, among what is not known at the top of metadata, of lists of wrapped keys of newer kinds."""
    return sorted(name for name, value in unknown.items() if value and _are_wrapped_keys(value))


def _are_wrapped_keys(value: object) -> bool:
    """Tell whether an unknown list in a group holds keys of a kind that is newer than this program."""
    return isinstance(value, list) and all(
        isinstance(entry, Mapping)
        and isinstance(entry.get("enc"), str)
        and isinstance(entry.get("created_at"), str | None)
        for entry in value
    )


def _read_group(fields: Mapping[str, object], prefix: str, most: int) -> KeyGroup:
    keys: list[WrappedKey] = []
    for kind in READING_ORDER:
        entries = as_mappings(fields.get(kind), prefix + kind)
        if len(entries) > most:
            raise _too_many_error(f"{prefix}{kind}: ", most)
        keys += [_read_entry(KINDS[kind], entry, f"{prefix}{kind}[{i}]") for i, entry in enumerate(entries)]
    return tuple(keys)


def _read_entry(kind: Kind, entry: Mapping[str, object], place: str) -> WrappedKey:
    names = (*kind.fields, "enc", "created_at") if kind.is_dated else (*kind.fields, "enc")
    fields = fold_names(entry, names, f"{place}.")
    for name in names:
        if name in fields or name == "created_at":
            read = _read_texts if name in MAPS else as_time if name == "created_at" else as_text
            fields[name] = read(fields.get(name), f"{place}.{name}")
    # SOPS writes an empty enc where adding a group could not reach a key.
    enc = cast(str, fields.get("enc", ""))
    if len(enc) > MAX_ENC_BYTES:
        raise MetadataError(f"{place}.enc: longer than {MAX_ENC_BYTES} bytes")
    created_at = cast(str, fields["created_at"]) if kind.is_dated else None
    try:
        return WrappedKey(make_key(kind.name, _without(fields, "enc", "created_at")), enc, created_at)
    except LeafsealError as exc:
        raise MetadataError(f"{place}: {exc.message}", hint=exc.hint) from None


def _without(fields: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in names}


def _read_texts(value: object, name: str) -> dict[str, str]:
    pairs = as_mapping(value, name)
    return {key: as_text(text, f"{name}.{visible(key)}") for key, text in pairs.items() if text is not None}


def write_groups(groups: Sequence[KeyGroup]) -> dict[str, object]:
    """Return the fields that hold the wrapped keys: flat lists for one group, else `key_groups`."""
    if len(groups) == 1:
        return {**_write_group(groups[0])}
    always = [kind.name for kind in KINDS.values() if kind.is_always_listed]
    return {"key_groups": [{**{name: [] for name in always}, **_write_group(group)} for group in groups]}


def _write_group(group: KeyGroup) -> dict[str, list[dict[str, object]]]:
    lists: dict[str, list[dict[str, object]]] = {}
    for wrapped in group:
        entry = {**wrapped.master_key.to_metadata(), "enc": wrapped.enc}
        if wrapped.created_at is not None:
            entry["created_at"] = wrapped.created_at
        lists.setdefault(wrapped.master_key.kind, []).append(entry)
    return lists
