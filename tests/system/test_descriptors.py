"""Descriptors that do not wait, as programs that share them leave them."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from leafseal.system.descriptors import read_some, write_all
from leafseal.system.reading import read_descriptor

BIG = bytes(range(256)) * 4096


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_nothing_is_lost_where_the_reader_is_slow(pipe: tuple[int, int]) -> None:
    reading, writing = pipe

    def write() -> None:
        write_all(writing, BIG)
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    deadline = time.monotonic() + 120
    while select.select([], [writing], [], 0)[1]:  # it has room
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert read_descriptor(reading) == BIG
    writer.join()


def test_nothing_yet_is_not_the_end(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    timer = threading.Timer(0.1, os.write, (writing, b"late"))
    timer.start()
    assert read_some(reading, 10) == b"late"
    os.close(writing)
    assert read_some(reading, 10) == b""


def test_a_socket() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.setblocking(False)
        writer = threading.Thread(target=lambda: (write_all(near.fileno(), BIG), near.shutdown(socket.SHUT_WR)))
        writer.start()
        assert read_descriptor(far.fileno()) == BIG
        writer.join()


def test_a_reader_that_goes(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        write_all(writing, b"x")
