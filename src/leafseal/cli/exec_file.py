"""`leafseal exec-file`."""

from __future__ import annotations

import os

from leafseal.cli.shared import program
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    converting_options,
    file_argument,
    limits_options,
    sealed_reading,
)
from leafseal.cli.shared.running import RunningOptions, supervised_options
from leafseal.document.limits import Limits
from leafseal.errors import UsageError, naming
from leafseal.formats import FORMATS
from leafseal.keys.policy import policy_of
from leafseal.keys.ring import KeyRing
from leafseal.operations.convert import convert
from leafseal.operations.open import open_file
from leafseal.run import exec as running
from leafseal.run.plaintext_path import PLACE, can_pipe, check_name, plaintext_path
from leafseal.system import terminal


@command("exec-file", separator="is_program")
@file_argument
@argument("command", is_many=True, is_required=True, metavar="-- COMMAND...")
@option("--no-fifo", is_flag=True, help="Use a file, not a named pipe: for programs that read it in pieces.")
@option("--filename", metavar="NAME", help="Give the decrypted file this name [default: that of FILE].")
@converting_options
@program.inheritance_options
@supervised_options
@sealed_reading
@key_services
@limits_options
def exec_file(
    file: str,
    command: tuple[str, ...],
    no_fifo: bool,
    filename: str | None,
    output_type: str | None,
    indent: int | None,
    child: program.ProgramOptions,
    how: RunningOptions,
    is_program: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Run a program with the decrypted file, under a path that replaces {}.

    The path is a named pipe that every reader can read once, or with --no-fifo a file that only you can read, in
    memory if the system has such a place. It is deleted when the program ends. After --, name a program and its
    arguments; they run without a shell. A single word without -- is a command line for /bin/sh.

    \b
    leafseal exec-file app.yaml -- ./server --config {}
    leafseal exec-file --no-fifo tls.key 'openssl rsa -check -noout -in {}'
    """
    if not any(PLACE in word for word in command):
        raise UsageError("the command has no {}", hint="write {} where the path of the decrypted file belongs")
    how.check()
    account = child.account()
    name = check_name(filename or os.path.basename(reading.filename_override or file).lstrip("-") or "file")
    item = read_one(file, reading, limits)
    ambient = current_ambient()
    with naming(item.name):
        opened = open_file(item.source, KeyRing(ambient), reading.within(limits))
        target = output_type or opened.document.format
        if opened.leaves.unauthenticated and FORMATS[target].is_read_by_shells:
            from leafseal.cli.shared.unbound import refuse_unbound

            refuse_unbound(item.name, opened)
        is_same = target == opened.document.format
        plain = opened.plaintext() if is_same else convert(opened, target, indent=indent)
    as_pipe = can_pipe() and not no_fifo
    strict = policy_of(ambient).no_disk_plaintext
    with plaintext_path(
        plain, name, as_pipe=as_pipe, account=account, no_disk_plaintext=strict, warn=terminal.warn
    ) as path:
        words = [word.replace(PLACE, path) for word in command]
        argv = words if is_program or len(words) > 1 else running.shell_command(words[0])
        patterns = how.patterns_of([(item.name, opened)], {}, lambda _: "")
        return how.run(argv, child.environment(account), account, patterns)
