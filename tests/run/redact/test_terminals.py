"""A program whose output is filtered, at a terminal."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import struct
import sys
import termios
import time

import pytest

from ..terminal import Terminal, needs_bash, needs_terminal
from .test_streams import ENVIRON, FILTERED

pytestmark = needs_terminal

LINE = " ".join(shlex.quote(word) for word in FILTERED)


def set_size(terminal: Terminal, rows: int, columns: int) -> None:
    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def show(code: str) -> list[str]:
    return [*FILTERED, sys.executable, "-c", code]


_ASKS = """
import os, signal, sys
signal.signal(signal.SIGWINCH, lambda *_: os.write(1, f"now {os.get_terminal_size()}\\n".encode()))
print([os.isatty(n) for n in (0, 1, 2)], os.get_terminal_size(), flush=True)
for line in sys.stdin:
    print("got", line.strip(), "secret", "hunter2" + "!x", flush=True)
"""


def test_a_terminal_stays_one() -> None:
    with Terminal(["sh", "-c", f"stty rows 30 cols 99; {LINE} {sys.executable} -c '{_ASKS}'; stty -a"], ENVIRON) as one:
        one.wait_for("[True, True, True] os.terminal_size(columns=99, lines=30)")
        set_size(one, 40, 80)
        one.wait_for("now os.terminal_size(columns=80, lines=40)")
        one.type("word\n")
        one.wait_for("got word secret [REDACTED]\r\n")
        one.type("\x04")
        shown = one.wait_for(" echoe ")
        assert b" icanon " in shown  # as before
        assert b"\nisig " in shown
        assert one.end() == 0
        assert b"hunter2!x" not in one.shown


def test_keys_that_send_signals() -> None:
    code = """
import signal, sys
import os
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"got it\\n"))
os.write(1, b"ready\\n")
for line in sys.stdin:
    print("line", flush=True)
sys.exit(7)
"""
    with Terminal(show(code), ENVIRON) as one:
        one.wait_for("ready")
        for _ in range(2):
            one.type("\x03")
            one.wait_for("got it")
        one.type("\x04")
        assert one.end() == 7
        assert one.shown.count(b"got it") == 2


def test_what_is_typed_is_echoed_through_the_filter() -> None:
    with Terminal([*FILTERED, "sh", "-c", "echo ready; read line; read line; exit 0"], ENVIRON) as one:
        one.wait_for("ready")
        one.type("hunter2!x\n")
        one.wait_for("[REDACTED]")
        one.type("\n")
        assert one.end() == 0
        assert b"r2!x" not in one.shown


def test_a_program_that_a_signal_ends() -> None:
    with Terminal([*FILTERED, "sh", "-c", "echo ready; exec sleep 600"], ENVIRON) as one:
        one.wait_for("ready")
        os.kill(one.pid, signal.SIGTERM)
        assert one.end() == 143


def test_the_terminal_is_given_back_after_a_signal() -> None:
    script = f"{LINE} sh -c 'echo rea\"\"dy; exec sleep 600'; stty -a"
    with Terminal(["bash", "--norc", "--noprofile", "-c", script], ENVIRON) as one:
        one.wait_for("ready")
        time.sleep(0.2)
        one.type("\x1c")  # Ctrl-\, for the inner terminal
        shown = one.wait_for(" echoe ")
        assert b" icanon " in shown


@pytest.mark.parametrize("output", ["2>/dev/null", "| cat"])
def test_only_what_is_a_terminal_stays_one(output: str) -> None:
    code = "import os; print([os.isatty(n) for n in (0, 1, 2)], 'hunter2' + '!x', os.getsid(0) == os.getppid())"
    script = f'{LINE} {sys.executable} -c "{code}" {output}'
    with Terminal(["sh", "-c", script], ENVIRON) as one:
        assert one.end() == 0
        is_terminal = output != "| cat"
        assert f"[True, {is_terminal}, {not is_terminal}] [REDACTED]".encode() in one.shown


def test_error_output_alone_is_a_terminal_of_its_size() -> None:
    code = "import os, sys; sys.stderr.write(f'{os.get_terminal_size(2)} hunter2!x\\n'); os.write(1, os.read(0, 9))"
    script = f'stty rows 30 cols 99; {LINE} {sys.executable} -c "{code}" | cat'
    with Terminal(["sh", "-c", script], ENVIRON) as one:
        one.wait_for("os.terminal_size(columns=99, lines=30) [REDACTED]\r\n")
        one.type("typed\n")  # to the program itself: our terminal stays its own
        one.wait_for("typed\r\ntyped\r\n")
        assert one.end() == 0


@needs_bash
def test_an_interactive_shell_with_jobs() -> None:
    with Terminal([*FILTERED, "bash", "--norc", "--noprofile", "-i"], ENVIRON) as one:
        one.wait_for("$ ")
        one.type("sh -c 'echo beg\"\"un; exec sleep 600'\n")
        one.wait_for("begun\r\n")
        one.type("\x1a")
        one.wait_for("Stopped")
        one.type("jobs | wc -l\n")
        one.wait_for("1\r\n")
        one.type("kill %1; kill -CONT %1; echo hunter''2\\!x\n")
        one.wait_for("[REDACTED]\r\n")
        one.type("exit 9\n")
        one.type("exit 9\n")  # the first may warn of jobs that are stopped
        assert one.end() == 9
        assert b"hunter2!x" not in one.shown


@needs_bash
def test_in_the_background_the_terminal_is_left_alone() -> None:
    with Terminal(["bash", "--norc", "--noprofile", "-i"], ENVIRON) as one:
        one.type(f'{LINE} sh -c \'echo out hunter2""!x; read line; echo "got $line"\' &\n')
        one.wait_for("out [REDACTED]")
        one.wait_for("Stopped", typing="\n")  # for it read, as it would without us
        one.type("fg\n")
        time.sleep(0.3)
        one.type("more\n")
        one.wait_for("got more")
        one.type("exit\n")
