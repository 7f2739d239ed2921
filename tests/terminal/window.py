"""A person at a terminal: a shell in a window of tmux, whose screen is read as the person reads it."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

PROMPT = "$"
_PATIENCE = 120.0  # seconds; machines that run tests are slow


class Window:
    """A shell in a terminal of 160 columns. It ends with the `with` block."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._socket = folder / "tmux"
        self._read = 0  # lines that were returned already
        self._least = 1  # lines that there are at least once the screen shows an answer to what was typed
        start = folder / ".bashrc"
        start.write_text(f"PS1='{PROMPT} '\n")
        shell = ["env", "-i", *(f"{name}={value}" for name, value in environ.items()), "bash", "--rcfile", str(start)]
        size = ("-x", "160", "-y", "50")
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), shlex.join(shell))

    def __enter__(self) -> Window:
        """Wait for the shell."""
        self.read()
        return self

    def __exit__(self, *_: object) -> None:
        """End the shell."""
        self._tmux("kill-server")

    def type(self, text: str) -> None:
        """Press the keys of a text, and Enter."""
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def read(self, end: str = PROMPT) -> str:
        """Wait until the screen ends with `end`, and return what is new, without that line if it is the prompt."""
        lines = self._wait(end)
        new = lines[self._read :]
        is_prompt = end == PROMPT
        self._read, self._least = len(lines) - is_prompt, len(lines) + 1
        return "\n".join(new[:-1] if is_prompt else new)

    def _wait(self, end: str) -> list[str]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            lines = self._lines()
            if len(lines) >= self._least and (lines[-1] == end if end == PROMPT else lines[-1].endswith(end)):
                return lines
            if time.monotonic() > deadline:
                raise AssertionError(f"the screen does not end with {end!r}:\n" + "\n".join(lines))
            time.sleep(0.05)

    def _lines(self) -> list[str]:
        text = self._tmux("capture-pane", "-p", "-J", "-S", "-")
        return [line.rstrip() for line in text.rstrip("\n ").split("\n")]

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self._socket), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
