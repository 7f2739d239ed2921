"""Variables that programs get of the values of encrypted files: the options that say which, and what they are."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from leafseal.cli.shared.declarations import VARIABLES, Choice, Whole, grouped, make_option
from leafseal.cli.shared.errors import ErrorsShown
from leafseal.cli.shared.files import distinct, errors_of, read_all, show_errors
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions
from leafseal.display import first_of
from leafseal.document import Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import Limits
from leafseal.document.paths import format_path
from leafseal.document.tree import MappingNode
from leafseal.errors import LeafsealError, RefusedError, UsageError, naming
from leafseal.formats import FORMATS
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Done, open_all
from leafseal.operations.extract import document_of
from leafseal.operations.open import Opened
from leafseal.operations.unbound_names import unbound_names
from leafseal.run import environment
from leafseal.run import variables as making
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.cli.shared.file_values import Taken, Wish


class VariableOptions(NamedTuple):
    """Which variables are made of the values of files, and how."""

    allow: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    prefix: str | None = None
    flatten: str | None = None
    document: int | None = None
    strict: bool = False
    sops_values: bool = False
    dialect: str | None = None
    in_files: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise `UsageError` for what can be told to be wrong before a key is asked for."""
        self.names()
        self.wishes()

    def names(self) -> list[str] | None:
        """Return the names of `--only`, None where all are wanted. Raises `UsageError`."""
        if not self.only:
            return None
        names = [name for text in self.only for name in text.split(",")]
        if "" in names:
            raise UsageError("--only contains an empty name", hint="separate names with one comma each, without blanks")
        return names

    def paths(self) -> tuple[str, ...] | None:
        """Return the paths of the only values that are handed over, for an audit log; None where others may be too.

        A dialect can put other values into them.
        """
        if not self.only or self.prefix or self.flatten is not None or self.dialect is not None:
            return None
        names = [name for text in self.only for name in text.split(",") if name]
        return *(format_path((name,)) for name in names), *(word.rpartition("=")[0] for word in self.in_files)

    def wishes(self) -> Sequence[Wish]:
        """Return what `--file` says. Raises `UsageError`."""
        if not self.in_files:
            return ()
        from leafseal.cli.shared.file_values import read_wishes  # and what writes files, only where they are wanted

        return read_wishes(self.in_files)

    def name_of(self, place: Sequence[str | int]) -> str:
        """Return the variable that the value at a place of a file gives."""
        return (self.prefix or "") + (self.flatten or "").join(map(str, place))


VARIABLE_OPTIONS = (
    make_option(
        "--allow",
        is_multiple=True,
        metavar="NAME",
        help="Set this variable even if it changes how programs run.",
        section=VARIABLES,
    ),
    make_option(
        "--only",
        is_multiple=True,
        metavar="NAMES",
        help="Set these variables, separated by commas, and no others. Each must exist.",
        section=VARIABLES,
    ),
    make_option("--prefix", metavar="TEXT", help="Put TEXT before the name of each variable.", section=VARIABLES),
    make_option(
        "--flatten",
        metavar="TEXT",
        help="Make variables of nested values; join their key names with TEXT.",
        section=VARIABLES,
    ),
    make_option(
        "--document",
        type=Whole(0),
        metavar="N",
        help="Which of several YAML documents to take; the first is 0.",
        section=VARIABLES,
    ),
    make_option(
        "--strict",
        is_flag=True,
        help="Stop if a value is empty, which SOPS does not protect, or a name is unusual.",
        section=VARIABLES,
    ),
    make_option(
        "--sops-values", is_flag=True, help="Spell values as sops does: null is <nil>, not empty.", section=VARIABLES
    ),
    make_option(
        "--dialect",
        type=Choice(("sops", "compose", "bash", "python-dotenv")),
        help="Read the values of a .env file as this program does [default: sops].",
        section=VARIABLES,
    ),
)
"""Those that count wherever variables are made of values."""

variable_options = grouped(
    "wanted",
    VariableOptions,
    *VARIABLE_OPTIONS,
    make_option(
        "--file",
        "in_files",
        is_multiple=True,
        metavar="KEY=NAME",
        help="Write the value of KEY to a file in memory, not to a variable, and its path to the variable NAME_FILE.",
        section=VARIABLES,
    ),
)

CONFLICT = make_option(
    "--on-conflict",
    type=Choice(("error", "first", "last")),
    default="error",
    shows_default=True,
    help="Which file counts if several set one variable.",
    section=VARIABLES,
)


class Handed(NamedTuple):
    """What a program gets of files: variables, and values in files by their names."""

    variables: dict[str, bytes]
    files: dict[str, bytes]
    by_name: dict[str, bytes]
    """All values by the variables that they are, or would be."""


def variables_of(
    opened: Sequence[tuple[str, Opened]], wanted: VariableOptions, conflict: str, *, checks_names: bool = True
) -> dict[str, bytes]:
    """Return the variables that files give, in order, where no program of ours gets them.

    Without `checks_names` they may be called what they like, for they become no variables of any program.
    """
    inherited = environment.child_environment({}, os.environ)
    return handed_of(opened, wanted, inherited, conflict, checks_names=checks_names).variables


def handed_of(
    opened: Sequence[tuple[str, Opened]],
    wanted: VariableOptions,
    inherited: dict[bytes, bytes],
    conflict: str,
    *,
    checks_names: bool = True,
) -> Handed:
    """Return what files give, in order; with what is wrong with any, nothing.

    `inherited` is what the program gets besides, of which a dialect may take parts into values.
    """
    only, wishes = wanted.names(), wanted.wishes()
    layers: list[tuple[str, dict[str, bytes]]] = []
    in_files: list[tuple[str, dict[str, Taken]]] = []
    for name, one in opened:
        with naming(name):
            taken, variables = _variables_of(one, wanted, inherited)
        layers.append((name, variables))
        in_files.append((name, taken))
    found = making.layered(layers, conflict)
    handed = Handed(found, {}, found)
    if wishes:
        from leafseal.cli.shared.file_values import check_variables, files_of

        own = {wanted.name_of(one.place): one.data for _, taken in in_files for one in taken.values()}
        handed = Handed(found, files_of(wishes, in_files, conflict), {**own, **found})
        check_variables(handed.files, found, inherited, only)
    _refuse_missing(opened, found, only, wanted)
    for name, own_variables in layers if checks_names else ():
        _check_names(name, own_variables, wanted)
    _warn_of_other_readers(opened, handed.by_name, wanted)
    return handed


def open_files(files: Sequence[str], reading: InputOptions, limits: Limits) -> list[tuple[str, Opened]]:
    """Open every file, and return them with their names. If one fails, raise what is wrong with each that does."""
    opened, errors = open_all_files(files, reading, limits)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ErrorsShown(show_errors(errors), errors)
    return opened


def open_all_files(
    files: Sequence[str], reading: InputOptions, limits: Limits
) -> tuple[list[tuple[str, Opened]], Sequence[LeafsealError]]:
    """Open every file; return those that can be opened, with their names, and what is wrong with the others."""
    items, errors = read_all(distinct(files), reading, limits)
    outcomes = open_all(items, KeyRing(current_ambient()), lambda _, opened: opened, read=reading.within(limits))
    opened = [(outcome.item.name, outcome.result) for outcome in outcomes if isinstance(outcome, Done)]
    return opened, [*errors, *errors_of(outcomes)]


def _variables_of(
    opened: Opened, wanted: VariableOptions, inherited: dict[bytes, bytes]
) -> tuple[dict[str, Taken], dict[str, bytes]]:
    """Return the values of a file that go into files, and the variables that the others are."""
    only, wishes = wanted.names(), wanted.wishes()
    _refuse_one_value(opened)
    if wanted.strict:
        _refuse_empty(opened)
    document = document_of(opened, wanted.document, hint="add --document N to say which; the first is 0")
    prefix = wanted.prefix or ""
    if wanted.dialect not in (None, "sops") and FORMATS[opened.document.format].is_read_by_shells:
        from leafseal.run import dialects

        _refuse_unbound(opened, wanted, None)
        text = opened.plaintext().decode("utf-8", "surrogateescape")
        document = MappingNode(list(dialects.read(text, wanted.dialect, inherited).items()))
    spell = making.spelled_as_in(opened, wanted.document or 0)
    taken: dict[str, Taken] = {}
    left_out: Collection[Locator] = ()
    if wishes:
        from leafseal.cli.shared import file_values

        taken = file_values.take(
            wishes, document, flatten=wanted.flatten, prefix=prefix, as_sops=wanted.sops_values, spell=spell
        )
        left_out = file_values.left_out(taken, only, wanted.name_of)
    found = making.variables(
        document,
        flatten=wanted.flatten,
        prefix=prefix,
        only=only,
        as_sops=wanted.sops_values,
        spell=spell,
        left_out=left_out,
    )
    _refuse_unbound(opened, wanted, found)
    return taken, found


def _refuse_missing(
    opened: Sequence[tuple[str, Opened]], found: Collection[str], only: list[str] | None, wanted: VariableOptions
) -> None:
    """Raise `LeafsealError` for names of `--only` that no file has."""
    if missing := [name for name in only or () if name not in found]:
        from difflib import get_close_matches  # for slips

        names = {
            wanted.name_of(leaf.locator).lower(): wanted.name_of(leaf.locator)
            for _, one in opened
            for leaf, _ in one.leaves.values
            if not leaf.is_comment and (wanted.flatten is not None or len(leaf.locator) == 1)
        }
        near = [names[one] for name in missing for one in get_close_matches(name.lower(), names, n=1, cutoff=0.75)]
        nested = any(making.is_nested(document) for _, one in opened for document in one.documents())
        is_one = len(opened) == 1
        raise LeafsealError(
            f"{'' if is_one else 'no file '}has {'no' if is_one else 'a'} value for {', '.join(missing)}",
            hint=(f"the file has {first_of(near)}" if is_one else f"the files have {first_of(near)}")
            if near
            else making.FLATTEN_HINT
            if nested and wanted.flatten is None
            else "name only variables that are in the file after --only",
            file=opened[0][0] if is_one else None,
        )


def _check_names(file: str, names: Iterable[str], wanted: VariableOptions) -> None:
    def allowed() -> frozenset[str]:
        from leafseal.keys.policy import policy_of  # hardly any file has such names

        return frozenset(wanted.allow) | (policy_of(current_ambient()).exec_names or frozenset())

    with naming(file):
        warned = environment.check_names(names, allowed, strict=wanted.strict)
    if warned:
        terminal.warn(
            f"{file}: can change how programs run or where they connect: {', '.join(warned)};"
            f" if you know these, add {environment.allow_options(warned)}"
        )


def _warn_of_other_readers(opened: Sequence[tuple[str, Opened]], found: Iterable[str], wanted: VariableOptions) -> None:
    """Name the values, of those that the program gets, that other programs read differently."""
    for file, one in opened:
        if FORMATS[one.document.format].has_other_readers:
            from leafseal.cli.shared.other_readers import warn_of_other_readers

            warn_of_other_readers(file, one, lambda place: wanted.name_of(place) in found)


def _refuse_one_value(opened: Opened) -> None:
    """Refuse a file of any bytes, which has no names for variables."""
    if FORMATS[opened.document.format].tree_format:
        raise RefusedError(
            "the whole file is encrypted as one value, so it has no variables",
            hint="decrypt it, and encrypt it again with --input-type dotenv (or yaml, json);"
            " exec-file gives a program the whole file",
        )


def _refuse_empty(opened: Opened) -> None:
    if opened.leaves.unauthenticated:
        from leafseal.document.places import listed  # hardly any file has such values

        raise RefusedError(
            f"these values are empty, and SOPS does not protect them: {listed(opened.leaves.unauthenticated)}",
            hint="give them a value, or leave out --strict",
        )


def _refuse_unbound(opened: Opened, wanted: VariableOptions, names: Collection[str] | None) -> None:
    """Refuse those of the variables whose names somebody could have added who has no key; with None, of all."""
    found = [wanted.name_of(leaf.locator) for leaf in unbound_names(opened)]
    if refused := [name for name in found if (names is None or name in names) and name not in wanted.allow]:
        raise RefusedError(
            f"empty values have names that are not identifiers, and SOPS does not protect them: {first_of(refused)}",
            hint=f"to set it anyway, add {environment.allow_options(refused)}",
        )
