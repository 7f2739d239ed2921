"""Options that several commands share. Each group of them reaches the command as one object."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import click

from leafseal.document.limits import DEFAULT_LIMITS, Limits, ReadOptions
from leafseal.errors import ConfigError, UsageError
from leafseal.formats import FORMATS
from leafseal.keys.kinds import KINDS, OPTION_ORDER, Kind

F = TypeVar("F", bound=Callable[..., Any])

FORMAT_NAMES = click.Choice(list(FORMATS))


def grouped(
    name: str, build: Callable[..., object], *options: tuple[Sequence[str], dict[str, Any]]
) -> Callable[[F], F]:
    """Give a command options, and what `build` makes of their values as the argument `name`."""

    def decorate(function: F) -> F:
        # Here, not above: most commands use few of the groups that this module offers.
        names = [str(click.Option(declarations).name) for declarations, _ in options]

        @functools.wraps(function)
        def gathered(**values: Any) -> Any:
            own = {option: values.pop(option) for option in names}
            return function(**values, **{name: build(**own)})

        decorated: Any = gathered
        for declarations, settings in reversed(options):
            decorated = click.option(*declarations, **settings)(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


# -- limits


class Size(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes, with K, M or G for powers of 1024."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read `64M`."""
        match = re.fullmatch(r"([0-9]{1,15})([KMG]?)", str(value), re.IGNORECASE)
        if match is None:
            self.fail("not a size such as 64M", param, ctx)
        return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2].upper()]


def _limits(
    max_file_size: int | None, max_depth: int | None, max_leaves: int | None, max_scalar_size: int | None
) -> Limits:
    return Limits(
        file_bytes=max_file_size or DEFAULT_LIMITS.file_bytes,
        depth=max_depth or DEFAULT_LIMITS.depth,
        leaves=max_leaves or DEFAULT_LIMITS.leaves,
        scalar_bytes=max_scalar_size or DEFAULT_LIMITS.scalar_bytes,
    )


limits_options = grouped(
    "limits",
    _limits,
    (["--max-file-size"], {"type": Size(), "metavar": "SIZE", "help": "Largest file that is read (default 64M)."}),
    (["--max-depth"], {"type": click.IntRange(1), "metavar": "N", "help": "Deepest nesting (default 200)."}),
    (["--max-leaves"], {"type": click.IntRange(1), "metavar": "N", "help": "Most values (default 1000000)."}),
    (["--max-scalar-size"], {"type": Size(), "metavar": "SIZE", "help": "Largest value (default 16M)."}),
)


# -- reading


class InputOptions(NamedTuple):
    """How the files named on the command line are read."""

    input_type: str | None = None
    filename_override: str | None = None
    ignore_mac: bool = False
    write_unverified: bool = False
    allow_duplicates: bool = False

    def within(self, limits: Limits) -> ReadOptions:
        """Return how a file is read, within these limits."""
        return ReadOptions(limits, self.ignore_mac, self.allow_duplicates)

    def check_write(self) -> None:
        """Refuse to make a valid file of one whose MAC was not verified, unless that is spelled out."""
        if self.ignore_mac and not self.write_unverified:
            raise UsageError(
                "--ignore-mac with a command that writes would give a forged file a valid MAC",
                hint="--write-unverified says that this is meant",
            )


_INPUT_TYPE = (["--input-type"], {"type": FORMAT_NAMES, "help": "Format, where the file's name does not tell."})
_OVERRIDE = (["--filename-override"], {"metavar": "NAME", "help": "Take format and rule as for this name."})
_IGNORE_MAC = (["--ignore-mac"], {"is_flag": True, "help": "Go on although values were added, removed or moved."})
_UNVERIFIED = (["--write-unverified"], {"is_flag": True, "help": "With --ignore-mac: write, with a new, valid MAC."})
_DUPLICATES = (["--allow-duplicates"], {"is_flag": True, "help": "Read files in which a key stands twice."})

plain_reading = grouped("reading", InputOptions, _INPUT_TYPE, _OVERRIDE)
sealed_reading = grouped("reading", InputOptions, _INPUT_TYPE, _OVERRIDE, _IGNORE_MAC, _DUPLICATES)
rotating_reading = grouped("reading", InputOptions, _INPUT_TYPE)
changing_reading = grouped("reading", InputOptions, _INPUT_TYPE, _IGNORE_MAC, _UNVERIFIED)
decrypting_reading = grouped("reading", InputOptions, _INPUT_TYPE, _OVERRIDE, _IGNORE_MAC, _UNVERIFIED, _DUPLICATES)


# -- recipients


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
    from_environment = [(kind, text) for kind in _KINDS if (text := os.environ.get(kind.variable))]
    return Recipients(
        {kind.name: (text,) for kind, text in from_environment}, tuple(kind.variable for kind, _ in from_environment)
    )


def _attribute(kind: Kind) -> str:
    return kind.option.replace("-", "_")


def _exactly(**given: tuple[str, ...]) -> Recipients:
    return Recipients({kind.name: given[_attribute(kind)] for kind in _KINDS if given[_attribute(kind)]})


def _prefixed(prefix: str, verb: str) -> Callable[[F], F]:
    options = [
        ([f"--{prefix}-{kind.option}", f"{prefix}_{_attribute(kind)}"],
         {"multiple": True, "metavar": "KEYS", "help": f"{verb} {kind.what} (comma list)."})
        for kind in _KINDS
    ]  # fmt: skip

    def build(**given: tuple[str, ...]) -> Recipients:
        return _exactly(**{name.removeprefix(f"{prefix}_"): value for name, value in given.items()})

    return grouped(f"{prefix}_keys", build, *options)


def _options_of_kinds(*, variables: bool) -> list[tuple[list[str], dict[str, Any]]]:
    found = []
    for kind in reversed(_KINDS):
        text = f"{kind.what} (comma list)." + (f" [{kind.variable}]" if variables else "")
        names = [f"--{kind.option}", *([f"-{kind.short}"] if kind.short else [])]
        found.append((names, {"multiple": True, "metavar": "KEYS", "help": text}))
    return found


recipient_options = grouped("recipients", _recipients, *_options_of_kinds(variables=True))
new_group_options = grouped("recipients", _exactly, *_options_of_kinds(variables=False))
adding_options = _prefixed("add", "Add")
removing_options = _prefixed("rm", "Remove")


# -- the rule


class RuleOptions(NamedTuple):
    """The settings of a rule that options give; empty ones come from the configuration."""

    unencrypted_suffix: str = ""
    encrypted_suffix: str = ""
    unencrypted_regex: str = ""
    encrypted_regex: str = ""
    unencrypted_comment_regex: str = ""
    encrypted_comment_regex: str = ""
    mac_only_encrypted: bool = False

    @property
    def names_rule(self) -> bool:
        """Tell whether an option says what is sealed."""
        from leafseal.rules.selection import RULE_FIELDS

        return any(getattr(self, name) for name in RULE_FIELDS)

    def over(self, configured: Any) -> Any:
        """Return the `Selection` of these settings, those not given taken from the `configured` one, or None."""
        from leafseal.rules.selection import RULE_FIELDS, Selection

        texts = {name: getattr(self, name) or getattr(configured, name, "") for name in RULE_FIELDS}
        mac_only = self.mac_only_encrypted or bool(getattr(configured, "mac_only_encrypted", False))
        try:
            return Selection(**texts, mac_only_encrypted=mac_only)
        except ConfigError as error:
            raise UsageError(error.message, hint=error.hint) from None


def _rule_option(name: str, text: str) -> tuple[list[str], dict[str, Any]]:
    return [f"--{name}"], {"default": "", "metavar": "TEXT" if name.endswith("suffix") else "REGEX", "help": text}


rule_options = grouped(
    "rule",
    RuleOptions,
    _rule_option("unencrypted-suffix", "Seal all but what is under names with this ending."),
    _rule_option("encrypted-suffix", "Seal only what is under names with this ending."),
    _rule_option("unencrypted-regex", "Seal all but what is under names that match."),
    _rule_option("encrypted-regex", "Seal only what is under names that match."),
    _rule_option("unencrypted-comment-regex", "Seal all but what is under comments that match."),
    _rule_option("encrypted-comment-regex", "Seal only what is under comments that match."),
    (["--mac-only-encrypted"], {"is_flag": True, "help": "Leave clear values out of the MAC."}),
)


# -- single ones


def config_option(function: F) -> F:
    """Add `--config`."""
    text = "Configuration file, in place of one found from the file's folder upwards. [SOPS_CONFIG]"
    return click.option("--config", envvar="SOPS_CONFIG", metavar="FILE", help=text)(function)


def json_option(function: F) -> F:
    """Add `--json`, which reaches the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")(function)


def threshold_option(function: F) -> F:
    """Add `--threshold`."""
    return click.option(
        "--threshold",
        "--shamir-secret-sharing-threshold",
        type=click.IntRange(0),
        default=0,
        metavar="N",
        help="How many key groups must open; 0 for all.",
    )(function)


def files_argument(function: F) -> F:
    """Add the files to work on, `-` for standard input; at least one."""
    return click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())(function)


def file_argument(function: F) -> F:
    """Add the one file to work on."""
    return click.argument("file", type=click.Path())(function)
