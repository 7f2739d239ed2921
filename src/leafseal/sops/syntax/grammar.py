"""How sops reads its command line (sops-cli §2): options with one dash or two, and where they may stand.

Before a command's name, and where there is none, options end at the first other argument. Behind a command's name they
may stand anywhere until `--`; what then looks like an option and is none of the command's is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from leafseal.document.frozen import Frozen, NamedTuple


class OptionType(Enum):
    """What kind of value an option takes."""

    FLAG = "flag"
    TEXT = "text"
    NUMBER = "number"
    LIST = "list"  # may be given again and again


class Option(NamedTuple):
    """An option by its name without dashes. `variable` stands in for it where it is not given."""

    name: str
    help: str
    type: OptionType = OptionType.TEXT
    short: tuple[str, ...] = ()  # other names
    variable: str = ""
    default: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the long one first."""
        return (self.name, *self.short)


class BadUsage(Exception):
    """The arguments do not fit the options. The text is that of sops, values left out: they may be secrets."""


class BadVariable(BadUsage):
    """A variable that stands in for an option does not hold what the option takes."""


class Arguments(Frozen):
    """What a command line says: options by their long names, and what is left."""

    __slots__ = ("environ", "given", "options", "positionals")

    given: Mapping[str, tuple[str, ...]]
    positionals: tuple[str, ...]
    options: Mapping[str, Option]
    environ: Mapping[str, str]

    def __init__(
        self,
        given: Mapping[str, tuple[str, ...]],
        positionals: tuple[str, ...] = (),
        options: Mapping[str, Option] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._set(given=given, positionals=positionals, options=options or {}, environ=environ or {})

    def text(self, name: str) -> str:
        """Return an option's value: the last one given, else its variable's, else its default; empty without any."""
        values = self.given.get(name)
        if values:
            return values[-1]
        option = self.options.get(name)
        if option is None:
            return ""
        return self.environ.get(option.variable, option.default) if option.variable else option.default

    def many(self, name: str) -> list[str]:
        """Return all values of an option that may be repeated; its variable holds a comma list."""
        if name in self.given:
            return list(self.given[name])
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def flag(self, name: str) -> bool:
        """Tell whether an option without a value is set. Raises `BadVariable` where its variable says neither."""
        text = self.text(name)
        truth = truth_of(text)
        if truth is None:
            variable = self.options[name].variable
            raise BadVariable(f"could not parse {text} as bool value for flag {name}: {variable} must be true or false")
        return truth

    def number(self, name: str) -> int:
        """Return an option that is a number, 0 without one. Raises `BadUsage`."""
        text = self.text(name)
        if not text:
            return 0
        number = _number_of(text)
        if number is None:
            raise BadUsage(f'invalid value "(hidden)" for flag -{name}: parse error')
        return number

    def is_given(self, name: str) -> bool:
        """Tell whether an option stands on the command line, whatever the environment says."""
        return name in self.given

    def below(self, outer: Arguments) -> Arguments:
        """Return the same with those of its options that were given before the command's name instead of behind it."""
        missing = {
            name: values for name, values in outer.given.items() if name in self.options and name not in self.given
        }
        return Arguments({**self.given, **missing}, self.positionals, self.options, self.environ)


_TRUTHS = {"": False} | dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True)
_TRUTHS |= dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False)


def truth_of(text: str) -> bool | None:
    """Return the truth value that Go's library reads in a text, None where it reads none. Empty is false."""
    return _TRUTHS.get(text)


def _number_of(text: str) -> int | None:
    """Return the number that Go's library reads in a text: its base may stand before it, and 010 is eight."""
    octal = re.fullmatch(r"([+-]?)0_?([0-7]+(?:_[0-7]+)*)", text)
    if octal is not None:
        text = f"{octal[1]}0o{octal[2]}"
    try:
        number = int(text, 0) if text.isascii() and text == text.strip() else None
    except ValueError:
        return None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def parse(
    options: Sequence[Option], arguments: Sequence[str], environ: Mapping[str, str], *, anywhere: bool
) -> Arguments:
    """Read arguments. With `anywhere` options may also stand behind others. Raises `BadUsage`."""
    by_name = {name: option for option in options for name in option.names}
    given: dict[str, tuple[str, ...]] = {}
    used: dict[str, set[str]] = {}
    rest: list[str] = []
    queue = iter(arguments)
    for argument in queue:
        if argument == "--":
            break
        name, equals, value = argument.removeprefix("-").removeprefix("-").partition("=")
        if argument == "-" or not argument.startswith("-") or (rest and name not in by_name):
            rest.append(argument)  # what looks like an option and is none is an argument, once one was seen
            if not anywhere:
                break
            continue
        option = by_name.get(name)
        if option is None:
            raise BadUsage(_unknown(argument, name))
        given[option.name] = (*given.get(option.name, ()), _value(option, name, value if equals else None, queue))
        used.setdefault(option.name, set()).add(name)
    found = Arguments(given, (*rest, *queue), {option.name: option for option in options}, environ)
    for option in options:
        _check(found, option, used.get(option.name, set()))
    return found


def _unknown(argument: str, name: str) -> str:
    if not name or name.startswith("-"):
        return f"bad flag syntax: {argument}"
    return f"flag provided but not defined: -{name}"


def _value(option: Option, name: str, value: str | None, queue: Iterator[str]) -> str:
    if option.type is OptionType.FLAG:
        if value is not None and (not value or truth_of(value) is None):
            raise BadUsage(f'invalid boolean value "(hidden)" for -{name}: parse error')
        return "true" if value is None else value
    if value is None:
        value = next(queue, None)
    if value is None:
        raise BadUsage(f"flag needs an argument: -{name}")
    return value


def _check(found: Arguments, option: Option, used: set[str]) -> None:
    if len(used) > 1:
        names = [name for name in option.names if name in used]
        raise BadUsage(f"Cannot use two forms of the same flag: {names[1]} {names[0]}")
    if option.type is OptionType.FLAG:
        found.flag(option.name)
    elif option.type is OptionType.NUMBER:
        found.number(option.name)
