"""A datagram arrives whole, or there is an error; a reader that sleeps holds up nobody for long."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.system import datagrams

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets as Linux has them")


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


def test_it_arrives(path: str, reader: socket.socket) -> None:
    datagrams.send(path, b"one")
    assert reader.recv(100) == b"one"


def test_nobody_there(path: str) -> None:
    with pytest.raises(FileNotFoundError):
        datagrams.send(path, b"one")
    Path(path).touch()
    with pytest.raises(ConnectionRefusedError):
        datagrams.send(path, b"one")


def _send_for_long(path: str) -> None:
    for _ in range(10_000):
        datagrams.send(path, b"one")


def test_a_reader_that_sleeps(path: str, reader: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        _send_for_long(path)


def test_a_long_one_goes_as_a_file_that_nobody_changes(path: str, reader: socket.socket) -> None:
    data = b"x" * 5_000_000
    with pytest.raises(OSError, match="too long"):
        datagrams.send(path, data)
    datagrams.send(path, data, as_file=True)
    text, [descriptor], _, _ = socket.recv_fds(reader, 100, 1)
    try:
        assert (text, os.pread(descriptor, len(data) + 1, 0)) == (b"", data)
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"y", 0)
    finally:
        os.close(descriptor)
