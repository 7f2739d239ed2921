"""How much of a file is taken before it is refused. A caller may raise a limit; a file never can."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for parsers, in bytes, levels and counts."""

    file_bytes: int = 64 * 2**20
    depth: int = 200
    leaves: int = 1_000_000
    expansion: int = 100  # leaves that aliases add, per leaf of the source
    scalar_bytes: int = 16 * 2**20


DEFAULT_LIMITS = Limits()
