"""Writes what the command line says of itself into docs/cli.md, between marks, and docs/leafseal.1.

make reference                     write both
python docs/reference.py --check   exit with 1 if one of them is not up to date
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from leafseal.cli.shared import help_text
from leafseal.cli.shared.commands import COMMANDS, PROGRAM, load
from leafseal.cli.shared.declarations import Choice, Command, Declaration, Option
from leafseal.cli.shared.manual import page as manual_page

DOCS = Path(__file__).resolve().parent
ABOVE = "[above](#options-of-many-commands)"

_MARKED = re.compile(r"(<!-- (usage|options): ([\w -]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
_FEW = 3  # choices that are written out
_CODE = re.compile(
    r"(?<![\w`-])(--[a-z][a-z-]+|\.sops\.yaml|keys\.txt|[A-Z]+(?:_[A-Z]+)+|\w+://[\w:/]+|<nil>|ENC\[…\]|=overwrite)"
)


def members(declared: Declaration, name: str) -> Iterator[tuple[str, Command]]:
    """Yield a command, or those of a group, by their names below the program's."""
    if isinstance(declared, Command):
        yield name, declared
    else:
        for below, command in declared.commands.items():
            yield f"{name} {below}", command


def shared_options() -> list[tuple[str, list[Option]]]:
    """Return the options that several commands have, by their headings."""
    counted: Counter[tuple[str, ...]] = Counter()
    first: dict[tuple[str, ...], Option] = {}
    for name in COMMANDS:
        own = {option.names: option for _, one in members(load(name), name) for option in one.options if option.section}
        counted.update(own.keys())
        for names, option in own.items():
            first.setdefault(names, option)
    options = [option for names, option in first.items() if counted[names] > 1]
    return [(heading, found) for heading, found in help_text.sections(options) if found]


def usage(name: str) -> Iterator[str]:
    """Yield the lines that show how a command is called, and its examples."""
    declared = load(name)
    yield "```"
    yield help_text.usage(declared, f"{PROGRAM} {name}")
    yield from help_text.text_of(declared).examples
    yield "```"


def options(name: str) -> Iterator[str]:
    """Yield the table of a command's own options, and a line that names the others."""
    shared = {option.names: option for _, found in shared_options() for option in found}
    commands = dict(members(load(name), name))
    having: dict[tuple[str, ...], list[str]] = {}
    all_options: dict[tuple[str, ...], Option] = {}
    for path, command in commands.items():
        for option in command.options:
            if not option.is_hidden:
                having.setdefault(option.names, []).append(path.rpartition(" ")[2])
                all_options.setdefault(option.names, option)

    def is_shared(option: Option) -> bool:
        # One that only has the name of another belongs to its command.
        return option.names in shared and shared[option.names].help == option.help

    own = [
        (option, having[names] if len(having[names]) < len(commands) else [])
        for names, option in all_options.items()
        if not is_shared(option)
    ]
    if own:
        yield from table(own)
    also = [option for option in all_options.values() if is_shared(option)]
    if own and also:
        yield ""
    if also:
        listed = ", ".join(f"`{option.names[0]}`" for _, found in help_text.sections(also) for option in found)
        yield f"{'Also' if own else 'Options'}, as {ABOVE}: {listed}."


def many(_: str) -> Iterator[str]:
    """Yield the tables of options that several commands have."""
    for index, (heading, found) in enumerate(shared_options()):
        if index:
            yield ""
        yield f"### {heading}"
        yield ""
        yield from table([(option, []) for option in found])


def table(rows: Iterable[tuple[Option, Sequence[str]]]) -> Iterator[str]:
    """Yield a table of options; the commands that alone have one of them are named with it."""
    yield "| option | meaning |"
    yield "| --- | --- |"
    for option, commands in rows:
        text = _CODE.sub(r"`\1`", help_text.sentence(option))
        if isinstance(option.type, Choice) and len(option.type.texts) > _FEW:
            text += f" One of {', '.join(f'`{one}`' for one in option.type.texts)}."
        only = f"{' and '.join(f'`{command}`' for command in commands)}: " if commands else ""
        yield f"| {', '.join(f'`{name}`' for name in forms(option))} | {only}{text} |"


def forms(option: Option) -> list[str]:
    """Return how an option is written: `-o` and `--output FILE`, `--keep first` and `--keep last`. No `|` is in it."""
    *names, last = sorted(option.names, key=lambda name: name.startswith("--"))
    if option.is_flag:
        return [*names, last + (option.metavar or "")]
    if isinstance(option.type, Choice):
        few = len(option.type.texts) <= _FEW
        return [*names, *(f"{last} {text}" for text in (option.type.texts if few else ("FORMAT",)))]
    return [*names, f"{last} {help_text.value_of(option)}"]


_PARTS: dict[str, Callable[[str], Iterator[str]]] = {"usage": usage, "options": options}


def filled(page: str) -> str:
    """Return the page with what is between its marks written again."""

    def part(match: re.Match[str]) -> str:
        before, kind, name, after = match.groups()
        lines = many(name) if name == "of many commands" else _PARTS[kind](name)
        return f"{before}\n" + "".join(f"{line}\n" for line in lines) + f"\n{after}"

    return _MARKED.sub(part, page)


def main() -> int:
    """Write the files, or check them."""
    page = DOCS / "cli.md"
    wanted = {page: filled(page.read_text(encoding="utf-8")), DOCS / f"{PROGRAM}.1": manual_page()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f'{path.name} is not up to date; run "make reference"', file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
