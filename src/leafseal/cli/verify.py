"""`leafseal verify`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from leafseal.cli.shared import reports
from leafseal.cli.shared.declarations import command, option
from leafseal.cli.shared.every_file import EveryFile, chosen, files_or_all
from leafseal.cli.shared.files import errors_of, read_all, show_errors
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, json_option, limits_options, sealed_reading
from leafseal.display import counted, escape_line, first_of, visible
from leafseal.document import Leaf
from leafseal.document.limits import Limits, ReadOptions
from leafseal.document.places import place_of
from leafseal.document.scalars import Empty
from leafseal.errors import PENDING, IntegrityError, LeafsealError
from leafseal.keys.ring import KeyRing
from leafseal.metadata import unresolved
from leafseal.operations import hand_edits
from leafseal.operations.batch import Failed, Item, Outcome, open_all, results
from leafseal.operations.open import Opened, damaged_places
from leafseal.operations.structure import told_of
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.cli.shared.since import Since
    from leafseal.operations.structure import Coverage

T = TypeVar("T")


@command("verify")
@files_or_all
@option(
    "--against", metavar="REV", help="Also show what changed since a revision that you trust; exit with 222 if any."
)
@json_option
@sealed_reading
@key_services
@limits_options
@reports.reporting("verify", files=[], others=[])
def verify(
    files: tuple[str, ...],
    every: EveryFile,
    against: str | None,
    as_json: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Check that every value of files decrypts, and their integrity check (MAC). Print no values.

    Says what was changed by hand that may be: comments, recipients, the rule. Empty values are listed where no digest
    covers the structure of the file: anyone with write access could have emptied them. A file in which a merge left
    conflicts is not accepted.

    \b
    leafseal verify config.yaml
    leafseal verify --json secrets/*.yaml
    leafseal verify --all
    leafseal verify --all --against v1.0
    """
    keys, read = KeyRing(current_ambient()), reading.within(limits)
    names = chosen(files, every, reading, limits)
    with terminal.progress(len(names), "verifying", passes=2) as step:
        inputs, errors = read_all(names, reading, limits, step)
        outcomes = open_all(inputs, keys, _describe, read=read, progress=step)
    outcomes = [_with_all_damage(outcome, keys, read) for outcome in outcomes]
    wrong = [*errors, *errors_of(outcomes)]
    earlier = None
    if against is not None:
        earlier, more = _since(against, inputs, read, is_all=every.is_all)
        wrong += more
    if as_json:
        fields = {
            "files": [about.as_data(earlier) for _, about in results(outcomes)],
            "others": [
                {**reports.file_fields(name), "state": state}
                for name, state in (earlier.others if earlier is not None else ())
            ],
        }
        reports.write("verify", fields, wrong)
    else:
        for _, about in results(outcomes):
            terminal.print_line("\n".join(about.as_lines(earlier)))
        for line in earlier.lines() if earlier else ():
            terminal.print_line(line)
    is_pending = bool(earlier) or any(about.unresolved for _, about in results(outcomes))
    code = show_errors(wrong) or (PENDING if is_pending else 0)
    if every.is_all and names and not as_json:
        good = len(inputs) + len(errors) - len(wrong)
        terminal.say(f"{counted(good, 'file')} verified" + (f", {len(wrong)} failed" if wrong else ""))
    return code


def _since(
    revision: str, inputs: Sequence[Item], read: ReadOptions, *, is_all: bool
) -> tuple[Since, list[LeafsealError]]:
    from leafseal.cli.shared.since import since  # hardly anybody asks

    return since(revision, [item.source for item in inputs], read, is_all=is_all)


def _with_all_damage(outcome: Outcome[T], keys: KeyRing, read: ReadOptions) -> Outcome[T]:
    """Return an outcome; of a file in which several values do not verify, one that names all of them."""
    if not isinstance(outcome, Failed) or type(outcome.error) is not IntegrityError:
        return outcome
    try:
        damaged = damaged_places(outcome.item.source, keys, read)
    except LeafsealError:
        return outcome
    if len(damaged) < 2:
        return outcome
    where = first_of([place_of(leaf) for leaf in damaged])
    message = f"{len(damaged)} values were added, edited or moved after the file was encrypted: {where}"
    return Failed(outcome.item, IntegrityError(message, hint=_HINT, file=outcome.error.file))


_HINT = (
    'restore the file from Git; or remove these values with "leafseal repair", then add new ones with "leafseal set"'
)


class _About(NamedTuple):
    """What is known of a file that opened."""

    name: str
    verified: bool
    encrypted: int
    encrypted_comments: int
    not_encrypted: int
    coverage: Coverage
    changed_by_hand: Sequence[str]
    other_metadata: Sequence[int]  # documents, from 0
    clear_comments: int  # that the rule would encrypt
    unprotected: Sequence[Leaf]  # empty, and nothing covers them
    unresolved: Sequence[str]  # pointers to what a merge left undecided

    def as_data(self, earlier: Since | None) -> dict[str, Any]:
        """Return the file's object in the report."""
        return {
            **reports.file_fields(self.name),
            "verified": self.verified,
            "encrypted_count": self.encrypted,
            "encrypted_comment_count": self.encrypted_comments,
            "not_encrypted_count": self.not_encrypted,
            "unencrypted_comment_count": self.clear_comments,
            "structure": self.coverage,
            "changed_by_hand": list(self.changed_by_hand),
            "documents_with_other_metadata": list(self.other_metadata),
            "unprotected": [reports.place_of(leaf) for leaf in self.unprotected],
            "unresolved": list(self.unresolved),
            "since": _changes_of(self.name, earlier),
        }

    def as_lines(self, earlier: Since | None) -> list[str]:
        """Return the file's lines for people."""
        state = "OK" if self.verified else "the integrity check (MAC) was skipped"
        state = f"a merge left {counted(len(self.unresolved), 'conflict')} in it" if self.unresolved else state
        verified = counted(self.encrypted, "encrypted value")
        if self.encrypted_comments:
            verified += f" and {counted(self.encrypted_comments, 'encrypted comment')}"
        lines = [f"{escape_line(self.name)}: {state}: {verified} verified, {self.not_encrypted} not encrypted"]
        if self.clear_comments:
            lines.append(f"  {self.clear_comments} comments are not encrypted, but the rule would encrypt them")
        lines += [f"  unresolved conflict: {visible(place)}" for place in self.unresolved]
        lines += [f"  {sentence}" for sentence in told_of(self.coverage)]
        if self.changed_by_hand:
            lines.append(f"  changed since leafseal last wrote the file: {', '.join(self.changed_by_hand)}")
        for number in self.other_metadata:
            lines.append(
                f"  the sops metadata of document {number + 1} differ from those of the first, which alone count"
            )
        lines += [f"  empty, not protected: {place_of(leaf)}" for leaf in self.unprotected]
        lines += [f"  {line}" for line in (earlier.lines_of(self.name) if earlier is not None else ())]
        return lines


def _changes_of(name: str, earlier: Since | None) -> dict[str, Any] | None:
    if earlier is None:
        return None
    from leafseal.cli.shared.since import as_data

    return as_data(earlier.files.get(name))


def _describe(item: Item, opened: Opened) -> _About:
    comments = sum(item.leaf.is_comment for item in opened.leaves.sealed)
    values = sum(not (leaf.is_comment or isinstance(leaf.value, Empty)) for leaf, _ in opened.leaves.values)
    sealed = len(opened.leaves.sealed) - comments
    return _About(
        item.name,
        not opened.read.ignore_mac,
        sealed,
        comments,
        values - sealed - len(opened.leaves.unauthenticated),
        opened.coverage,
        hand_edits.changed(opened),
        _other_metadata(opened),
        opened.leaves.unsealed_comments,
        () if opened.coverage == "covered" else opened.leaves.unauthenticated,
        unresolved.read(opened.metadata).places,
    )


def _other_metadata(opened: Opened) -> list[int]:
    """Return the documents, from 0, whose metadata differ from those of the first, which alone count."""
    first = _of_sops(opened.document.metadata() or {})
    return [number - 1 for number, found in opened.document.later_metadata().items() if _of_sops(found) != first]


def _of_sops(metadata: Mapping[str, object]) -> dict[str, object]:
    # The digest and what else is ours stand in the first document alone.
    return {name: value for name, value in metadata.items() if name != "leafseal"}
