"""Programs of several kinds behave under `exec` as they do under `env`, by themselves and as a child of leafseal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from ..run.terminal import Terminal, needs_terminal
from .conftest import Run
from .test_exec_env import SOURCE, encrypted

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")

WAYS = pytest.mark.parametrize("options", [[], ["--supervise"], ["--redact"]], ids=["itself", "supervise", "redact"])
BASE = {"PATH": os.environ["PATH"]}
THEIRS = ["env", "A=f1rst-value", "B=c4n4ry"]


@pytest.fixture
def files(leafseal: Run, work: Path, me: ThrowawayIdentity) -> list[str]:
    """Return the names of a file with these values, and of one with the key."""
    keys = work.parent / "keys.txt"
    keys.write_text(me.identity)
    keys.chmod(0o600)
    return [encrypted(leafseal, work, me, "a.env", "A=f1rst-value\nB=c4n4ry\n"), str(keys)]


def ours(files: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return how leafseal starts a program that is to get what `THEIRS` gives it, and nothing of ours."""
    own = [f"PYTHONPATH={SOURCE}", f"SOPS_AGE_KEY_FILE={files[1]}"]
    start = [sys.executable, "-P", "-m", "leafseal", "exec", *options, "-e", files[0], "--", "env", "-u", "PYTHONPATH"]
    return ["env", *own, *start]


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=BASE, stdin=pipe, stdout=pipe, stderr=pipe)


@pytest.fixture(autouse=True)
def _library(request: pytest.FixtureRequest) -> None:
    if "--redact" in request.getfixturevalue("options"):
        pytest.importorskip("ahocorasick_rs")


PIPELINE = r"""
head -c 70000 | tr '\000-\077' '\100-\177' | tee /dev/stderr | od -An -tx1 | sort | cksum
printf '%s\0\377\n' "$A"; env | LC_ALL=C sort | grep -v '^_='
exec 2>&-; kill -KILL $$
"""


@WAYS
def test_a_pipeline_of_a_shell(files: list[str], options: list[str]) -> None:
    data = bytes(range(256)) * 300
    results = []
    for before in (THEIRS, ours(files, options)):
        process = started([*before, "sh", "-c", PIPELINE])
        results.append((*process.communicate(data, timeout=120), process.returncode))
    expected, result = results
    assert expected[2] == -signal.SIGKILL
    assert expected[0].count(b"\n") > 3
    if options:  # a parent tells of the signal as shells do
        assert result[2] == 128 + signal.SIGKILL
        result = (*result[:2], -signal.SIGKILL)
    if "--redact" in options:
        assert b"c4n4ry" in expected[0]
        shown = expected[0].replace(b"c4n4ry", b"[REDACTED]").replace(b"f1rst-value", b"[REDACTED]")
        expected = (shown, *expected[1:])
    assert result == expected


SERVER = """
import http.server, os, signal, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = repr(sorted(os.environ.items())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        print("asked for", self.path, file=sys.stderr, flush=True)

def end(number, _):
    os.write(1, b"ends by %d" % number)
    os._exit(3)

for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, end)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@WAYS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_server(files: list[str], options: list[str], number: signal.Signals) -> None:
    results = []
    for before in (THEIRS, ours(files, options)):
        process = started([*before, sys.executable, "-c", SERVER])
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://127.0.0.1:{port}/x", timeout=120
        ) as reply:
            body = reply.read()
        process.send_signal(number)
        results.append((body, *process.communicate(timeout=120), process.returncode))
    expected, result = results
    assert expected[1:] == (b"ends by %d" % number, b"asked for /x\n", 3)
    assert b"c4n4ry" in expected[0]
    assert result == expected


AT_TERMINAL = """
import os, sys, termios
settings = termios.tcgetattr(0)
print([os.isatty(n) for n in (0, 1, 2)], settings[:4], os.get_terminal_size(), os.tcgetpgrp(0) == os.getpgrp())
print("\\033[1m" + input("name? ") + "\\033[0m", flush=True)
sys.exit(4)
"""


@needs_terminal
@WAYS
def test_a_program_at_a_terminal(files: list[str], options: list[str]) -> None:
    results = []
    for before in (THEIRS, ours(files, options)):
        with Terminal(["env", "-i", f"PATH={BASE['PATH']}", *before, sys.executable, "-c", AT_TERMINAL]) as one:
            one.wait_for("name? ")
            one.type("ann\n")
            status = one.end()
            results.append((one.shown, status))
    assert results[0][1] == 4
    assert b"[True, True, True]" in results[0][0]
    assert results[1] == results[0]
