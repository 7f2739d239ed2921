"""`exec --watch`: a program that is started again, or told, when its encrypted files change."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leafseal.cli.shared import watching
from leafseal.errors import WriteError
from leafseal.run.supply import Values
from leafseal.system import lasting, private
from leafseal.testing import ThrowawayIdentity

from ..processes import wait_until_gone
from .conftest import Run
from .test_exec_env import SOURCE
from .test_exec_files import memory

__all__ = ["memory"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in memory")

SECONDS = 120  # for what takes two at most on a machine that has nothing else to do
SHELL = """
trap 'echo TERM; exit 0' TERM
trap 'echo "HUP $A $(cat "$X_FILE")"' HUP
echo "start $A $(cat "$X_FILE")"
while :; do sleep 0.05; done
"""
FILES = ("-e", "app.env", "--file", "B=X")


class Program:
    """A running `leafseal exec`, and what it prints."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "leafseal", "exec", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": SOURCE},
            text=True,
            process_group=0,  # with what it starts, apart from what watches: that ends with it
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def expect(self, text: str) -> None:
        """Wait for a line that contains a text."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self.seen.append(self.lines.get(timeout=max(0, deadline - time.monotonic())))
            except queue.Empty:
                pytest.fail(f"no line with {text} after {self.seen}")
            if text in self.seen[-1]:
                return

    def ends(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        self.seen += list(self.lines.queue)
        return code

    def close(self) -> None:
        """End it, if it runs, and what it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        assert not self._reader.is_alive()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def watcher(self) -> int:
        """Return the number of the process of ours that watches, beside the program."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        [found] = [child for child in children if b"leafseal" in Path(f"/proc/{child}/cmdline").read_bytes()]
        assert len(children) == 2
        return int(found)


class Files:
    """The contents that the encrypted file has, one after the other."""

    def __init__(self, leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
        self.path = work / "app.env"
        self._texts: dict[str, bytes] = {}
        for name in ("one", "two", "three"):
            self.path.write_text(f"A=a-{name}\nB=c4n4ry-{name}\n")
            assert leafseal("encrypt", "-i", "--age", me.recipient, self.path).code == 0
            self._texts[name] = self.path.read_bytes()
        self.path.write_text("A=a-one\nB=c4n4ry-two\n")
        assert leafseal("encrypt", "-i", "--age", me.recipient, self.path).code == 0
        self._texts["file"] = self.path.read_bytes()
        self.path.write_bytes(self._texts["one"])

    def put(self, name: str) -> None:
        """Have another file in its place, as editors and our own commands do."""
        new = self.path.with_name("new")
        new.write_bytes(self._texts[name])
        new.replace(self.path)


@pytest.fixture
def files(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Files:
    return Files(leafseal, work, me)


@pytest.fixture
def started() -> Iterator[list[Program]]:
    programs: list[Program] = []
    yield programs
    for program in programs:
        program.close()


def _watching(started: list[Program], *words: str, script: str = SHELL) -> Program:
    program = Program("--watch", *FILES, *words, "--", "/bin/sh", "-c", script)
    started.append(program)
    return program


def test_the_program_is_started_again(files: Files, started: list[Program], memory: Path) -> None:
    program = _watching(started)
    program.expect("start a-one c4n4ry-one")
    files.put("two")
    program.expect("start a-two c4n4ry-two")
    files.put("file")
    program.expect("start a-one c4n4ry-two")
    assert program.seen.count("TERM") == 2
    program.process.send_signal(signal.SIGTERM)
    assert program.ends() == 0
    assert program.seen[-1] == "TERM"
    assert not any(memory.iterdir())


def test_the_program_is_told(files: Files, started: list[Program], memory: Path) -> None:
    program = _watching(started, "--signal", "HUP")
    program.expect("start a-one c4n4ry-one")
    files.put("file")
    program.expect("HUP a-one c4n4ry-two")
    files.put("three")
    program.expect("warning: the program keeps the variables that it was started with: A;")
    program.expect("HUP a-one c4n4ry-three")
    program.process.send_signal(signal.SIGTERM)
    assert program.ends() == 0
    assert not any("start" in line for line in program.seen[1:] if "variables" not in line)


def test_a_failure_keeps_the_program_running(files: Files, started: list[Program]) -> None:
    program = _watching(started)
    program.expect("start a-one")
    files.path.write_text("A=plain\n")
    program.expect("warning: app.env: ")
    assert program.seen[-1].endswith("; the program goes on with the values that it has")
    assert len(program.seen) == 2
    files.path.unlink()
    program.expect("warning: app.env: no such file; the program goes on")
    files.put("two")
    program.expect("start a-two c4n4ry-two")


def test_a_program_that_does_not_end_is_killed(files: Files, started: list[Program]) -> None:
    script = 'trap "" TERM; echo "start $A"; while :; do sleep 0.05; done'
    program = _watching(started, "--grace", "1", script=script)
    program.expect("start a-one")
    files.put("two")
    program.expect("start a-two")


def test_a_program_that_ends_ends_the_watch(files: Files, started: list[Program], memory: Path) -> None:
    program = _watching(started, script='test -s "$X_FILE" && exit 7')
    assert program.ends() == 7
    program = _watching(started, script="kill -KILL $$")
    assert program.ends() == 137
    assert not any(memory.iterdir())


def test_a_signal_while_the_program_is_replaced_is_the_end(files: Files, started: list[Program]) -> None:
    script = """trap 'echo "asked $((n=n+1))"' TERM; echo "start $A"; until [ "$n" = 2 ]; do sleep 0.05; done; exit 5"""
    program = _watching(started, "--grace", "600", script=script)
    program.expect("start a-one")
    files.put("two")
    program.expect("asked 1")
    program.process.send_signal(signal.SIGTERM)
    assert program.ends() == 5
    assert program.seen == ["start a-one", "asked 1", "asked 2"]


def test_several_changes_in_a_burst(files: Files, started: list[Program]) -> None:
    program = _watching(started)
    program.expect("start a-one")
    for name in ("two", "one", "two", "one", "three"):
        files.put(name)
    program.expect("start a-three c4n4ry-three")


def _environment(variables: dict[str, bytes]) -> dict[bytes, bytes]:
    return {name.encode(): data for name, data in variables.items()}


def test_values_that_are_the_same_leave_the_program_alone() -> None:
    first = Values({"A": b"1"}, {})
    come = [first._replace(patterns=frozenset((b"c4n4ry",))), Values({"A": b"2"}, {}), Values({"A": b"2"}, {})]
    supply: Any = SimpleNamespace(descriptor=0, take=lambda: come.pop(0))
    plan = watching.Plan(["true"], _environment, None, None, None, None)
    changes = watching._Changes(plan, supply, None, first)
    assert [changes.take() for _ in range(3)] == [False, True, False]
    assert changes.environment() == {b"A": b"2"}


def test_files_that_cannot_be_exchanged_leave_the_program_alone(capfd: pytest.CaptureFixture[str]) -> None:
    def full(_: object) -> None:
        raise WriteError("no space left on device", file="/dev/shm/x")

    placed: Any = SimpleNamespace(exchange=full)
    first = Values({"A": b"1"}, {"X": b"1"})
    supply: Any = SimpleNamespace(descriptor=0, take=lambda: Values({"A": b"2"}, {"X": b"2"}))
    plan = watching.Plan(["true"], _environment, None, None, None, None)
    changes = watching._Changes(plan, supply, placed, first)
    assert not changes.take()
    assert capfd.readouterr().err == (
        "leafseal: warning: /dev/shm/x: no space left on device; the program goes on with the values that it has\n"
    )


def test_the_links_of_a_mounted_secret(files: Files, started: list[Program], work: Path) -> None:
    volume = work / "volume"
    for name in ("one", "two"):
        files.put(name)
        (volume / name).mkdir(parents=True)
        files.path.replace(volume / name / "app.env")
    (volume / "..data").symlink_to("one")
    (volume / "app.env").symlink_to("..data/app.env")
    program = Program("--watch", "-e", "volume/app.env", "--file", "B=X", "--", "/bin/sh", "-c", SHELL)
    started.append(program)
    program.expect("start a-one")
    (volume / "..data_tmp").symlink_to("two")
    (volume / "..data_tmp").replace(volume / "..data")
    program.expect("start a-two c4n4ry-two")


def test_new_values_are_redacted(files: Files, started: list[Program]) -> None:
    pytest.importorskip("ahocorasick_rs")
    for words in ([], ["--signal", "HUP"]):
        files.put("one")
        program = _watching(started, "--redact", *words)
        program.expect("start a-one [REDACTED]")
        files.put("file")
        program.expect("HUP a-one [REDACTED]" if words else "start a-one [REDACTED]")
        files.put("three")
        program.expect("HUP a-one [REDACTED]" if words else "start [REDACTED] [REDACTED]")
        assert not any("c4n4ry" in line for line in program.seen)
        assert sum("not redacted" in line for line in program.seen) == 1  # of the short value, which stays for a while


def test_nobody_is_left_when_leafseal_is_killed(files: Files, started: list[Program]) -> None:
    program = _watching(started)
    program.expect("start a-one")
    watcher = program.watcher()
    program.process.kill()
    program.process.wait(SECONDS)
    wait_until_gone(watcher)


def test_a_watch_that_is_killed_leaves_the_program_running(files: Files, started: list[Program]) -> None:
    program = _watching(started)
    program.expect("start a-one")
    os.kill(program.watcher(), signal.SIGKILL)
    program.expect("warning: changes of the files are not noticed any more")
    program.process.send_signal(signal.SIGTERM)
    assert program.ends() == 0


def test_nothing_starts_if_the_first_time_fails(files: Files, leafseal: Run) -> None:
    done = leafseal("exec", "--watch", *FILES, "-e", "none.env", "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (100, b"")
    files.path.write_text("A=plain\n")
    done = leafseal("exec", "--watch", *FILES, "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (1, b"")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--watch", "--same-process"], "--watch and --same-process contradict each other"),
        (["--signal", "HUP"], "--signal tells the program of changes, which --watch notices"),
        (["--watch", "--signal", "KILL"], "--signal KILL is not a signal that tells a program something"),
        (["--watch", "--signal", "HUP:1"], "--signal HUP:1 is not a signal that tells a program something"),
        (["--watch", "-e", "/dev/stdin"], "--watch needs files that it can read again"),
    ],
)
def test_what_is_wrong_with_it(files: Files, leafseal: Run, words: list[str], message: str) -> None:
    done = leafseal("exec", *FILES, *words, "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (8, b"")
    assert f"error: {message}\n" in done.err


def test_open_files_cannot_be_exchanged(files: Files, leafseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "lasting_candidates", list)
    assert lasting.can_have_open_files()
    done = leafseal("exec", "--watch", *FILES, "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (220, b"")
    assert "no folder in memory where files can be replaced, which --watch needs" in done.err
    assert leafseal("exec", "--watch", "-e", "app.env", "--", "/bin/echo", "ran").out == b"ran\n"
