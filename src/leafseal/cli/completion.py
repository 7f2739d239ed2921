"""`leafseal completion`."""

from __future__ import annotations

import click

from leafseal.cli.main import PROGRAM, command, group
from leafseal.system import terminal


@command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that has the shell complete commands, options and file names.

    \b
    source <(leafseal completion bash)
    leafseal completion fish > ~/.config/fish/completions/leafseal.fish
    """
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"no completion for {shell}")
    terminal.print_line(completer(group, {}, PROGRAM, "_LEAFSEAL_COMPLETE").source())
