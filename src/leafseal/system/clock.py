"""The time, as files note it."""

from __future__ import annotations

from time import gmtime, strftime


def now() -> str:
    """Return the time in UTC, to the second: 2026-11-29T08:30:00Z."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime())
