"""A program whose output is filtered, with pipes and files: what comes out, when, and how it ends."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("ahocorasick_rs")

SOURCE = str(Path(__file__).parents[3] / "src")
ENVIRON = {**os.environ, "PYTHONPATH": SOURCE}

FILTER = """
import os, sys
from leafseal.run.redact.forms import forms
from leafseal.run.redact.stream import Patterns
from leafseal.run.redact.streams import FilteredStreams
from leafseal.run.supervisor import supervise
from leafseal.system.signals import Ended, die_of
streams = FilteredStreams(Patterns(forms(b"hunter2!x")), waits="WAIT" in os.environ)
try:
    code = supervise(sys.argv[1:], dict(os.environb), streams=streams)
except Ended as ended:
    die_of(ended.number)
if "TELL" in os.environ:
    with open(os.environ["TELL"], "w") as file:
        print(streams.was_cut, [error.errno for error in streams.failures], file=file)
sys.exit(code)
"""
FILTERED = [sys.executable, "-c", FILTER]


def ran(*argv: str, **environ: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run([*FILTERED, *argv], capture_output=True, env={**ENVIRON, **environ}, timeout=120)
    return done.returncode, done.stdout, done.stderr


@contextmanager
def running(*argv: str, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    settings = {**pipes, "env": ENVIRON, **settings}
    with subprocess.Popen([*FILTERED, *argv], **settings) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what is open in /proc")
def test_nothing_is_left_open() -> None:
    code = """
import os, sys
from leafseal.errors import CommandError
from leafseal.run.redact.stream import Patterns
from leafseal.run.redact.streams import FilteredStreams
from leafseal.run.supervisor import supervise
for program in ("true", "no-such-program"):
    before = os.listdir("/proc/self/fd")
    streams = FilteredStreams(Patterns([b"hunter2!x"]))
    try:
        supervise([program], dict(os.environb), streams=streams)
    except CommandError:
        assert program == "no-such-program"
    streams.close()  # once more does no harm
    assert os.listdir("/proc/self/fd") == before
"""
    subprocess.run([sys.executable, "-c", code], env=ENVIRON, check=True, timeout=120)


def test_both_outputs_are_filtered() -> None:
    script = "echo out hunter2!x; echo error hunter2!x >&2; printf hunter2!x | od -An -tx1 | tr -d ' '; exit 5"
    assert ran("sh", "-c", script) == (5, b"out [REDACTED]\n[REDACTED]\n", b"error [REDACTED]\n")


def test_the_input_is_untouched() -> None:
    with running("sh", "-c", "cat; echo end") as process:
        assert process.communicate(b"some \0\xff bytes", timeout=120)[0] == b"some \0\xff bytesend\n"


def test_one_file_for_both_keeps_the_order(tmp_path: Path) -> None:
    script = "for n in 1 2 3 4 5 6 7 8 9; do echo out $n; echo error $n >&2; done; printf hunter; printf '2!x' >&2"
    with open(tmp_path / "log", "wb") as log:
        assert subprocess.run([*FILTERED, "sh", "-c", script], stdout=log, stderr=log, env=ENVIRON).returncode == 0
    lines = [f"{word} {n}\n" for n in range(1, 10) for word in ("out", "error")]
    assert (tmp_path / "log").read_text() == "".join(lines) + "[REDACTED]"


def test_a_partial_line_comes_out_at_once() -> None:
    with running("sh", "-c", "printf 'Password: '; read line; printf '> hunt'; read line; printf 'er2!x'") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.read1(100) == b"Password: "  # type: ignore[attr-defined]
        process.stdin.write(b"\n")
        process.stdin.flush()
        shown = b""
        while len(shown) < 6:
            shown += process.stdout.read1(100)  # type: ignore[attr-defined]
        assert shown == b"> hunt"
        assert process.communicate(b"\n", timeout=120)[0] == b"[REDACTED]"


def test_a_secret_that_is_written_byte_by_byte() -> None:
    script = "for letter in h u n t e r 2 ! x; do printf $letter; sleep 0.08; done"
    code, out, _ = ran("sh", "-c", script)
    assert code == 0
    assert re.fullmatch(rb"(h(u(n(te?)?)?)?)?\[REDACTED\]", out)  # fewer where letters come together


def test_our_reader_leaves_early() -> None:
    script = f'{" ".join(map(repr, FILTERED[:1]))} -c "$FILTER" yes | head -n 1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, env={**ENVIRON, "FILTER": FILTER}, timeout=120)
    assert (done.stdout, done.stderr) == (b"y\n141\n", b"")


def test_closed_streams_stay_closed() -> None:
    code = "import os; os.write(2, b'hunter2!x') if not os.path.exists('/proc/self/fd/1') else os.write(2, b'open')"
    done = subprocess.run(
        ["sh", "-c", f'{FILTERED[0]} -c "$FILTER" {sys.executable} -c "{code}" >&- <&-'],
        capture_output=True,
        env={**ENVIRON, "FILTER": FILTER},
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"[REDACTED]")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        environ = {**ENVIRON, "TELL": str(tmp_path / "told")}
        done = subprocess.run([*FILTERED, "yes"], stdout=full, stderr=subprocess.PIPE, env=environ, timeout=120)
    assert done.returncode == 141
    assert (tmp_path / "told").read_text() == "False [28]\n"


_KEEPS = ["sh", "-c", "exec 3<&0; (read line <&3; echo late hunter2!x) & echo now"]
"""Ends, and leaves its output to a process that writes when it is told to."""


def test_a_process_that_keeps_the_output_is_not_waited_for(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with running(*_KEEPS, env={**ENVIRON, "TELL": str(told)}) as process:
        assert process.wait(120) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b"now\n"
    assert told.read_text() == "True []\n"


def test_a_process_that_keeps_the_output_is_waited_for_on_demand(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with running(*_KEEPS, env={**ENVIRON, "TELL": str(told), "WAIT": "1"}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"now\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)  # longer than without
        assert process.communicate(b"\n", timeout=120)[0] == b"late [REDACTED]\n"
        assert process.returncode == 0
    assert told.read_text() == "False []\n"


def test_a_process_that_writes_on_and_on() -> None:
    with running("sh", "-c", "yes & exit 3", stdout=subprocess.DEVNULL) as process:
        assert process.wait(120) == 3


def test_what_a_program_left_in_the_pipe_comes_out_however_slow_the_reader() -> None:
    with running(sys.executable, "-c", "import os; os.write(1, b'x' * 120_000)") as process:
        time.sleep(2)
        assert process.stdout is not None
        assert len(process.stdout.read()) == 120_000
        assert process.wait(120) == 0


def test_a_signal_while_a_reader_sleeps() -> None:
    with running("sh", "-c", "trap 'exit 9' TERM; echo ready >&2; sleep 5 & yes") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        time.sleep(0.3)  # all pipes are full
        process.terminate()
        time.sleep(0.3)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(120) in (9, 143)


def test_a_signal_after_the_end_of_the_program() -> None:
    """It is ours: nobody else is left, and our reader sleeps."""
    if not os.path.exists("/proc/self/status"):
        pytest.skip("as Linux tells it")
    with running(sys.executable, "-c", "import os; os.write(2, b'begun\\n'); os.write(1, b'x' * 100_000)") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"begun\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        end = time.monotonic() + 120
        while children.read_text():  # what is left is in pipes
            assert time.monotonic() < end
            time.sleep(0.02)
        assert process.poll() is None
        process.terminate()
        assert process.wait(120) == -signal.SIGTERM


def _is_equal(tmp_path: Path, size: int) -> None:
    chance = random.Random(5)
    piece = chance.randbytes(1 << 20)
    with open(tmp_path / "in", "wb") as file:
        for _ in range(size):
            file.write(chance.randbytes(chance.randint(0, 99)) + piece)
    with open(tmp_path / "out", "wb") as out:
        subprocess.run([*FILTERED, "cat", str(tmp_path / "in")], stdout=out, env=ENVIRON, check=True, timeout=600)
    subprocess.run(["cmp", str(tmp_path / "in"), str(tmp_path / "out")], check=True)


def test_a_large_file_passes_unchanged(tmp_path: Path) -> None:
    _is_equal(tmp_path, 5)


@pytest.mark.campaign
def test_a_very_large_file_passes_unchanged(tmp_path: Path) -> None:
    _is_equal(tmp_path, 100)


def test_memory_does_not_grow_while_a_reader_sleeps() -> None:
    if not os.path.exists("/proc/self/status"):
        pytest.skip("as Linux tells it")
    with running("sh", "-c", "head -c 200000000 /dev/zero") as process:
        assert process.stdout is not None
        process.stdout.read(1_000_000)
        sizes = []
        for _ in range(3):
            time.sleep(0.5)
            status = Path(f"/proc/{process.pid}/status").read_text()
            sizes.append(int(status.partition("VmRSS:")[2].split()[0]))
        assert max(sizes) - min(sizes) < 1024  # KiB
        assert max(sizes) < 65536
        while process.stdout.read(1 << 20):
            pass
        assert process.wait(120) == 0
