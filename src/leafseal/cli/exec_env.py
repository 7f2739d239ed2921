"""`leafseal exec-env`."""

from __future__ import annotations

import os
from collections.abc import Iterable

from leafseal.cli.shared.declarations import Whole, argument, command, option
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, file_argument, limits_options, sealed_reading
from leafseal.display import first_of
from leafseal.document.limits import Limits
from leafseal.document.places import listed
from leafseal.errors import RefusedError, UsageError, naming
from leafseal.formats import FORMATS
from leafseal.keys.ring import KeyRing
from leafseal.operations.extract import document_of
from leafseal.operations.open import Opened, open_file
from leafseal.operations.unbound_names import unbound_names
from leafseal.run import environment
from leafseal.run import exec as running
from leafseal.system import terminal


@command("exec-env", separator="is_program")
@file_argument
@argument("command", is_many=True, is_required=True, metavar="-- COMMAND...")
@option("--pristine", is_flag=True, help="Start with an empty environment.")
@option("--allow", is_multiple=True, metavar="NAME", help="Set this variable even if it changes how programs run.")
@option(
    "--only",
    is_multiple=True,
    metavar="NAMES",
    help="Set these variables, separated by commas, and no others. Each must exist.",
)
@option(
    "--keep",
    is_multiple=True,
    metavar="NAME",
    help="Pass on this variable even if it gives access to your private keys.",
)
@option("--flatten", metavar="TEXT", help="Make variables of nested values; join their key names with TEXT.")
@option("--scrub-cloud", is_flag=True, help="Do not pass on credentials of clouds and of Vault.")
@option("--user", metavar="NAME", help="Run the program as this user; requires root.")
@option("--same-process", is_flag=True, help="Accepted for compatibility; this is the default.")
@option("--supervise", is_flag=True, help="Stay the program's parent, and forward signals to it.")
@option("--document", type=Whole(0), metavar="N", help="Which of several YAML documents to take; the first is 0.")
@option("--strict", is_flag=True, help="Stop if a value is empty, which SOPS does not protect, or a name is unusual.")
@option("--sops-values", is_flag=True, help="Spell values as sops does: null is <nil>, not empty.")
@sealed_reading
@key_services
@limits_options
def exec_env(
    file: str,
    command: tuple[str, ...],
    pristine: bool,
    allow: tuple[str, ...],
    only: tuple[str, ...],
    keep: tuple[str, ...],
    flatten: str | None,
    scrub_cloud: bool,
    user: str | None,
    same_process: bool,
    supervise: bool,
    document: int | None,
    strict: bool,
    sops_values: bool,
    is_program: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Run a program with the values of an encrypted file as environment variables.

    After --, name a program and its arguments; they run without a shell. A single word without -- is a command line
    for /bin/sh.
    leafseal replaces itself with the program, so signals and exit code are the program's own.

    \b
    leafseal exec-env secrets.env -- ./server --port 8080
    leafseal exec-env secrets.env 'echo "$DB_HOST"'
    """
    if supervise and same_process:
        raise UsageError("--supervise and --same-process contradict each other", hint="use only one of them")
    account = environment.find_account(user) if user else None
    opened = _open(file, reading, limits)
    with naming(file):
        _refuse_one_value(opened)
        if strict:
            _refuse_empty(opened)
        wanted = document_of(opened, document, hint="add --document N to say which; the first is 0")
        secrets = environment.variables(wanted, flatten=flatten, only=_names(only), as_sops=sops_values)
        _refuse_unbound(opened, flatten, {*secrets}.difference(allow))
    _check_names(file, secrets, allow, strict)
    if FORMATS[opened.document.format].has_other_readers:
        from leafseal.cli.shared.other_readers import warn_of_other_readers

        warn_of_other_readers(file, opened, lambda place: (flatten or "").join(map(str, place)) in secrets)
    variables = environment.child_environment(
        secrets, os.environ, pristine=pristine, account=account, scrub_cloud=scrub_cloud, keep=keep
    )
    # Behind `--` even a single word is a program, and no command line.
    argv = list(command) if is_program or len(command) > 1 else running.shell_command(command[0])
    if supervise or not running.can_replace():
        from leafseal.run import supervisor

        return supervisor.supervise(argv, variables, account=account)
    return running.execute(argv, variables, account=account)


def _names(only: tuple[str, ...]) -> list[str] | None:
    if not only:
        return None
    names = [name for text in only for name in text.split(",")]
    if "" in names:
        raise UsageError("--only contains an empty name", hint="separate names with one comma each, without blanks")
    return names


def _open(file: str, reading: InputOptions, limits: Limits) -> Opened:
    item = read_one(file, reading, limits)
    with naming(file):
        return open_file(item.source, KeyRing(current_ambient()), reading.within(limits))


def _check_names(file: str, names: Iterable[str], allow: tuple[str, ...], strict: bool) -> None:
    def allowed() -> frozenset[str]:
        from leafseal.keys.policy import policy_of  # hardly any file has such names

        return frozenset(allow) | (policy_of(current_ambient()).exec_names or frozenset())

    with naming(file):
        warned = environment.check_names(names, allowed, strict=strict)
    if warned:
        terminal.warn(
            f"{file}: can change how programs run or where they connect: {', '.join(warned)};"
            f" if you know these, add {environment.allow_options(warned)}"
        )


def _refuse_one_value(opened: Opened) -> None:
    """Refuse a file of any bytes, which has no names for variables."""
    if FORMATS[opened.document.format].tree_format:
        raise RefusedError(
            "the whole file is encrypted as one value, so it has no variables",
            hint="decrypt it, and encrypt it again with --input-type dotenv (or yaml, json)",
        )


def _refuse_empty(opened: Opened) -> None:
    if opened.leaves.unauthenticated:
        raise RefusedError(
            f"these values are empty, and SOPS does not protect them: {listed(opened.leaves.unauthenticated)}",
            hint="give them a value, or leave out --strict",
        )


def _refuse_unbound(opened: Opened, flatten: str | None, names: set[str]) -> None:
    """Refuse those of the variables whose names somebody could have added who has no key."""
    found = [(flatten or "").join(map(str, leaf.locator)) for leaf in unbound_names(opened)]
    if refused := [name for name in found if name in names]:
        raise RefusedError(
            f"empty values have names that are not identifiers, and SOPS does not protect them: {first_of(refused)}",
            hint=f"to set it anyway, add {environment.allow_options(refused)}",
        )
