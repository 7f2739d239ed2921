"""Commands of click's, made of our declarations: for help, completion, and command lines that are not usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from leafseal import __version__
from leafseal.cli.shared import click_help, commands, declarations, help_text, plain_parser
from leafseal.errors import LeafsealError
from leafseal.system import terminal

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_HELP_INSTEAD: tuple[type[click.UsageError], ...] = tuple(
    getattr(click.exceptions, name) for name in ("NoArgsIsHelpError",) if hasattr(click.exceptions, name)
)
"""What a group raises that was started without a command: its help. Before click 8.2 it prints the help itself."""


class _Command(click_help.WithHelp):
    """A command that does not repeat arguments in its complaints: they may be values."""

    def __init__(self, declared: declarations.Command, short_help: str | None = None) -> None:
        self.declared: declarations.Command = declared
        super().__init__(
            declared.name,
            callback=declared.function,
            params=[*map(_argument, declared.arguments), *map(_option, declared.options)],
            help=help_text.text_of(declared).title,
            short_help=short_help,
            context_settings=_SETTINGS,
        )

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Read the arguments; complain of those too many by their number."""
        if self.declared.passes_on is not None:
            context.params[self.declared.passes_on] = arguments
            return []
        if self.declared.separator is not None:
            context.params[self.declared.separator] = "--" in arguments
        if self.declared.split is not None:
            context.params[self.declared.split] = plain_parser.after_separator(arguments)
        context.allow_extra_args = True
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        if "--in-place=overwrite" in options:
            at = options.index("--in-place=overwrite")
            arguments = [*arguments[:at], "--in-place", "--overwrite", *arguments[at + 1 :]]
        rest = super().parse_args(context, arguments)
        if rest and not context.resilient_parsing:
            raise _TooManyError(
                "one argument too many" if len(rest) == 1 else f"{len(rest)} arguments too many", context
            )
        return rest


class _TooManyError(click.UsageError):
    """There are more arguments than the command has."""


class _Size(click.ParamType):  # type: ignore[type-arg]
    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read `64M`."""
        try:
            return declarations.Size().read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Whole(click.ParamType):  # type: ignore[type-arg]
    name = "integer"

    def __init__(self, declared: declarations.Whole) -> None:
        self.declared = declared

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read `10`."""
        least, most = self.declared.least, self.declared.most
        bounds = "" if least is None else f" of at least {least}" if most is None else f" from {least} to {most}"
        try:
            return self.declared.read(str(value))
        except ValueError:
            self.fail(f"{str(value)!r} is not a whole number{bounds}", param, ctx)


class _FileName(click.ParamType):  # type: ignore[type-arg]
    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name of a file, `-` for standard input."""
        return declarations.FileName().read(str(value))


def _type(declared: declarations.Type | None) -> Any:
    if isinstance(declared, declarations.Choice):
        return click.Choice(declared.texts)
    if isinstance(declared, declarations.Whole):
        return _Whole(declared)
    if isinstance(declared, declarations.FileName):
        return _FileName()
    return _Size() if isinstance(declared, declarations.Size) else click.UNPROCESSED


def command_of(declared: declarations.Command, short_help: str | None = None) -> click.Command:
    """Return click's form of a command."""
    return _Command(declared, short_help)


def _option(declared: declarations.Option) -> click.Option:
    settings: dict[str, Any] = {"is_flag": True} if declared.is_flag else {"type": _type(declared.type)}
    if declared.default is not None:
        settings["default"] = declared.default
    return click.Option(
        [*declared.names, declared.name],
        multiple=declared.is_multiple,
        required=declared.is_required,
        hidden=declared.is_hidden,
        show_default=declared.shows_default,
        envvar=declared.variable,
        metavar=None if declared.is_flag else declared.metavar,
        help=declared.help,
        **settings,
    )


def _argument(declared: declarations.Argument) -> click.Argument:
    settings: dict[str, Any] = {} if declared.default is None else {"default": declared.default}
    return click.Argument(
        [declared.name],
        nargs=-1 if declared.is_many else 1,
        required=declared.is_required,
        metavar=declared.metavar,
        type=_type(declared.type),
        **settings,
    )


class _UnknownCommandError(click.UsageError):
    def __init__(self, name: str, context: click.Context) -> None:
        super().__init__(f"no such command {name!r}", context)
        self.name = name


class _Members(click_help.PrintsHelp, click.Group):
    """A group that leaves it to us what to say of a command that it does not have."""

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        """Return name, command and what follows. Raises `click.UsageError`."""
        if not context.resilient_parsing and self.get_command(context, args[0]) is None:
            raise _UnknownCommandError(args[0], context)
        return super().resolve_command(context, args)


class _Group(_Members):
    """The commands of the table, loaded when they are needed."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(commands.COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import the module of a command."""
        if name not in commands.COMMANDS:
            return None
        declared, text = commands.load(name), commands.COMMANDS[name][1]
        if isinstance(declared, declarations.Command):
            return _Command(declared, text)
        return _Below(declared, text)

    def format_help(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their headings, without importing them."""
        click_help.write_usage(formatter, f"{commands.PROGRAM} {help_text.USAGE}")
        click_help.write_paragraph(formatter, help_text.ABOUT)
        for heading, rows in help_text.listed():
            click_help.write_list(formatter, heading, rows)
        click_help.write_list(formatter, "Options", help_text.GENERAL)
        click_help.write_paragraph(formatter, f'"{commands.PROGRAM} COMMAND --help" shows the options of a command.')
        click_help.write_examples(formatter, help_text.EXAMPLES)


class _Below(_Members, click_help.WithHelp):
    """Commands below a command."""

    def __init__(self, declared: declarations.Group, short_help: str) -> None:
        self.declared = declared
        members: dict[str, click.Command] = {name: _Command(command) for name, command in declared.commands.items()}
        super().__init__(
            declared.name,
            members,
            short_help=short_help,
            help=help_text.text_of(declared).title,
            context_settings=_SETTINGS,
        )


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        terminal.print_line(f"{commands.PROGRAM} {__version__}")
        context.exit()


@click.group(commands.PROGRAM, cls=_Group, context_settings=_SETTINGS)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def group() -> None:
    """Our command line."""


def run(arguments: Sequence[str]) -> int | None:
    """Run a command line. Raises `LeafsealError` for what is wrong with it too."""
    return _run(group, commands.PROGRAM, arguments)


def run_below(declared: declarations.Group, arguments: Sequence[str]) -> int | None:
    """Run a command line of the commands that are declared as a program of their own, as `run` does."""
    return _run(_Below(declared, declared.help), declared.name, arguments)


def _run(command: click.Group, name: str, arguments: Sequence[str]) -> int | None:
    try:
        with command.make_context(name, list(arguments)) as context:
            result = command.invoke(context)
            return result if isinstance(result, int) else None
    except click.exceptions.Exit as end:
        return end.exit_code
    except _HELP_INSTEAD as error:
        click.echo(error.format_message(), err=True)
        return 1
    except click.UsageError as error:
        raise _reported(_usage_error(error, arguments), error.ctx, arguments) from None
    except click.ClickException as error:
        raise LeafsealError(error.format_message()) from None
    except click.Abort:
        raise KeyboardInterrupt from None


def _reported(error: LeafsealError, context: click.Context | None, arguments: Sequence[str]) -> LeafsealError:
    """Print the report of a command with `--json` whose command line is wrong, and return what is wrong."""
    command = context.command if context is not None else None
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if isinstance(command, _Command) and "--json" in words and context is not None:
        from leafseal.cli.shared import reports

        reports.write_failure(command.declared.function, error)
    return error


def _usage_error(error: click.UsageError, arguments: Sequence[str]) -> LeafsealError:
    message = " ".join(error.format_message().split()).rstrip(".")  # choices are listed one a line
    if isinstance(error, click.NoSuchOption):
        message = f"no such option {error.option_name!r}"
    context = error.ctx or click.Context(group, info_name=commands.PROGRAM)
    return LeafsealError(message[:1].lower() + message[1:], hint=_usage_hint(error, context, arguments))


def _usage_hint(error: click.UsageError, context: click.Context, arguments: Sequence[str]) -> str:
    from leafseal.cli.shared import suggestions  # only what is wrong needs them

    where, command = context.command_path, context.command
    words = arguments[where.count(" ") :]
    if isinstance(error, _UnknownCommandError) and isinstance(command, click.Group):
        return suggestions.command_hint(error.name, command.list_commands(context), where, words)
    if isinstance(error, click.NoSuchOption) and isinstance(command, _Command):
        return suggestions.option_hint(error.option_name, command.declared, where, words)
    if isinstance(error, click.NoSuchOption) and command is group:
        return suggestions.flag_hint(error.option_name, words)
    if isinstance(error, _TooManyError) and isinstance(command, _Command) and not command.declared.arguments:
        return suggestions.options_hint(command.declared, where)
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Option):
        return f'add {error.param.opts[-1]} {error.param.metavar}; "{where} --help" lists all options'
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return suggestions.argument_hint(error.param.make_metavar(context), where, words)
    return f'see "{where} --help"'


def show_short_help() -> None:
    """Show on standard error what the program does, and its commands for every day."""
    context = click.Context(group, info_name=commands.PROGRAM, **_SETTINGS)
    formatter = context.make_formatter()
    click_help.write_usage(formatter, f"{commands.PROGRAM} {help_text.USAGE}")
    click_help.write_paragraph(formatter, help_text.ABOUT)
    for heading, rows in help_text.listed()[:2]:
        click_help.write_list(formatter, heading, rows)
    click_help.write_paragraph(formatter, f'"{commands.PROGRAM} --help" lists all commands.')
    click.echo(formatter.getvalue().rstrip("\n"), err=True)


def help_of(words: Sequence[str]) -> None:
    """Show the help of the program, or of the command of that name. Raises `LeafsealError` if there is none."""
    run([*words, "--help"])


def show_passing_help(words: Sequence[str]) -> None:
    """Show the help of a command that passes its arguments on, and so does not look for `--help` among them."""
    command: click.Command = group
    context = click.Context(group, info_name=commands.PROGRAM, **_SETTINGS)
    for name in words:
        below = command.get_command(context, name) if isinstance(command, click.Group) else None
        assert below is not None
        command, context = below, click.Context(below, info_name=name, parent=context, **_SETTINGS)
    terminal.print_line(command.get_help(context))
