"""What differs between two files, as `leafseal diff` prints it: for people, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from leafseal.cli.shared import reports
from leafseal.display import escape, escape_line, first_of, visible
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.git.compared import Side
from leafseal.git.comparison import CHANGED, MAYBE, MOVED, Cell, Comparison, Difference
from leafseal.keys.changes import required_groups
from leafseal.keys.short_names import short_name
from leafseal.metadata import unresolved

_NAMES = {"+": "added", "-": "removed", CHANGED: "changed", MAYBE: "unknown", MOVED: "moved"}


def lines_of(name: str, comparison: Comparison, show_values: bool) -> Iterator[str]:
    """Yield what differs between two files, line by line; nothing where nothing does."""
    lines = [*_value_lines(comparison, show_values), *_metadata_lines(comparison)]
    if lines:
        yield escape_line(name)
        yield from (f"  {line}" for line in lines)


def _value_lines(comparison: Comparison, show_values: bool) -> Iterator[str]:
    places = [visible(one.pointer) for one in comparison.values]
    width = min(max(map(len, places), default=0), 40)
    for difference, place in zip(comparison.values, places, strict=True):
        yield f"{difference.change} {place:{width}}  {_words(difference)}".rstrip()
        if show_values:
            yield from _shown(comparison, difference)


def _words(difference: Difference) -> str:
    """Return what a value is, or was and is."""
    one, other = difference.one, difference.other
    if difference.change == MOVED:
        return "moved"
    if one is None or other is None:
        cell = one or other
        return "" if cell is None else f"{_state(cell)} {cell.kind}"
    if difference.change == MAYBE:
        return f"{_state(other)} {other.kind}, changed or encrypted again"
    if one.is_encrypted != other.is_encrypted:
        kinds = ("", "") if one.kind == other.kind else (f" {one.kind}", f" {other.kind}")
        note = ", changed" if difference.is_other_value else ""
        return f"{_state(one)}{kinds[0]} -> {_state(other)}{kinds[1]}{note}"
    return f"{_state(one)} {one.kind if one.kind == other.kind else f'{one.kind} -> {other.kind}'}"


def _state(cell: Cell) -> str:
    return "encrypted" if cell.is_encrypted else "plain"


def _shown(comparison: Comparison, difference: Difference) -> Iterator[str]:
    sides = ((comparison.one, difference.one, "-"), (comparison.other, difference.other, "+"))
    for side, cell, sign in sides:
        if cell is not None and (side.is_opened or not cell.is_encrypted):
            first, *rest = escape(_text(cell)).removesuffix("\n").split("\n")
            yield f"    {sign} {first}"
            yield from (f"      {line}" for line in rest)


def _text(cell: Cell) -> str:
    value = cell.value
    if value is None or isinstance(value, dict | list):
        return "null" if value is None else "{}" if isinstance(value, dict) else "[]"
    text = to_plain_text(cast(Scalar, value))
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text


def _metadata_lines(comparison: Comparison) -> Iterator[str]:
    one, other = comparison.one, comparison.other
    if one.data is None or other.data is None:
        yield f"file       {'new' if one.data is None else 'deleted'}"
    elif (one.metadata is None) != (other.metadata is None):
        words = ("not encrypted" if side.metadata is None else "encrypted" for side in (one, other))
        yield f"file       {' -> '.join(words)}"
    for sign, keys in (("+", comparison.recipients.added), ("-", comparison.recipients.removed)):
        yield from (f"recipients {sign} {short_name(key)}" for key in keys)
    changes = {"rule": comparison.rule, "threshold": comparison.threshold, "structure": comparison.structure}
    for word, pair in changes.items():
        if pair is not None:
            yield f"{word:10} {visible(pair[0])} -> {visible(pair[1])}"
    if not comparison.is_comparable:
        yield "data key   another one: without a key for both, encrypted values cannot be compared"
    elif comparison.is_rotated:
        yield "data key   rotated"
    if comparison.comments:
        yield f"comments   ~{comparison.comments}"
    if comparison.is_layout:
        yield "layout     only"
    left = unresolved.read(other.metadata).places if other.metadata is not None else ()
    if left:
        yield f"conflicts  {first_of([visible(place) for place in left], 3)}: to be decided"
    elif comparison.is_encrypted_again:
        yield "encrypted  again, nothing else"


def as_data(name: str, comparison: Comparison, show_values: bool) -> dict[str, Any]:
    """Return what differs between two files as an object of the report."""
    one, other = comparison.one, comparison.other
    return {
        **reports.file_fields(name),
        "differs": comparison.differs,
        "exists_a": one.data is not None,
        "exists_b": other.data is not None,
        "is_encrypted_a": one.metadata is not None,
        "is_encrypted_b": other.metadata is not None,
        "decrypted": one.is_opened and other.is_opened,
        "comparable": comparison.is_comparable,
        "differences": [_value(comparison, difference, show_values) for difference in comparison.values],
        "recipients_added": [reports.recipient(key, 0) for key in comparison.recipients.added],
        "recipients_removed": [reports.recipient(key, 0) for key in comparison.recipients.removed],
        **metadata_fields("a", one),
        **metadata_fields("b", other),
        "rotated": comparison.is_rotated,
        "comments": comparison.comments,
        "layout_only": comparison.is_layout,
    }


def metadata_fields(letter: str, side: Side) -> dict[str, Any]:
    """Return what the metadata of a side say."""
    metadata = side.metadata
    return {
        f"rule_{letter}": None if metadata is None else metadata.selection.describe(),
        f"threshold_{letter}": None if metadata is None else required_groups(len(metadata.groups), metadata.threshold),
        f"structure_{letter}": None if metadata is None else "covered" if metadata.structure else "missing",
    }


def _value(comparison: Comparison, difference: Difference, show_values: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": difference.pointer, "change": _NAMES[difference.change]}
    sides = (("a", comparison.one, difference.one), ("b", comparison.other, difference.other))
    for letter, _, cell in sides:
        fields |= {
            f"encrypted_{letter}": None if cell is None else cell.is_encrypted,
            f"type_{letter}": None if cell is None else cell.kind,
        }
    if show_values:
        for letter, side, cell in sides:
            is_known = cell is not None and (side.is_opened or not cell.is_encrypted)
            fields[f"value_{letter}"] = _text(cell) if cell is not None and is_known else None
    return fields
