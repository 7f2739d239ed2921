"""Our command line, and what every command ends in: exit codes, messages, signals."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leafseal.cli.shared import plain_parser
from leafseal.cli.shared.commands import COMMANDS, load
from leafseal.cli.shared.declarations import Command, Group
from leafseal.cli.shared.errors import ErrorsShown, show_error
from leafseal.errors import LeafsealError, memory_error
from leafseal.system import private, signals, terminal

COMPLETION_VARIABLE = "_LEAFSEAL_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every foreseen error is shown here."""
    try:
        with signals.children_noticed(), signals.as_exceptions():
            return _dispatch(list(arguments))
    except LeafsealError as error:
        show_error(error)
        return error.exit_code
    except MemoryError:
        show_error(memory_error())
        return LeafsealError.exit_code
    except FileNotFoundError:
        try:
            os.getcwd()
        except FileNotFoundError:
            show_error(LeafsealError("the current folder was deleted", hint="change to a folder that exists"))
            return LeafsealError.exit_code
        raise
    except ErrorsShown as end:
        return end.code
    except KeyboardInterrupt:
        return 130
    except signals.Ended as ended:
        signals.die_of(ended.number)
    except BrokenPipeError:
        terminal.drop_output()
        return 141


def _dispatch(arguments: list[str]) -> int:
    if shell := os.environ.get(COMPLETION_VARIABLE):
        from leafseal.cli.shared import completion

        return completion.complete(shell)
    if not arguments:
        from leafseal.cli.shared import click_commands

        click_commands.show_short_help()
        return 1
    private.sweep()
    result = _run_command(arguments)
    terminal.flush()
    return result or 0


def _run_command(arguments: list[str]) -> int | None:
    name, *words = arguments
    if name in COMMANDS:
        command = load(name)
        if isinstance(command, Group) and words and words[0] in command.commands:
            command, words = command.commands[words[0]], words[1:]
        values = plain_parser.read(command, words) if isinstance(command, Command) else None
        if isinstance(command, Command) and values is not None:
            return command.function(**values)
    from leafseal.cli.shared import click_commands  # help, and what is not usual

    return click_commands.run(arguments)
