"""What help says of commands, as data: on the terminal, in docs/cli.md and in the manual page alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import cleandoc

from leafseal.cli.shared import commands
from leafseal.cli.shared.declarations import SECTIONS, Choice, Command, Declaration, Option
from leafseal.document.frozen import NamedTuple

ABOUT = "Encrypt the values in YAML, JSON, .env and INI files; leave the rest of the file untouched."

USAGE = "[OPTIONS] COMMAND [ARGUMENTS]..."

EXAMPLES = ("leafseal init", "leafseal encrypt -i config.yaml", "leafseal edit config.yaml")

GENERAL = (
    ("--version", "Show the version and exit."),
    ("-h, --help", "Show this message and exit."),
)
"""The options of the program itself."""

_MARK = "\b\n"  # before the examples of a docstring


class Text(NamedTuple):
    """What a command says of itself: what it does, in a sentence and more, and examples."""

    title: str
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]


def listed() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the headings of the list of commands, and below each the commands with their one-line help."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, (_, text, heading) in commands.COMMANDS.items():
        found.setdefault(heading, []).append((name, text))
    return list(found.items())


def text_of(declared: Declaration) -> Text:
    """Return what a command says of itself."""
    written = (declared.function.__doc__ if isinstance(declared, Command) else declared.help) or ""
    prose, _, examples = cleandoc(written).partition(_MARK)
    title, *paragraphs = (" ".join(part.split()) for part in prose.strip().split("\n\n"))
    return Text(title, tuple(paragraphs), tuple(examples.strip().splitlines()))


def usage(declared: Declaration, path: str) -> str:
    """Return the line that shows what follows a command's name; `path` is the name, and those before it."""
    if not isinstance(declared, Command):
        return f"{path} COMMAND [OPTIONS] [ARGUMENTS]..."
    if declared.passes_on is not None:
        return f"{path} [ARGUMENTS]..."
    arguments = [one.metavar or one.name.upper() for one in declared.arguments]
    return " ".join([path, "[OPTIONS]", *arguments])


def sections(options: Iterable[Option]) -> Iterator[tuple[str, list[Option]]]:
    """Yield the headings of options, in the order of `SECTIONS`, and the options of each: none for the first, maybe."""
    shown = [one for one in options if not one.is_hidden]
    for heading in SECTIONS:
        found = [one for one in shown if one.section == heading]
        if found or not heading:
            yield heading, found


def form(option: Option) -> str:
    """Return how an option is written: `-o, --output FILE`."""
    names = ", ".join(sorted(option.names, key=lambda name: name.startswith("--")))
    if option.is_flag:
        return names + (option.metavar or "")
    return f"{names} {value_of(option)}"


def value_of(option: Option) -> str:
    """Return the word that stands for an option's value: `FILE`, `[first|last]`."""
    if option.metavar is None and isinstance(option.type, Choice):
        return f"[{'|'.join(option.type.texts)}]"
    return option.metavar or option.name.upper()


def sentence(option: Option) -> str:
    """Return what an option does, with its default and the variable that stands in for it in brackets."""
    notes = [f"default: {option.default}"] if option.shows_default else []
    if option.variable:
        notes.append(f"also {option.variable}")
    if option.is_multiple:
        notes.append("repeatable")
    if option.is_required:
        notes.append("required")
    return option.help + (f" [{'; '.join(notes)}]" if notes else "")
