"""`leafseal completion`."""

from __future__ import annotations

from leafseal.cli.main import COMPLETION_VARIABLE
from leafseal.cli.shared.declarations import Choice, argument, command
from leafseal.system import terminal


@command("completion")
@argument("shell", type=Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print a script with which your shell completes commands, options and file names.

    \b
    source <(leafseal completion bash)
    leafseal completion fish > ~/.config/fish/completions/leafseal.fish
    """
    from leafseal.cli.shared.click_commands import completion_script

    terminal.print_line(completion_script(shell, COMPLETION_VARIABLE))
