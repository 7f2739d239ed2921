"""How a file is read: how much of it is taken before it is refused, and what is let pass.

A caller may raise a limit; a file never can.
"""

from __future__ import annotations

from leafseal.document.frozen import NamedTuple


class Limits(NamedTuple):
    """Bounds for parsers, in bytes, levels and counts."""

    file_bytes: int = 64 * 2**20
    depth: int = 200
    leaves: int = 1_000_000
    expansion: int = 100  # leaves that aliases add, per leaf of the source
    scalar_bytes: int = 16 * 2**20
    recipients: int = 1024  # of all key groups together


DEFAULT_LIMITS = Limits()


class ReadOptions(NamedTuple):
    """How a file is read; from a command's options this goes as it is to the parser, and to whoever reads it again.

    `require_structure` refuses a file whose structure no digest covers, `omit_structure` has a write leave it out;
    `any_types` takes tokens of all types in formats that hold text alone, as SOPS does.
    """

    limits: Limits = DEFAULT_LIMITS
    ignore_mac: bool = False
    allow_duplicates: bool = False
    marks_are_text: bool = (
        False  # CR at the ends of lines and a byte order mark, where a file's values already hold them
    )
    require_structure: bool = False
    omit_structure: bool = False
    any_types: bool = False


DEFAULT_READ = ReadOptions()
