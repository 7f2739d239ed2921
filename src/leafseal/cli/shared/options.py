"""Options that several commands share. Each group of them reaches the command as one object."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from leafseal.cli.shared.declarations import (
    FILES,
    LIMITS,
    RECIPIENTS,
    RULE,
    SAFETY,
    Choice,
    FileName,
    Size,
    Whole,
    argument,
    grouped,
    make_option,
    option,
)
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_LIMITS, Limits, ReadOptions
from leafseal.errors import UsageError
from leafseal.formats import FORMATS
from leafseal.system import terminal

F = TypeVar("F", bound=Callable[..., Any])

FORMAT_NAMES = Choice(tuple(FORMATS))


def _limits(
    max_file_size: int | None,
    max_depth: int | None,
    max_leaves: int | None,
    max_scalar_size: int | None,
    max_recipients: int | None,
) -> Limits:
    return Limits(
        file_bytes=max_file_size or DEFAULT_LIMITS.file_bytes,
        depth=max_depth or DEFAULT_LIMITS.depth,
        leaves=max_leaves or DEFAULT_LIMITS.leaves,
        scalar_bytes=max_scalar_size or DEFAULT_LIMITS.scalar_bytes,
        recipients=max_recipients or DEFAULT_LIMITS.recipients,
    )


limits_options = grouped(
    "limits",
    _limits,
    make_option(
        "--max-file-size", type=Size(), metavar="SIZE", help="Largest file to read [default: 64M].", section=LIMITS
    ),
    make_option("--max-depth", type=Whole(1), metavar="N", help="Deepest nesting [default: 200].", section=LIMITS),
    make_option(
        "--max-leaves", type=Whole(1), metavar="N", help="Most values in a file [default: 1000000].", section=LIMITS
    ),
    make_option("--max-scalar-size", type=Size(), metavar="SIZE", help="Largest value [default: 16M].", section=LIMITS),
    make_option(
        "--max-recipients",
        type=Whole(1),
        metavar="N",
        help="Most recipients of a file [default: 1024].",
        section=LIMITS,
    ),
)


# -- reading


class InputOptions(NamedTuple):
    """How the files named on the command line are read."""

    input_type: str | None = None
    filename_override: str | None = None
    ignore_mac: bool = False
    write_unverified: bool = False
    allow_duplicates: bool = False
    require_structure: bool = False
    is_plain: bool = False
    """Whether the files are not encrypted yet, so that what looks so is text of them."""

    def within(self, limits: Limits) -> ReadOptions:
        """Return how a file is read, within these limits."""
        if self.ignore_mac and self.require_structure:
            raise UsageError(
                "--ignore-mac and --require-structure contradict each other",
                hint="use only one of them",
            )
        return ReadOptions(limits, self.ignore_mac, self.allow_duplicates, require_structure=self.require_structure)

    def check_write(self) -> None:
        """Refuse to make a valid file of one whose MAC was not verified, unless that is spelled out."""
        if self.ignore_mac and not self.write_unverified:
            raise UsageError(
                "--ignore-mac with a command that writes would give a forged file a valid MAC",
                hint="to save the file anyway, add --write-unverified",
            )


INPUT_TYPE = make_option(
    "--input-type", type=FORMAT_NAMES, help="File format, if the name doesn't show it.", section=FILES
)
_OVERRIDE = make_option(
    "--filename-override",
    metavar="NAME",
    help="Choose format and rule as if the file had this name; needed for standard input.",
    section=FILES,
)
_IGNORE_MAC = make_option(
    "--ignore-mac",
    is_flag=True,
    help="Continue although the integrity check (MAC) fails. Each value is still checked.",
    section=SAFETY,
)
_UNVERIFIED = make_option(
    "--write-unverified",
    is_flag=True,
    help="With --ignore-mac: save the file with a new, valid MAC. Do this only if you know who changed it.",
    section=SAFETY,
)
REQUIRE_STRUCTURE = make_option(
    "--require-structure",
    is_flag=True,
    help="Refuse a file whose structure is not covered: names, places, types, tags, empty values.",
    section=SAFETY,
)
_DUPLICATES = make_option(
    "--allow-duplicates", is_flag=True, help="Accept duplicate keys when reading.", section=SAFETY
)

plain_reading = grouped("reading", partial(InputOptions, is_plain=True), INPUT_TYPE, _OVERRIDE)
looking_reading = grouped("reading", InputOptions, INPUT_TYPE, _OVERRIDE)
sealed_reading = grouped("reading", InputOptions, INPUT_TYPE, _OVERRIDE, _IGNORE_MAC, _DUPLICATES, REQUIRE_STRUCTURE)
repairing_reading = grouped("reading", InputOptions, INPUT_TYPE)
rotating_reading = grouped("reading", InputOptions, INPUT_TYPE, REQUIRE_STRUCTURE)
changing_reading = grouped("reading", InputOptions, INPUT_TYPE, _IGNORE_MAC, _UNVERIFIED, REQUIRE_STRUCTURE)
decrypting_reading = grouped(
    "reading", InputOptions, INPUT_TYPE, _OVERRIDE, _IGNORE_MAC, _UNVERIFIED, _DUPLICATES, REQUIRE_STRUCTURE
)


# -- single ones


def config_option(function: F) -> F:
    """Add `--config`."""
    text = "Use this configuration instead of the .sops.yaml above the file."
    return option("--config", variable="SOPS_CONFIG", metavar="FILE", help=text, section=FILES)(function)


def quiet_option(function: F) -> F:
    """Add `--quiet`, of which the command knows nothing."""

    @wraps(function)
    def hushed(*, quiet: bool, **values: Any) -> Any:
        if not quiet:
            return function(**values)
        with terminal.quiet():
            return function(**values)

    text = "Say nothing of what went well; show warnings, errors and questions only."
    return option("--quiet", is_flag=True, help=text, section=FILES)(hushed)  # type: ignore[return-value]


def expand_aliases_option(function: F) -> F:
    """Add `--expand-aliases`."""
    text = "Write the old value out where YAML aliases use it, so that it stays the same there."
    return option("--expand-aliases", is_flag=True, help=text)(function)


def document_option(function: F) -> F:
    """Add `--document`."""
    text = "Which of several YAML documents to take; the first is 0."
    return option("--document", type=Whole(0), metavar="N", help=text)(function)


def json_option(function: F) -> F:
    """Add `--json`, which reaches the command as `as_json`."""
    return option("--json", "as_json", is_flag=True, help="Print JSON, for programs.", section=FILES)(function)


def converting_options(function: F) -> F:
    """Add `--output-type` and `--indent`."""
    text = "Indentation of converted output; -1 is a tab (JSON)."
    function = option("--indent", type=Whole(-1, 100), metavar="N", help=text, section=FILES)(function)
    return option("--output-type", type=FORMAT_NAMES, help="Convert to this format.", section=FILES)(function)


def comments_option(function: F) -> F:
    """Add `--comments`."""
    text = "Encrypt the comments on the lines of encrypted values (seal), or leave them (keep)."
    return option("--comments", type=Choice(("seal", "keep")), help=text, section=RULE)(function)


def threshold_option(function: F) -> F:
    """Add `--threshold`."""
    return option(
        "--threshold",
        "--shamir-secret-sharing-threshold",
        type=Whole(0),
        default=0,
        metavar="N",
        help="How many key groups are needed to decrypt [default: as in .sops.yaml or the file, else all].",
        section=RECIPIENTS,
    )(function)


def files_argument(function: F) -> F:
    """Add the files to work on, `-` for standard input; at least one."""
    return argument("files", is_many=True, is_required=True, metavar="FILE...", type=FileName())(function)


def file_argument(function: F) -> F:
    """Add the one file to work on."""
    return argument("file", type=FileName())(function)
