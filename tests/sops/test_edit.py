"""`sops edit` where a transcript does not show it: signals, terminals, files that change meanwhile, sealed text."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from leafseal.system import private
from leafseal.system.locks import locked

from .test_exec import AT_TERMINAL
from .transcripts import Stage

PLAIN = "password: c4n4ry-v4lue\nport: 5432\n"
SECONDS = 120


@pytest.fixture
def desk(desk: Stage) -> Stage:
    (desk.folder / "a.yaml").write_bytes(desk.seal("a.yaml", PLAIN))
    return desk


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A folder in memory for what is private, with nothing else in it."""
    if private.file_system_of("/dev/shm") != "tmpfs":
        pytest.skip("no folder in memory here")
    folder = Path(f"/dev/shm/leafseal-tests-{os.getpid()}-{time.monotonic_ns()}")
    folder.mkdir(0o700)
    yield folder
    shutil.rmtree(folder)


def editor(desk: Stage, script: str) -> str:
    """Make a script that is given the file as `$1`, and return it as a command."""
    path = desk.home / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def readable(folder: Path, text: str = "c4n4ry") -> list[str]:
    """Return the files below a folder in which a text can be read."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if text.encode() in path.read_bytes()]


def opened(desk: Stage, name: str, *arguments: str) -> str:
    done = subprocess.run(
        [*desk.program, "decrypt", *arguments, name], cwd=desk.folder, env=desk.environ({}), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def kept(desk: Stage) -> list[str]:
    return sorted(path.name for path in desk.folder.glob("*.kept-*"))


# -- signals

CHANGE = 'echo "token: c4n4ry-two" >> "$1"'


class Point:
    """A moment of an edit: what brings the program there, and whether the text has been changed by then.

    Where that comes after the editor, the program asks by `prompt`, or waits for the lock of the file.
    """

    def __init__(
        self, script: str, *, changed: bool = True, slow_key: bool = False, is_locked: bool = False, prompt: str = ""
    ) -> None:
        self.script = script
        self.changed = changed
        self.slow_key = slow_key
        self.is_locked = is_locked
        self.prompt = prompt


PROMPT = "Press enter to return to the editor, or Ctrl+C to exit."


POINTS = {
    "unwrapping": Point("", changed=False, slow_key=True),
    "the editor opened": Point("touch {reached}; exec sleep 600", changed=False),
    "the editor has written": Point(f"{CHANGE}; touch {{reached}}; exec sleep 600"),
    "asking for a line": Point('echo "k: [c4n4ry" > "$1"; touch {reached}', prompt=PROMPT),
    "writing": Point(f"{CHANGE}; echo $$ > {{reached}}.new; mv {{reached}}.new {{reached}}", is_locked=True),
}


STRUCK = [(name, point) for name in ("INT", "TERM", "KILL") for point in POINTS]
STRUCK += [(name, "the editor has written") for name in ("HUP", "QUIT")]  # which are handled as TERM is


@pytest.mark.parametrize(("name", "point"), STRUCK)
def test_no_plaintext_is_left(
    desk: Stage, runtime: Path, monkeypatch: pytest.MonkeyPatch, name: str, point: str
) -> None:
    at, number = POINTS[point], signal.Signals[f"SIG{name}"]
    reached, before = desk.home / "reached", (desk.folder / "a.yaml").read_bytes()
    environ = desk.environ({"XDG_RUNTIME_DIR": str(runtime), "XDG_STATE_HOME": str(desk.home)})
    environ["EDITOR"] = editor(desk, at.script.format(reached=reached))
    if at.slow_key:
        del environ["SOPS_AGE_KEY_FILE"]
        environ["SOPS_AGE_KEY_CMD"] = f"sh -c 'touch {reached}; exec sleep 600'"
    if at.is_locked:
        monkeypatch.setenv("XDG_STATE_HOME", str(desk.home))
        with locked(desk.folder / "a.yaml"):
            code = _signalled(desk, environ, reached, number, at)
    else:
        code = _signalled(desk, environ, reached, number, at)
    if name == "KILL":
        subprocess.run([*desk.program, "filestatus", "a.yaml"], cwd=desk.folder, env=environ, check=True)
    assert list(runtime.iterdir()) == []
    assert readable(desk.folder) == []
    assert (desk.folder / "a.yaml").read_bytes() == before
    cancels = name in ("INT", "TERM") and not at.slow_key
    assert code == (1 if cancels else 130 if name == "INT" else -number)
    # Who interrupts an edit gives it up, unless the program asked what to do with the text.
    is_kept = at.changed and name != "KILL" and (name != "INT" or point == "asking for a line")
    assert len(kept(desk)) == is_kept


def _signalled(desk: Stage, environ: dict[str, str], reached: Path, number: int, at: Point | None = None) -> int:
    with subprocess.Popen(
        [*desk.program, "edit", "a.yaml"],
        cwd=desk.folder,
        env=environ,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            wait_for(reached.exists)
            if at and at.prompt:
                _read_until(process, at.prompt)
            if at and at.is_locked:
                wait_for(lambda: _is_reaped(int(reached.read_text())))
                time.sleep(0.1)  # from there to the lock: nothing shows that it is waited for
            assert process.poll() is None
            process.send_signal(number)
            return process.wait(SECONDS)
        finally:
            process.kill()
            if number == signal.SIGKILL:  # the editor outlives us
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _read_until(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stderr is not None
    said = b""
    while text.encode() not in said:
        part = os.read(process.stderr.fileno(), 65536)
        assert part, said
        said += part


def _is_reaped(pid: int) -> bool:
    """Tell whether a process has ended, and whoever started it knows."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_text_kept_on_a_signal_opens(desk: Stage) -> None:
    reached = desk.home / "reached"
    environ = desk.environ({"EDITOR": editor(desk, f"{CHANGE}; touch {reached}; exec sleep 600")})
    _signalled(desk, environ, reached, signal.SIGHUP)
    assert opened(desk, *kept(desk)) == f"{PLAIN}token: c4n4ry-two\n"


# -- a terminal


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, desk: Stage, environ: dict[str, str]) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", AT_TERMINAL, *desk.program, "edit", "a.yaml"],
            cwd=desk.folder,
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read until a text is shown."""
        deadline = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            assert self._read(0.1) or self.process.poll() is None, self.shown

    def _read(self, seconds: float) -> bool:
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        try:
            self.shown += os.read(self.ours, 65536).decode()
        except OSError:  # the other side is closed
            return False
        return True

    def type(self, text: str) -> None:
        """Send what a user types."""
        os.write(self.ours, text.encode())

    def end(self) -> int:
        """Return the exit code."""
        try:
            code = self.process.wait(SECONDS)
            while self._read(0.05):
                pass
            return code
        finally:
            self.process.kill()
            os.close(self.ours)


INTERRUPT = "\x03"


def test_an_interrupt_belongs_to_the_editor_that_takes_it(desk: Stage) -> None:
    script = f"trap 'echo taken' INT; echo ready; read line; read line; {CHANGE}"
    terminal = Terminal(desk, desk.environ({"EDITOR": editor(desk, script)}))
    terminal.wait_for("ready")
    terminal.type(INTERRUPT)
    terminal.wait_for("taken")
    terminal.type("\n\n")
    assert terminal.end() == 0, terminal.shown
    assert opened(desk, "a.yaml") == f"{PLAIN}token: c4n4ry-two\n"


def test_an_interrupt_that_ends_the_editor_ends_the_edit(desk: Stage, runtime: Path) -> None:
    before = (desk.folder / "a.yaml").read_bytes()
    script = f"{CHANGE}; echo ready; exec sleep 600"
    terminal = Terminal(desk, desk.environ({"EDITOR": editor(desk, script), "XDG_RUNTIME_DIR": str(runtime)}))
    terminal.wait_for("ready")
    terminal.type(INTERRUPT)
    assert terminal.end() == 1
    assert "User canceled operation" in terminal.shown
    assert list(runtime.iterdir()) == []
    assert (desk.folder / "a.yaml").read_bytes() == before
    assert kept(desk) == []


BROKEN_FIRST = """if grep -q broken "$1"; then echo "k: good" > "$1"; else echo "broken: [" > "$1"; fi"""


def test_enter_goes_back_to_the_editor(desk: Stage) -> None:
    terminal = Terminal(desk, desk.environ({"EDITOR": editor(desk, BROKEN_FIRST)}))
    terminal.wait_for(PROMPT)
    terminal.type("\n")
    assert terminal.end() == 0, terminal.shown
    assert opened(desk, "a.yaml") == "k: good\n"


@pytest.mark.parametrize("key", [INTERRUPT, "\x04"], ids=["interrupt", "end of input"])
def test_who_leaves_at_the_question_finds_the_text_again(desk: Stage, key: str) -> None:
    before = (desk.folder / "a.yaml").read_bytes()
    terminal = Terminal(desk, desk.environ({"EDITOR": editor(desk, BROKEN_FIRST)}))
    terminal.wait_for(PROMPT)
    terminal.type(key)
    assert terminal.end() == (1 if key == INTERRUPT else 2)
    assert (desk.folder / "a.yaml").read_bytes() == before
    assert opened(desk, *kept(desk)) == "broken: [\n"
    assert "Your changes were not saved. They are in " in terminal.shown


# -- without one


def edit(desk: Stage, script: str, *arguments: str, stdin: bytes | None = b"", **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*desk.program, "edit", *arguments, "a.yaml"],
        cwd=desk.folder,
        env=desk.environ({"EDITOR": editor(desk, script), **environ}),
        input=stdin,
        capture_output=True,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_end_of_standard_input_ends_the_edit(desk: Stage) -> None:
    started = desk.home / "started"
    code, _, err = edit(desk, f'echo >> {started}; echo "k: [" > "$1"', stdin=b"\n\n")
    assert code == 2
    assert err.count(PROMPT) == 3
    assert started.read_text() == "\n" * 3
    assert opened(desk, *kept(desk)) == "k: [\n"


def test_a_closed_standard_input_is_at_its_end(desk: Stage) -> None:
    environ = desk.environ({"EDITOR": editor(desk, 'echo "k: [" > "$1"')})
    line = [*desk.program, "edit", "a.yaml"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *line], cwd=desk.folder, env=environ, capture_output=True, timeout=SECONDS
    )
    assert done.returncode == 2, done.stderr
    assert len(kept(desk)) == 1


def test_not_a_byte_too_much_is_read(desk: Stage) -> None:
    script = 'if grep -q broken "$1"; then cat > "$1"; else echo "broken: [" > "$1"; fi'
    code, _, _ = edit(desk, script, stdin=b"\nk: from the input\n")
    assert code == 0
    assert opened(desk, "a.yaml") == "k: from the input\n"


def test_an_editor_that_reads_its_text_and_says_nothing_on_stderr(desk: Stage) -> None:
    """As an extension of IntelliJ does it, which takes any byte on standard error for a failure."""
    assert edit(desk, 'echo READY; cat > "$1"', stdin=b"k: typed\n") == (0, "READY\n", "")
    assert opened(desk, "a.yaml") == "k: typed\n"


def test_what_is_not_changed_keeps_its_sealed_text(desk: Stage) -> None:
    before = (desk.folder / "a.yaml").read_text().splitlines()
    assert edit(desk, """sed -i 's/5432/6432/' "$1" """)[0] == 0
    after = (desk.folder / "a.yaml").read_text().splitlines()
    differ = [line.split(":")[0].strip() for line, old in zip(after, before, strict=True) if line != old]
    assert differ[0] == "port"
    differ = [name for name in differ if not name.startswith("structure1_t")]
    assert set(differ) <= {"port", "lastmodified", "mac"}


def test_a_file_that_changed_meanwhile_is_not_written_over(desk: Stage) -> None:
    other = f"""{desk.program[0]} set {desk.folder}/a.yaml '["other"]' '"theirs"'"""
    code, _, err = edit(desk, f"{CHANGE}; {other}")
    assert code == 3
    assert "changed since it was read" in err
    assert "other: theirs" in opened(desk, "a.yaml")
    assert opened(desk, *kept(desk)) == f"{PLAIN}token: c4n4ry-two\n"


def test_a_file_that_somebody_made_meanwhile_is_not_written_over(desk: Stage) -> None:
    script = f'echo "a: mine" > "$1"; echo "a: theirs" > {desk.folder}/a.yaml'
    (desk.folder / "a.yaml").unlink()
    code, _, err = edit(desk, script, "--age", desk.me.recipient)
    assert code == 3
    assert "already exists" in err
    assert (desk.folder / "a.yaml").read_text() == "a: theirs\n"
    assert opened(desk, *kept(desk)) == "a: mine\n"


def test_what_an_editor_wrote_before_it_failed_is_kept(desk: Stage) -> None:
    code, _, err = edit(desk, f"{CHANGE}; exit 3")
    assert code == 201
    assert err.endswith("Could not run editor: exit status 3\n")
    assert opened(desk, *kept(desk)) == f"{PLAIN}token: c4n4ry-two\n"


def test_the_editor_gets_no_identities(desk: Stage) -> None:
    seen = desk.home / "seen"
    edit(desk, f"env > {seen}", SOPS_AGE_KEY=desk.me.identity, SHOWN="1")
    assert "SHOWN=1\n" in seen.read_text()
    assert desk.me.identity not in seen.read_text()


# -- metadata


def tokens(desk: Stage) -> set[str]:
    lines = (desk.folder / "a.yaml").read_text().splitlines()
    return {line for line in lines if line.startswith(("password", "port"))}


def test_a_key_that_is_added_gets_the_data_key(desk: Stage) -> None:
    before = tokens(desk)
    script = f"""sed -i 's/^    lastmodified/        - recipient: {desk.other.recipient}\\n&/' "$1" """
    assert edit(desk, script, "-s") == (0, "", "")
    assert tokens(desk) == before
    assert _opens_for_the_other(desk)


def test_where_a_key_goes_the_data_key_is_new(desk: Stage) -> None:
    before = tokens(desk)
    assert edit(desk, f"sed -i 's/{desk.me.recipient}/{desk.other.recipient}/' $1", "-s") == (0, "", "")
    assert not tokens(desk) & before
    assert _opens_for_the_other(desk)
    assert desk.me.recipient not in (desk.folder / "a.yaml").read_text()


def _opens_for_the_other(desk: Stage) -> bool:
    environ = desk.environ({})
    del environ["SOPS_AGE_KEY_FILE"]
    environ["SOPS_AGE_KEY"] = desk.other.identity
    done = subprocess.run(
        [*desk.program, "decrypt", "a.yaml"], cwd=desk.folder, env=environ, capture_output=True, timeout=SECONDS
    )
    return done.returncode == 0 and done.stdout.decode() == PLAIN


def test_what_is_computed_cannot_be_edited(desk: Stage) -> None:
    script = (
        """sed -i 's/^    lastmodified: .*/    lastmodified: "2001-01-01T00:00:00Z"/; s/mac: .*/mac: none/' "$1" """
    )
    assert edit(desk, script, "-s") == (0, "", "")
    assert opened(desk, "a.yaml") == PLAIN
    assert "2001-01-01" not in (desk.folder / "a.yaml").read_text()


def test_a_threshold_that_is_changed_splits_a_new_data_key(desk: Stage) -> None:
    names = [desk.me.recipient, desk.other.recipient, desk.me.recipient]
    groups = "".join(f"      - age: [{name}]\n" for name in names)
    (desk.folder / ".sops.yaml").write_text(f"creation_rules:\n  - shamir_threshold: 3\n    key_groups:\n{groups}")
    (desk.folder / "a.yaml").unlink()
    assert edit(desk, f'printf "{PLAIN}" > "$1"')[0] == 0
    environ = {"SOPS_AGE_KEY": desk.other.identity}
    before = tokens(desk)
    code, _, err = edit(desk, "sed -i 's/shamir_threshold: 3/shamir_threshold: 2/' $1", "-s", **environ)
    assert (code, err) == (0, "")
    assert not tokens(desk) & before
    assert opened(desk, "a.yaml") == PLAIN


@pytest.fixture
def documents(desk: Stage) -> Stage:
    (desk.folder / "a.yaml").write_bytes(desk.seal("a.yaml", f"{PLAIN}---\nmore: x\n---\nyet: y\n"))
    return desk


def test_keys_that_are_changed_in_a_later_document_alone_are_refused(documents: Stage) -> None:
    before = (documents.folder / "a.yaml").read_bytes()
    script = f"""sed -i '/^more/,$ s/{documents.me.recipient}/{documents.other.recipient}/' "$1" """
    code, _, err = edit(documents, script, "-s")
    assert code == 1
    assert "the metadata of document 2 were changed, and only those of the first count" in err
    assert (documents.folder / "a.yaml").read_bytes() == before
    assert "more: x" in opened(documents, *kept(documents))


@pytest.mark.parametrize("where", ["", "0,/^---/ "])
def test_keys_that_are_changed_in_the_first_document_or_in_all_count(documents: Stage, where: str) -> None:
    script = f"""sed -i '{where}s/^    lastmodified/        - recipient: {documents.other.recipient}\\n&/' "$1" """
    assert edit(documents, script, "-s") == (0, "", "")
    text = (documents.folder / "a.yaml").read_text()
    assert text.count(documents.other.recipient) == text.count(documents.me.recipient) == 3


def test_what_is_computed_may_be_changed_in_any_document(documents: Stage) -> None:
    code, _, err = edit(documents, """sed -i 's/^more: x/more: z/; /^yet/,$ s/^sops:/sops: # ours/' "$1" """, "-s")
    assert (code, err) == (0, "")
    assert "more: z" in opened(documents, "a.yaml")
