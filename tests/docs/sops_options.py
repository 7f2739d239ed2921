"""The options of sops's own command line, which pages and hints may name too."""

from __future__ import annotations

from leafseal.sops.syntax.commands import COMMANDS, GLOBAL, Command


def sops_options() -> set[str]:
    """Return the long options of all commands of sops."""
    return {f"--{option.name}" for option in GLOBAL} | _options(COMMANDS)


def _options(commands: tuple[Command, ...]) -> set[str]:
    own = {f"--{option.name}" for command in commands for option in command.options}
    return own.union(*(_options(command.commands) for command in commands))
