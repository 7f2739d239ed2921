"""Pipes, sockets and devices in the place of files, as they come and as they are written to (sops-cli §4.2)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.sops.shared.reading import read
from leafseal.testing import throwaway_identity

from .transcripts import Stage

PLAIN = "k: v\nlong: " + "x" * 200_000 + "\n"  # more than a pipe holds

ME = throwaway_identity()
LEAFSEAL = str(Path(sys.executable).with_name("leafseal"))

Process = subprocess.Popen[bytes]
Start = Callable[..., Process]


@pytest.fixture
def sealed(desk: Stage) -> bytes:
    return desk.seal("a.yaml", PLAIN)


@pytest.fixture
def start(desk: Stage) -> Start:
    """Start a command line."""

    return desk.start


def ended(process: Process, data: bytes | None = None) -> tuple[bytes, bytes, int]:
    out, err = process.communicate(data, timeout=120)
    return out, err, process.returncode


WITHOUT_A_FILE = ["decrypt", "--filename-override", "a.yaml"]
BY_NAME = ["decrypt", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin"]
OLDER = ["--input-type", "yaml", "--output-type", "yaml", "-d", "/dev/stdin"]
READING = pytest.mark.parametrize("words", [WITHOUT_A_FILE, BY_NAME, OLDER], ids=["no file", "its name", "older"])


@READING
def test_a_pipe_is_read(start: Start, sealed: bytes, words: list[str]) -> None:
    assert ended(start(*words, stdin=subprocess.PIPE), sealed) == (PLAIN.encode(), b"", 0)


@READING
def test_a_file_is_read_from_where_it_stands(start: Start, desk: Stage, sealed: bytes, words: list[str]) -> None:
    path = desk.folder / "b"
    path.write_bytes(b"what was read already\n" + sealed)
    with path.open("rb", buffering=0) as file:
        file.readline()
        assert ended(start(*words, stdin=file)) == (PLAIN.encode(), b"", 0)


@READING
def test_a_socket_is_read(start: Start, sealed: bytes, words: list[str]) -> None:
    here, there = socket.socketpair()

    def write() -> None:
        here.sendall(sealed)
        here.shutdown(socket.SHUT_WR)

    with here, there:
        process = start(*words, stdin=there)
        there.close()
        writer = threading.Thread(target=write)
        writer.start()
        assert ended(process) == (PLAIN.encode(), b"", 0)
        writer.join()


def test_standard_input_is_sealed(start: Start, desk: Stage) -> None:
    words = ["encrypt", "--age", desk.me.recipient, "--filename-override", "a.yaml", "--output", "b.yaml"]
    assert ended(start(*words, stdin=subprocess.PIPE), PLAIN.encode()) == (b"", b"", 0)
    assert ended(start("decrypt", "b.yaml"))[0] == PLAIN.encode()


def test_no_standard_input(desk: Stage) -> None:
    line = f"{desk.program[0]} decrypt --filename-override a.yaml <&-"
    done = subprocess.run(["sh", "-c", line], env=desk.environ({}), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Error reading from stdin: ")


def test_a_named_pipe_is_read(start: Start, desk: Stage, sealed: bytes) -> None:
    os.mkfifo(desk.folder / "a.yaml")
    process = start("decrypt", "a.yaml")
    (desk.folder / "a.yaml").write_bytes(sealed)
    assert ended(process) == (PLAIN.encode(), b"", 0)


def test_an_inherited_descriptor_is_read(start: Start, sealed: bytes) -> None:
    here, there = os.pipe()
    process = start("decrypt", "--filename-override", "a.yaml", f"/dev/fd/{here}", pass_fds=[here])
    os.close(here)
    with open(there, "wb") as pipe:
        pipe.write(sealed)
    assert ended(process) == (PLAIN.encode(), b"", 0)


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_what_was_read_from_a_stream_cannot_be_written_back(
    start: Start, desk: Stage, sealed: bytes, what: str
) -> None:
    if what == "pipe":
        os.mkfifo(desk.folder / "a.yaml")
        process = start("decrypt", "-i", "a.yaml")
        (desk.folder / "a.yaml").write_bytes(sealed)
        out, err, code = ended(process)
    else:
        words = ["decrypt", "-i", "--filename-override", "a.yaml", "/dev/stdin"]
        out, err, code = ended(start(*words, stdin=subprocess.PIPE), sealed)
    assert (out, code) == (b"", 3)
    assert err.startswith(b"Could not open in-place file for writing: ")


def test_a_named_pipe_is_written_to(start: Start, desk: Stage, sealed: bytes) -> None:
    (desk.folder / "a.yaml").write_bytes(sealed)
    os.mkfifo(desk.folder / "b")
    process = start("decrypt", "--output", "b", "a.yaml")
    assert (desk.folder / "b").read_bytes() == PLAIN.encode()
    assert ended(process) == (b"", b"", 0)


def test_standard_output_by_name_is_written_on_to(start: Start, desk: Stage, sealed: bytes) -> None:
    (desk.folder / "a.yaml").write_bytes(sealed)
    out = desk.folder / "b"
    out.write_bytes(b"before\n")
    with out.open("ab") as file:
        assert ended(start("decrypt", "--output", "/dev/stdout", "a.yaml", stdout=file))[1:] == (b"", 0)
    assert out.read_bytes() == b"before\n" + PLAIN.encode()


def test_a_descriptor_is_written_to(start: Start, desk: Stage) -> None:
    (desk.folder / "a.env").write_bytes(desk.seal("a.env", "K=v\n"))
    here, there = os.pipe()
    process = start("decrypt", "--output", f"/dev/fd/{there}", "a.env", pass_fds=[there])
    os.close(there)
    with open(here, "rb") as pipe:
        assert pipe.read() == b"K=v\n"
    assert ended(process) == (b"", b"", 0)


def test_the_null_device_is_written_to(start: Start, desk: Stage, sealed: bytes) -> None:
    (desk.folder / "a.yaml").write_bytes(sealed)
    assert ended(start("decrypt", "--output", "/dev/null", "a.yaml")) == (b"", b"", 0)


def test_a_reader_that_goes_away_is_no_fault_to_be_told(start: Start, desk: Stage, sealed: bytes) -> None:
    (desk.folder / "a.yaml").write_bytes(sealed)
    here, there = os.pipe()
    os.close(here)
    with open(there, "wb") as pipe:
        process = start("decrypt", "a.yaml", stdout=pipe)
    assert ended(process)[1:] == (b"", 141)


def test_a_full_device_is_told(start: Start, desk: Stage, sealed: bytes) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    (desk.folder / "a.yaml").write_bytes(sealed)
    for words in (["decrypt", "a.yaml"], ["encrypt", "--age", ME.recipient, desk.folder.name + ".env"]):
        (desk.folder / (desk.folder.name + ".env")).write_text("K=v\n")
        with open("/dev/full", "wb") as full:
            _, err, code = ended(start(*words, stdout=full))
        assert (err, code) == (b"write /dev/stdout: no space left on device\n", 1)


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["decrypt", "--help"], ["filestatus", "a.yaml"]])
def test_a_full_device_takes_no_help(start: Start, desk: Stage, sealed: bytes, words: list[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    (desk.folder / "a.yaml").write_bytes(sealed)
    with open("/dev/full", "wb") as full:
        assert ended(start(*words, stdout=full))[1:] == (b"", 0)


@pytest.mark.parametrize("words", ["decrypt a.yaml", "--version", "filestatus a.yaml", "decrypt -i a.yaml"])
def test_a_closed_standard_output_takes_nothing(desk: Stage, sealed: bytes, words: str) -> None:
    (desk.folder / "a.yaml").write_bytes(sealed)
    line = f"{desk.program[0]} {words} >&-"
    done = subprocess.run(["sh", "-c", line], cwd=desk.folder, env=desk.environ({}), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.skipif(os.name == "nt", reason="there are no terminals of that kind")
def test_a_device_is_read_to_its_end(start: Start, desk: Stage) -> None:
    import pty

    here, there = pty.openpty()
    try:
        name = os.ttyname(there)
        process = start("encrypt", "--age", ME.recipient, "--input-type", "dotenv", "--output-type", "dotenv", name)
        os.write(here, b"K=v\n\x04")
        out, err, code = ended(process)
    finally:
        os.close(here)
        os.close(there)
    assert (err, code) == (b"", 0)
    assert out.startswith(b"K=ENC[")


def test_long_files_are_taken_as_sops_does(start: Start, desk: Stage) -> None:
    data = bytes(range(256)) * (17 << 12)  # 17 MiB
    (desk.folder / "a.bin").write_bytes(data)
    assert ended(start("encrypt", "--age", desk.me.recipient, "-i", "a.bin")) == (b"", b"", 0)
    out, err, code = ended(start("decrypt", "a.bin"))
    assert (out == data, err, code) == (True, b"", 0)


def test_longer_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with path.open("wb") as file:
        file.truncate(65 << 20)
    assert len(read(str(path)).data) == 65 << 20


# -- the configuration


@pytest.mark.parametrize("how", ["standard input", "descriptor", "named pipe", "null device"])
@pytest.mark.parametrize("face", ["sops", "leafseal"])
def test_a_configuration_that_the_user_names(desk: Stage, how: str, face: str) -> None:
    rule = f"creation_rules: [{{age: {ME.recipient}}}]\n"
    (desk.folder / "b.yaml").write_text("k: v\n")
    here, there = os.pipe()
    os.write(there, rule.encode())
    os.close(there)
    names = {"standard input": "/dev/stdin", "descriptor": f"/dev/fd/{here}", "null device": os.devnull}
    name = names.get(how, "pipe")
    os.mkfifo(desk.folder / "pipe")
    program = desk.program if face == "sops" else [LEAFSEAL]
    recipient = ["--age", ME.recipient] if how == "null device" else []
    process = subprocess.Popen(
        [*program, "encrypt", "--config", name, *recipient, "b.yaml"],
        cwd=desk.folder,
        env=desk.environ({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[here],
    )
    os.close(here)
    if how == "named pipe" and face == "sops":
        (desk.folder / "pipe").write_text(rule)
    out, err, code = ended(process, rule.encode())
    if how == "named pipe" and face == "leafseal":
        assert (out, code) == (b"", 1)
        assert b"pipe: could not read config file: is a named pipe or socket" in err
    else:
        assert (out[:6], err, code) == (b"k: ENC", b"", 0)


@pytest.mark.parametrize("face", ["sops", "leafseal"])
def test_a_configuration_that_is_found_and_is_a_named_pipe_is_not_waited_for(desk: Stage, face: str) -> None:
    (desk.folder / "b.yaml").write_text("k: v\n")
    os.mkfifo(desk.folder / ".sops.yaml")
    program = desk.program if face == "sops" else [LEAFSEAL]
    command = [*program, "encrypt", "--age", ME.recipient, "b.yaml"]
    done = subprocess.run(command, cwd=desk.folder, env=desk.environ({}), capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"could not read config file: is a named pipe or socket" in done.stderr


@pytest.mark.parametrize(("words", "code"), [(["decrypt"], 1), (["decrypt", "-i"], 1), (["encrypt"], 0)])
def test_the_null_device_is_an_empty_file(start: Start, words: list[str], code: int) -> None:
    options = ["--age", ME.recipient, "--input-type", "dotenv"] if words == ["encrypt"] else []
    out, err, ended_with = ended(start(*words, *options, os.devnull))
    assert ended_with == code
    assert (ME.recipient.encode() in out) if code == 0 else (b"sops metadata not found" in err)
