"""Options that name master keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from leafseal.cli.shared.declarations import RECIPIENTS, Option, grouped, make_option
from leafseal.keys.kinds import KINDS, OPTION_ORDER, Kind

F = TypeVar("F", bound=Callable[..., Any])

_KINDS = [KINDS[name] for name in OPTION_ORDER]


class Recipients(NamedTuple):
    """The master keys that options name: by kind, comma lists as they were given."""

    given: Mapping[str, tuple[str, ...]]
    variables: tuple[str, ...] = ()  # those they were taken from, when no option named any

    def __bool__(self) -> bool:
        return bool(self.given)

    def master_keys(self) -> list[Any]:
        """Return the master keys, of which each alone will open the file. Raises `ProviderError`."""
        from leafseal.keys.registry import parse_recipients

        found = [
            key for kind in OPTION_ORDER for text in self.given.get(kind, ()) for key in parse_recipients(kind, text)
        ]
        return list({(key.kind, str(key)): key for key in found}.values())


def _recipients(**given: tuple[str, ...]) -> Recipients:
    named = _exactly(**given)
    if named:
        return named
    variables = variables_in_force()
    return Recipients(
        {kind.name: (os.environ[kind.variable],) for kind in _KINDS if kind.variable in variables}, variables
    )


def variables_in_force() -> tuple[str, ...]:
    """Return the variables that name recipients of new files."""
    return tuple(kind.variable for kind in _KINDS if os.environ.get(kind.variable))


def _attribute(kind: Kind) -> str:
    return kind.option.replace("-", "_")


def _exactly(**given: tuple[str, ...]) -> Recipients:
    return Recipients({kind.name: given[_attribute(kind)] for kind in _KINDS if given[_attribute(kind)]})


def _prefixed(prefix: str, verb: str) -> Callable[[F], F]:
    options = [
        make_option(
            f"--{prefix}-{kind.option}",
            is_multiple=True,
            metavar="KEYS",
            help=f"{verb} {kind.what}, separated by commas.",
            section=RECIPIENTS,
        )
        for kind in KINDS.values()
    ]

    def build(**given: tuple[str, ...]) -> Recipients:
        return _exactly(**{name.removeprefix(f"{prefix}_"): value for name, value in given.items()})

    return grouped(f"{prefix}_keys", build, *options)


def _options_of_kinds(*, variables: bool) -> list[Option]:
    found = []
    for kind in KINDS.values():
        text = f"Encrypt for these {kind.what}, separated by commas." + (
            f" [also {kind.variable}]" if variables else ""
        )
        names = [f"--{kind.option}", *([f"-{kind.short}"] if kind.short else [])]
        found.append(make_option(*names, is_multiple=True, metavar="KEYS", help=text, section=RECIPIENTS))
    return found


recipient_options = grouped("recipients", _recipients, *_options_of_kinds(variables=True))
new_group_options = grouped("recipients", _exactly, *_options_of_kinds(variables=False))
adding_options = _prefixed("add", "Add these")
removing_options = _prefixed("rm", "Remove these")
