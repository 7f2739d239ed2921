"""Events as messages of RFC 5424, in datagrams to the socket of a syslog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leafseal.audit.event import Event, as_line
from leafseal.errors import AuditError, system_text
from leafseal.system import datagrams

_FACILITY = 10  # authpriv: security messages that not everybody reads
_NOTICE, _WARNING = 5, 4


class Syslog:
    """A syslog, by the path of its socket."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, event: Event, data: Mapping[str, Any]) -> None:
        """Hand an event to the syslog. Raises `AuditError` where nobody takes it; Python's own module would not."""
        try:
            datagrams.send(self.path, message(event, data))
        except OSError as error:
            raise socket_error(self.path, error) from None


def socket_error(path: str, error: OSError) -> AuditError:
    """Return what to say of a socket that did not take an event."""
    return AuditError(
        f"the audit log cannot be written: "
        f"{'nobody reads the socket' if isinstance(error, TimeoutError) else system_text(error)}",
        hint="check that the service that reads this socket runs, and that you may write to it",
        file=path,
    )


def severity(event: Event) -> int:
    """Return how important an event is: what was not allowed is a warning."""
    return _NOTICE if event.result == "allowed" else _WARNING


def message(event: Event, data: Mapping[str, Any]) -> bytes:
    """Return an event as a syslog message; its text is JSON."""
    host = data["host"] if data["host"].isascii() and data["host"].isprintable() and " " not in data["host"] else ""
    head = (
        f"<{_FACILITY * 8 + severity(event)}>1 {data['timestamp']} {host[:255] or '-'} leafseal {data['pid']} audit -"
    )
    return f"{head} {as_line(dict(data))}".encode("ascii")
