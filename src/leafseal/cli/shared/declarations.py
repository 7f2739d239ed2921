"""Commands and their options, as data.

Of a declaration `plain_parser` reads the usual command lines, for which click need not be loaded; `click_commands`
makes a command of click's of it for all others: help, completion, and what is wrong with a command line.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from leafseal.document.frozen import NamedTuple

F = TypeVar("F", bound=Callable[..., Any])


class Choice:
    """One of these texts."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts

    def read(self, text: str) -> str:
        """Return the text. Raises `ValueError` for any other."""
        if text not in self.texts:
            raise ValueError(text)
        return text


class Whole:
    """A whole number, from `least` to `most`."""

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self.least = least
        self.most = most

    def read(self, text: str) -> int:
        """Read digits. Raises `ValueError`."""
        number = int(text) if text.isascii() and text.removeprefix("-").isdigit() else None
        if number is None or (self.least is not None and number < self.least):
            raise ValueError(text)
        if self.most is not None and number > self.most:
            raise ValueError(text)
        return number


class Size:
    """A number of bytes, with K, M or G for powers of 1024."""

    def read(self, text: str) -> int:
        """Read `64M`. Raises `ValueError`."""
        shift = {"K": 10, "M": 20, "G": 30}.get(text[-1:].upper(), 0)
        digits = text[:-1] if shift else text
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
            raise ValueError("not a size such as 64M")
        return int(digits) << shift


class FileName:
    """The name of a file. `/dev/stdin` is `-`: neither its name nor its folder tell of a format or a configuration."""

    def read(self, text: str) -> str:
        """Return the name, `-` for standard input."""
        return "-" if text in _STANDARD_INPUT else text


_STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


Type = Choice | Whole | Size | FileName

FILES = "Input and output"
RECIPIENTS = "Recipients"
RULE = "What to encrypt"
VARIABLES = "Variables"
PROGRAM = "Program"
SAFETY = "Safety"
SERVICES = "Key services"
LIMITS = "Limits"

SECTIONS = ("", FILES, VARIABLES, PROGRAM, RECIPIENTS, RULE, SAFETY, SERVICES, LIMITS)
"""The headings of options in help, in their order. The first are those that have none."""


class Option(NamedTuple):
    """An option. `name` is that of the value that the command gets."""

    names: tuple[str, ...]
    name: str
    help: str = ""
    metavar: str | None = None
    type: Type | None = None
    is_flag: bool = False
    is_multiple: bool = False
    is_required: bool = False
    is_hidden: bool = False
    default: Any = None
    shows_default: bool = False
    variable: str | None = None
    """The environment variable that stands in for the option."""

    section: str = ""
    """The heading that the option has in help: one of `SECTIONS`, or none where only its command has it."""

    @property
    def value_without(self) -> Any:
        """The value where the option is not given."""
        return () if self.is_multiple else False if self.is_flag else self.default


class Argument(NamedTuple):
    """An argument; `is_many` takes all that the others leave."""

    name: str
    metavar: str | None = None
    type: Type | None = None
    is_many: bool = False
    is_required: bool = True
    default: Any = None


class Command(NamedTuple):
    """A command: what it takes, and the function that is called with the values by their names."""

    name: str
    function: Callable[..., int | None]
    options: tuple[Option, ...]
    arguments: tuple[Argument, ...]
    separator: str | None = None
    """The name of a value that tells whether `--` stood among the arguments."""

    split: str | None = None
    """The name of a value that gets the number of arguments after `--`, None without it."""

    passes_on: str | None = None
    """The name of a value that gets everything behind the command's name as it is, options too."""


class Group(NamedTuple):
    """Commands below a command."""

    name: str
    help: str
    commands: Mapping[str, Command]


Declaration = Command | Group


def make_option(*names: str, **settings: Any) -> Option:
    """Return an option. A name without dashes is that of its value; without one it is made of the first long one."""
    written = tuple(name for name in names if name.startswith("-"))
    [name] = [name for name in names if name not in written] or [next(n for n in written if n.startswith("--"))]
    return Option(written, name.lstrip("-").replace("-", "_"), **settings)


def add(parameter: Option | Argument) -> Callable[[F], F]:
    """Return the decorator that declares an option or argument of a command."""

    def decorate(function: F) -> F:
        function.__dict__.setdefault(_PARAMETERS, []).append(parameter)
        return function

    return decorate


_PARAMETERS = "_leafseal_parameters"  # from the last to the first


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """Declare an option of a command, as `make_option` makes it."""
    return add(make_option(*names, **settings))


def argument(name: str, **settings: Any) -> Callable[[F], F]:
    """Declare an argument of a command. It must be given, unless there may be many, or it has a default."""
    required = not settings.get("is_many") and "default" not in settings
    return add(Argument(name, **{"is_required": required, **settings}))


def grouped(name: str, build: Callable[..., object], *options: Option) -> Callable[[F], F]:
    """Declare options, and what `build` makes of their values as the value `name`."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def gathered(**values: Any) -> Any:
            own = {option.name: values.pop(option.name) for option in options}
            return function(**values, **{name: build(**own)})

        decorated: Any = gathered
        for one in reversed(options):
            decorated = add(one)(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def command(
    name: str, *, separator: str | None = None, split: str | None = None, passes_on: str | None = None
) -> Callable[[Callable[..., int | None]], Command]:
    """Make a function the command of that name. Its docstring is the help."""

    def decorate(function: Callable[..., int | None]) -> Command:
        declared: Sequence[Option | Argument] = function.__dict__.get(_PARAMETERS, [])[::-1]
        options = tuple(one for one in declared if isinstance(one, Option))
        arguments = tuple(one for one in declared if isinstance(one, Argument))
        return Command(name, function, options, arguments, separator, split, passes_on)

    return decorate
