"""`leafseal exec`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import takewhile

from leafseal.cli.shared import program, variables
from leafseal.cli.shared.declarations import FileName, add, argument, command, option
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import InputOptions, limits_options, sealed_reading
from leafseal.cli.shared.running import RunningOptions, running_options
from leafseal.display import for_shell
from leafseal.document.limits import Limits
from leafseal.errors import CommandError, UsageError


@command("exec", separator="is_program")
@argument("command", is_many=True, metavar="-- PROGRAM [ARGUMENT]...")
@option(
    "-e",
    "--env-file",
    is_multiple=True,
    metavar="FILE",
    type=FileName(),
    help="Make environment variables of the values of this encrypted file.",
)
@add(variables.CONFLICT)
@variables.variable_options
@program.inheritance_options
@running_options
@sealed_reading
@key_services
@limits_options
def exec_(
    command: tuple[str, ...],
    env_file: tuple[str, ...],
    on_conflict: str,
    wanted: variables.VariableOptions,
    child: program.ProgramOptions,
    how: RunningOptions,
    is_program: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Run a program with the values of encrypted files.

    The program runs without a shell. leafseal replaces itself with it, so process number, signals and exit code are
    the program's own, even as the first process of a container. If one of the files cannot be decrypted, nothing
    starts.

    \b
    leafseal exec -e secrets.env -- ./server --port 8080
    leafseal exec -e app.yaml -e app.prod.yaml --on-conflict last -- ./server
    """
    if not env_file:
        files, words = _files_first(command)
        raise UsageError("no file is given", hint=f'name an encrypted file: "leafseal exec {files} -- {words}"')
    if not (is_program and command):
        files = " ".join(f"-e {for_shell(name)}" for name in env_file)
        program_name = for_shell(command[0]) if command else "PROGRAM"
        raise UsageError(
            "no program is given after --",
            hint=f'put -- before the program: "leafseal exec {files} -- {program_name}"',
        )
    try:
        return program.run(env_file, command, reading, limits, wanted, child, how, conflict=on_conflict)
    except CommandError as error:
        if error.hint is None or not _is_no_program(command[0]):
            raise
        raise error.with_hint(f"{error.hint}; before each encrypted file, write -e") from None


def _is_no_program(word: str) -> bool:
    return os.path.isfile(word) and not os.access(word, os.X_OK)


def _files_first(command: Sequence[str]) -> tuple[str, str]:
    """Return what was meant where files were named without `-e`: options for these, and the program."""
    files = list(takewhile(_is_no_program, command))
    options = " ".join(f"-e {for_shell(name)}" for name in files or ["FILE"])
    return options, for_shell(command[len(files)]) if command[len(files) :] else "PROGRAM"
