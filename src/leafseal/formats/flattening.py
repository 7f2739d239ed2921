"""Nested metadata as flat names, for dotenv and INI (sops-format §3.5).

`key_groups[1].age[0].enc` is `key_groups__list_1__map_age__list_0__map_enc`. The prefix `sops_` of dotenv and the
spelling of line breaks are the formats' own business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from leafseal.display import visible
from leafseal.document import Locator
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.paths import format_path
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.errors import MetadataError

_MARKER = LazyPattern(r"__(map|list)_")

MAX_DEPTH = 50  # metadata of real files is five levels deep


def flatten(mapping: Mapping[str, object]) -> dict[str, str]:
    """Return the scalars of nested metadata by their flat names. Nulls and empty containers vanish.

    Raises `MetadataError` for a name that would be read back as another, and where two places have one flat name.
    """
    flat: dict[str, str] = {}
    for place, value in _scalars(mapping, ()):
        name = _join(place)
        if _split(name) != place:
            raise MetadataError(f"{format_path(place)}: a name with __map_ or __list_ in it has no flat form")
        if name in flat:
            raise MetadataError(f"{format_path(place)}: two fields have the flat name {visible(name)}")
        flat[name] = value
    return flat


def _scalars(value: object, place: Locator) -> list[tuple[Locator, str]]:
    if isinstance(value, Mapping):
        return [found for key, member in value.items() for found in _scalars(member, (*place, str(key)))]
    if isinstance(value, list | tuple):
        members = [_scalars(member, (*place, index)) for index, member in enumerate(value)]
        if not all(members):
            # It would leave a gap, or at the end of the list nothing: a key group would be lost.
            raise MetadataError(f"{format_path(place)}: an empty member of a list has no flat form")
        return [found for member in members for found in member]
    if value is None:
        return []
    text = to_plain_text(cast(Scalar, value))
    if isinstance(text, bytes):
        raise MetadataError(f"{format_path(place)}: not UTF-8")
    return [(place, text)]


def _join(place: Locator) -> str:
    first, *rest = place
    return str(first) + "".join(f"__list_{part}" if isinstance(part, int) else f"__map_{part}" for part in rest)


def _split(name: str) -> Locator:
    first, *rest = _MARKER.split(name)
    kinds, parts = rest[::2], rest[1::2]
    return (first, *(_index(part) if kind == "list" else part for kind, part in zip(kinds, parts, strict=True)))


def _index(text: str) -> int:
    # SOPS takes what is no number for 0, and crashes on negative ones.
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text) is None:
        return 0
    return int(text)


def unflatten(flat: Mapping[str, str]) -> dict[str, object]:
    """Return the nested form of flat metadata; every scalar stays text.

    Raises `MetadataError` for an incomplete list, a name that is both value and container, and duplicates.
    """
    root: dict[str | int, object] = {}
    for name, value in flat.items():
        place = _split(name)
        if len(place) > MAX_DEPTH:
            raise MetadataError(f"{format_path(place[:3])}: nested deeper than {MAX_DEPTH} levels")
        _store(root, place, value)
    return cast(dict[str, object], _lists_made(root, ()))


def _store(root: dict[str | int, object], place: Locator, value: str) -> None:
    container = root
    for depth, (part, following) in enumerate(zip(place, [*place[1:], None], strict=True), 1):
        if container and isinstance(next(iter(container)), int) is not isinstance(part, int):
            raise MetadataError(f"{format_path(place[: depth - 1])}: type mismatch: both a list and a mapping")
        if following is None:
            if isinstance(container.get(part), dict):
                raise MetadataError(f"{format_path(place)}: type mismatch: both a value and a container")
            if part in container:
                raise MetadataError(f"{format_path(place)}: duplicate value")
            container[part] = value
            return
        inner = container.setdefault(part, {})
        if not isinstance(inner, dict):
            raise MetadataError(f"{format_path(place[:depth])}: type mismatch: both a value and a container")
        container = inner


def _lists_made(value: object, place: Locator) -> object:
    # While names are collected, a list is a mapping from positions.
    if not isinstance(value, dict):
        return value
    if not isinstance(next(iter(value), ""), int):
        return {key: _lists_made(member, (*place, key)) for key, member in value.items()}
    if sorted(value) != list(range(len(value))):
        raise MetadataError(f"{format_path(place)}: incomplete list")
    return [_lists_made(value[index], (*place, index)) for index in range(len(value))]
