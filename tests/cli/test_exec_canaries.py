"""Where values do not go while a program runs with them: to a disk, to arguments, to temporary folders."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.run.redact.forms import forms
from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_exec_env import SOURCE, encrypted
from .test_exec_files import memory

__all__ = ["memory"]

CANARY = "c4n4ry-7f3a9b2d5e"
STRACE = shutil.which("strace")

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's"),
    pytest.mark.skipif(STRACE is None, reason="no strace"),
]

_CALLS = "trace=%file,write,pwrite64,writev,pwritev,sendto,sendmsg,sendmmsg,execve"
_IN_MEMORY = re.compile(r"\d+<(?:/dev/shm/|pipe:|/memfd:|/dev/pts/|/dev/tty)")


@pytest.mark.parametrize(
    "words",
    [
        ["exec", "-e"],
        ["exec", "--supervise", "-e"],
        ["exec", "--redact", "-e"],
        ["exec", "--file", "TOKEN=X", "-e"],
        ["exec", "--supervise", "--redact", "--file", "TOKEN=X", "-e"],
    ],
    ids=" ".join,
)
def test_values_stay_in_memory(
    leafseal: Run, work: Path, me: ThrowawayIdentity, memory: Path, tmp_path: Path, words: list[str]
) -> None:
    if "--redact" in words and importlib.util.find_spec("ahocorasick_rs") is None:
        pytest.skip("no ahocorasick_rs")
    file = encrypted(leafseal, work, me, "a.env", f"TOKEN={CANARY}\n")
    temporary, trace = tmp_path / "temporary", tmp_path / "trace"
    temporary.mkdir()
    script = 'cat "$X_FILE"' if "--file" in words else 'test -n "$TOKEN" && echo "$TOKEN"'
    done = subprocess.run(
        [
            *(str(STRACE), "-f", "-qq", "-y", "-s", "100000", "-e", _CALLS, "-o", str(trace)),
            *(sys.executable, "-m", "leafseal", *words, file, "--", "/bin/sh", "-c", script),
        ],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE, "TMPDIR": str(temporary)},
        timeout=300,
    )
    if b"Operation not permitted" in done.stderr:
        pytest.skip("strace is not allowed here")
    assert (done.returncode, done.stderr) == (0, b"")
    expected = b"[REDACTED]" if "--redact" in words else CANARY.encode()
    assert done.stdout.strip() == expected

    calls = trace.read_text(errors="replace").splitlines()
    spellings = [form.decode() for form in forms(CANARY.encode(), 6)]
    found = [call for call in calls if any(one in call for one in spellings)]
    assert any("openat" in call for call in calls)
    assert found, "the value is written to a pipe at least"
    for call in found:
        name, _, rest = call.partition("(")
        assert name.split()[-1] in ("write", "writev"), name
        assert _IN_MEMORY.match(rest), rest.partition(",")[0]
    for folder in (temporary, work, tmp_path / "home"):
        for path in folder.rglob("*"):
            if path.is_file():
                assert CANARY.encode() not in path.read_bytes()


def test_no_process_has_it_in_its_command_line(leafseal: Run, work: Path, me: ThrowawayIdentity, memory: Path) -> None:
    file = encrypted(leafseal, work, me, "a.env", f"TOKEN={CANARY}\nOTHER=1\n")
    script = "cat /proc/[0-9]*/cmdline 2>/dev/null; echo read"
    for options in ([], ["--supervise"], ["--watch"]):
        words = ("exec", "-e", file, "--file", "TOKEN=X", *options)
        done = subprocess.run(
            [sys.executable, "-m", "leafseal", *words, "--", "/bin/sh", "-c", script],
            capture_output=True,
            env={**os.environ, "PYTHONPATH": SOURCE},
            timeout=300,
        )
        assert done.stdout.endswith(b"read\n")
        assert CANARY.encode() not in done.stdout
