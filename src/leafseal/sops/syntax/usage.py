"""Help, usage errors and the words that shells complete."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal import __version__
from leafseal.formats import FORMATS
from leafseal.sops.syntax.commands import COMMANDS, GLOBAL, Command, find
from leafseal.sops.syntax.grammar import Arguments, Option, OptionType

VERSION = "3.13.2"
"""The version of sops whose command line this is: programs that start sops ask for it, and speak accordingly."""


def version(arguments: Arguments) -> str:
    """Return what `--version` prints: what sops prints, and in the place where it says `(latest)`, who we are.

    Where the check for a newer version, which never happens, is switched off, a program asks: it gets the bare line.
    """
    if arguments.flag("disable-version-check") and not arguments.flag("check-for-updates"):
        return f"sops {VERSION}\n"
    return f"sops {VERSION} (leafseal {__version__})\n"


def overview() -> str:
    """Return the help of the program."""
    lines = [
        "NAME:",
        "   sops - encrypt, decrypt and edit files (this is leafseal, with the command line of sops)",
        "",
        "USAGE:",
        "   sops [global options] COMMAND [command options] [arguments...]",
        "   sops [global options] FILE",
        "   leafseal sops …",
        "",
        "   Without a command, FILE is edited; -d decrypts it, -e encrypts it, -r re-encrypts it with a new data key.",
        '   "leafseal --help" shows the commands that leafseal adds to those of sops.',
        "",
        "VERSION:",
        f"   {VERSION}",
        "",
        "COMMANDS:",
        *_table([(command.name, command.help) for command in COMMANDS] + [("help, h", "show help")]),
        "",
        "GLOBAL OPTIONS:",
        *_options(GLOBAL),
    ]
    return "\n".join(lines) + "\n"


def of_command(path: tuple[Command, ...]) -> str:
    """Return the help of a command, given with those that it is below."""
    command = path[-1]
    name = " ".join(["sops", *(step.name for step in path)])
    rest = (
        f"{command.usage} [command options] [arguments...]"
        if command.commands
        else f"[command options] {command.usage}"
    )
    lines = ["NAME:", f"   {name} - {command.help}", "", "USAGE:", f"   {name} {rest}".rstrip()]
    if command.commands:
        lines += ["", "COMMANDS:", *_table([(below.name, below.help) for below in command.commands])]
    return "\n".join([*lines, "", "OPTIONS:", *_options(command.options)]) + "\n"


def _options(options: tuple[Option, ...]) -> list[str]:
    return _table([(_spelled(option), option.help + _variable(option)) for option in options])


def _spelled(option: Option) -> str:
    value = "" if option.type is OptionType.FLAG else " value"
    return ", ".join(f"{_written(name)}{value}" for name in option.names)


def _written(name: str) -> str:
    return f"-{name}" if len(name) == 1 else f"--{name}"


def _variable(option: Option) -> str:
    return f" [${option.variable}]" if option.variable else ""


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows) + 2
    return [f"   {name:<{width}}{text}".rstrip() for name, text in rows]


def completions(words: Sequence[str], *, described: bool = False) -> list[str]:
    """Return what can follow the words typed so far; nothing stands for the name of a file.

    The last word is what is being typed where it begins with a dash or is empty; else that was left out, as the scripts
    of sops do. With `described` each has its help behind a colon.
    """
    *before, partial = words or [""]
    if partial and not partial.startswith("-"):
        before, partial = [*before, partial], ""
    place = _Place()
    for word in before:
        place.go(word)
    return [f"{name}:{text}" if described and text else name for name, text in place.offers(partial)]


class _Place:
    """Where on a command line the words lead."""

    def __init__(self) -> None:
        self.options: tuple[Option, ...] = GLOBAL
        self.commands: tuple[Command, ...] = (*COMMANDS, *_HELPERS)
        self.awaited: Option | None = None  # the option whose value comes next

    def go(self, word: str) -> None:
        """Step on by one word."""
        if self.awaited is not None:
            self.awaited = None
        elif word.startswith("-") and word != "-":
            name = word.lstrip("-").partition("=")[0]
            valued = [option for option in self.options if option.type is not OptionType.FLAG and "=" not in word]
            self.awaited = next((option for option in valued if name in option.names), None)
            if name in _MODES and self.options is GLOBAL:
                self.commands = ()  # what follows is a file
        else:
            command = find(self.commands, word)
            if command not in _HELPERS:
                self.options = command.options if command is not None else self.options
                self.commands = (*command.commands, *_HELPERS) if command is not None and command.commands else ()

    def offers(self, partial: str) -> list[tuple[str, str]]:
        """Return what can stand here, with its help."""
        if partial:
            written = [(_written(name), option.help) for option in self.options for name in option.names]
            return [(name, text) for name, text in written if name.startswith(partial)]
        if self.awaited is not None:
            return [(name, "") for name in FORMATS] if self.awaited.name.endswith("put-type") else []
        return [(command.name, command.help) for command in self.commands]


_HELPERS = (Command("help", "", "show help"), Command("h", "", "show help"))
_MODES = ("decrypt", "d", "encrypt", "e", "rotate", "r", "set")
