"""`leafseal inspect`."""

from __future__ import annotations

from typing import Any

from leafseal.cli.get import as_json_text
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.every_file import EveryFile, chosen, files_or_all
from leafseal.cli.shared.files import errors_of, read_all, show_errors
from leafseal.cli.shared.options import InputOptions, json_option, limits_options, looking_reading
from leafseal.crypto.token import looks_sealed
from leafseal.display import escape_line
from leafseal.document import Leaf
from leafseal.document.limits import Limits, ReadOptions
from leafseal.document.places import place_of
from leafseal.document.scalars import Empty
from leafseal.operations import structure
from leafseal.operations.batch import each, results
from leafseal.operations.open import Source, read_metadata
from leafseal.system import terminal


@command("inspect")
@files_or_all
@json_option
@looking_reading
@limits_options
def inspect(files: tuple[str, ...], every: EveryFile, as_json: bool, reading: InputOptions, limits: Limits) -> int:
    """Show who can decrypt files, their rule, and which values are encrypted, without a key.

    This is what each file claims; it has not been verified.

    \b
    leafseal inspect config.yaml
    leafseal inspect --json secrets/*.yaml
    leafseal inspect --all
    """
    inputs, errors = read_all(chosen(files, every, reading, limits), reading, limits)
    outcomes = each(inputs, lambda item: _describe(item.source, reading.within(limits)._replace(allow_duplicates=True)))
    if as_json:
        terminal.write_result(as_json_text([about for _, about in results(outcomes)]) + b"\n")
    else:
        for _, about in results(outcomes):
            terminal.print_line("\n".join(_lines(about)))
    return show_errors([*errors, *errors_of(outcomes)])


def _describe(source: Source, read: ReadOptions) -> dict[str, Any]:
    document, metadata = read_metadata(source.data, source.format, read)
    places: dict[str, list[str]] = {"sealed": [], "clear": [], "empty": []}
    for leaf in document.leaves():
        if not (leaf.is_comment and _state(leaf) != "sealed"):
            places[_state(leaf)].append(place_of(leaf))
    return {
        "file": source.name,
        "format": source.format,
        "version": metadata.version,
        "lastmodified": metadata.lastmodified,
        "groups": [
            [{"kind": key.master_key.kind, "name": str(key.master_key)} for key in group] for group in metadata.groups
        ],
        "threshold": metadata.threshold,
        "rule": metadata.selection.describe(),
        "mac_only_encrypted": metadata.selection.mac_only_encrypted,
        "structure": structure.claimed(document, metadata),
        **places,
    }


def _state(leaf: Leaf) -> str:
    if leaf.value is None or isinstance(leaf.value, Empty) or leaf.value == "":
        return "empty"
    return "sealed" if isinstance(leaf.value, str) and looks_sealed(leaf.value) else "clear"


_STATES = {"sealed": "encrypted", "clear": "not encrypted", "empty": "empty"}
"""The states of values, and how the list names them."""


def _lines(about: dict[str, Any]) -> list[str]:
    lines = [
        f"{escape_line(about['file'])}: {about['format']}, last changed {about['lastmodified']}, "
        f"SOPS format {about['version']}"
    ]
    groups = about["groups"]
    if len(groups) > 1:
        lines.append(f"  {len(groups)} key groups, {about['threshold'] or len(groups)} needed to decrypt")
    for number, group in enumerate(groups, 1):
        lines.append(f"  recipients of group {number}:" if len(groups) > 1 else "  recipients:")
        lines += [f"    {key['kind']} {escape_line(key['name'])}" for key in group]
    lines.append(f"  rule: {escape_line(about['rule'])}")
    if about["mac_only_encrypted"]:
        lines.append("  the MAC does not cover values that are not encrypted")
    lines += [f"  {sentence}" for sentence in structure.told_of(about["structure"])]
    for state in _STATES:
        if about[state]:
            lines.append(f"  {_STATES[state]} ({len(about[state])}):")
            lines += [f"    {place}" for place in about[state]]
    return lines
