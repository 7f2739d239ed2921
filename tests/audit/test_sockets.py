"""What a syslog and systemd's journal get, at a socket of the test."""

from __future__ import annotations

import json
import re
import socket
import sys
import tempfile
from collections.abc import Iterator

import pytest

from leafseal.audit.event import Event
from leafseal.audit.journald import Journald
from leafseal.audit.syslog import Syslog
from leafseal.errors import AuditError
from leafseal.system import datagrams

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets as Linux has them")

EVENT = Event("id7", "leafseal get", "get", "allowed", "/srv/a\nb.yaml", ("db.password",), ("age1x",), "ticket\n7")
DENIED = EVENT._replace(result="denied", error="DataKeyError", reason=None, recipient=())


@pytest.fixture
def path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="ls-") as folder:  # paths of sockets are short
        yield f"{folder}/log"


@pytest.fixture
def reader(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(120)
        yield listening


def fields(data: bytes) -> list[tuple[str, str]]:
    """Read an entry of the journal's native protocol."""
    found = []
    while data:
        line, _, rest = data.partition(b"\n")
        name, has_value, value = line.partition(b"=")
        if has_value:
            data = rest
        else:
            size = int.from_bytes(rest[:8], "little")
            value, end, data = rest[8 : 8 + size], rest[8 + size : 9 + size], rest[9 + size :]
            assert end == b"\n"
        found.append((name.decode(), value.decode()))
    return found


def test_a_message_of_syslog(path: str, reader: socket.socket) -> None:
    Syslog(path).write(EVENT, EVENT.as_data())
    data = reader.recv(1 << 16)
    found = re.fullmatch(rb"<85>1 (\S+Z) (\S+) leafseal (\d+) audit - (\{.*\})", data)
    assert found
    told = json.loads(found[4])
    assert (told["secret"]["file"], told["reason"], told["timestamp"]) == (
        "/srv/a\nb.yaml", "ticket\n7", found[1].decode(),
    )  # fmt: skip
    Syslog(path).write(DENIED, DENIED.as_data())
    assert reader.recv(1 << 16).startswith(b"<84>1 ")


def test_a_host_name_that_would_be_two_words(path: str, reader: socket.socket) -> None:
    Syslog(path).write(EVENT, {**EVENT.as_data(), "host": "a b"})
    assert reader.recv(1 << 16).split(b" ")[2:4] == [b"-", b"leafseal"]


def test_an_entry_of_the_journal(path: str, reader: socket.socket) -> None:
    Journald(path).write(EVENT, EVENT.as_data())
    told = fields(reader.recv(1 << 16))
    names = dict(told)
    assert names["MESSAGE"] == "leafseal get: allowed: /srv/a\\nb.yaml"
    assert (names["PRIORITY"], names["SYSLOG_IDENTIFIER"]) == ("5", "leafseal")
    assert (names["LEAFSEAL_FILE"], names["LEAFSEAL_REASON"]) == ("/srv/a\nb.yaml", "ticket\n7")
    assert (names["LEAFSEAL_PATH"], names["LEAFSEAL_RECIPIENT"]) == ("db.password", "age1x")
    assert json.loads(names["LEAFSEAL_EVENT"])["id"] == names["LEAFSEAL_ID"] == "id7"
    assert "LEAFSEAL_ERROR" not in names
    assert all(re.fullmatch("[A-Z][A-Z0-9_]*", name) for name in names)
    Journald(path).write(DENIED, DENIED.as_data())
    assert dict(fields(reader.recv(1 << 16)))["LEAFSEAL_ERROR"] == "DataKeyError"


@pytest.mark.parametrize("kind", [Syslog, Journald])
def test_where_nobody_takes_it(kind: type[Syslog | Journald], path: str) -> None:
    with pytest.raises(AuditError, match="the audit log cannot be written: no such file") as caught:
        kind(path).write(EVENT, EVENT.as_data())
    assert caught.value.file == path


def _write_for_long(log: Syslog | Journald) -> None:
    for _ in range(10_000):
        log.write(EVENT, EVENT.as_data())


@pytest.mark.parametrize("kind", [Syslog, Journald])
def test_a_reader_that_sleeps(
    kind: type[Syslog | Journald], path: str, reader: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "SECONDS", 0.05)
    with pytest.raises(AuditError, match="nobody reads the socket"):
        _write_for_long(kind(path))
