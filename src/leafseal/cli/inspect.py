"""`leafseal inspect`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from leafseal.cli.shared import reports
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.every_file import EveryFile, chosen, files_or_all
from leafseal.cli.shared.files import errors_of, read_all, show_errors
from leafseal.cli.shared.options import InputOptions, json_option, limits_options, looking_reading
from leafseal.config.people import People
from leafseal.crypto.token import looks_sealed
from leafseal.display import counted, escape_line
from leafseal.document import Leaf
from leafseal.document.limits import Limits, ReadOptions
from leafseal.document.places import place_of
from leafseal.document.tree import AGAIN, UNWRITTEN
from leafseal.keys.changes import required_groups
from leafseal.keys.short_names import in_full
from leafseal.metadata import Metadata, unresolved
from leafseal.operations import structure
from leafseal.operations.batch import each, results
from leafseal.operations.open import Source, read_metadata
from leafseal.operations.unresolved import told_of
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.operations.structure import Coverage


@command("inspect")
@files_or_all
@json_option
@looking_reading
@limits_options
@reports.reporting("inspect", files=[])
def inspect(files: tuple[str, ...], every: EveryFile, as_json: bool, reading: InputOptions, limits: Limits) -> int:
    """Show who can decrypt files, their rule, and which values are encrypted, without a key.

    This is what each file claims; it has not been verified.

    \b
    leafseal inspect config.yaml
    leafseal inspect --json secrets/*.yaml
    leafseal inspect --all
    """
    inputs, errors = read_all(chosen(files, every, reading, limits), reading, limits)
    read = reading.within(limits)._replace(allow_duplicates=True)
    configuration = Configuration(os.environ.get("SOPS_CONFIG"))
    outcomes = each(inputs, lambda item: _describe(item.source, read, configuration))
    errors += errors_of(outcomes)
    if as_json:
        reports.write("inspect", {"files": [about.as_data() for _, about in results(outcomes)]}, errors)
    else:
        for _, about in results(outcomes):
            terminal.print_line("\n".join(about.as_lines()))
    code = show_errors(errors)
    if every.is_all and not as_json:
        shown = len(list(results(outcomes)))
        terminal.say(f"{counted(shown, 'encrypted file')}" + (f", {len(errors)} failed" if errors else ""))
    return code


class _About(NamedTuple):
    """What a file says of itself."""

    source: Source
    metadata: Metadata
    structure: Coverage
    leaves: dict[str, list[Leaf]]
    people: People

    @property
    def threshold(self) -> int:
        """How many key groups are needed."""
        return required_groups(len(self.metadata.groups), self.metadata.threshold)

    def as_data(self) -> dict[str, Any]:
        """Return the file's object in the report."""
        groups = enumerate(self.metadata.groups)
        return {
            **reports.file_fields(self.source.name),
            "format": self.source.format,
            "sops_version": self.metadata.version,
            "last_modified": self.metadata.lastmodified,
            "recipients": [
                reports.recipient(key.master_key, number, self.people.raw_name_of)
                for number, group in groups
                for key in group
            ],
            "groups": len(self.metadata.groups),
            "threshold": self.threshold,
            "rule": self.metadata.selection.describe(),
            "mac_only_encrypted": self.metadata.selection.mac_only_encrypted,
            "structure": self.structure,
            "unresolved": list(unresolved.read(self.metadata).places),
            **{state: [reports.place_of(leaf) for leaf in leaves] for state, leaves in self.leaves.items()},
        }

    def as_lines(self) -> list[str]:
        """Return the file's lines for people."""
        metadata = self.metadata
        lines = [
            f"{escape_line(self.source.name)}: {self.source.format}, last changed {metadata.lastmodified}, "
            f"SOPS format {metadata.version}"
        ]
        if len(metadata.groups) > 1:
            lines.append(f"  {len(metadata.groups)} key groups, {self.threshold} needed to decrypt")
        for number, group in enumerate(metadata.groups, 1):
            lines.append(f"  recipients of group {number}:" if len(metadata.groups) > 1 else "  recipients:")
            lines += [f"    {in_full(key.master_key, self.people.name_of)}" for key in group]
        lines.append(f"  rule: {escape_line(metadata.selection.describe())}")
        if metadata.selection.mac_only_encrypted:
            lines.append("  the MAC does not cover values that are not encrypted")
        lines += [f"  {sentence}" for sentence in structure.told_of(self.structure)]
        lines += [f"  {sentence}" for sentence in told_of(self.metadata)]
        for state, leaves in self.leaves.items():
            if leaves:
                lines.append(f"  {state.replace('_', ' ')} ({len(leaves)}):")
                lines += [f"    {place_of(leaf)}" for leaf in leaves]
        return lines


def _describe(source: Source, read: ReadOptions, configuration: Configuration) -> _About:
    document, metadata = read_metadata(source.data, source.format, read)
    leaves: dict[str, list[Leaf]] = {"encrypted": [], "not_encrypted": [], "empty": []}
    for leaf in document.leaves():
        is_shown = _state(leaf) == "encrypted" if leaf.is_comment else leaf.style not in (AGAIN, UNWRITTEN)
        if is_shown:
            leaves[_state(leaf)].append(leaf)
    return _About(source, metadata, structure.claimed(document, metadata), leaves, configuration.people(source.name))


def _state(leaf: Leaf) -> str:
    if leaf.is_empty:
        return "empty"
    return "encrypted" if isinstance(leaf.value, str) and looks_sealed(leaf.value) else "not_encrypted"
