"""`leafseal exec-env`."""

from __future__ import annotations

from leafseal.cli.shared import program, variables
from leafseal.cli.shared.declarations import argument, command
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import InputOptions, file_argument, limits_options, sealed_reading
from leafseal.cli.shared.running import RunningOptions, running_options
from leafseal.document.limits import Limits
from leafseal.run import exec as running


@command("exec-env", separator="is_program")
@file_argument
@argument("command", is_many=True, is_required=True, metavar="-- COMMAND...")
@variables.variable_options
@program.inheritance_options
@running_options
@sealed_reading
@key_services
@limits_options
def exec_env(
    file: str,
    command: tuple[str, ...],
    wanted: variables.VariableOptions,
    child: program.ProgramOptions,
    how: RunningOptions,
    is_program: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Run a program with the values of an encrypted file as environment variables.

    After --, name a program and its arguments; they run without a shell. A single word without -- is a command line
    for /bin/sh.
    leafseal replaces itself with the program, so signals and exit code are the program's own. This is the short form
    of exec for one file.

    \b
    leafseal exec-env secrets.env -- ./server --port 8080
    leafseal exec-env secrets.env 'echo "$DB_HOST"'
    """
    # Behind `--` even a single word is a program, and no command line.
    argv = list(command) if is_program or len(command) > 1 else running.shell_command(command[0])
    return program.run([file], argv, reading, limits, wanted, child, how)
