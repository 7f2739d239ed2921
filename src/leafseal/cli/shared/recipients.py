"""Options that name master keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from leafseal.cli.shared.declarations import RECIPIENTS, Option, grouped, make_option
from leafseal.document.frozen import NamedTuple
from leafseal.errors import UsageError
from leafseal.keys.kinds import KINDS, OPTION_ORDER, Kind

F = TypeVar("F", bound=Callable[..., Any])

_KINDS = [KINDS[name] for name in OPTION_ORDER]


class Recipients(NamedTuple):
    """The master keys that options name: by kind, comma lists as they were given."""

    given: Mapping[str, tuple[str, ...]]
    variables: tuple[str, ...] = ()  # those they were taken from, when no option named any
    encryption_context: str = ""
    aws_profile: str = ""
    prefix: str = ""
    """How the names of the options begin: `add-`."""

    def __bool__(self) -> bool:
        return bool(self.given)

    def check(self) -> None:
        """Raise `UsageError` for options of AWS where no option names a key of AWS, and for a context that is none."""
        given = [option.names[0] for option in _OF_AWS if getattr(self, option.name)]
        if given and "kms" not in self.given:
            option = f"--{self.prefix}kms"
            raise UsageError(
                f"{given[0]} is for the keys of {option}, and there is none",
                hint=f"add {option}; in .sops.yaml, write context and aws_profile beside each arn of key_groups",
            )
        if not all(name and value and ":" not in value for name, _, value in self._pairs()):
            raise UsageError("--encryption-context is not valid", hint="write it as name:value,name:value")

    def _pairs(self) -> list[tuple[str, str, str]]:
        return [pair.partition(":") for pair in self.encryption_context.split(",")] if self.encryption_context else []

    def master_keys(self) -> list[Any]:
        """Return the master keys, of which each alone will open the file. Raises `ProviderError` or `UsageError`."""
        from leafseal.keys.registry import parse_recipients, with_aws

        self.check()
        context = {name: value for name, _, value in self._pairs()}
        found = [
            with_aws(key, context, self.aws_profile)
            for kind in OPTION_ORDER
            for text in self.given.get(kind, ())
            for key in parse_recipients(kind, text)
        ]
        return list({(key.kind, str(key)): key for key in found}.values())


def _recipients(**given: Any) -> Recipients:
    named = _exactly(**given)
    if named:
        return named
    variables = variables_in_force()
    texts = {kind.name: (os.environ[kind.variable],) for kind in _KINDS if kind.variable in variables}
    return named._replace(given=texts, variables=variables)


def variables_in_force() -> tuple[str, ...]:
    """Return the variables that name recipients of new files."""
    return tuple(kind.variable for kind in _KINDS if os.environ.get(kind.variable))


def _attribute(kind: Kind) -> str:
    return kind.option.replace("-", "_")


def _exactly(**given: Any) -> Recipients:
    return Recipients(
        {kind.name: given[_attribute(kind)] for kind in _KINDS if given[_attribute(kind)]},
        encryption_context=given.get("encryption_context", ""),
        aws_profile=given.get("aws_profile", ""),
    )


def _prefixed(prefix: str, verb: str, *more: Option) -> Callable[[F], F]:
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

    def build(**given: Any) -> Recipients:
        named = _exactly(**{name.removeprefix(f"{prefix}_"): value for name, value in given.items()})
        return named._replace(prefix=f"{prefix}-")

    return grouped(f"{prefix}_keys", build, *options, *more)


_OF_AWS = (
    make_option(
        "--encryption-context",
        default="",
        metavar="CONTEXT",
        help="AWS encryption context of the AWS KMS keys named here: name:value pairs, separated by commas.",
        section=RECIPIENTS,
    ),
    make_option(
        "--aws-profile",
        default="",
        metavar="NAME",
        help="AWS profile for the AWS KMS keys named here.",
        section=RECIPIENTS,
    ),
)


def _options_of_kinds(*, variables: bool) -> list[Option]:
    found = []
    for kind in KINDS.values():
        text = f"Encrypt for these {kind.what}, separated by commas." + (
            f" [also {kind.variable}]" if variables else ""
        )
        names = [f"--{kind.option}", *([f"-{kind.short}"] if kind.short else [])]
        found.append(make_option(*names, is_multiple=True, metavar="KEYS", help=text, section=RECIPIENTS))
    return found


recipient_options = grouped("recipients", _recipients, *_options_of_kinds(variables=True), *_OF_AWS)
new_group_options = grouped("recipients", _exactly, *_options_of_kinds(variables=False), *_OF_AWS)
adding_options = _prefixed("add", "Add these", *_OF_AWS)
removing_options = _prefixed("rm", "Remove these")
