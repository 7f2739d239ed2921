"""`sops exec-file`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

from leafseal.errors import EmitError, UsageError, WriteError
from leafseal.keys.policy import policy_of
from leafseal.run import exec as running
from leafseal.run.environment import Account, child_environment
from leafseal.run.plaintext_path import PLACE, can_pipe, check_name, plaintext_path
from leafseal.sops import child
from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import as_file, read
from leafseal.sops.shared.session import Formats, Session
from leafseal.sops.syntax.grammar import Arguments


def exec_file(arguments: Arguments) -> int:
    """Run a command with the opened file, under a path that takes the place of each `{}` (sops-cli §4.11)."""
    file, command = child.file_and_command(arguments)
    session = Session(arguments)
    session.check(order=True)
    formats = Formats.of(arguments, file)
    opened = session.open(read(as_file(file)), formats.input)
    try:
        plain = session.plain(opened, formats.output)
    except EmitError as error:
        raise Failure(f"Error dumping file: {error}", 4, hint=error.hint) from error
    background = child.warn_of_background(arguments, "exec-file")
    account = child.account_of(arguments)
    as_pipe = _wants_pipe(arguments)
    name = _name(arguments, as_pipe)

    def run() -> int:
        return _run(session, plain, name, as_pipe, account, command)

    return _left_to_itself(run) if background else run()


def _run(session: Session, plain: bytes, name: str, as_pipe: bool, account: Account | None, command: str) -> int:
    environ = child_environment({}, os.environ, account=account, keep=None)
    warn = session.notice if session.may_add_messages else None
    strict = not as_pipe and policy_of(session.ambient).no_disk_plaintext
    try:
        with plaintext_path(plain, name, as_pipe=as_pipe, account=account, no_disk_plaintext=strict, warn=warn) as path:
            argv = running.shell_command(command.replace(PLACE, path))
            return child.run(argv, environ, account)
    except WriteError as error:
        raise Failure(str(error), 1, hint=error.hint) from error


def _wants_pipe(arguments: Arguments) -> bool:
    if arguments.flag("no-fifo"):
        return False
    if not can_pipe():
        talk.warn("EXEC", "no fifos on windows, use --no-fifo next time")
        return False
    return True


def _name(arguments: Arguments, as_pipe: bool) -> str:
    """Return the name of the file: the one asked for, which must stay in its folder, or one of ours."""
    given = arguments.text("filename")
    if not given:
        return "tmp-file" if as_pipe else f"tmp-file{secrets.randbelow(2**32)}"
    try:
        return check_name(given)
    except UsageError as error:
        raise Failure(error.message, 1) from error


def _left_to_itself(run: Callable[[], int]) -> int:
    """Have another process run the command and tidy up behind it; return at once."""
    if not hasattr(os, "fork"):
        raise Failure("exec-file cannot run a command in the background on this system", 1)
    if os.fork() == 0:
        code = 1
        try:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nowhere, number)
            code = run()
        finally:
            os._exit(code)
    return 0
