"""`leafseal merge`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from leafseal.cli.shared.declarations import FILES, FileName, argument, command, option
from leafseal.cli.shared.errors import show_error, tell
from leafseal.cli.shared.keys import key_services, merging_ambient
from leafseal.cli.shared.options import limits_options
from leafseal.display import visible
from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import DataKeyError, LeafsealError, MissingFileError, UsageError, naming
from leafseal.git.files import MARKERS, MOST_LINES, Merge, Outcome, merge_files
from leafseal.git.sides import SideError, Version, hint_in_git
from leafseal.keys.ring import RACE_SECONDS, KeyRing
from leafseal.operations.open import held_to_policy, paused_collector
from leafseal.system import signals, terminal
from leafseal.system.reading import read

if TYPE_CHECKING:
    from leafseal.config.load import CreationRule

_CONFLICT = 1
"""The exit code for conflicts, and with --git for whatever goes wrong: Git takes higher ones for a crash."""

_HINT = 'name three files: "leafseal merge BASE OURS THEIRS -o OUT"'

_LONGEST_SIZE = 5  # digits


@command("merge")
@argument("files", is_many=True, metavar="BASE OURS THEIRS", type=FileName())
@option("-o", "--output", metavar="FILE", help="Write the result to FILE.", section=FILES)
@option("--path", metavar="PATH", help="The file's path, which tells its format and rule.", section=FILES)
@option("--git", is_flag=True, help="Be Git's merge driver: the result replaces OURS, every failure exits with 1.")
@option("--size", metavar="N", help="The length of conflict markers (%L of Git).")
@option("--base-name", metavar="NAME", help="What to call BASE in messages (%S of Git).")
@option("--our-name", metavar="NAME", help="What to call OURS in messages (%X of Git).")
@option("--their-name", metavar="NAME", help="What to call THEIRS in messages (%Y of Git).")
@key_services
@limits_options
def merge(
    files: tuple[str, ...],
    output: str | None,
    path: str | None,
    git: bool,
    size: str | None,
    base_name: str | None,
    our_name: str | None,
    their_name: str | None,
    limits: Limits,
) -> int:
    """Merge two versions of an encrypted file with their common ancestor, value by value.

    Where both changed the same value, the result has that of OURS, and remembers the place until you decide it. Have
    "leafseal git setup" tell Git to run this. Git merges what is not encrypted, and everything with LEAFSEAL_MERGE=0.

    \b
    leafseal merge base.yaml ours.yaml theirs.yaml -o merged.yaml
    git config merge.leafseal.driver "leafseal merge --git --size=%L --path=%P %O %A %B"
    """
    try:
        with signals.as_exceptions():
            if len(files) != 3:
                raise UsageError("three files are needed: BASE OURS THEIRS", hint=_HINT)
            labels = [_label(base_name, "base"), _label(our_name, "ours"), _label(their_name, "theirs")]
            return _merge(files, labels, path, output, size, limits, is_driver=git)
    except LeafsealError as error:
        if not git:
            raise
        _show(error)
        return _CONFLICT
    except (KeyboardInterrupt, signals.Ended):
        if not git:
            raise
        return _CONFLICT


def _label(name: str | None, part: str) -> str:
    # Git before 2.44 hands the two characters on.
    return part if name in (None, "", "%S", "%X", "%Y") else str(name)


def _show(error: LeafsealError) -> None:
    """Show an error in a merge of Git's, which runs this for each file: one line about a key, which is for all."""
    tell(error)
    if isinstance(error, DataKeyError) and error.side:
        what = f"{error.file}: not merged: no key of yours can decrypt {error.side}"
        terminal.report(f'{what}; to see why, and to go on, run "leafseal resolve --all"', (), None)
        return
    if isinstance(error, SideError):
        error = error.with_hint(hint_in_git(error))
    show_error(error)


def _merge(
    files: Sequence[str],
    labels: Sequence[str],
    path: str | None,
    output: str | None,
    size: str | None,
    limits: Limits,
    *,
    is_driver: bool,
) -> int:
    if "-" in files:
        raise UsageError("standard input cannot be merged", hint=_HINT)
    if is_driver and output is not None:
        raise UsageError("--git and --output contradict each other", hint="use only one of them")
    name = path or (output if output not in (None, "-") else None) or files[1]
    base, ours, theirs = (
        _version(part, label, file, None if is_driver or path else file, limits)
        for part, label, file in zip(("base", "ours", "theirs"), labels, files, strict=True)
    )
    markers = _size(size) or MARKERS
    is_virtual = is_driver and _is_of_ancestor(name, markers, labels[1])
    with naming(name), paused_collector():
        asked = Merge(base, ours, theirs, name, markers, is_virtual)
        ambient = merging_ambient(asks=not is_driver)
        read_options = held_to_policy(ReadOptions(limits), ambient)
        outcome = merge_files(asked, KeyRing(ambient, seconds=RACE_SECONDS), read_options, lambda: _configured(name))
        _write(outcome, files[1] if is_driver else output)
    _tell(name, outcome, labels, is_file=is_driver or output not in (None, "-"))
    return 0 if outcome.is_clean else _CONFLICT


def _version(part: str, label: str, file: str, known_as: str | None, limits: Limits) -> Version:
    try:
        return Version(part, label, read(file, limits).data, file, known_as)
    except MissingFileError:
        if part != "base":
            raise
        return Version(part, label, b"")  # added on both sides


def _is_of_ancestor(name: str, size: int, our_name: str) -> bool:
    """Tell whether Git merges an ancestor for itself: its markers are longer than those of the path.

    Git from 2.44 on says so by the name that it gives ours.
    """
    if our_name != "ours" or size == MARKERS:
        return "Temporary merge branch" in our_name
    try:
        found = _attribute(name, "conflict-marker-size")  # hardly any path has a size of its own
    except LeafsealError:
        return False  # a placeholder in the place of a value would be worse than the older of two ancestors
    return size > (_size(found) or MARKERS)


def _attribute(name: str, attribute: str) -> str:
    """Return an attribute that Git has for a path. Raises `GitError`."""
    from leafseal.git.repository import (
        BareRepositoryError,
        NotARepositoryError,
        find_bare_repository,
        find_repository,
    )

    try:
        repository = find_repository()
    except BareRepositoryError:
        repository = find_bare_repository()
    except NotARepositoryError:
        return ""
    return repository.attributes([name], [attribute])[name][attribute]


def _size(text: str | None) -> int:
    """Return the number of signs in a marker, as an option or attribute says it; 0 where it says none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < _LONGEST_SIZE else 0


def _configured(name: str) -> CreationRule | None:
    """Return what the configuration, which is ours' in a merge, wants of the file; None where it cannot be read."""
    from leafseal.cli.shared.configuration import Configuration

    try:
        return Configuration(os.environ.get("SOPS_CONFIG")).guarding_rule(name)
    except LeafsealError:
        return None


def _write(outcome: Outcome, target: str | None) -> None:
    if target in (None, "-"):
        terminal.write_result(outcome.data)
        return
    from leafseal.system import files

    assert target is not None
    for warning in files.replace(target, outcome.data, verify=outcome.check):
        terminal.warn(f"{target}: {warning}")


def _tell(name: str, outcome: Outcome, labels: Sequence[str], *, is_file: bool) -> None:
    for sentence in outcome.told:
        terminal.say(f"{name}: {sentence}")
    sides = f" ({visible(labels[1])}, {visible(labels[2])})"
    for place, what in outcome.conflicts[:MOST_LINES]:
        terminal.say(f"{name}: CONFLICT {place}{': ' if place else ''}{what}{sides}")
    if len(outcome.conflicts) > MOST_LINES:
        terminal.say(f"{name}: {len(outcome.conflicts) - MOST_LINES} more conflicts")
    if outcome.conflicts and outcome.conflicts[0][0]:
        from leafseal.display import for_shell

        do = f'run "leafseal resolve {for_shell(name)}"' if is_file else "write the result to a file, with --output"
        terminal.say(f"{name}: has ours where there is a conflict; to decide, {do}")
