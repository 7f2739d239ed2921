"""What programs give sops to read from and to write to."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from .desk import PLAIN, Desk


@pytest.mark.parametrize("words", [["decrypt"], ["decrypt", "/dev/stdin"], ["-d", "/dev/stdin"]], ids=" ".join)
def test_input_is_a_pipe_a_file_or_a_socket(ours: Desk, words: list[str]) -> None:
    """Node.js hands sockets to the programs that it starts; sops cannot open such a one by name."""
    types = ("--input-type", "yaml", "--output-type", "yaml")
    if words[0] == "-d":
        words = [*types, *words]
    else:
        words = [words[0], *types, *words[1:]]
    path = ours.seal("secret.yaml", PLAIN["yaml"])
    assert ours.sops(*words, stdin=path.read_bytes()) == PLAIN["yaml"]
    with path.open("rb") as file:
        assert ours.sops(*words, stdin=file.fileno()) == PLAIN["yaml"]
    near, far = socket.socketpair()
    with near, far:
        near.sendall(path.read_bytes())
        near.shutdown(socket.SHUT_WR)
        assert ours.sops(*words, stdin=far.fileno()) == PLAIN["yaml"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_descriptors_that_do_not_wait(ours: Desk, unbuffered: str) -> None:
    """Programs that share their descriptors with Node.js, or with ssh, may find them so."""
    big = "s3cr3t " * 100_000
    sealed = ours.seal("big.txt", big).read_bytes()
    reading, writing = os.pipe()
    near, far = socket.socketpair()
    far.setblocking(False)
    os.set_blocking(writing, False)
    words = ["sops", "decrypt", "--input-type", "binary", "/dev/stdin"]
    with (
        near,
        subprocess.Popen(
            words,
            env=ours.environ({"PYTHONUNBUFFERED": unbuffered}),
            stdin=far,
            stdout=writing,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        far.close()
        os.close(writing)
        near.sendall(sealed)
        near.shutdown(socket.SHUT_WR)
        with open(reading, "rb") as file:
            assert file.read().decode() == big
        assert process.stderr is not None
        assert (process.wait(), process.stderr.read()) == (0, b"")
