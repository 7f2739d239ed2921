"""`leaflock completion`."""

from __future__ import annotations

import click

from leaflock.cli import _io
from leaflock.cli.main import PROGRAM, command, group


@command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that has the shell complete commands, options and file names.

    \b
    source <(leaflock completion bash)
    leaflock completion fish > ~/.config/fish/completions/leaflock.fish
    """
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"no completion for {shell}")
    _io.print_line(completer(group, {}, PROGRAM, "_LEAFLOCK_COMPLETE").source())
