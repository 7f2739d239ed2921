"""`leafseal repair`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leafseal.cli.shared import reports
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import consent_options, guard_of
from leafseal.cli.shared.declarations import Choice, command, grouped, make_option
from leafseal.cli.shared.files import Output, Outputs, distinct, errors_of, output_of, read_all, show_errors
from leafseal.cli.shared.findings import as_data, as_lines, lines_text, place_text
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    config_option,
    files_argument,
    json_option,
    limits_options,
    quiet_option,
    repairing_reading,
)
from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import PENDING, RefusedError, naming
from leafseal.keys.changes import keys_of, prefer_configured
from leafseal.keys.ring import KeyRing
from leafseal.operations import repair as operations
from leafseal.operations.batch import Item, each, results
from leafseal.operations.consent import Consent, Guard
from leafseal.operations.diagnose import Bad, Diagnosis, Duplicate, diagnose
from leafseal.operations.edit import Draft
from leafseal.operations.product import Product
from leafseal.system import terminal


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user answered on the command line."""

    yes: bool = False
    keep: str | None = None
    remove: bool = False
    encrypt: bool = False


_answers = grouped(
    "answers",
    Answers,
    make_option("-y", "--yes", is_flag=True, help="Do not ask for confirmation."),
    make_option(
        "--keep", type=Choice(("first", "last")), help="Of duplicate keys with different values, keep this one."
    ),
    make_option("--remove", is_flag=True, help="Remove values that cannot be decrypted. They cannot be recovered."),
    make_option("--encrypt", is_flag=True, help="Encrypt values that are in plain text against the rule, as they are."),
)


@command("repair")
@files_argument
@_answers
@json_option
@consent_options
@config_option
@repairing_reading
@key_services
@limits_options
@quiet_option
@reports.reporting("repair", files=[])
def repair(
    files: tuple[str, ...],
    answers: Answers,
    as_json: bool,
    consent: Consent,
    config: str | None,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Show what is wrong with encrypted files, and mend it after asking. Without a terminal and --yes, only show.

    leafseal finds values that cannot be decrypted, duplicate keys, a wrong integrity check (MAC), comments that sops
    3.13 cannot verify, and the garbled AWS contexts of SOPS before 3.3.0. It never guesses a value.

    \b
    leafseal repair config.yaml
    leafseal repair --yes --keep last secrets.env
    """
    outputs = Outputs(in_place=True)
    files = tuple(distinct(files))
    outputs.check(files)
    keys, read = KeyRing(current_ambient()), reading.within(limits)
    with terminal.progress(len(files), "checking", passes=2) as step:
        items, errors = read_all(files, reading, limits, step)
        outcomes = each(items, lambda item: diagnose(item.source, keys, read), progress=step)
    found = list(results(outcomes))
    errors += errors_of(outcomes)
    wrong = [(item, diagnosis) for item, diagnosis in found if not diagnosis.is_well]
    asks = not answers.yes and not as_json and terminal.has_terminal()
    mends = not errors and (answers.yes or asks)
    if not as_json:
        for item, diagnosis in found:
            terminal.print_line("\n".join(as_lines(item.name, diagnosis)))
    if mends:
        configuration = Configuration(config)
        made: list[Output] = []
        for item, diagnosis in wrong:
            with naming(item.name):
                guard = guard_of(item.name, configuration, consent)
                made.append(output_of(item, _Repair(item, keys, read, answers, guard).mend(diagnosis)))
        outputs.write(made)
    if as_json:
        told = [{**as_data(item.name, one), "repaired": mends and not one.is_well} for item, one in found]
        reports.write("repair", {"files": told}, errors)
    for item, _ in wrong if mends else []:
        terminal.say_done(f"{item.name}: repaired")
    if errors:
        return show_errors(errors)
    if wrong and not mends and not as_json:
        terminal.say("nothing was changed; to repair what was found, run it in a terminal, or add --yes")
    return PENDING if wrong and not mends else 0


class _Repair:
    """The repair of one file, and the questions that it takes."""

    def __init__(self, item: Item, keys: KeyRing, read: ReadOptions, answers: Answers, guard: Guard) -> None:
        self.item = item
        self.keys = keys
        self.read = read
        self.answers = answers
        self.guard = guard

    def mend(self, diagnosis: Diagnosis) -> Product:
        """Return the file as it is to be. Raises `RefusedError` where the user does not consent."""
        if diagnosis.unselected:
            raise RefusedError(
                f"{place_text(diagnosis.unselected)}: encrypted, but the file's rule leaves it in plain text",
                hint="the rule in the metadata was changed: restore the metadata from Git",
            )
        selection = self.guard.before(diagnosis.opened)
        if selection == diagnosis.opened.metadata.selection:
            self.guard.check_something_sealed(diagnosis.opened)
        diagnosis = self._without_duplicates(diagnosis)
        diagnosis = self._without_bad(diagnosis)
        if not self.answers.yes:
            question = f"{self.item.name}: save the repaired file, with a new integrity check (MAC)?"
            terminal.confirm(question, flag="--yes")
        groups = prefer_configured(keys_of(diagnosis.opened.metadata.groups), self.guard.configured_keys)
        product = operations.mended(diagnosis, groups, self.keys.ambient)
        if selection == diagnosis.opened.metadata.selection:
            return product
        opened = product.open()
        return self.guard.sealed(opened, Draft.of(opened, opened.plaintext()), selection)

    def _without_duplicates(self, diagnosis: Diagnosis) -> Diagnosis:
        operations.refuse_many(sum(len(one.members) - 1 for one in diagnosis.duplicates))
        while diagnosis.duplicates:
            duplicate = diagnosis.duplicates[0]
            source = operations.keep_one(diagnosis.source, self.read, duplicate, self._kept(duplicate))
            diagnosis = diagnose(source, self.keys, self.read)
        return diagnosis

    def _kept(self, duplicate: Duplicate) -> int:
        """Return which of the members of a name stays."""
        if duplicate.are_same:
            return 0
        keep = self.answers.keep
        place = place_text([duplicate])
        if keep is None and not self.answers.yes:
            which = f"{place} has different values in {lines_text(duplicate.lines)}."
            answer = terminal.ask(f"{self.item.name}: {which} Keep the first or the last? [first/last/N]") or ""
            keep = {"f": "first", "l": "last"}.get(answer.strip().lower()[:1])
            if keep is None:
                raise RefusedError("cancelled; nothing was changed")
        if keep is None:
            raise RefusedError(
                f"{place}: different values in {lines_text(duplicate.lines)}",
                hint="to keep one of them, add --keep first or --keep last",
            )
        return 0 if keep == "first" else len(duplicate.members) - 1

    def _without_bad(self, diagnosis: Diagnosis) -> Diagnosis:
        """Return the file without what does not verify, but for plain values that the user wants encrypted."""
        if not diagnosis.bad:
            return diagnosis
        operations.refuse_many(len(diagnosis.bad))
        if self.answers.yes:
            gone = [bad for bad in diagnosis.bad if not (self.answers.encrypt and bad.is_plain)]
            if gone and not self.answers.remove:
                hint = _REMOVE_OR_ENCRYPT if any(bad.is_plain for bad in gone) else _REMOVE
                raise RefusedError(f"not what was encrypted: {place_text(gone)}", hint=hint)
        else:
            gone = self._asked_about(diagnosis.bad)
        if not gone:
            return diagnosis
        return diagnose(operations.without(diagnosis.source, self.read, gone), self.keys, self.read)

    def _asked_about(self, all_bad: Sequence[Bad]) -> list[Bad]:
        """Ask what is to become of each place, as far as options did not say; return those to remove."""
        gone: list[Bad] = []
        removes = self.answers.remove
        for bad in all_bad:
            if bad.is_plain and self.answers.encrypt:
                continue
            if not removes:
                choice = "encrypt or remove it? [e/r/N]" if bad.is_plain else "remove it? [y/N, a for all]"
                answer = (terminal.ask(f"{self.item.name}: {place_text([bad])}: {choice}") or "").strip().lower()
                if bad.is_plain and answer in ("e", "encrypt"):
                    continue
                if answer not in (("r", "remove") if bad.is_plain else ("y", "yes", "a", "all")):
                    raise RefusedError("cancelled; nothing was changed", hint=_NOT_REMOVED)
                removes = answer in ("a", "all")
            gone.append(bad)
        return gone


_REMOVE = 'to remove these values, add --remove; after that, "leafseal set" adds new ones'
_REMOVE_OR_ENCRYPT = "to remove these values, add --remove; to encrypt those in plain text as they are, add --encrypt"
_NOT_REMOVED = 'undo the change that broke it; "git log -p FILE" shows the changes'
