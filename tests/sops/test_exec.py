"""What transcripts of exec-env and exec-file cannot show: signals, readers, who runs what, and what is left behind."""

from __future__ import annotations

import os
import pty
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .transcripts import Stage

CANARY = "c4n4ry-in-a-file"
SIGNALS = ["INT", "TERM", "HUP", "QUIT"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def desk(desk: Stage) -> Stage:
    (desk.folder / "a.env").write_bytes(desk.seal("a.env", f"A={CANARY}\n"))
    return desk


@pytest.fixture
def memory() -> Iterator[Path]:
    """The folder that plaintext goes to, in memory where there is such a place."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="sops-exec-", dir=base))
    folder.chmod(0o1711)  # another user has to pass
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(desk: Stage, memory: Path) -> Iterator[Start]:
    """Start a command line in a session of its own, and end at the end what is left of it."""
    started = []

    def call(*words: str, stdin: int = subprocess.DEVNULL, **more: str) -> subprocess.Popen[bytes]:
        environ = {"XDG_RUNTIME_DIR": str(memory), "TMPDIR": str(memory), **more}
        process = desk.start(*words, environ=environ, stdin=stdin, start_new_session=True)
        started.append(process)
        return process

    yield call
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def files_with_plaintext(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and CANARY in path.read_text()]


# -- signals


@pytest.mark.parametrize("command", ["exec-env", "exec-file"])
@pytest.mark.parametrize("name", [*SIGNALS, "USR1", "USR2"])
def test_signals_are_passed_on(start: Start, memory: Path, command: str, name: str) -> None:
    script = f"trap 'echo got {name}; exit 43' {name}; echo ready; while :; do sleep 0.02; done"
    process = start(command, "a.env", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.Signals[f"SIG{name}"])
    assert ended(process) == (43, f"got {name}\n".encode(), b"exit status 43\n")
    assert not list(memory.iterdir())


@pytest.mark.parametrize("name", ["TERM", "INT"])
@pytest.mark.parametrize("line", [["exec-env"], ["exec-file"], ["exec-file", "--no-fifo"]])
def test_a_signal_that_ends_the_command_ends_both(start: Start, memory: Path, line: list[str], name: str) -> None:
    process = start(*line, "a.env", "echo ready; exec sleep 600")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.Signals[f"SIG{name}"])
    assert ended(process) == (-signal.Signals[f"SIG{name}"], b"", b"")
    assert not list(memory.iterdir())


def test_the_terminal_sends_to_both(desk: Stage, memory: Path) -> None:
    """What is typed there reaches the command once."""
    (desk.folder / "counts.py").write_text(_COUNTS)
    script = f"exec {shlex.quote(sys.executable)} counts.py"
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", AT_TERMINAL, *desk.program, "exec-env", "a.env", script],
        cwd=desk.folder,
        env=desk.environ({}),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    answer, typed, asked_to_end = b"", False, False
    with suppress(OSError):  # the end, as Linux tells it
        while part := os.read(terminal, 1000):
            answer += part
            if b"ready" in answer and not typed:
                process.send_signal(signal.SIGSTOP)  # or two that come at the same time are one
                os.waitpid(process.pid, os.WUNTRACED)
                typed = bool(os.write(terminal, b"\x03"))
            if b"got it" in answer and not asked_to_end:
                process.send_signal(signal.SIGCONT)
                process.terminate()  # what is passed on of the first comes before this
                asked_to_end = True
    os.close(terminal)
    assert process.wait(120) == 3
    assert answer.count(b"got it") == 1


# A shell takes two that come while it sleeps for one.
_COUNTS = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"got it\\n"))
signal.signal(signal.SIGTERM, lambda *_: os._exit(3))
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""

AT_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal that is the input that of the session, and becomes a program."""


_AT = """
import os, signal, sys
from leafseal.run import plaintext_path, supervisor
from leafseal.sops.main import run
from leafseal.system import private

number, point = signal.Signals["SIG" + sys.argv.pop(1)], sys.argv.pop(1)

def struck(module, name, *, first):
    original = getattr(module, name)
    def patched(*arguments, **named):
        if first:
            os.kill(os.getpid(), number)
        result = original(*arguments, **named)
        if not first:
            os.kill(os.getpid(), number)
        return result
    setattr(module, name, patched)

if point == "empty folder":
    struck(plaintext_path, "_shown_folder", first=True)
elif point == "written file":
    struck(plaintext_path, "write_private", first=False)
    struck(plaintext_path.os, "mkfifo", first=False)
elif point == "before the command":
    struck(supervisor._Child, "start", first=True)
elif point == "after the command":
    struck(supervisor._Child, "wait", first=False)
elif point == "tidying up":
    struck(private, "_remove", first=True)
sys.exit(run(sys.argv[1:]))
"""
POINTS = ["empty folder", "written file", "before the command", "after the command", "tidying up"]


STRUCK = [(name, point) for name in ("INT", "TERM", "KILL") for point in POINTS]
STRUCK += [(name, "written file") for name in ("HUP", "QUIT")]  # which are handled as TERM is


@pytest.mark.parametrize(("name", "point"), STRUCK)
def test_no_plaintext_is_left(desk: Stage, program: str, start: Start, memory: Path, name: str, point: str) -> None:
    for options in (["--no-fifo"], []):
        desk.program[:] = [sys.executable, "-c", _AT, name, point]
        code, out, err = ended(start("exec-file", *options, "a.env", "trap '' INT TERM HUP QUIT; echo ran >&2"))
        assert out == b""
        if name == "KILL":
            assert code == -signal.SIGKILL
            assert bool(files_with_plaintext(memory)) == (bool(options) and point != "empty folder")
            desk.program[:] = [program]
            assert ended(start("exec-file", "a.env", "true")) == (0, b"", b"")
        else:
            ours = 130 if name == "INT" else -signal.Signals[f"SIG{name}"]
            commands = {"before the command": (0, -signal.Signals[f"SIG{name}"]), "after the command": (0,)}
            assert code in commands.get(point, (ours,)), err
        assert not list(memory.iterdir())


def test_a_killed_one_while_its_command_runs(start: Start, memory: Path) -> None:
    process = start("exec-file", "--no-fifo", "a.env", "echo ready; sleep 600")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    assert files_with_plaintext(memory)
    process.kill()
    process.wait(120)
    assert ended(start("filestatus", "a.env"))[0] == 0
    assert not list(memory.iterdir())


def test_the_policy_forbids_plaintext_on_disks(desk: Stage, start: Start, memory: Path) -> None:
    """Where there is no folder in memory. A pipe holds nothing on a disk."""
    program = (
        "from leafseal.system import private; private._memory_candidates = list; from leafseal.sops.main import run"
    )
    desk.program[:] = [sys.executable, "-c", f"{program}; import sys; sys.exit(run(sys.argv[1:]))"]
    assert ended(start("exec-file", "--no-fifo", "a.env", "cat {}")) == (0, f"A={CANARY}\n".encode(), b"")
    policy = desk.home / ".config" / "leafseal" / "policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text("no_disk_plaintext = true\n")
    code, out, err = ended(start("exec-file", "--no-fifo", "a.env", "cat {}"))
    assert (code, out) == (1, b"")
    assert err == b"plaintext would be written to a disk, which the policy forbids\n"
    assert ended(start("exec-file", "a.env", "cat {}")) == (0, f"A={CANARY}\n".encode(), b"")
    assert not list(memory.iterdir())


# -- readers


LONG = f"{CANARY} and more\n" * 60_000  # beyond what any pipe holds


@pytest.fixture
def long_file(desk: Stage) -> str:
    (desk.folder / "long.txt").write_bytes(desk.seal("long.txt", LONG))
    return "long.txt"


def test_readers_one_after_the_other(start: Start, long_file: str) -> None:
    script = "for n in 1 2 3 4 5; do cat {} | cksum; done; head -c 3 {}; head -c 0 {}; : <{}; cat {} {} {} | wc -c"
    code, out, err = ended(start("exec-file", long_file, script))
    assert (code, err) == (0, b"")
    *sums, last = out.decode().splitlines()
    assert len(set(sums)) == 1
    assert int(sums[0].split()[1]) == len(LONG)
    assert last == f"{LONG[:3]}{3 * len(LONG)}"


def test_readers_at_the_same_time(start: Start, long_file: str) -> None:
    """The second opens the path while the first one has read a part."""
    script = "exec 3<{}; head -c 5 <&3 >/dev/null; exec 4<{}; cat <&4 | cksum; cat <&3 | wc -c; cat {} | cksum"
    code, out, err = ended(start("exec-file", long_file, script))
    assert (code, err) == (0, b"")
    one, rest, other = out.decode().splitlines()
    assert one == other
    assert 0 < int(rest) < len(LONG)


def test_a_reader_that_keeps_the_pipe_open(start: Start) -> None:
    script = "exec 3<{}; cat <&3; cat <&3; cat {}; cat <&3"
    assert ended(start("exec-file", "a.env", script)) == (0, f"A={CANARY}\n".encode() * 2, b"")


def test_nothing_is_waited_for(start: Start, long_file: str, memory: Path) -> None:
    """Neither for a reader that never came, nor for one that stays and reads no further."""
    assert ended(start("exec-file", long_file, "echo done")) == (0, b"done\n", b"")
    script = "sleep 600 <{} >/dev/null 2>&1 & sleep 0.2; echo done"
    assert ended(start("exec-file", long_file, script)) == (0, b"done\n", b"")
    assert not list(memory.iterdir())


def test_a_reader_that_goes_away(start: Start, long_file: str) -> None:
    assert ended(start("exec-file", long_file, "head -c 10 {}; sleep 0.1")) == (0, LONG[:10].encode(), b"")


# -- who runs what


def test_standard_input_as_the_file(desk: Stage, start: Start) -> None:
    with open(desk.folder / "a.env", "rb") as file:
        words = ("exec-file", "--input-type", "dotenv", "--output-type", "dotenv", "/dev/stdin", "cat {}")
        assert ended(start(*words, stdin=file.fileno())) == (0, f"A={CANARY}\n".encode(), b"")


def test_the_same_process(start: Start) -> None:
    process = start("exec-env", "--same-process", "a.env", "echo $$; echo $A")
    assert ended(process) == (0, f"{process.pid}\n{CANARY}\n".encode(), b"")
    assert ended(start("exec-env", "--same-process", "a.env", "kill -TERM $$"))[0] == -signal.SIGTERM


def test_in_the_background(desk: Stage, start: Start, memory: Path) -> None:
    """The file stays until the command has ended."""
    for options in ([], ["--no-fifo"]):
        done = desk.folder / "done"
        go = desk.folder / "go"
        script = "until [ -e go ]; do sleep 0.02; done; cat {} >part; cat {} >>part; mv part done"
        code, out, err = ended(start("exec-file", "--background", *options, "a.env", script))
        assert (code, out, err.count(b"\n")) == (0, b"", 1)
        assert not done.exists()
        go.touch()
        deadline = time.monotonic() + 120
        while (not done.exists() or list(memory.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert done.read_text() == f"A={CANARY}\n" * 2
        assert not list(memory.iterdir())
        done.unlink()
        go.unlink()


@needs_root
def test_another_user(start: Start) -> None:
    nobody = pwd.getpwnam("nobody")
    shown = f"nobody nobody {nobody.pw_dir} {CANARY}\n".encode()
    assert ended(start("exec-env", "--user", "nobody", "a.env", 'echo "$(id -un) $USER $HOME $A"')) == (0, shown, b"")
    assert (
        ended(start("exec-env", "--same-process", "--user", "nobody", "a.env", "id -u"))[1] == b"%d\n" % nobody.pw_uid
    )
    assert b"0" not in ended(start("exec-env", "--user", "nobody", "a.env", "id -G"))[1].split()


@needs_root
@pytest.mark.parametrize("options", [[], ["--no-fifo"]])
def test_a_file_for_another_user(start: Start, memory: Path, options: list[str]) -> None:
    script = (
        'id -un; cat {} {}; stat -c "%U %a" {} $(dirname {}); ls $(dirname $(dirname {})) 2>/dev/null || echo closed'
    )
    code, out, err = ended(start("exec-file", *options, "--user", "nobody", "a.env", script))
    assert (code, err) == (0, b"")
    assert out.decode() == f"nobody\nA={CANARY}\nA={CANARY}\nnobody 600\nnobody 700\nclosed\n"
    assert not list(memory.iterdir())


@needs_root
def test_what_another_user_puts_in_the_place_of_the_pipe(desk: Stage, start: Start) -> None:
    """We, who are root, must not write through a link of somebody else's."""
    victim = desk.folder / "victim"
    victim.write_text("untouched")
    script = f"exec 3<{{}}; ln -sf {victim} {{}}; cat <&3; sleep 0.1; ln -sf {victim} {{}}; sleep 0.1"
    code, out, err = ended(start("exec-file", "--user", "nobody", "a.env", script))
    assert (code, out, err) == (0, f"A={CANARY}\n".encode(), b"")
    assert victim.read_text() == "untouched"


def test_another_user_without_the_right(desk: Stage, start: Start, memory: Path) -> None:
    without = ["setpriv", "--bounding-set=-setuid,-setgid,-chown", "--inh-caps=-setuid,-setgid,-chown"]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may, and nothing is there to take that away")
        desk.program[:0] = without
    for line in (["exec-env"], ["exec-env", "--same-process"], ["exec-file"], ["exec-file", "--no-fifo"]):
        code, out, err = ended(start(*line, "--user", "nobody", "a.env", "echo ran"))
        assert (code, out, err) == (1, b"", b"cannot run as user nobody: this requires root\n")
    assert not list(memory.iterdir())
