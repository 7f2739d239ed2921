"""A program gets from `exec` what it gets from `env`: signals, open files, limits, arguments, and the environment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_exec_env import SOURCE, encrypted
from .test_inherited_signals import started

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")

SIGNALS = ["grep", "-E", "^Sig(Blk|Ign|Cgt)|^ShdPnd", "/proc/self/status"]
LIMITS = ["cat", "/proc/self/limits"]
BLOCK = ["cat", "/proc/self/environ"]
WORDS = ["cat", "/proc/self/cmdline", "--", "/dev/null"]


@pytest.fixture
def files(leafseal: Run, work: Path, me: ThrowawayIdentity) -> list[str]:
    """Where the values are, and the identity that opens them: not among the variables that are compared."""
    keys = work.parent / "keys.txt"
    keys.write_text(me.identity)
    keys.chmod(0o600)
    return [encrypted(leafseal, work, me, "a.env", "A=1\nB=c4n4ry\n"), str(keys)]


def ours(file: str) -> list[str]:
    return [sys.executable, "-P", "-m", "leafseal", "exec", "-e", file, "--"]


THEIRS = ["env", "A=1", "B=c4n4ry"]


def ran(
    command: Iterable[str], environ: Mapping[bytes, bytes], before: str = '"$@"'
) -> subprocess.CompletedProcess[bytes]:
    """Run a command by a line of bash."""
    line = ["/bin/bash", "--norc", "-c", before, "bash", *command]
    return subprocess.run(line, env=dict(environ), capture_output=True, timeout=120, check=False)


def both(
    files: Sequence[str], program: Sequence[str], before: str = '"$@"', given: Mapping[bytes, bytes] | None = None
) -> tuple[bytes, bytes]:
    """Return what a program writes under `env`, and under `exec`."""
    base = {b"PATH": os.fsencode(os.environ["PATH"])} if given is None else dict(given)
    expected = ran([*THEIRS, *program], base, before)
    own = {**base, b"SOPS_AGE_KEY_FILE": files[1].encode(), b"PYTHONPATH": SOURCE.encode()}
    result = ran([*ours(files[0]), *program], own, before)
    assert (result.returncode, result.stderr) == (expected.returncode, expected.stderr)
    return expected.stdout, result.stdout.replace(b"PYTHONPATH=" + SOURCE.encode() + b"\0", b"")


IGNORED = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ})


@pytest.mark.parametrize(
    "ignored",
    [set(), {signal.SIGHUP}, {signal.SIGCHLD}, {signal.SIGINT, signal.SIGTERM}, set(IGNORED[::2]), set(IGNORED)],
    ids=str,
)
def test_ignored_signals(files: list[str], ignored: set[signal.Signals]) -> None:
    expected = started([*THEIRS, *SIGNALS], ignored=ignored)
    result = started([*ours(files[0]), *SIGNALS], ignored=ignored)
    assert (result.stdout, result.stderr) == (expected.stdout, "")


@pytest.mark.parametrize("blocked", [{signal.SIGTERM}, {signal.SIGCHLD, signal.SIGINT}, set(IGNORED)], ids=len)
def test_blocked_signals(files: list[str], blocked: set[signal.Signals]) -> None:
    expected = started([*THEIRS, *SIGNALS], ignored=set(), blocked=blocked)
    assert started([*ours(files[0]), *SIGNALS], ignored=set(), blocked=blocked).stdout == expected.stdout


def test_what_python_ignores_itself_is_not_ignored(files: list[str]) -> None:
    lost = {signal.SIGPIPE, signal.SIGXFSZ}
    result = started([*ours(files[0]), *SIGNALS], ignored=lost)
    assert result.stdout == started([*THEIRS, *SIGNALS], ignored=set()).stdout
    assert started([*ours(files[0]), "sh", "-c", "yes | head -1"], ignored=set()).stderr == ""


@pytest.mark.skipif(shutil.which("nohup") is None, reason="needs nohup")
def test_nohup(files: list[str]) -> None:
    expected, result = both(files, SIGNALS, 'nohup "$@"')
    assert result == expected


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-", "3</dev/null 7>&1"])
def test_open_files(files: list[str], work: Path, closed: str) -> None:
    seen = []
    for command in (THEIRS, ours(files[0])):
        told = work.parent / "told"
        environ = {
            b"PATH": os.fsencode(os.environ["PATH"]),
            b"SOPS_AGE_KEY_FILE": files[1].encode(),
            b"PYTHONPATH": SOURCE.encode(),
        }
        program = ["find", "/proc/self/fd", "-mindepth", "1", "-fprintf", str(told), "%f %y\\n"]
        done = ran([*command, *program], environ, f'"$@" {closed}')
        assert done.returncode == 0, done.stderr
        seen.append(told.read_text())
    assert seen[0] == seen[1]


@pytest.mark.parametrize("limit", ["-c 0", "-S -c 0", "-S -c 1000", "-n 100", "-S -s 4096"])
def test_limits(files: list[str], limit: str) -> None:
    expected, result = both(files, LIMITS, f'ulimit {limit}; "$@"')
    assert result == expected


def test_arguments(files: list[str]) -> None:
    for program in (WORDS, ["sh", "-c", 'printf "%s\\0" "$@"', "-", "", " ", "a\nb", "$A", "-e", "--", "é"]):
        expected, result = both(files, program)
        assert result == expected


PATH = b"/usr/bin:/bin"
LOCALES: list[dict[bytes, bytes]] = [
    {},
    {b"PATH": PATH},
    {b"PATH": PATH, b"LANG": b"C"},
    {b"PATH": PATH, b"LANG": b"en_US.UTF-8"},
    {b"PATH": PATH, b"LANG": b"xx_XX.ISO-8859-1"},
    {b"PATH": PATH, b"LC_CTYPE": b"C"},
    {b"PATH": PATH, b"LC_CTYPE": b"C.UTF-8"},
    {b"PATH": PATH, b"LC_CTYPE": b"xx_XX"},
    {b"PATH": PATH, b"LC_ALL": b"C"},
    {b"PATH": PATH, b"LC_ALL": b"", b"LC_CTYPE": b"POSIX"},
    {b"PATH": PATH, b"LC_ALL": b"C.UTF-8", b"LC_CTYPE": b"C"},
    {b"PATH": PATH, b"\xff": b"\xfe", "é".encode(): b"\xe9", b"a b": b"c\nd", b"x.y-z": b"", b"LANG": b"C"},
    {b"LARGE": b"x" * 100_000, b"PATH": PATH},
]


@pytest.mark.parametrize("given", LOCALES, ids=lambda given: repr(sorted(given))[:60])
def test_the_environment(files: list[str], given: dict[bytes, bytes]) -> None:
    """`env` starts both, because bash adds variables of its own."""
    base = [b"%s=%s" % item for item in given.items()]
    own = [b"SOPS_AGE_KEY_FILE=" + files[1].encode(), b"PYTHONPATH=" + SOURCE.encode()]
    block = []
    for command in ([*base, *THEIRS[1:], *BLOCK], [*base, *own, *ours(files[0]), *BLOCK]):
        done = subprocess.run(["/usr/bin/env", "-i", *command], capture_output=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        block.append([entry for entry in done.stdout.split(b"\0") if not entry.startswith(b"PYTHONPATH=")])
    assert block[0] == block[1]


def test_of_variables_that_are_given_twice_the_first_counts(files: list[str], tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    (tmp_path / "twice.c").write_text(
        "#include <unistd.h>\n"
        'int main(int n, char **v) { char *e[] = {"X=1", "NOEQ", "X=2", "=y", v[1], v[2], "PATH=/usr/bin:/bin", 0};'
        " (void)n; return execve(v[3], v + 3, e); }\n"
    )
    subprocess.run(["gcc", "-o", tmp_path / "twice", tmp_path / "twice.c"], check=True)
    own = [f"SOPS_AGE_KEY_FILE={files[1]}", f"PYTHONPATH={SOURCE}"]
    done = subprocess.run([tmp_path / "twice", *own, *ours(files[0]), *BLOCK], capture_output=True, check=True)
    assert [entry for entry in done.stdout.split(b"\0") if not entry.startswith(b"PYTHONPATH")] == [
        b"X=1", b"PATH=/usr/bin:/bin", b"A=1", b"B=c4n4ry", b"",
    ]  # fmt: skip


def test_a_closed_standard_output_is_the_programs_matter(files: list[str]) -> None:
    expected, result = both(files, ["sh", "-c", "echo x 2>/dev/null; echo $? >&2"], '"$@" >&-')
    assert result == expected == b""


def in_namespaces(*options: str) -> list[str]:
    command = ["unshare", *options]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip(f"unshare {' '.join(options)} is not possible here")
    return command


def test_without_proc(files: list[str]) -> None:
    hidden = ["sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    own = [f"SOPS_AGE_KEY_FILE={files[1]}", f"PYTHONPATH={SOURCE}", f"PATH={os.environ['PATH']}"]
    command = [*in_namespaces("--mount"), *hidden, "env", "-i", *own, *ours(files[0]), "env"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if b"mount" in done.stderr:
        pytest.skip("a folder cannot be mounted over /proc here")
    assert done.stderr == b""
    assert b"A=1\n" in done.stdout
    assert b"LC_CTYPE" not in done.stdout


FIRST = ("--pid", "--fork", "--mount-proc")


def test_as_the_first_process(files: list[str]) -> None:
    environ = {**os.environ, "PYTHONPATH": SOURCE, "SOPS_AGE_KEY_FILE": files[1]}
    command = [*in_namespaces(*FIRST), *ours(files[0]), "sh", "-c", "echo $$ $A; exit 7"]
    done = subprocess.run(command, env=environ, capture_output=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == (b"1 1\n", 7)


def test_the_first_process_ends_while_it_waits_for_a_key(files: list[str], work: Path) -> None:
    """The kernel drops signals to it for which it has no handler."""
    waits = work.parent / "waits"
    key = work.parent / "key"
    key.write_text(f"#!/bin/sh\necho > {waits}\nexec sleep 600\n")
    key.chmod(0o755)
    environ = {**os.environ, "PYTHONPATH": SOURCE, "SOPS_AGE_KEY_CMD": str(key)}
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"):
        environ.pop(name, None)
    command = [*in_namespaces(*FIRST), *ours(files[0]), "echo", "ran"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 120
        while not waits.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.read() == b""
        assert process.wait(120) == 143
