"""What a container and those who look into it see of the commands that give programs their secrets, while these run."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from ..run.test_supervisor import ORPHANS
from .conftest import Run
from .test_exec_as_env import FIRST, in_namespaces
from .test_exec_env import SOURCE, encrypted
from .test_render import read, to  # noqa: F401  a fixture

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")

LEAFSEAL = [sys.executable, "-P", "-m", "leafseal"]


@pytest.fixture
def canary() -> str:
    """A value that is found nowhere else on the machine."""
    return f"canary-{secrets.token_hex(12)}"


@pytest.fixture
def file(leafseal: Run, work: Path, me: ThrowawayIdentity, canary: str) -> str:
    """A file with the canary."""
    return encrypted(leafseal, work, me, "a.env", f"OTHER=one-of-two\nPASSWORD={canary}\n")


def environ(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": SOURCE, **more}


def wait(is_true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@contextmanager
def staying(command: Sequence[str], **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a command that stays, and end it."""
    with subprocess.Popen(command, env=environ(**more), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


# -- as the first process of a container

STAYS = f"trap 'echo got; exit 5' TERM\n{ORPHANS}echo ready; while :; do sleep 0.01; done"


@pytest.mark.parametrize("option", ["--supervise", "--redact"])
def test_a_parent_that_is_the_first_process(file: str, option: str) -> None:
    """It waits for orphans, and `docker stop` reaches the program."""
    command = [*LEAFSEAL, "exec", option, "-e", file, "--", "sh", "-c", STAYS]
    with staying([*in_namespaces(*FIRST, "--kill-child"), *command]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"(sh)\n"
        assert process.stdout.readline() == b"ready\n"
        [inner] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(inner), signal.SIGTERM)
        assert process.stdout.read() == b"got\n"
        assert process.wait(120) == 5


def test_render_without_proc(file: str, to: Path, canary: str) -> None:  # noqa: F811
    hidden = ["sh", "-c", 'mount -t tmpfs none /proc || exit 77; exec "$@"', "sh"]
    command = [
        *in_namespaces("--mount"),
        *hidden,
        *LEAFSEAL,
        "render",
        "--to",
        str(to),
        "--file",
        f"p={file}:/PASSWORD",
    ]
    done = subprocess.run(command, env=environ(), capture_output=True, timeout=120)
    if done.returncode == 77:
        pytest.skip("a folder cannot be mounted over /proc here")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (to / "p").read_text() == canary


def test_hangups_that_are_ignored(leafseal: Run, file: str, to: Path) -> None:  # noqa: F811
    """Under `nohup` it stays: what is ignored when leafseal starts stays so."""
    command = [*LEAFSEAL, "render", "--watch", "--quiet", "--to", str(to), "--file", f"a={file}:/OTHER"]
    with staying(["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *command]) as process:
        wait(lambda: read(to / "a") == "one-of-two")
        process.send_signal(signal.SIGHUP)
        assert leafseal("set", file, "OTHER", "another").code == 0
        wait(lambda: read(to / "a") == "another")
        process.terminate()
        assert process.wait(120) == -signal.SIGTERM


def test_two_at_once(file: str, to: Path, canary: str) -> None:  # noqa: F811
    """Both write the same names, and the files are those of one of them."""
    commands = [
        [*LEAFSEAL, "render", "--to", str(to), "--file", f"{a}={file}:/OTHER", "--file", f"{b}={file}:/PASSWORD"]
        for a, b in (("x", "y"), ("y", "x"))
    ]
    running = [subprocess.Popen(command, env=environ(), stderr=subprocess.PIPE) for command in commands]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in running] == [(b"", 0)] * 2
    assert (read(to / "x"), read(to / "y")) in {("one-of-two", canary), (canary, "one-of-two")}
    assert sorted(name for name in os.listdir(to) if not name.startswith("..")) == ["x", "y"]


# -- no value is anywhere else


def told_by_proc(pid: int) -> bytes:
    """Return what the system tells of a process, its memory aside."""
    folder = Path(f"/proc/{pid}")
    texts = [(folder / name).read_bytes() for name in ("environ", "cmdline", "comm", "stat", "status", "maps")]
    links = []
    for link in (folder / "fd").iterdir():
        with suppress(FileNotFoundError):  # a file that it has closed meanwhile
            links.append(os.fsencode(os.readlink(link)))
    return b"\n".join(texts + links)


def found_below(folders: Sequence[Path], text: str) -> list[str]:
    """Return the files that contain a text, or have it in their names."""
    found = []
    for path in (path for folder in folders for path in folder.rglob("*")):
        try:
            data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        except OSError:  # of another test, and gone meanwhile
            data = b""
        if text.encode() in data or text in str(path):
            found.append(str(path))
    return found


def folders_of_a_run(tmp_path: Path) -> dict[str, str]:
    """Make the folders that a program may write to, and return the variables that name them."""
    named = {
        name: tmp_path / name.lower() for name in ("TMPDIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    }
    for path in named.values():
        path.mkdir(mode=0o700)
    return {name: str(path) for name, path in named.items()}


def test_what_stays_shows_no_value_render(file: str, to: Path, canary: str, tmp_path: Path) -> None:  # noqa: F811
    named = folders_of_a_run(tmp_path)
    command = [*LEAFSEAL, "render", "--watch", "--quiet", "--to", str(to), "--file", f"p={file}:/PASSWORD"]
    with staying(command, **named) as process:
        wait(lambda: read(to / "p") == canary)
        assert canary.encode() not in told_by_proc(process.pid)
        generation = os.readlink(to / "..data")
        assert found_below([tmp_path, Path(tempfile.gettempdir(), "leafseal"), to], canary) == [
            str(to / generation / "p")
        ]


@pytest.mark.parametrize("option", ["--supervise", "--redact"])
def test_what_stays_shows_no_value_exec(file: str, canary: str, tmp_path: Path, option: str) -> None:
    named = folders_of_a_run(tmp_path)
    program = ["sh", "-c", 'echo "$PASSWORD"; read end']
    with staying([*LEAFSEAL, "exec", option, "-e", file, "--", *program], **named) as process:
        assert process.stdout is not None
        shown = "[REDACTED]" if option == "--redact" else canary
        assert process.stdout.readline().decode() == f"{shown}\n"
        assert canary.encode() not in told_by_proc(process.pid)
        assert found_below([tmp_path, Path(tempfile.gettempdir(), "leafseal")], canary) == []
        [program_id] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert canary.encode() in Path(f"/proc/{program_id}/environ").read_bytes(), "the program has it"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(120) == 1


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_redact_writes_no_value(file: str, canary: str, tmp_path: Path) -> None:
    """Of all that is written, opened or sent, only what the program writes into its pipe has the value."""
    log = tmp_path / "log"
    calls = "trace=%file,%process,write,pwrite64,writev,sendto,sendmsg"
    trace = ["strace", "-f", "-y", "-s", "4096", "-e", calls, "-o", str(log)]
    program = ["/bin/sh", "-c", 'echo "$PASSWORD"; echo end']
    command = [*trace, *LEAFSEAL, "exec", "--redact", "-e", file, "--", *program]
    done = subprocess.run(command, env=environ(), capture_output=True, timeout=200)
    if b"ptrace" in done.stderr:
        pytest.skip("may not trace here")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"[REDACTED]\nend\n", b"")
    lines = log.read_text(errors="replace").splitlines()
    ours = lines[0].split()[0]
    [call] = [line for line in lines if canary in line]
    assert call.split()[0] != ours
    assert re.search(r"write\(1<pipe:\[\d+\]>", call)
