"""Events as entries of systemd's journal, by its native protocol: fields of any bytes, in one datagram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leafseal.audit.event import Event, as_line
from leafseal.audit.syslog import severity, socket_error
from leafseal.display import escape_line
from leafseal.system import datagrams

_FIELDS = ("id", "principal", "command", "action", "result", "error", "reason")


class Journald:
    """systemd's journal, by the path of its socket."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, event: Event, data: Mapping[str, Any]) -> None:
        """Hand an event to the journal. Raises `AuditError`."""
        try:
            datagrams.send(self.path, entry(event, data), as_file=True)
        except OSError as error:
            raise socket_error(self.path, error) from None


def entry(event: Event, data: Mapping[str, Any]) -> bytes:
    """Return an event as the fields of an entry."""
    return b"".join(_field(name, str(value)) for name, value in _fields(event, data) if value is not None)


def _fields(event: Event, data: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    file = data["secret"]["file"]
    yield "MESSAGE", escape_line(f"{data['command']}: {data['result']}: {file or 'a data key'}")
    yield "PRIORITY", severity(event)
    yield "SYSLOG_IDENTIFIER", "leafseal"
    for name in _FIELDS:
        yield f"LEAFSEAL_{name.upper()}", data[name]
    yield "LEAFSEAL_FILE", file
    for path in data["secret"]["paths"]:
        yield "LEAFSEAL_PATH", path
    for key in data["recipient"]:
        yield "LEAFSEAL_RECIPIENT", key
    yield "LEAFSEAL_EVENT", as_line(dict(data))


def _field(name: str, value: str) -> bytes:
    r"""Return a field: `NAME=value\n`, or with the length before the value where that has a line break in it."""
    text = value.encode()
    if b"\n" not in text:
        return name.encode("ascii") + b"=" + text + b"\n"
    return name.encode("ascii") + b"\n" + len(text).to_bytes(8, "little") + text + b"\n"
