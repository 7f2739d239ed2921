"""Which conflicts are to be decided, and how: what the command line of `leafseal resolve` says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from leafseal.cli.shared import reports
from leafseal.cli.shared.editing import EditingOptions
from leafseal.cli.shared.options import InputOptions
from leafseal.display import visible
from leafseal.document.limits import Limits
from leafseal.errors import UsageError
from leafseal.git import compared
from leafseal.git.blobs import Contents
from leafseal.git.repository import LINK, SUBMODULE, Repository, find_repository
from leafseal.git.resolve import Choice
from leafseal.operations.consent import Consent
from leafseal.system import terminal


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked for, for all files."""

    choices: Sequence[Choice]
    add: bool
    merge: str | None
    ignores_mac: bool
    as_json: bool
    consent: Consent
    how: EditingOptions
    config: str | None
    reading: InputOptions
    limits: Limits


class Resolved(NamedTuple):
    """What came of a file: the conflicts that are left, by their places and what both sides did."""

    name: str
    conflicts: Sequence[tuple[str, str]]

    def as_data(self) -> dict[str, Any]:
        """Return the file's object in the report."""
        found = [{"path": place, "message": what} for place, what in self.conflicts]
        return {**reports.file_fields(self.name), "state": "conflicts" if found else "resolved", "conflicts": found}


def choices_of(ours: Sequence[str], theirs: Sequence[str], base: Sequence[str]) -> list[Choice]:
    """Return the sides that options take at places. Raises `UsageError`."""
    choices = []
    for side, prefixes in (("ours", ours), ("theirs", theirs), ("base", base)):
        for prefix in prefixes:
            if not prefix.startswith(("/", "#")):
                raise UsageError(f"--{side}: a path begins with /", hint=f"write --{side} /db/password, or --{side} /")
            choices.append(Choice(side, prefix))
    if twice := {one.prefix for one in choices if sum(one.prefix == other.prefix for other in choices) > 1}:
        raise UsageError(f"{visible(min(twice))} is to be from two sides", hint="name one side for each path")
    return choices


def names_of(names: Sequence[str], is_all: bool, limits: Limits) -> Sequence[str]:
    """Return the files to work on. Raises `UsageError`, `LeafsealError`."""
    if is_all == bool(names):
        hint = "name files, or add --all, but not both"
        raise UsageError("--all takes the place of files" if is_all else "no FILE is named", hint=hint)
    if not is_all:
        return names
    repository = find_repository()
    encrypted = _unmerged(repository, limits)
    if not encrypted:
        terminal.say("no encrypted file is unmerged")
    return [os.path.relpath(os.path.join(repository.top, name)) for name in encrypted]


def _unmerged(repository: Repository, limits: Limits) -> list[str]:
    """Return the names of files of which Git has several versions, and one of them is encrypted."""
    stages = [entry for entry in repository.entries() if entry.stage]
    others = {entry.name for entry in stages if entry.mode in (LINK, SUBMODULE)}
    read = Contents(repository, limits.file_bytes).read(entry.blob for entry in stages if entry.name not in others)
    encrypted = {blob for blob, data in read if compared.is_encrypted(data)}
    return sorted({entry.name for entry in stages if entry.blob in encrypted} - others)
