"""Events in sops's table, in a real server."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from leafseal.audit.event import Event, principal
from leafseal.audit.operation import ACTIONS
from leafseal.audit.postgres import ROWS, Postgres
from leafseal.errors import AuditError

from ..services.postgres import Database, serving

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with serving() as database:
        yield database


@pytest.fixture
def database(server: Database) -> Database:
    server.take()
    return server


@pytest.fixture
def log(database: Database) -> Iterator[Postgres]:
    log = Postgres(database.connection, "/etc/sops/audit.yaml")
    yield log
    if log._open is not None:
        log._open[1].close()


def write(log: Postgres, action: str = "decrypt", file: str | None = "/srv/a.yaml", **more: Any) -> None:
    event = Event("id", "leafseal", action, "allowed", file)._replace(**more)
    log.write(event, event.as_data())


@pytest.mark.parametrize("action", ROWS)
def test_each_action_is_told_in_the_words_of_sops(database: Database, log: Postgres, action: str) -> None:
    write(log, action)
    assert database.take() == [(one, principal(), "/srv/a.yaml") for one in ROWS[action]]


def test_every_action_has_rows() -> None:
    assert {*ACTIONS.values()} == set(ROWS)


def test_what_was_not_allowed_has_no_row(database: Database, log: Postgres) -> None:
    for result in ("denied", "missing", "error"):
        write(log, result=result)
    assert log._open is None
    assert database.take() == []


def test_names_that_a_database_does_not_take(database: Database, log: Postgres) -> None:
    for file in ("/a\n'; DROP TABLE audit_event; --", "/\udcff", "/nul\0", "-", None):
        write(log, file=file)
    assert [row[2] for row in database.take()] == [
        "/a\n'; DROP TABLE audit_event; --", "/\\udcff", "/nul\\0", os.getcwd(), "",
    ]  # fmt: skip


def test_a_server_that_hung_up_is_asked_again(database: Database, log: Postgres) -> None:
    write(log)
    database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'sops'")
    write(log, "encrypt")
    assert [row[0] for row in database.take()] == ["decrypt", "encrypt"]


def test_a_user_that_may_not_insert(database: Database, log: Postgres) -> None:
    database.run("REVOKE INSERT ON audit_event FROM sops")
    try:
        with pytest.raises(AuditError, match="permission denied for table audit_event") as caught:
            write(log)
        assert caught.value.file == "/etc/sops/audit.yaml"
    finally:
        database.run("GRANT INSERT ON audit_event TO sops")
    write(log)
    assert len(database.take()) == 1


def test_a_row_is_all_or_nothing(database: Database, log: Postgres) -> None:
    database.run("ALTER TABLE audit_event ADD CONSTRAINT no CHECK (action <> 'encrypt')")
    try:
        with pytest.raises(AuditError, match="violates check constraint"):
            write(log, "rotate")
    finally:
        database.run("ALTER TABLE audit_event DROP CONSTRAINT no")
    assert database.take() == []


def test_a_table_that_is_locked_holds_up_nobody_for_long(
    database: Database, log: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leafseal.audit.postgres._SECONDS", 0.1)
    monkeypatch.setattr("leafseal.audit.postgres._MORE_SECONDS", 120)  # in which the server says so
    with psycopg.connect(host=database.folder, user="admin", dbname="postgres") as holder:
        holder.execute("LOCK TABLE audit_event")
        with pytest.raises(AuditError, match="statement timeout"):
            write(log)


def test_a_server_that_was_stopped_holds_up_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection, and says nothing after that: limits of the server do not count."""
    monkeypatch.setattr("leafseal.audit.postgres._SECONDS", 0.2)
    monkeypatch.setattr("leafseal.audit.postgres._MORE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_welcome, args=[listening], daemon=True)
        thread.start()
        with pytest.raises(AuditError, match="the audit log in PostgreSQL cannot be written"):
            write(Postgres(f"host=127.0.0.1 port={listening.getsockname()[1]} user=x dbname=x sslmode=disable", None))
        thread.join(120)
        assert not thread.is_alive()


def _welcome(listening: socket.socket) -> None:
    """Be a server that lets a client in, and then reads until that hangs up."""
    with listening.accept()[0] as client:
        client.recv(1024)
        for kind, content in ((b"R", bytes(4)), (b"S", b"client_encoding\0UTF8\0"), (b"Z", b"I")):
            client.sendall(kind + struct.pack("!I", len(content) + 4) + content)
        while client.recv(1024):
            pass


@pytest.mark.parametrize(
    "connection",
    [
        "host=/nowhere password=s3cret-word user=x",
        "s3cret-word",
        "postgres://x:s3cret-word@[::1/db",
        "a=b s3cret-word=",
    ],
)
def test_a_connection_string_is_never_shown(connection: str) -> None:
    with pytest.raises(AuditError, match="the audit log in PostgreSQL cannot be written") as caught:
        write(Postgres(connection, None))
    error: BaseException | None = caught.value
    assert "s3cret-word" not in f"{error!r} {error} {caught.value.hint}"
    assert caught.value.__cause__ is None


def test_a_server_that_does_not_answer_is_told_in_a_statement() -> None:
    with pytest.raises(AuditError, match="Connection refused") as caught:
        write(Postgres("host=127.0.0.1 port=1 user=x", None))
    assert "?" not in str(caught.value)  # libpq goes on with a question


@pytest.mark.parametrize(
    ("connection", "environ", "mode"),
    [
        ("host=db", {}, "require"),
        ("host=db sslmode=disable", {}, "disable"),
        ("postgres://db/x?sslmode=verify-full", {}, "verify-full"),
        ("host=db", {"PGSSLMODE": "verify-ca"}, None),
    ],
)
def test_a_connection_is_encrypted_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, connection: str, environ: dict[str, str], mode: str | None
) -> None:
    seen: dict[str, Any] = {}

    def connect(**settings: Any) -> None:
        seen.update(settings)
        raise psycopg.OperationalError("no")

    monkeypatch.setattr(psycopg, "connect", connect)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AuditError):
        write(Postgres(connection, None))
    assert (seen.get("sslmode"), seen["connect_timeout"]) == (mode, "3")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(AuditError, match="needs the library psycopg") as caught:
        write(Postgres("host=db", None))
    assert caught.value.hint == "pip install 'leafseal[audit-postgres]'"
