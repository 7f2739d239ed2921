"""Talking to the user: results on stdout, talk on stderr, questions on the terminal itself."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TextIO

from leafseal.display import escape, escape_line, first_of, without_keys
from leafseal.errors import RefusedError, WriteError, system_text
from leafseal.system.descriptors import write_all

ERROR, WARNING = "error", "warning"
"""What lines on standard error begin with."""

_RED, _YELLOW, _BLUE = "31;1", "33;1", "34;1"
_LONG = 20  # files; fewer are done before a progress bar could be read


def write_result(data: bytes) -> None:
    """Write a result to standard output, to the byte; on a terminal, what would steer it is shown escaped."""
    stdout = sys.stdout
    if stdout is None:
        raise WriteError("cannot write: there is no standard output")
    if stdout.isatty():
        data = escape(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    try:
        stdout.flush()
        _write_bytes(stdout, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WriteError(f"cannot write to standard output: {system_text(error)}") from error


def _write_bytes(stdout: TextIO, data: bytes) -> None:
    try:
        descriptor = stdout.fileno()
    except io.UnsupportedOperation:  # a stream that somebody put in its place
        stdout.buffer.write(data)
    else:
        write_all(descriptor, data)


def flush() -> None:
    """Send what is still buffered on its way. Raises `WriteError`."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        raise WriteError(f"cannot write to standard output: {system_text(error)}") from error


def drop_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter's own end does not stumble over it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def print_line(text: str) -> None:
    """Write one line of a report, or several, without private keys: a report shows no values.

    Each line is looked at by itself, so that nothing in one of them hides those after it. None is a command for the
    runner of a CI service.
    """
    shown = "\n".join(_no_command(without_keys(line)) for line in text.split("\n"))
    write_result(f"{shown}\n".encode("utf-8", "surrogateescape"))


def say(text: str) -> None:
    """Tell the user something that is not the result."""
    _tell(text)


_is_quiet = False


@contextmanager
def quiet() -> Iterator[None]:
    """Have nothing said of what went well meanwhile. Warnings, errors and questions stay."""
    global _is_quiet
    before, _is_quiet = _is_quiet, True
    try:
        yield
    finally:
        _is_quiet = before


def say_done(text: str) -> None:
    """Tell what was done, unless the user asked for quiet."""
    if not _is_quiet:
        _tell(text)


def note(text: Callable[[], str]) -> None:
    """Tell a person at a terminal what was done. Where nobody sees it, `text` is not called."""
    if shows_notes():
        _tell(text())


def shows_notes() -> bool:
    """Tell whether a person at a terminal sees what was done, and did not ask for quiet."""
    return not _is_quiet and sys.stderr is not None and sys.stderr.isatty()


_given: set[str] | None = None


@contextmanager
def warning_once(given: set[str]) -> Iterator[None]:
    """Have no warning given meanwhile that is among those `given` before; new ones are added there."""
    global _given
    before, _given = _given, given
    try:
        yield
    finally:
        _given = before


def warn(text: str) -> None:
    """Warn the user of something that went on nevertheless."""
    if _given is not None:
        if text in _given:
            return
        _given.add(text)
    _tell(text, WARNING, _YELLOW)


def report(error: str, details: Sequence[str], hint: str | None) -> None:
    """Show an error, what is known of it, line by line, and what to try."""
    _tell(error, ERROR, _RED)
    for line in details:
        _say("", f"  {_one_line(line)}", "")
    if hint:
        _tell(hint, "hint", _BLUE)


def say_readable(name: str, places: Sequence[str]) -> None:
    """Tell what those could read who were removed from a file, and still can in what they have of it."""
    if places:
        warn(f"{name}: removed recipients could read {first_of(places)}: change these values")


def _tell(text: str, word: str = "", colour: str = "") -> None:
    _say(word, _one_line(text), colour)


def _say(word: str, line: str, colour: str) -> None:
    if _collected is not None:
        _collected.append((word, line))
        return
    label = f"{_coloured(word, colour, sys.stderr)}: " if word else ""
    _write(sys.stderr, f"leafseal: {label}{line}\n")


_collected: list[tuple[str, str]] | None = None


@contextmanager
def collected() -> Iterator[list[tuple[str, str]]]:
    """Have lines that would go to standard error collected instead, each after the word for its kind, if it has one."""
    global _collected
    lines: list[tuple[str, str]] = []
    before, _collected = _collected, lines
    try:
        yield lines
    finally:
        _collected = before


def _one_line(text: str) -> str:
    """Return a text as one line that steers no terminal, and no runner of a CI service, and has no private key."""
    return _no_command(escape_line(without_keys(text)))


def _no_command(line: str) -> str:
    """Return a line that is no command for the runner of a CI service: the names in it may be anybody's.

    `##[stop-commands]x` and `##vso[task.prependpath]x` count anywhere in a line, `::stop-commands::x` at its beginning.
    """
    if "##" in line:
        import re  # hardly any line needs it

        line = re.sub(r"##(?=\w*\[)", r"#\\x23", line)
    return line.replace("::", ":\\x3a", 1) if line.lstrip().startswith("::") else line


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:
        text = text.replace("\n", _line_end(stream))
        stream.write(text.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding or "utf-8"))
        stream.flush()


def _line_end(stream: TextIO) -> str:
    """Return what begins a new line: a terminal that we made raw for a program only goes down at a line break."""
    if os.name == "nt" or not stream.isatty():
        return "\n"
    import termios

    try:
        is_raw = not termios.tcgetattr(stream.fileno())[1] & termios.OPOST
    except (OSError, termios.error):
        return "\n"
    return "\r\n" if is_raw else "\n"


def _coloured(text: str, colour: str, stream: TextIO | None) -> str:
    if stream is None or not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{colour}m{text}\033[0m"


def is_stdin() -> bool:
    """Tell whether standard input is a terminal, where a command that reads it would wait without a word."""
    return sys.stdin is not None and sys.stdin.isatty()


@contextmanager
def _terminal() -> Iterator[tuple[IO[str], IO[str]] | None]:
    """Open the user's terminal for reading and writing, wherever the standard streams lead."""
    if os.name == "nt":
        yield (sys.stdin, sys.stderr) if sys.stdin is not None and sys.stdin.isatty() else None
        return
    try:
        terminal = open("/dev/tty", "r+b", buffering=0)  # noqa: SIM115  closed below
    except OSError:
        yield None
        return
    import io

    with io.TextIOWrapper(terminal, write_through=True) as text:
        yield text, text


def say_at_terminal(text: str) -> None:
    """Say something at the user's terminal, if there is one, wherever the standard streams lead."""
    with suppress(OSError), _terminal() as terminal:
        if terminal is not None:
            terminal[1].write(f"leafseal: {escape_line(text)}\n")


def has_terminal() -> bool:
    """Tell whether there is a user to ask."""
    with _terminal() as terminal:
        return terminal is not None


def ask(question: str) -> str | None:
    """Put a question to the user and return the line that is typed; None without a terminal or at its end."""
    with _terminal() as terminal:
        if terminal is None:
            return None
        source, target = terminal
        target.write(f"leafseal: {escape_line(question)} ")
        target.flush()
        line = source.readline()
        return line.rstrip("\n") if line else None


def ask_secret(question: str) -> str | None:
    """Put a question to the user without showing what is typed; None without a terminal."""
    if not has_terminal():
        return None
    import getpass

    try:
        return getpass.getpass(f"leafseal: {escape_line(question)}: ")
    except EOFError:
        return None


def confirm(question: str, *, flag: str) -> None:
    """Ask for consent. Raises `RefusedError`, naming the `flag` that gives it, when there is none or nobody to ask."""
    answer = ask(f"{question} [y/N]")
    if answer is None:
        raise RefusedError("cannot ask for confirmation without a terminal", hint=f"to confirm, add {flag}")
    if answer.strip().lower() not in ("y", "yes"):
        raise RefusedError("cancelled; nothing was changed")


def passphrase_asker() -> Callable[[str], str] | None:
    """Return what puts a provider's question to the user, None where there is nobody to ask."""
    if not has_terminal():
        return None
    return lambda question: ask_secret(question.rstrip(": ")) or ""


@contextmanager
def progress(count: int, label: str, *, passes: int = 1) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, where the work is long and a person looks; yield what is called after each step.

    Every one of the `count` files is come to in each of the `passes`.
    """
    if count < _LONG or sys.stderr is None or not sys.stderr.isatty():
        yield lambda: None
        return
    import click

    with click.progressbar(length=count * passes, label=label, file=sys.stderr) as bar:
        yield lambda: bar.update(1)
