"""A program that is supervised is no different from one that runs alone: signals, status, stops; and no zombies."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from leafseal.errors import CommandError
from leafseal.run.supervisor import supervise
from leafseal.system.signal_queue import FAULTS

from .terminal import Terminal, needs_bash, needs_terminal

SOURCE = str(Path(__file__).parents[2] / "src")
ENVIRON = {**os.environ, "PYTHONPATH": SOURCE}

SUPERVISE = """
import os, sys
from leafseal.run.supervisor import supervise
if "TELLS" in os.environ:
    print("now", file=sys.stderr, flush=True)
sops = (lambda number: 255) if os.environ.get("SOPS") else None
sys.exit(supervise(sys.argv[1:], dict(os.environb), killed=sops, grace=int(os.environ.get("GRACE", "0"))))
"""
SUPERVISED = [sys.executable, "-c", SUPERVISE]


@contextmanager
def supervised(*argv: str, session: bool = False, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*SUPERVISED, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ENVIRON, **environ},
        start_new_session=session,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


# -- status


@pytest.mark.parametrize(
    ("script", "ours", "sops"),
    [
        ("exit 0", 0, 0),
        ("exit 7", 7, 7),
        ("exit 255", 255, 255),
        ("kill -KILL $$", 137, 255),
        ("kill -TERM $$", 143, 255),
        ("ulimit -c 0; kill -SEGV $$", 139, 255),
    ],
)
def test_the_status(script: str, ours: int, sops: int) -> None:
    for environ, code in (({}, ours), ({"SOPS": "1"}, sops)):
        with supervised("sh", "-c", script, **environ) as process:
            assert process.wait(120) == code


def test_programs_that_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        supervise(["no-such-program"], {b"PATH": b"/bin"})
    assert (caught.value.exit_code, str(caught.value)) == (127, "command not found: no-such-program")
    with pytest.raises(CommandError) as caught:
        supervise([str(tmp_path)], {})
    assert caught.value.exit_code == 126


def test_what_was_set_is_given_back() -> None:
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    assert supervise(["true"], {b"PATH": b"/bin:/usr/bin"}) == 0
    assert {number: signal.getsignal(number) for number in signal.valid_signals()} == before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == mask
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="as Linux tells it")
def test_the_program_gets_the_signals_as_they_were() -> None:
    show = ["grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"]
    alone = subprocess.run(show, stdout=subprocess.PIPE, check=True).stdout
    with supervised(*show) as process:
        assert process.communicate(timeout=120)[0] == alone


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="as Linux tells it")
def test_what_was_ignored_or_blocked_stays_so() -> None:
    begin = "import os, signal, sys; signal.pthread_sigmask(0, {10}); signal.signal(1, signal.SIG_IGN); "
    words = [sys.executable, "-c", f"{begin}os.execv(sys.executable, sys.argv[1:])", *SUPERVISED]
    shown = subprocess.run([*words, "cat", "/proc/self/status"], capture_output=True, env=ENVIRON, check=True).stdout
    found = dict(line.split(":\t") for line in shown.decode().splitlines() if line.startswith("Sig"))
    assert (int(found["SigBlk"], 16), int(found["SigIgn"], 16) & 0x7FFFFFFF) == (1 << 9, 1)


# -- signals

_WAITS = """
import os, signal, sys
wanted = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
os.write(1, b"ready\\n")
while True:
    number = signal.sigwaitinfo(wanted).si_signo
    os.write(1, b"%d\\n" % number)
    if number == int(sys.argv[1]):
        break
"""
"""Tells every signal that it gets, each time, and ends after a certain one."""


def test_every_signal_is_passed_on_once() -> None:
    last = signal.SIGTERM
    numbers = sorted(
        signal.valid_signals()
        - FAULTS
        - {last, signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
        - set(range(signal.SIGRTMIN, signal.SIGRTMAX + 1))
    )
    with supervised(sys.executable, "-c", _WAITS, str(int(last))) as process:
        assert line_of(process) == b"ready\n"
        for number in numbers:
            process.send_signal(number)
            assert line_of(process) == b"%d\n" % number
        process.send_signal(last)
        assert process.communicate(timeout=120)[0] == b"%d\n" % last
        assert process.returncode == 0
    assert len(numbers) >= 20


def test_bursts_are_passed_on_as_they_come() -> None:
    """Those with a number of `SIGRTMIN` and above queue, of the others one stands for many."""
    with supervised(sys.executable, "-c", _WAITS, str(int(signal.SIGTERM))) as process:
        assert line_of(process) == b"ready\n"
        for _ in range(100):
            process.send_signal(signal.SIGRTMIN)
        for _ in range(100):
            assert line_of(process) == b"%d\n" % signal.SIGRTMIN
        for _ in range(100):
            process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=120)[0].split()
    assert told[-1] == b"%d" % signal.SIGTERM
    assert 1 <= told.count(b"%d" % signal.SIGUSR1) <= 100


def test_what_another_thread_is_given_is_passed_on_too() -> None:
    """A library may have started one that blocks no signal."""
    code = """
import os, sys, threading, time
from leafseal.run.supervisor import supervise
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
script = "trap 'exit 43' USR1; echo ready; i=0; while [ $i -lt 5000 ]; do i=$((i+1)); sleep 0.02; done"
os._exit(supervise(["sh", "-c", script], dict(os.environb)))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=ENVIRON) as process:
        assert line_of(process) == b"ready\n"
        process.send_signal(signal.SIGUSR1)
        assert process.wait(120) == 43


def test_a_signal_before_the_start_is_not_lost() -> None:
    code = """
import os, signal, sys
from leafseal.run import supervisor
start = supervisor._Child.start
def start_after_a_signal(self, *arguments):
    os.kill(os.getpid(), signal.SIGTERM)
    start(self, *arguments)
supervisor._Child.start = start_after_a_signal
sys.exit(supervisor.supervise(["sleep", "600"], dict(os.environb)))
"""
    assert subprocess.run([sys.executable, "-c", code], env=ENVIRON, timeout=120).returncode == 143


def test_a_second_signal_is_passed_on_as_the_first() -> None:
    script = "trap 'echo got' TERM; trap 'exit 3' INT; echo ready; while :; do sleep 0.01; done"
    with supervised("sh", "-c", script) as process:
        assert line_of(process) == b"ready\n"
        for _ in range(3):
            process.terminate()
            assert line_of(process) == b"got\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 3


def _struck_at_random(rounds: int) -> None:
    chance = random.Random(14)
    for _ in range(rounds):
        number = chance.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        with supervised("sh", "-c", "exit 9", session=chance.random() < 0.5, TELLS="1") as process:
            assert process.stderr is not None
            assert process.stderr.readline() == b"now\n"  # before that, a signal is Python's matter
            time.sleep(chance.random() * 0.1)
            process.send_signal(number)
            out, err = process.communicate(timeout=120)
            assert process.returncode in (9, 128 + number, -number), err
            assert out == b""


def test_signals_at_random_moments() -> None:
    _struck_at_random(6)


@pytest.mark.campaign
def test_signals_at_many_random_moments() -> None:
    _struck_at_random(200)


# -- groups


def test_a_signal_to_the_whole_group_of_a_session_without_terminal_comes_once() -> None:
    with supervised(sys.executable, "-c", _WAITS, str(int(signal.SIGUSR2)), session=True) as process:
        assert line_of(process) == b"ready\n"
        os.killpg(process.pid, signal.SIGTERM)
        assert line_of(process) == b"%d\n" % signal.SIGTERM
        process.send_signal(signal.SIGUSR2)
        assert process.communicate(timeout=120)[0] == b"%d\n" % signal.SIGUSR2


def test_the_program_lives_on_when_the_supervisor_is_killed() -> None:
    process = subprocess.Popen(
        [*SUPERVISED, "sh", "-c", "echo ready; read line; echo $line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRON,
    )
    with process:
        assert line_of(process) == b"ready\n"
        process.kill()
        process.wait(120)
        assert process.communicate(b"lives\n", timeout=120)[0] == b"lives\n"


# -- orphans

ORPHANS = """
for i in 1 2 3 4 5; do (sh -c 'sleep 0.1' &); done
tries=0
while
  found=$(for stat in /proc/[0-9]*/stat; do
    read pid name state parent rest < $stat 2>/dev/null && [ "$parent" = "$PPID" ] && echo "$name"
  done)
  [ "$(echo "$found" | wc -l)" -gt 1 ] && [ $((tries += 1)) -lt 600 ]
do sleep 0.1; done
echo "$found"
"""
"""A program that leaves orphans to its parent, waits until they are gone, and tells which children the parent has."""


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="as Linux tells it")
def test_orphans_are_waited_for() -> None:
    with supervised("sh", "-c", ORPHANS) as process:
        assert process.communicate(timeout=120)[0] == b"(sh)\n"  # the program itself


def _in_a_namespace() -> list[str]:
    words = ["unshare", "--pid", "--fork", "--mount-proc", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode != 0:
        pytest.skip("unshare is missing or forbidden")
    return words


def test_as_the_first_process() -> None:
    script = f"{ORPHANS}trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.01; done"
    with subprocess.Popen(
        [*_in_a_namespace(), *SUPERVISED, "sh", "-c", script], stdout=subprocess.PIPE, env=ENVIRON
    ) as process:
        assert line_of(process) == b"(sh)\n"
        assert line_of(process) == b"ready\n"
        inner = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(inner, signal.SIGTERM)
        assert line_of(process) == b"got\n"
        assert process.wait(120) == 5


@pytest.mark.parametrize(("grace", "shown"), [("0", b""), ("600", b"tidied\n")])
def test_other_processes_of_a_container_are_asked_to_end(tmp_path: Path, grace: str, shown: bytes) -> None:
    """With a grace that is not waited for to its end."""
    ready = shlex.quote(str(tmp_path / "ready"))
    other = f"trap 'sleep 0.3; echo tidied; exit' TERM; : > {ready}; while :; do sleep 0.05; done"
    script = f"({other}) & until [ -e {ready} ]; do sleep 0.02; done; exit 4"
    done = subprocess.run(
        [*_in_a_namespace(), *SUPERVISED, "sh", "-c", script],
        capture_output=True,
        env={**ENVIRON, "GRACE": grace},
        timeout=200,
    )
    assert (done.returncode, done.stdout) == (4, shown)


# -- at a terminal


@needs_terminal
def test_the_terminal_sends_to_both() -> None:
    code = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"got it\\n"))
signal.signal(signal.SIGTERM, lambda *_: os._exit(3))
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""
    with Terminal([*SUPERVISED, sys.executable, "-c", code], ENVIRON) as terminal:
        terminal.wait_for("ready")
        for _ in range(3):
            terminal.type("\x03")
            terminal.wait_for("got it")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.end() == 3
        assert terminal.shown.count(b"got it") == 3


@needs_bash
def test_stopping_and_going_on_from_a_shell() -> None:
    words = " ".join(f"'{word}'" for word in SUPERVISED)
    with Terminal(["bash", "--norc", "--noprofile", "-i"], ENVIRON) as terminal:
        terminal.type(f'{words} sh -c \'echo rea""dy; read line; echo "got $line"; exit 6\'\n')
        terminal.wait_for("ready\r\n")
        terminal.type("\x1a")
        terminal.wait_for("Stopped")
        terminal.type("echo sta''tus $?\n")
        terminal.wait_for("status 147")
        terminal.type("fg\n")
        time.sleep(0.3)
        terminal.type("more\n")
        terminal.wait_for("got more")
        terminal.type("echo co''de $?\n")
        terminal.wait_for("code 6")
        terminal.type("exit\n")
        terminal.end()


@needs_bash
def test_in_the_background_of_a_shell() -> None:
    words = " ".join(f"'{word}'" for word in SUPERVISED)
    with Terminal(["bash", "--norc", "--noprofile", "-i"], ENVIRON) as terminal:
        terminal.type(f"{words} sh -c 'read line; echo \"got $line\"' &\n")
        terminal.wait_for("Stopped", typing="\n")  # for it read from the terminal
        terminal.type("fg\n")
        time.sleep(0.3)
        terminal.type("more\n")
        terminal.wait_for("got more")
        terminal.type("exit\n")
        with suppress(AssertionError):
            terminal.end()
