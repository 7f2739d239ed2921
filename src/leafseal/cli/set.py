"""`leafseal set`."""

from __future__ import annotations

from leafseal.cli.shared import values
from leafseal.cli.shared.addressing import document_number
from leafseal.cli.shared.change import Change, change, locate_value
from leafseal.cli.shared.consent import consent_options
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import (
    InputOptions,
    changing_reading,
    config_option,
    document_option,
    expand_aliases_option,
    file_argument,
    limits_options,
    quiet_option,
)
from leafseal.display import counted, first_of, for_shell, visible
from leafseal.document import Document, Locator
from leafseal.document.limits import Limits
from leafseal.document.paths import format_path
from leafseal.document.scalars import same
from leafseal.document.tree import to_python
from leafseal.errors import PathError, RefusedError, UsageError, naming
from leafseal.operations.consent import Consent
from leafseal.operations.edit import Draft, draft_with, only_below
from leafseal.operations.extract import part_at
from leafseal.operations.open import Opened, read_metadata
from leafseal.system import terminal


@command("set")
@file_argument
@argument("path")
@argument("value", is_required=False)
@option("--value-file", metavar="FILE", help="Read the value from a file, without its last line break.")
@option("--value-stdin", is_flag=True, help="Read the value from standard input, without its last line break.")
@option("--string", is_flag=True, help="Store the value as text, even if it looks like JSON.")
@option("--idempotent", is_flag=True, help="Do nothing if the value is already set.")
@option("--force", is_flag=True, help="Replace a mapping or list with a single value.")
@document_option
@expand_aliases_option
@changing_reading
@consent_options
@config_option
@quiet_option
@key_services
@limits_options
def set_(
    file: str,
    path: str,
    value: str | None,
    value_file: str | None,
    value_stdin: bool,
    string: bool,
    idempotent: bool,
    force: bool,
    document: int | None,
    expand_aliases: bool,
    reading: InputOptions,
    consent: Consent,
    config: str | None,
    limits: Limits,
) -> None:
    """Set a value in an encrypted file. All other values keep their ciphertext.

    PATH is database.password, /database/password or ["database"]["password"]; missing mappings are created. A VALUE
    that is JSON is read as JSON: 5 is an integer, "5" is text, {"a": 1} is a mapping. Any other VALUE is text. Without
    VALUE you are asked for one; it is stored as text.

    \b
    leafseal set config.yaml database.password
    leafseal set config.yaml replicas 5
    pwgen 32 1 | leafseal set --value-stdin --string config.yaml database.password
    """
    if value is None and value_file is None and not value_stdin:
        _check_before_asking(file, path, reading, limits)
    wanted = values.take(value, value_file, value_stdin, string, limits)
    places: list[str] = []

    def edit(current: Change) -> Draft | None:
        opened = current.opened
        number = document_number(file, opened, document, what="this changes the first")
        locator = _meant(file, opened, locate_value(opened, path, number), number)
        draft = None
        places.append(format_path(locator))
        # What a merge left undecided is decided by setting it, even to what it is.
        is_set = not opened.metadata.unresolved and _stands_already(opened, locator, number, wanted)
        if not (idempotent and is_set):
            draft = draft_with(opened, locator, wanted, document=number, expand_aliases=expand_aliases)
            if not force:
                _refuse_loss(opened, locator, number, wanted)
        if value is None and not terminal.shows_notes():
            return draft
        is_sealed = _is_sealed(draft.document if draft else opened.document, locator, number, current)
        if not is_sealed:
            places[0] += ", which is not encrypted"
        if value is not None and is_sealed:
            terminal.warn(
                "the value was on the command line: it is now in your shell history; leave it out to be asked for it"
            )
        return draft

    if change(file, reading, limits, config, consent, edit, spare=only_below(path, document or 0)):
        terminal.note(lambda: f"{file}: set {places[0]}")
    else:
        terminal.say_done(f"{file}: unchanged")


def _check_before_asking(file: str, path: str, reading: InputOptions, limits: Limits) -> None:
    """Refuse what can be seen to be wrong before the user types a secret. The message does not repeat `KEY=secret`."""
    name, equals, _ = path.partition("=")
    if equals and name.replace("_", "a").replace(".", "a").isalnum():
        raise UsageError(
            "PATH contains =, and no VALUE is given",
            hint=f'to be asked for the value, run "leafseal set {for_shell(file)} {name}"',
        )
    if file != "-":
        with naming(file):
            item = read_one(file, reading, limits)
            read_metadata(item.source.data, item.source.format, reading.within(limits))


def _meant(file: str, opened: Opened, locator: Locator, document: int) -> Locator:
    """Return the place that is meant: where a new key is close to one that is there, the user may say that one."""
    from leafseal.operations.near import slip_of

    slip = slip_of(opened, locator, document)
    if slip is None:
        return locator
    meant, existing = slip
    new = f"{file}: {format_path(locator)} is new"
    answer = terminal.ask(f"{new}; set {format_path(meant)} instead? [y/N]")
    if answer is None:
        terminal.warn(f"{new}; the file also has {format_path(existing)}")
    return meant if (answer or "").strip().lower() in ("y", "yes") else locator


def _refuse_loss(opened: Opened, locator: Locator, document: int, wanted: object) -> None:
    """Raise `RefusedError` where a single value would take the place of several."""
    depth = len(locator)
    below = [
        leaf.locator[depth]
        for leaf, _ in opened.leaves.values
        if leaf.document == document and leaf.locator[:depth] == locator and len(leaf.locator) > depth
        if not leaf.is_comment
    ]
    if not below or isinstance(wanted, dict | list):
        return
    names = [name for name in dict.fromkeys(below) if isinstance(name, str)]
    what = f"a mapping of {counted(len(below), 'value')} ({first_of(list(map(visible, names)))})"
    raise RefusedError(
        f"{format_path(locator)} is {what if names else 'a list of ' + counted(len(below), 'value')}, "
        "which would be lost",
        hint="to replace all of it with one value, add --force",
    )


def _is_sealed(document: Document, locator: Locator, number: int, current: Change) -> bool:
    """Tell whether any of what is at a place is encrypted."""
    return any(
        current.selection.selects(leaf)
        for leaf in document.leaves()
        if leaf.document == number and leaf.locator[: len(locator)] == locator and not leaf.is_comment
    )


def _stands_already(opened: Opened, locator: Locator, document: int, wanted: object) -> bool:
    try:
        return same(to_python(part_at(opened, locator, document)), wanted)
    except PathError:
        return False
