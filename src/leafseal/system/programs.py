"""Programs that are run for their output: what they see of our environment, how long they get.

No shell is involved, and a program is never looked for in the checkout, which may be anybody's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import IO

from leafseal.system import signals
from leafseal.system.executables import locate

_TICK = 0.2  # seconds between two looks at whether a program has ended while it holds its output open
_GRACE = 1.0  # and how long what it wrote before it ended may take to arrive


class ProgramError(Exception):
    """A program could not be run, or failed. Says nothing of what it printed, nor of its arguments."""


class ProgramMissingError(ProgramError):
    """There is no such program."""


class ProgramTimeoutError(ProgramError):
    """A program was ended because its time was up."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of a program: its exit status, and what it wrote, which may be secret."""

    status: int
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """Return the file that `name` means.

    An absolute one is taken as the user wrote it. A relative one would be another program in every folder. Any other is
    looked up as `executables.locate` does it: not in the checkout. Raises `ProgramError`.
    """
    if os.path.isabs(name):
        return name
    if os.path.dirname(name):
        raise ProgramError("its program has a relative path; use an absolute one")
    found = locate(name, environ)
    if found is None:
        raise ProgramMissingError("its program was not found on PATH")
    return found


def check_exit_statuses() -> None:
    """Raise `ProgramError` where a program that fails would look like one that does not."""
    if signals.are_children_ignored():
        raise ProgramError("this process ignores SIGCHLD, so it would not notice a failure")


def output_of(argv: Sequence[str], environ: Mapping[str, str], *, seconds: float, limit: int) -> bytes:
    """Run a program to its end and return what it wrote to stdout.

    It gets no stdin, and its stderr is not shown; the terminal stays within its reach, so it may ask there. It runs in
    the current directory, in which the user's relative paths mean something. Raises `ProgramError`.
    """
    program = find_program(argv[0], environ)
    check_exit_statuses()
    try:
        done = _run([program, *argv[1:]], environ, seconds)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its program cannot be started"
        raise ProgramError(reason.lower()) from None
    if done is None:
        raise ProgramError(f"no answer within {seconds:g} seconds")
    if done.returncode != 0:
        raise ProgramError(f"exit status {done.returncode}")
    if len(done.stdout) > limit:
        raise ProgramError(f"more than {limit} bytes of output")
    return done.stdout


def _run(argv: list[str], environ: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[bytes] | None:
    """Return None when time is up. The exception that says so holds what was printed, and ends here."""
    try:
        return subprocess.run(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def exchange(argv: Sequence[str], environ: Mapping[str, str], *, data: bytes, seconds: float, limit: int) -> Exchange:
    """Give a program `data` on stdin and return whatever came of it, also when it failed.

    It runs in the current directory and in a session of its own: it cannot ask on the terminal itself, and when its
    time is up or it writes more than `limit` bytes, everything that it started is ended with it. Raises `ProgramError`.
    """
    check_exit_statuses()
    process = _start([find_program(argv[0], environ), *argv[1:]], environ)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    threading.Thread(target=_feed, args=(process.stdin, data), daemon=True).start()
    intakes = [_Intake(pipe, limit, lambda: _end(process)) for pipe in (process.stdout, process.stderr)]
    try:
        _settle(process, intakes, monotonic() + seconds)
    except subprocess.TimeoutExpired:
        raise ProgramTimeoutError(f"no answer within {seconds:g} seconds") from None
    finally:
        _end(process)
    if any(len(intake.data) > limit for intake in intakes):
        raise ProgramError(f"more than {limit} bytes of output")
    return Exchange(process.returncode, *(bytes(intake.data) for intake in intakes))


def _start(argv: list[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            argv, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
        )
    except FileNotFoundError:
        raise ProgramMissingError("no such file or directory") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its program cannot be started"
        raise ProgramError(reason.lower()) from None


def _feed(pipe: IO[bytes], data: bytes) -> None:
    with suppress(OSError), pipe:  # a program need not read what it is given
        for position in range(0, len(data), 4096):
            pipe.write(data[position : position + 4096])


class _Intake(threading.Thread):
    """What a program writes into one pipe, until it closes it or has written too much."""

    def __init__(self, pipe: IO[bytes], limit: int, overflow: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.data = bytearray()
        self._pipe = pipe
        self._limit = limit
        self._overflow = overflow
        self.start()

    def run(self) -> None:
        """Read."""
        with suppress(OSError), self._pipe:
            while chunk := self._pipe.read(4096):
                self.data += chunk
                if len(self.data) > self._limit:
                    self._overflow()
                    return


def _settle(process: subprocess.Popen[bytes], intakes: Sequence[_Intake], deadline: float) -> None:
    """Wait for a program's end. A daemon that it left behind may hold its output open: that is not waited for."""
    for intake in intakes:
        while intake.is_alive() and process.poll() is None:
            if monotonic() >= deadline:
                raise subprocess.TimeoutExpired(process.args, 0)
            intake.join(min(_TICK, max(0.0, deadline - monotonic())))
    process.wait(max(0.0, deadline - monotonic()))
    last = monotonic() + _GRACE
    for intake in intakes:
        intake.join(max(0.0, last - monotonic()))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started, apart from daemons, which have sessions of their own."""
    if process.poll() is None:  # once it has ended its number may be somebody else's
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    process.wait()
