"""`leafseal render`, as programs and people meet it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import leafseal as library
from leafseal.testing import ThrowawayIdentity

from .conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no links and owners there")

SOURCE = str(Path(library.__file__).parents[1])
PASSWORD = "hunter2-and-more"


@pytest.fixture
def to() -> Iterator[Path]:
    """A folder in memory that does not exist yet."""
    if not os.access("/dev/shm", os.W_OK | os.X_OK):
        pytest.skip("no /dev/shm")
    above = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="render-test-"))
    yield above / "out"
    shutil.rmtree(above, ignore_errors=True)


def test_a_file_and_silence(leafseal: Run, sealed: Path, to: Path) -> None:
    assert leafseal("render", "--to", to, "--file", "db/password=app.yaml:/db/password") == (0, b"", "")
    assert (to / "db/password").read_text() == PASSWORD
    assert (to / "db/password").stat().st_mode & 0o777 == 0o400
    before = os.readlink(to / "..data")
    assert leafseal("render", "--to", to, "--file", "db/password=app.yaml:/db/password") == (0, b"", "")
    assert os.readlink(to / "..data") == before


def test_one_of_many_that_fails_changes_nothing(leafseal: Run, sealed: Path, to: Path, work: Path) -> None:
    good = ["--file", "a=app.yaml:/db/password"]
    assert leafseal("render", "--to", to, *good).code == 0
    before = sorted(os.listdir(to))
    (work / "plain.yaml").write_text("a: 1\n")
    (work / "loop.yaml").symlink_to("loop.yaml")  # which nobody can read, whoever runs the tests
    (work / "torn.yaml").write_text(sealed.read_text().replace("data:", "data:AAAA", 1))
    for wrong, code in (
        ("b=app.yaml:/nothing", 91),
        ("b=missing.yaml:/x", 100),
        ("b=plain.yaml:/a", 1),
        ("b=loop.yaml:/a", 2),
        ("b=torn.yaml:/db/password", 25),
        ("b=app.yaml:/db", 4),
        ("a=app.yaml:/db/port", 8),
    ):
        result = leafseal("render", "--to", to, *good, "--file", wrong, "--file", "c=app.yaml:/db/port")
        assert (result.code, result.out) == (code, b""), wrong
        assert sorted(os.listdir(to)) == before
    result = leafseal("render", "--to", to, "--map", "missing.yaml")
    assert (result.code, result.err) == (100, "leafseal: error: missing.yaml: no such file\n")
    result = leafseal(
        "render", "--to", to, "--file", "b=app.yaml:/nope", "--file", "c=missing.yaml", "--file", "d=app.yaml:/db"
    )
    assert [line.split(": ")[2] for line in result.err.splitlines() if "error" in line] == [
        "missing.yaml", "app.yaml", "app.yaml",
    ]  # fmt: skip
    assert PASSWORD not in result.err


def test_a_map_and_options_for_what_it_does_not_say(leafseal: Run, sealed: Path, to: Path, work: Path) -> None:
    (work / "deploy").mkdir()
    (work / "deploy/render.yaml").write_text(
        "render:\n"
        "  - {path: app.env, from: ../app.yaml, pointer: /db, mode: '0440'}\n"
        "  - {path: app.conf, from: ../app.yaml, template: app.conf.tmpl, escape: shell}\n"
    )
    (work / "deploy/app.conf.tmpl").write_text("pass ${/db/password};\nhost $host;\n")
    result = leafseal(
        "render", "--to", to, "--map", "deploy/render.yaml", "--file", "x=app.yaml:/db/port", "--mode", "0600"
    )
    assert result == (0, b"", "")
    assert (to / "app.env").read_text() == f"# the real one\npassword={PASSWORD}\nport=5432\n"
    assert (to / "app.conf").read_text() == f"pass {PASSWORD};\nhost $host;\n"
    assert [(to / name).stat().st_mode & 0o777 for name in ("app.env", "app.conf", "x")] == [0o440, 0o600, 0o600]
    assert leafseal("render", "--to", to, "--map", "missing.yaml").code != 0


@pytest.mark.parametrize("is_in_git", [True, False])
def test_a_map_cannot_have_other_files_of_ours_copied(
    leafseal: Run, sealed: Path, to: Path, work: Path, tmp_path_factory: pytest.TempPathFactory, is_in_git: bool
) -> None:
    """A template without placeholders is copied, and whoever writes the map is not to get our keys by that."""
    if is_in_git:
        (work / ".git/config").write_text("[http] extraheader = token")
    else:
        (work / ".git").rmdir()
    key = tmp_path_factory.mktemp("elsewhere") / "keys.txt"
    key.write_text("AGE-SECRET-KEY-1QQQQ")
    (work / "deploy").mkdir()
    (work / "deploy/link").symlink_to(key)
    (work / "deploy/keys.txt").write_text("# mine\nage-secret-key-1qqqq")
    for template in (key, "link", "keys.txt", "/proc/self/environ", "../.git/config" if is_in_git else "../other"):
        (work / "other").write_text("other")
        (work / "deploy/render.yaml").write_text(
            f"render: [{{path: a, from: ../app.yaml, template: {template}, mode: '0444'}}]"
        )
        result = leafseal("render", "--to", to, "--map", "deploy/render.yaml")
        assert result.code == 220, template
        assert not to.exists() or not list(to.iterdir())
    # As volumes of Kubernetes have them, and in another folder of the repository.
    (work / "deploy/..data").mkdir()
    (work / "deploy/..data/t").write_text("good")
    (work / "deploy/t").symlink_to("..data/t")
    for template in ("t", *(["../other"] if is_in_git else [])):
        (work / "deploy/render.yaml").write_text(f"render: [{{path: a, from: ../app.yaml, template: {template}}}]")
        assert leafseal("render", "--to", to, "--map", "deploy/render.yaml") == (0, b"", "")


def test_standard_input_is_a_source(leafseal: Run, sealed: Path, to: Path) -> None:
    with sealed.open("rb") as stream:
        done = _program(["--to", to, "--file", "p=-:/db/password", "--input-type", "yaml"], stdin=stream)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (to / "p").read_text() == PASSWORD


def _program(arguments: list[str | Path], **named: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "leafseal", "render", *map(str, arguments)]
    environ = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.run(command, env=environ, capture_output=True, timeout=120, **named)  # type: ignore[call-overload,no-any-return]


def test_closed_streams_change_nothing(sealed: Path, to: Path) -> None:
    line = f'exec "{sys.executable}" -P -m leafseal render --to "$1" --file "$2" >&- 2>&- <&-'
    for name, code in (("p=app.yaml:/db/password", 0), ("p=app.yaml:/nope", 91)):
        done = subprocess.run(
            ["sh", "-c", line, "sh", str(to), name], env={**os.environ, "PYTHONPATH": SOURCE}, timeout=120
        )
        assert done.returncode == code
        assert (to / "p").read_text() == PASSWORD


def test_a_disk_is_refused(leafseal: Run, sealed: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafseal.system.in_memory.kind_of", lambda _: None)
    words = ["render", "--to", "out", "--file", "p=app.yaml:/db/password"]
    result = leafseal(*words)
    assert (result.code, (work / "out").exists()) == (220, False)
    assert "--allow-disk" in result.err
    assert leafseal(*words, "--allow-disk").code == 0
    policy = work.parent / "home/config/leafseal/policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text("no_disk_plaintext = true\n")
    result = leafseal(*words, "--allow-disk")
    assert result.code == 220
    assert "the policy forbids plain text on a disk" in result.err


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_no_value_goes_anywhere_else(sealed: Path, to: Path, tmp_path: Path, me: ThrowawayIdentity) -> None:
    """Of all that is written, opened or sent, only files below the folder have a value."""
    log = tmp_path / "log"
    trace = [
        "strace",
        "-f",
        "-y",
        "-s",
        "4096",
        "-e",
        "trace=%file,write,pwrite64,writev,sendto,sendmsg,execve",
        "-o",
        str(log),
    ]
    command = [
        sys.executable,
        "-P",
        "-m",
        "leafseal",
        "render",
        "--to",
        str(to),
        "--file",
        "db/p=app.yaml:/db/password",
    ]
    done = subprocess.run(
        [*trace, *command], env={**os.environ, "PYTHONPATH": SOURCE}, capture_output=True, timeout=200
    )
    if b"ptrace" in done.stderr:
        pytest.skip("may not trace here")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    calls = [line for line in log.read_text(errors="replace").splitlines() if PASSWORD in line]
    assert len(calls) == 1
    assert re.search(rf"write\(\d+<{re.escape(str(to))}/\.\.[^>]*/db/p>", calls[0])
    written = [
        line for line in log.read_text(errors="replace").splitlines() if re.search("O_(WRONLY|RDWR|CREAT)", line)
    ]
    assert all(
        str(to) in line or ".." in line or "/dev/null" in line for line in written if '"db' in line or '"p"' in line
    )


def test_a_system_without_open_folders(leafseal: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as Windows."""
    monkeypatch.setattr(os, "supports_dir_fd", set())
    result = leafseal("render", "--to", "out", "--file", "p=app.yaml:/db/password", "--allow-disk")
    assert (result.code, result.err.count("not possible on this system")) == (1, 1)


# -- signals


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A program that tells of each USR1 that it gets."""
    code = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready", flush=True)
while signal.sigwait({signal.SIGUSR1}):
    print("read again", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        yield program
        program.kill()


def test_a_program_is_told_only_after_a_change(
    leafseal: Run, sealed: Path, to: Path, work: Path, child: subprocess.Popen[bytes]
) -> None:
    (work / "app.pid").write_text(f"{child.pid}\n")
    words = ["render", "--to", to, "--signal", "USR1:./app.pid"]
    assert child.stdout is not None
    for file in ("a=app.yaml:/db/password", "a=app.yaml:/db/password", "a=app.yaml:/db/port"):
        before = (to / "..data").readlink() if to.exists() else None
        assert leafseal(*words, "--file", file) == (0, b"", "")
        if (to / "..data").readlink() != before:
            assert child.stdout.readline() == b"read again\n"
    child.terminate()
    assert child.stdout.read() == b""


def test_a_program_that_is_gone(leafseal: Run, sealed: Path, to: Path, work: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (work / "empty.pid").write_text("")
    (work / "all.pid").write_text("-1\n")
    os.mkfifo(work / "pipe.pid")
    names = (str(gone.pid), "./none.pid", "./empty.pid", "./all.pid", "./pipe.pid")
    for number, process in enumerate(names):
        result = leafseal("render", "--to", to, "--file", f"a{number}=app.yaml:/db/port", "--signal", f"HUP:{process}")
        assert result.code == 1, process
        assert "the files are there" in result.err
        assert (to / f"a{number}").read_text() == "5432"
    for text in ("HUP", "HUP:0", "HUP:-1", "HUP:", "NOPE:1", "99:1", ":1", "HUP:x"):
        assert leafseal("render", "--to", to, "--file", "a=app.yaml:/db/port", "--signal", text).code == 8


# -- watching


class Watching:
    """A `render --watch` that runs."""

    def __init__(self, arguments: list[str | Path], environ: dict[str, str]) -> None:
        command = [sys.executable, "-P", "-m", "leafseal", "render", "--watch", *map(str, arguments)]
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  closed below
        self.program = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": SOURCE, **environ}, stderr=self.log)

    def said(self) -> str:
        """Return what it said until now."""
        self.log.seek(0)
        return self.log.read().decode()

    def wait(self, is_true: Callable[[], bool], seconds: float = 120) -> None:
        """Wait until something is so."""
        end = time.monotonic() + seconds
        while not is_true():
            assert self.program.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.program.send_signal(number)
        return self.program.wait(120)


@pytest.fixture
def watching(sealed: Path) -> Iterator[Callable[..., Watching]]:
    """Start it."""
    running: list[Watching] = []

    def start(*arguments: str | Path, **environ: str) -> Watching:
        running.append(Watching(list(arguments), environ))
        return running[-1]

    yield start
    for one in running:
        one.program.kill()
        one.program.wait()
        one.log.close()


def read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def test_a_change_is_rendered(leafseal: Run, sealed: Path, to: Path, watching: Callable[..., Watching]) -> None:
    one = watching("--to", to, "--file", "p=app.yaml:/db/password")
    one.wait(lambda: read(to / "p") == PASSWORD)
    assert leafseal("set", "app.yaml", "db.port", "7").code == 0
    assert leafseal("set", "app.yaml", "db.password", '"second"').code == 0
    one.wait(lambda: read(to / "p") == "second" and one.said().count("\n") == 2)
    assert one.end() == -signal.SIGTERM
    assert one.said().splitlines() == [f"leafseal: {to}: 1 file written"] * 2
    assert read(to / "p") == "second"


def test_a_failure_keeps_the_files_and_is_told_once(
    leafseal: Run, sealed: Path, to: Path, watching: Callable[..., Watching]
) -> None:
    one = watching("--to", to, "--file", "p=app.yaml:/db/password")
    one.wait(lambda: read(to / "p") == PASSWORD)
    good = sealed.read_bytes()
    sealed.write_bytes(good.replace(b"data:", b"data:AAAA", 1))
    one.wait(lambda: "stay as they were" in one.said())
    assert read(to / "p") == PASSWORD
    sealed.write_bytes(good)
    one.wait(lambda: "the files are as they should be" in one.said())
    assert one.said().count("error") == 1
    assert one.end() == -signal.SIGTERM


def test_what_fails_at_first_ends(sealed: Path, to: Path, watching: Callable[..., Watching]) -> None:
    one = watching("--to", to, "--file", "p=app.yaml:/nope")
    assert one.program.wait(120) == 91
    assert not to.exists()
    two = watching("--to", to, "--file", "p=-:/x")
    assert two.program.wait(120) == 8


def test_a_map_that_changes_is_read_again(
    sealed: Path, to: Path, work: Path, watching: Callable[..., Watching]
) -> None:
    (work / "render.yaml").write_text("render: [{path: a, from: app.yaml, pointer: /db/port}]\n")
    one = watching("--to", to, "--map", "render.yaml", "--quiet")
    one.wait(lambda: read(to / "a") == "5432")
    (work / "t").write_text("first ${/db/port|none}")
    (work / "render.yaml").write_text("render: [{path: b, from: app.yaml, template: t}]\n")
    one.wait(lambda: read(to / "b") == "first 5432")
    assert not (to / "a").exists()
    (work / "t").write_text("second ${/db/port|none}")
    one.wait(lambda: read(to / "b") == "second 5432")
    assert one.end(signal.SIGINT) in (130, -signal.SIGINT)
    assert one.said() == ""
