"""`leafseal verify`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from leafseal.cli.get import as_json_text
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.every_file import EveryFile, chosen, files_or_all
from leafseal.cli.shared.files import errors_of, read_all, show_errors
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, json_option, limits_options, sealed_reading
from leafseal.display import counted, escape_line, first_of
from leafseal.document.limits import Limits, ReadOptions
from leafseal.document.places import place_of
from leafseal.errors import IntegrityError, LeafsealError
from leafseal.keys.ring import KeyRing
from leafseal.operations import hand_edits
from leafseal.operations.batch import Failed, Item, Outcome, open_all, results
from leafseal.operations.open import Opened, damaged_places
from leafseal.operations.structure import told_of
from leafseal.system import terminal

T = TypeVar("T")


@command("verify")
@files_or_all
@json_option
@sealed_reading
@key_services
@limits_options
def verify(files: tuple[str, ...], every: EveryFile, as_json: bool, reading: InputOptions, limits: Limits) -> int:
    """Check that every value of files decrypts, and their integrity check (MAC). Print no values.

    Says what was changed by hand that may be: comments, recipients, the rule. Empty values are listed where no digest
    covers the structure of the file: anyone with write access could have emptied them.

    \b
    leafseal verify config.yaml
    leafseal verify --json secrets/*.yaml
    leafseal verify --all
    """
    inputs, errors = read_all(chosen(files, every, reading, limits), reading, limits)
    keys, read = KeyRing(current_ambient()), reading.within(limits)
    with terminal.progress(len(inputs), "verifying") as step:
        outcomes = open_all(inputs, keys, _describe, read=read, progress=step)
    outcomes = [_with_all_damage(outcome, keys, read) for outcome in outcomes]
    if as_json:
        told = [about for _, about in results(outcomes)]
        failed = [(error.file, error) for error in errors]  # could not be read
        failed += [(one.item.name, one.error) for one in outcomes if isinstance(one, Failed)]
        told += [{"file": name, "verified": False, "error": error.message} for name, error in failed]
        terminal.write_result(as_json_text(told) + b"\n")
    else:
        for _, about in results(outcomes):
            terminal.print_line("\n".join(_lines(about)))
    wrong = [*errors, *errors_of(outcomes)]
    code = show_errors(wrong)
    if every.is_all and not as_json:
        good = len(inputs) + len(errors) - len(wrong)
        terminal.say(f"{counted(good, 'file')} verified" + (f", {len(wrong)} failed" if wrong else ""))
    return code


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


def _describe(item: Item, opened: Opened) -> dict[str, Any]:
    comments = sum(item.leaf.is_comment for item in opened.leaves.sealed)
    values = sum(not leaf.is_comment for leaf, _ in opened.leaves.values)
    empty = [place_of(leaf) for leaf in opened.leaves.unauthenticated]
    is_covered = opened.coverage == "covered"
    sealed = len(opened.leaves.sealed) - comments
    return {
        "file": item.name,
        "verified": not opened.read.ignore_mac,
        "sealed": sealed,
        "sealed_comments": comments,
        "clear": values - sealed - len(empty),
        "structure": opened.coverage,
        "changed_by_hand": hand_edits.changed(opened),
        "documents_with_other_metadata": _other_metadata(opened),
        "clear_comments_under_the_rule": opened.leaves.unsealed_comments,
        "empty": [] if is_covered else empty,
    }


def _other_metadata(opened: Opened) -> list[int]:
    """Return the documents, from 1, whose metadata differ from those of the first, which alone count."""
    first = _of_sops(opened.document.metadata() or {})
    return [number for number, found in opened.document.later_metadata().items() if _of_sops(found) != first]


def _of_sops(metadata: Mapping[str, object]) -> dict[str, object]:
    # The digest and what else is ours stand in the first document alone.
    return {name: value for name, value in metadata.items() if name != "leafseal"}


def _lines(about: dict[str, Any]) -> list[str]:
    state = "OK" if about["verified"] else "the integrity check (MAC) was skipped"
    verified = counted(about["sealed"], "encrypted value")
    if about["sealed_comments"]:
        verified += f" and {counted(about['sealed_comments'], 'encrypted comment')}"
    lines = [f"{escape_line(about['file'])}: {state}: {verified} verified, {about['clear']} not encrypted"]
    if about["clear_comments_under_the_rule"]:
        lines.append(
            f"  {about['clear_comments_under_the_rule']} comments are not encrypted, but the rule would encrypt them"
        )
    lines += [f"  {sentence}" for sentence in told_of(about["structure"])]
    if about["changed_by_hand"]:
        lines.append(f"  changed since leafseal last wrote the file: {', '.join(about['changed_by_hand'])}")
    for number in about["documents_with_other_metadata"]:
        lines.append(f"  the sops metadata of document {number} differ from those of the first, which alone count")
    lines += [f"  empty, not protected: {place}" for place in about["empty"]]
    return lines
