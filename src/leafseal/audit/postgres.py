"""Events as rows of sops's table `audit_event` in PostgreSQL: action, username and file, and the server's time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Timer
from typing import Any

from leafseal.audit.event import Event
from leafseal.display import visible
from leafseal.errors import AuditError

ROWS: Mapping[str, tuple[str, ...]] = {
    "decrypt": ("decrypt",),
    "get": ("decrypt",),
    "exec": ("decrypt",),
    "render": ("decrypt",),
    "deploy": ("decrypt",),
    "verify": ("decrypt",),
    "repair": ("decrypt",),
    "updatekeys": ("decrypt",),
    "groups": ("decrypt",),
    "encrypt": ("encrypt",),
    "edit": ("decrypt", "encrypt"),
    "set": ("decrypt", "encrypt"),
    "unset": ("decrypt", "encrypt"),
    "merge": ("decrypt", "encrypt"),
    "resolve": ("decrypt", "encrypt"),
    "rotate": ("rotate", "decrypt", "encrypt"),
}
"""The actions of sops that each of ours is: its table knows three."""

_INSERT = "INSERT INTO audit_event (action, username, file) VALUES (%s, %s, %s)"
_SECONDS = 5.0  # for a statement; a connection has 3
_MORE_SECONDS = 2.0  # after which we hang up: a server that was stopped obeys no limit of its own


class Postgres:
    """A database. It is connected with when there is a first event, and stays so.

    Only what was allowed has a row, because the table has no column for the rest. The connection string is never shown.
    """

    def __init__(self, connection: str, place: str | None) -> None:
        self._connection = connection
        self._place = place
        self._lock = Lock()
        self._open: tuple[int, Any] | None = None  # the process that connected: a child must not use it

    def write(self, event: Event, data: Mapping[str, Any]) -> None:
        """Insert the rows of an event, all or none of them. Raises `AuditError`."""
        if event.result != "allowed":
            return
        file = os.getcwd() if event.file == "-" else data["secret"]["file"] or ""
        rows = [(action, data["principal"], file.replace("\0", "\\0")) for action in ROWS[event.action]]
        psycopg = self._driver()
        with self._lock:
            try:
                self._insert(psycopg, rows)
            except psycopg.Error as error:
                raise self._error(psycopg, error) from None

    def _insert(self, psycopg: Any, rows: list[tuple[str, str, str]]) -> None:
        is_new = self._open is None or self._open[0] != os.getpid()
        if is_new:
            self._open = (os.getpid(), _connect(psycopg, self._connection))
        assert self._open is not None
        connection = self._open[1]
        try:
            with _in_time(connection), connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_INSERT, rows)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
            self._open = None
            if is_new:
                raise
            self._insert(psycopg, rows)  # the server hung up since the last event

    def _driver(self) -> Any:
        try:
            import psycopg
        except ImportError:
            raise AuditError(
                "the audit log in PostgreSQL needs the library psycopg, which is not installed",
                hint="pip install 'leafseal[audit-postgres]'",
                file=self._place,
            ) from None
        return psycopg

    def _error(self, psycopg: Any, error: Any) -> AuditError:
        return AuditError(
            f"the audit log in PostgreSQL cannot be written: {_reason(psycopg, error, self._connection)}",
            hint="check that the database runs, and that its user may insert into the table audit_event",
            file=self._place,
        )


def _connect(psycopg: Any, connection: str) -> Any:
    settings = {"connect_timeout": "3", "application_name": "leafseal", **psycopg.conninfo.conninfo_to_dict(connection)}
    if "PGSSLMODE" not in os.environ:
        settings.setdefault("sslmode", "require")  # as sops's driver has it; no matter for a Unix socket
    opened = psycopg.connect(**settings, autocommit=True)
    with _in_time(opened):
        opened.execute(f"SET statement_timeout = {int(_SECONDS * 1000)}")
    return opened


@contextmanager
def _in_time(connection: Any) -> Iterator[None]:
    """Hang up where the block takes so long that the server does not answer any more."""
    timer = Timer(_SECONDS + _MORE_SECONDS, _hang_up, [connection.fileno()])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as same:
        same.shutdown(socket.SHUT_RDWR)


def _reason(psycopg: Any, error: Any, connection: str) -> str:
    """Return what is wrong, without anything of the connection string that may be a password."""
    if error.diag.message_primary:
        return visible(error.diag.message_primary)
    try:
        password = psycopg.conninfo.conninfo_to_dict(connection).get("password")
    except psycopg.Error:
        return "the connection string is not valid"
    text = [line for line in str(error).strip().split("\n") if not line.startswith("\t")][-1]
    return "no connection" if password and str(password) in text else visible(text)
