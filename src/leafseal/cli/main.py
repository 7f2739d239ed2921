"""The group of all commands, and what every command ends in: exit codes, messages, signals.

A command's module is imported when the command is run, or asked for help.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence

import click

from leafseal.cli.shared.errors import show_error
from leafseal.errors import LeafsealError
from leafseal.system import private, signals, terminal

PROGRAM = "leafseal"

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("leafseal.cli.init:init", "make an age identity and a configuration"),
    "keygen": ("leafseal.cli.keygen:keygen", "make an age identity"),
    "encrypt": ("leafseal.cli.encrypt:encrypt", "seal the values of files"),
    "decrypt": ("leafseal.cli.decrypt:decrypt", "verify files and give them back"),
    "edit": ("leafseal.cli.edit:edit", "edit an encrypted file in an editor"),
    "get": ("leafseal.cli.get:get", "print one value"),
    "set": ("leafseal.cli.set:set_", "store one value"),
    "unset": ("leafseal.cli.unset:unset", "remove one value"),
    "exec-env": ("leafseal.cli.exec_env:exec_env", "start a program with the values in its environment"),
    "inspect": ("leafseal.cli.inspect:inspect", "show recipients, rule, sealed and clear values; needs no key"),
    "verify": ("leafseal.cli.verify:verify", "check every tag and the MAC, show no value"),
    "rotate": ("leafseal.cli.rotate:rotate", "seal everything anew under a new data key"),
    "updatekeys": ("leafseal.cli.updatekeys:updatekeys", "give files the recipients of the configuration"),
    "groups": ("leafseal.cli.groups:groups", "add and remove key groups"),
    "repair-context": ("leafseal.cli.repair_context:repair_context", "repair old files that AWS KMS does not open"),
    "keyservice": ("leafseal.cli.keyservice:keyservice", "wrap and unwrap data keys for others"),
    "sops": ("leafseal.cli.sops:sops", "be sops: its command line, on the same files"),
    "link-sops": ("leafseal.cli.link_sops:link_sops", "make a link named sops, for programs that start it"),
    "completion": ("leafseal.cli.completion:completion", "print a completion script for a shell"),
}
"""Where each command is, and its one-line help, in the order in which help lists them."""

_COMPLETION_VARIABLE = "_LEAFSEAL_COMPLETE"


class Command(click.Command):
    """A command that does not repeat arguments in its complaints: they may be values."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Read the arguments; complain of those too many by their number."""
        context.allow_extra_args = True
        if "--in-place=overwrite" in arguments:
            at = arguments.index("--in-place=overwrite")
            arguments = [*arguments[:at], "--in-place", "--overwrite", *arguments[at + 1 :]]
        rest = super().parse_args(context, arguments)
        if rest and not context.resilient_parsing:
            raise click.UsageError(
                "one argument too many" if len(rest) == 1 else f"{len(rest)} arguments too many", context
            )
        return rest


class Group(click.Group):
    """The commands of the table, loaded when they are needed."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import the module of a command."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def command(name: str, cls: type[Command] = Command) -> Callable[[Callable[..., int | None]], Command]:
    """Make a function the command of that name, with the one-line help of the table."""
    return click.command(name, cls=cls, short_help=COMMANDS[name][1], context_settings=CONTEXT_SETTINGS)


CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from leafseal import __version__

        terminal.print_line(f"{PROGRAM} {__version__}")
        context.exit()


@click.group(PROGRAM, cls=Group, context_settings=CONTEXT_SETTINGS)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show it.")
def group() -> None:
    """Seal the values of YAML, JSON, .env and INI files and keep every other byte.

    \b
    leafseal encrypt -i config.yaml
    leafseal edit config.yaml
    leafseal decrypt config.yaml
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every foreseen error is shown here."""
    try:
        with signals.as_exceptions():
            return _dispatch(list(arguments))
    except LeafsealError as error:
        show_error(error)
        return error.exit_code
    except click.UsageError as error:
        show_error(_usage_error(error))
        return 1
    except click.ClickException as error:
        show_error(LeafsealError(error.format_message()))
        return 1
    except (KeyboardInterrupt, click.Abort):
        return 130
    except signals.Ended as ended:
        signals.die_of(ended.number)
    except BrokenPipeError:
        terminal.drop_output()
        return 141


def _dispatch(arguments: list[str]) -> int:
    if instruction := os.environ.get(_COMPLETION_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(group, {}, PROGRAM, _COMPLETION_VARIABLE, instruction)
    if not arguments:
        click.echo(group.get_help(click.Context(group, info_name=PROGRAM)), err=True)
        return 1
    private.sweep()
    try:
        with group.make_context(PROGRAM, arguments) as context:
            result = group.invoke(context)
    except click.exceptions.Exit as end:
        result = end.exit_code
    terminal.flush()
    return result if isinstance(result, int) else 0


def _usage_error(error: click.UsageError) -> LeafsealError:
    message = error.format_message().rstrip(".")
    where = error.ctx.command_path if error.ctx is not None else PROGRAM
    return LeafsealError(message[:1].lower() + message[1:], hint=f'see "{where} --help"')
