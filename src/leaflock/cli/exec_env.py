"""`leaflock exec-env`."""

from __future__ import annotations

import os
from typing import Any

import click

from leaflock.cli import _options
from leaflock.cli._session import Session
from leaflock.cli.main import command
from leaflock.errors import IntegrityError, UsageError
from leaflock.operations import Opened
from leaflock.paths import format_path
from leaflock.run import environment
from leaflock.run import exec as running
from leaflock.tree import MappingNode


@command("exec-env")
@_options.one_file
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.option("--pristine", is_flag=True, help="Pass nothing on of the environment that leaflock was started in.")
@click.option("--allow", multiple=True, metavar="NAME", help="Set this variable although it changes how programs run.")
@click.option("--flatten", metavar="TEXT", help="Make variables of nested values too, their keys joined with this.")
@click.option("--scrub-cloud", is_flag=True, help="Withhold cloud and Vault credentials from the program.")
@click.option("--user", metavar="NAME", help="Run as this user (needs root).")
@click.option("--same-process", is_flag=True, help="Become the program; this is the default where it is possible.")
@click.option("--supervise", is_flag=True, help="Stay beside the program, pass signals on and wait for it.")
@click.option("--strict", is_flag=True, help="Refuse files with empty values, which the format does not protect.")
@_options.input_type
@_options.limits
def exec_env(file: str, command: tuple[str, ...], **options: Any) -> int:
    """Start a program with the values of an encrypted file in its environment.

    The values reach the program's environment and no other place. Several arguments are the program and its arguments,
    run without a shell; a single one is run by /bin/sh. Exit code and signals are the program's own.

    \b
    leaflock exec-env secrets.env -- ./server --port 8080
    leaflock exec-env secrets.env 'echo "$DB_HOST"'
    """
    if not command:
        raise UsageError("no command named", hint="leaflock exec-env FILE -- COMMAND...")
    names = ("pristine", "allow", "flatten", "scrub_cloud", "user", "same_process", "supervise", "strict")
    wish = {name: options.pop(name) for name in names}
    if wish["supervise"] and wish["same_process"]:
        raise UsageError("--supervise and --same-process do not go together")
    account = environment.find_account(wish["user"]) if wish["user"] else None
    _, opened = Session.of(options).open(file)
    if wish["strict"]:
        _refuse_empty(opened)
    documents = opened.documents()
    secrets = environment.variables(documents[0] if documents else MappingNode(), flatten=wish["flatten"])
    environment.check_names(secrets, wish["allow"])
    variables = environment.child_environment(
        secrets, os.environ, pristine=wish["pristine"], account=account, scrub_cloud=wish["scrub_cloud"]
    )
    argv = running.shell_command(command[0]) if len(command) == 1 else list(command)
    if wish["supervise"] or not running.can_replace():
        return running.supervise(argv, variables, account=account)
    running.execute(argv, variables, account=account)


def _refuse_empty(opened: Opened) -> None:
    empty = [format_path(leaf.locator) for leaf in opened.opening.unauthenticated if leaf.locator]
    if empty:
        raise IntegrityError(
            f"values that the format does not protect, being empty: {', '.join(empty)}",
            hint="give them a value, or leave --strict out",
        )
