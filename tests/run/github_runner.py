"""What GitHub's runner does with what a step prints and writes: ActionCommand.cs, ActionCommandManager.cs,
FileCommandManager.cs of actions/runner, on Linux.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.run import github


class InvalidFileError(Exception):
    """What ends a step that wrote something wrong."""


def on_a_runner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have this process be a step of a job, and return the file of variables; `GITHUB_OUTPUT` is beside it."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name in ("GITHUB_ENV", "GITHUB_OUTPUT"):
        (folder / name).write_bytes(b"")
        monkeypatch.setenv(name, str(folder / name))
    monkeypatch.setattr(github, "_is_piped", lambda: True)
    return folder / "GITHUB_ENV"


class Log:
    """The log of a job: what a step prints, without the values that the runner was told to hide."""

    def __init__(self) -> None:
        self.hidden: set[str] = set()
        self.warnings: list[str] = []
        self.lines: list[str] = []
        self.ends_stop: str | None = None
        """What has commands count again after they were stopped."""

    def read(self, printed: bytes) -> None:
        """Take what a step printed, line by line."""
        for line in re.split("\r\n|\r|\n", printed.decode("utf-8", "replace").removesuffix("\n")):
            if line and not self._is_command(line):
                self.lines.append(self.masked(line))

    def _is_command(self, line: str) -> bool:
        message = line.lstrip()
        if message.startswith("::") and "::" in message[2:]:
            command, _, data = message[2:].partition("::")
        elif old := re.search(r"##\[([^\] ]*)[^\]]*\](.*)", message):  # the older spelling, anywhere in a line
            command, data = old.groups()
        else:
            return False
        if self.ends_stop is not None:
            if command == self.ends_stop:
                self.ends_stop = None
            return command == self.ends_stop
        if command == "stop-commands":
            self.ends_stop = data
            return True
        if command != "add-mask":
            return False
        for escaped, text in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            data = data.replace(escaped, text)
        if not data.strip():
            self.warnings.append("Can't add secret mask for empty string")
            return True
        self.hidden |= {data, *(part.strip() for part in re.split("[\r\n]", data) if part.strip())}
        return True

    def masked(self, text: str) -> str:
        """Return a text as the log shows it."""
        for secret in sorted(self.hidden, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def variables_in(data: bytes) -> dict[str, str]:
    """Return what the runner reads of `$GITHUB_ENV` or `$GITHUB_OUTPUT`. Raises `InvalidFileError`."""
    found: dict[str, str] = {}
    lines = _lines(data.decode("utf-8", "replace").removeprefix("\ufeff"))
    for line, _ in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, found_text = line.partition("=")
            found[name] = found_text
        elif heredoc >= 0:
            name, _, delimiter = line.partition("<<")
            if not (name and delimiter):
                raise InvalidFileError("name and delimiter must not be empty")
            found[name] = _value(lines, delimiter)
        else:
            raise InvalidFileError("invalid format")
    return found


def _value(lines: Iterator[tuple[str, bool]], delimiter: str) -> str:
    value: list[str] = []
    for line, is_ended in lines:
        if line == delimiter:
            return "\n".join(value)
        if not is_ended:
            raise InvalidFileError("EOF marker missing new line")
        value.append(line)
    raise InvalidFileError("matching delimiter not found")


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield lines, and whether each has its end."""
    *whole, last = text.split("\n")
    yield from ((line, True) for line in whole)
    if last:
        yield last, False
