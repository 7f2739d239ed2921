"""`sops exec-env`."""

from __future__ import annotations

import os
from collections.abc import Mapping

from leafseal.document.tree import MappingNode
from leafseal.errors import LeafsealError
from leafseal.operations.open import Opened
from leafseal.run import environment
from leafseal.run import exec as running
from leafseal.run.variables import variables
from leafseal.sops import child
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import as_file, read
from leafseal.sops.shared.session import Formats, Session
from leafseal.sops.syntax.grammar import Arguments


def exec_env(arguments: Arguments) -> int:
    """Run a command with the values of a file in its environment (sops-cli §4.10)."""
    file, command = child.file_and_command(arguments)
    session = Session(arguments)
    session.check(order=True)
    background = child.warn_of_background(arguments, "exec-env")
    same_process = arguments.flag("same-process")
    if background and same_process:
        raise Failure("Error: The --same-process flag cannot be used with --background", 8)
    opened = session.open(read(as_file(file)), Formats.of(arguments, file).input)
    secrets = _variables(session, opened)
    account = child.account_of(arguments)
    environ = environment.child_environment(
        secrets, os.environ, pristine=arguments.flag("pristine"), account=account, keep=None
    )
    argv = running.shell_command(command)
    if background:
        running.start_detached(argv, environ, account=account)
        return 0
    if same_process:
        if not running.can_replace():
            raise Failure("The --same-process flag is not supported on Windows", 1)
        running.execute(argv, environ, account=account)
    return child.run(argv, environ, account)


def _variables(session: Session, opened: Opened) -> Mapping[str, bytes]:
    try:
        found = variables((opened.documents() or [MappingNode([])])[0], as_sops=True)
    except LeafsealError as error:
        raise Failure(error.message, 1) from error
    if names := environment.judge(found).refused:
        session.notice(f"the file sets variables that change how programs are found or run: {', '.join(names)}")
    return found
