"""`leafseal help`."""

from __future__ import annotations

from leafseal.cli.shared.declarations import argument, command, option


@command("help")
@argument("command", is_many=True, metavar="[COMMAND...]")
@option("--man", is_flag=True, help="Print the manual page of all commands, for man.")
def help_(command: tuple[str, ...], man: bool) -> None:
    """Show the help of leafseal, or of one command.

    \b
    leafseal help
    leafseal help encrypt
    leafseal help --man | man -l -
    """
    from leafseal.cli.shared.click_commands import help_of

    if man:
        from leafseal.cli.shared.manual import page
        from leafseal.system import terminal

        terminal.write_result(page().encode())
    else:
        help_of(command)
