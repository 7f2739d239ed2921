"""The section `[audit]` of a policy: which logs get an event of every operation, and whether one may be missing.

    [audit]
    file = "/var/log/leafseal/audit.jsonl"
    journald = "/run/systemd/journal/socket"
    require_reason = true

Each policy file has its own section, and all logs of both get every event: nobody takes an administrator's log away.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from leafseal.document.frozen import NamedTuple

Fault = tuple[str, str]

DEFAULT_MAX_BYTES = 16 << 20
DEFAULT_KEEP = 8
_LEAST_BYTES = 4096
_MOST_FILES = 1000
_LONGEST_SOCKET = 100  # bytes of a path: systems have room for 103 to 107


class Log(NamedTuple):
    """Where events go. `target` is a path, or PostgreSQL's connection string, which may hold a password."""

    kind: str
    target: str
    required: bool = True
    max_bytes: int = DEFAULT_MAX_BYTES
    keep: int = DEFAULT_KEEP
    place: str | None = None  # the file that names it, where that is none of the policies

    def __repr__(self) -> str:
        return f"Log({self.kind!r}, {self.shown!r})"

    @property
    def shown(self) -> str:
        """The target without what may be a password."""
        return "(connection string)" if self.kind == "postgres" else self.target


class Audit(NamedTuple):
    """A section `[audit]`."""

    logs: tuple[Log, ...] = ()
    require_reason: bool = False


def parse_audit(content: Any, faults: list[Fault]) -> Audit:
    """Read the section of a policy. What is wrong with it is added to the faults."""
    if not isinstance(content, dict):
        faults.append(("audit", "not a section [audit]"))
        return Audit()
    required = switch(content.get("required", True), "audit.required", faults)
    reason = switch(content.get("require_reason", False), "audit.require_reason", faults)
    most = _number(content, "max_size", _size, DEFAULT_MAX_BYTES, faults)
    keep = _number(content, "keep", _count, DEFAULT_KEEP, faults)
    targets = [(kind, content[kind]) for kind in KINDS if kind in content]
    logs = tuple(
        Log(kind, target, required, most, keep) for kind, target in targets if _is_target(kind, target, faults)
    )
    if not targets:
        faults.append(("audit", f"names no log: add {', '.join(KINDS[:-1])} or {KINDS[-1]}"))
    return Audit(logs, reason)


KINDS = ("file", "syslog", "journald", "postgres")
"""The kinds of logs, each a key of the section."""

KEYS = (*KINDS, "required", "require_reason", "max_size", "keep")
"""All keys of the section."""


def _is_target(kind: str, target: Any, faults: list[Fault]) -> bool:
    fault = _CHECKS[kind](target) if isinstance(target, str) else "not text"
    if fault:
        faults.append((f"audit.{kind}", fault))
    return not fault


def _absolute(path: str) -> str:
    if "\0" in path or not os.path.isabs(path) or path.endswith(os.sep):
        return "not an absolute path"
    return ""


def _socket(path: str) -> str:
    return _absolute(path) or ("too long for a socket" if len(os.fsencode(path)) > _LONGEST_SOCKET else "")


def _connection(text: str) -> str:
    return "" if text.strip() and "\0" not in text else "not a connection string of PostgreSQL"


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "file": _absolute,
    "syslog": _socket,
    "journald": _socket,
    "postgres": _connection,
}


def switch(value: Any, place: str, faults: list[Fault]) -> bool:
    """Return a value of a policy that turns something on or off; another one is a fault."""
    if not isinstance(value, bool):
        faults.append((place, "neither true nor false"))
    return value is True


def _number(content: Mapping[str, Any], key: str, read: Callable[[Any], int], default: int, faults: list[Fault]) -> int:
    if key not in content:
        return default
    try:
        return read(content[key])
    except ValueError as error:
        faults.append((f"audit.{key}", str(error)))
        return default


def _size(value: Any) -> int:
    """Read `16M`. Raises `ValueError`."""
    text = value if isinstance(value, str) else ""
    shift = {"K": 10, "M": 20, "G": 30}.get(text[-1:].upper(), 0)
    digits = text[:-1] if shift else text
    if digits.isascii() and digits.isdigit() and len(digits) <= 15 and int(digits) << shift >= _LEAST_BYTES:
        return int(digits) << shift
    raise ValueError('not a size of at least "4K", such as "16M"')


def _count(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_FILES:
        return value
    raise ValueError(f"not a whole number from 1 to {_MOST_FILES}")
