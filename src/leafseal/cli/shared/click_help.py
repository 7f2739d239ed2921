"""Help as click prints it, of what our declarations say."""

from __future__ import annotations

from collections.abc import Sequence

import click

from leafseal.cli.shared import declarations, help_text
from leafseal.system import terminal


class PrintsHelp(click.Command):
    """A command that prints its help as results are: what cannot be written is an error with a name."""

    def get_help_option(self, context: click.Context) -> click.Option | None:
        """Return the option, with our way of writing."""
        option = super().get_help_option(context)
        if option is not None:
            option.callback = _show_help
        return option


def _show_help(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        terminal.print_line(context.get_help())
        context.exit()


class WithHelp(PrintsHelp):
    """A command whose help is that of our declaration."""

    declared: declarations.Declaration

    def format_help(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, how it is called, its options by their headings, and examples."""
        declared = self.declared
        text = help_text.text_of(declared)
        write_usage(formatter, help_text.usage(declared, context.command_path))
        for paragraph in (text.title, *text.paragraphs):
            write_paragraph(formatter, paragraph)
        options = declared.options if isinstance(declared, declarations.Command) else ()
        if isinstance(self, click.Group) and isinstance(declared, declarations.Group):
            rows = [(name, help_text.text_of(one).title) for name, one in declared.commands.items()]
            write_list(formatter, "Commands", rows)
        for heading, found in help_text.sections(options):
            rows = [(help_text.form(one), help_text.sentence(one)) for one in found]
            own = [] if heading or not self.add_help_option else help_text.GENERAL[-1:]
            write_list(formatter, heading or "Options", [*rows, *own])
        write_examples(formatter, text.examples)


def write_usage(formatter: click.HelpFormatter, line: str) -> None:
    """Write how a command is called."""
    formatter.write_text(f"Usage: {line}")


def write_paragraph(formatter: click.HelpFormatter, text: str) -> None:
    """Write a paragraph below a command's name."""
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(text)


def write_list(formatter: click.HelpFormatter, heading: str, rows: Sequence[tuple[str, str]]) -> None:
    """Write a heading, and below it terms with what they mean."""
    with formatter.section(heading):
        formatter.write_dl(rows)


def write_examples(formatter: click.HelpFormatter, lines: Sequence[str]) -> None:
    """Write command lines, which are not wrapped: they are to be copied."""
    with formatter.section("Examples"):
        formatter.write_text("\b\n" + "\n".join(lines))
