"""The key service as a program, by both names, and the commands that ask it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .transcripts import Case, Stage

pytest.importorskip("grpc", reason="grpcio is not installed")

LEAFSEAL = str(Path(sys.executable).with_name("leafseal"))


@contextmanager
def running(desk: Stage, argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a key service with the identity at hand, and wait until it says that it answers."""
    server = subprocess.Popen(argv, cwd=desk.folder, env=desk.environ({}), stderr=subprocess.PIPE)
    try:
        assert server.stderr is not None
        line = server.stderr.readline()
        assert b"listening on" in line or b"Listening on" in line, line + server.stderr.read()
        yield server
    finally:
        server.kill()
        server.communicate(timeout=120)


def programs(desk: Stage) -> list[list[str]]:
    path = desk.folder / "socket"
    return [
        [LEAFSEAL, "keyservice", "--address", f"unix://{path}"],
        [*desk.program, "keyservice", "--verbose", "--network", "unix", "--address", "socket"],
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["leafseal", "sops"])
def test_others_open_and_seal_through_it(desk: Stage, which: int) -> None:
    (desk.folder / "a.yaml").write_bytes(desk.seal("a.yaml", "k: v\n"))
    stranger = {name: text for name, text in desk.environ({}).items() if name != "SOPS_AGE_KEY_FILE"}
    service = f"unix://{desk.folder}/socket"
    commands = [
        [*desk.program, "decrypt", "--keyservice", service, "a.yaml"],
        [*desk.program, "decrypt", "--enable-local-keyservice=false", "--keyservice", service, "a.yaml"],
        [LEAFSEAL, "decrypt", "--keyservice", service, "a.yaml"],
        [LEAFSEAL, "decrypt", "--keyservice", service, "--no-local-keyservice", "a.yaml"],
    ]
    with running(desk, programs(desk)[which]):
        for command in commands:
            done = subprocess.run(command, cwd=desk.folder, env=stranger, capture_output=True, check=False, timeout=120)
            assert (done.returncode, done.stdout, done.stderr) == (0, b"k: v\n", b"")
        variable = {**stranger, "SOPS_KEYSERVICE": service}
        done = subprocess.run(
            [LEAFSEAL, "get", "a.yaml", "k"], cwd=desk.folder, env=variable, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, b"v\n"), done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
@pytest.mark.parametrize("which", [0, 1], ids=["leafseal", "sops"])
def test_a_signal_ends_it_well(desk: Stage, which: int, number: int) -> None:
    with running(desk, programs(desk)[which]) as server:
        server.send_signal(number)
        _, err = server.communicate(timeout=120)
        assert (server.returncode, err) == (0, b"")
    assert not os.path.lexists(desk.folder / "socket")


def test_nobody_is_asked_where_nobody_is_named(desk: Stage) -> None:
    case = Case("here", "no service", ["decrypt", "--enable-local-keyservice=false", "a.yaml"], code=128)
    (desk.folder / "a.yaml").write_bytes(desk.seal("a.yaml", "k: v\n"))
    desk.play(case)


def test_our_command_listens_to_other_machines_only_where_it_is_told(desk: Stage) -> None:
    command = [LEAFSEAL, "keyservice", "--address", "tcp://0.0.0.0:0"]
    done = subprocess.run(command, cwd=desk.folder, env=desk.environ({}), capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (220, b"")
    assert b"other machines may reach tcp://0.0.0.0:0, and anyone who does can use the keys" in done.stderr
    assert b"to listen anyway, add --allow-network" in done.stderr
    for hinted in ([*command, "--allow-network"], [*command[:-1], "tcp://127.0.0.1:0"]):
        server = subprocess.Popen(hinted, cwd=desk.folder, env=desk.environ({}), stderr=subprocess.PIPE)
        try:
            assert server.stderr is not None
            assert b"warning: anyone who reaches this port can use the keys of this machine" in server.stderr.readline()
            assert b"listening on tcp://" in server.stderr.readline()
        finally:
            server.kill()
            server.communicate(timeout=120)
