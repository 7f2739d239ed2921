"""One event of the audit trail, and the texts in it: names, never values (docs/audit.md)."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, Literal, NamedTuple

from leafseal.display import without_keys

Result = Literal["allowed", "denied", "missing", "error"]

VERSION = 1
"""Of an event's form. It grows when a field goes or means something else; new fields may come at any time."""

_LONGEST = 4096
"""Characters of a text; of a longer one its two ends are told."""

EVERYTHING = ("*",)
"""The paths of who had the whole file."""


class Event(NamedTuple):
    """What was done, or was not allowed to be done, with one file or one data key."""

    id: str
    command: str
    action: str
    result: Result
    file: str | None
    paths: tuple[str, ...] = EVERYTHING
    recipient: tuple[str, ...] = ()
    reason: str | None = None
    error: str | None = None

    def as_data(self) -> dict[str, Any]:
        """Return the event as it is told. What decides comes first: a log may cut off the end of a long line."""
        return {
            "version": VERSION,
            "id": self.id,
            "timestamp": _now(),
            "principal": principal(),
            "host": _host(),
            "pid": os.getpid(),
            "command": clean(self.command),
            "action": self.action,
            "result": self.result,
            "error": self.error,
            "secret": {
                "file": None if self.file is None else clean(self.file),
                "paths": [clean(path) for path in self.paths],
            },
            "recipient": [clean(key) for key in self.recipient],
            "reason": None if self.reason is None else clean(self.reason),
        }


def new_id() -> str:
    """Return what marks all events of one operation on one file."""
    return os.urandom(12).hex()


def as_line(data: dict[str, Any]) -> str:
    """Return an event as JSON in ASCII, on one line whatever the names in it."""
    return json.dumps(data, ensure_ascii=True, separators=(", ", ": "))


def clean(text: str) -> str:
    r"""Return a text without private keys, and with bytes that are not UTF-8 spelled out, as `\udcff`."""
    text = without_keys(text).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"


def principal() -> str:
    """Return the name of the user of this process, as the system knows it: no variable can change it."""
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _host() -> str:
    if sys.platform == "win32":
        import platform

        return platform.node()
    return os.uname().nodename


def _now() -> str:
    """Return the time in UTC, to the microsecond: 2026-11-29T08:30:00.123456Z."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds // 1000:06d}Z"
