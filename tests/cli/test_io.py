import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import leafseal
from leafseal.cli.shared.errors import edit_again
from leafseal.errors import LeafsealError, RefusedError
from leafseal.system import terminal
from leafseal.testing import throwaway_identity

from .conftest import Run, Terminal

SOURCE = str(Path(__file__).parents[2] / "src")


class Screen(io.TextIOWrapper):
    """A text stream that says it is a terminal."""

    def __init__(self) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding="utf-8", errors="surrogateescape", write_through=True)

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_what_steers_it_is_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    terminal.write_result("a\tb\r\n\x1b[2J\x9b1m\u202egnp.exe\n".encode() + b"\xff\n")
    assert screen.bytes.getvalue() == b"a\tb\n\\x1b[2J\\x9b1m\\u202egnp.exe\n\xff\n"


def test_in_a_pipe_every_byte_is_kept(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    data = bytes(range(256))
    terminal.write_result(data)
    assert capfdbinary.readouterr().out == data


@pytest.mark.parametrize(
    ("named", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch, named: dict[str, str], coloured: bool) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    terminal.warn("careful")
    shown = screen.bytes.getvalue()
    assert shown == (b"leafseal: \033[33;1mwarning\033[0m: careful\n" if coloured else b"leafseal: warning: careful\n")


def test_what_a_stream_cannot_show_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stderr", stream)
    terminal.say("größer \udcff")
    assert stream.buffer.getvalue() == b"leafseal: gr\\xf6\\xdfer \\udcff\n"  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stderr", None)
    terminal.say("nobody hears it")


def test_questions(screen: Terminal) -> None:
    screen.answers = ["blue"]
    assert terminal.ask("which \x1b[1mcolour?") == "blue"
    assert screen.shown == "leafseal: which \\x1b[1mcolour? "
    assert terminal.ask("and now?") is None


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y", True), ("YES ", True), ("", False), ("n", False), ("yeah", False)]
)
def test_consent(screen: Terminal, answer: str, agreed: bool) -> None:
    screen.answers = [answer]
    if agreed:
        terminal.confirm("go on?", flag="--yes")
    else:
        with pytest.raises(RefusedError, match="cancelled"):
            terminal.confirm("go on?", flag="--yes")


def test_consent_without_a_terminal_names_the_flag() -> None:
    with pytest.raises(RefusedError) as caught:
        terminal.confirm("go on?", flag="--yes")
    assert caught.value.hint == "to confirm, add --yes"


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("", True), ("x", True), ("q", False), (" Quit", False), (None, False)]
)
def test_going_on_with_an_edit(screen: Terminal, answer: str | None, goes_on: bool) -> None:
    screen.answers = [] if answer is None else [answer]
    assert edit_again(LeafsealError("does not parse")) is goes_on


def at_a_terminal(code: str, typed: bytes) -> tuple[bytes, bytes]:
    """Run code in a session of its own with a terminal; return what it wrote to stdout, and what the screen showed."""
    leader = f"import os, sys; os.setsid(); os.open(sys.argv[1], os.O_RDWR); exec({code!r})"
    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(
        [sys.executable, "-c", leader, os.ttyname(theirs)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SOURCE},
    ) as process:
        while b"value" not in shown:
            shown += os.read(ours, 100)
        os.write(ours, typed)
        assert process.stdout is not None
        output = process.stdout.read()
    os.close(theirs)
    try:
        while chunk := os.read(ours, 100):
            shown += chunk
    except OSError:
        pass
    os.close(ours)
    return output, shown


def test_secrets_are_asked_for_on_the_terminal_and_not_shown() -> None:
    code = "from leafseal.system import terminal; sys.stdout.write(repr(terminal.ask_secret('value')))"
    output, shown = at_a_terminal(code, b"hunter2\n")
    assert output == b"'hunter2'"
    assert b"hunter2" not in shown


def test_questions_are_put_on_the_terminal_itself() -> None:
    code = "from leafseal.system import terminal; sys.stdout.write(repr(terminal.ask('value?')))"
    output, shown = at_a_terminal(code, b"blue\n")
    assert output == b"'blue'"
    assert b"leafseal: value? " in shown


def test_a_bar_only_for_many_and_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with terminal.progress(3, "opening") as step:
        step()
    assert screen.bytes.getvalue() == b""
    with terminal.progress(50, "opening") as step:
        for _ in range(50):
            step()
    assert b"opening" in screen.bytes.getvalue()
    assert b"100%" in screen.bytes.getvalue()


@pytest.mark.skipif(not os.path.exists("/dev/stdin"), reason="no /dev/stdin")
@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/0"])
@pytest.mark.parametrize("words", ["decrypt", "get FILE db", "inspect", "verify", "exec-env FILE -- env", "encrypt"])
def test_standard_input_by_another_name_is_read_as_a_dash_is(tmp_path: Path, name: str, words: str) -> None:
    """Format and configuration are those of the current folder's files, not those of /dev."""
    me = throwaway_identity()
    (tmp_path / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n    encrypted_regex: db\n")
    text = b"db: x\nhost: y\n"
    if words == "encrypt":
        words = "encrypt --filename-override a.yaml"
    else:
        text = leafseal.encrypt(text, format="yaml", recipients=[me.recipient])

    def run(file: str) -> subprocess.CompletedProcess[bytes]:
        line = words.replace("FILE", file) if "FILE" in words else f"{words} {file}"
        return subprocess.run(
            [sys.executable, "-m", "leafseal", *line.split()],
            input=text,
            cwd=tmp_path,
            env={**os.environ, "SOPS_AGE_KEY": me.identity},
            capture_output=True,
        )

    by_name, by_dash = run(name), run("-")
    assert by_name.stderr == by_dash.stderr
    assert by_name.returncode == by_dash.returncode == 0
    if words.startswith("encrypt"):
        assert b"host: y" in by_name.stdout
    else:
        assert by_name.stdout == by_dash.stdout


def test_without_a_file_decrypt_does_not_wait_on_a_terminal(leafseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafseal.system.terminal.is_stdin", lambda: True)
    refused = leafseal("decrypt")
    assert (refused.code, "write - as FILE" in refused.err) == (8, True)
