"""A terminal with somebody at it, for programs that have to be tried in one."""

from __future__ import annotations

import errno
import os
import pty
import select
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import pytest

SECONDS = 120.0  # on a busy machine

needs_terminal = pytest.mark.skipif(not os.path.exists("/dev/ptmx"), reason="no /dev/ptmx")
needs_bash = pytest.mark.skipif(
    shutil.which("bash") is None or not os.path.exists("/dev/ptmx"), reason="no bash, or no /dev/ptmx"
)


class Terminal:
    """A program that is the first of its session, at a terminal of its own."""

    def __init__(self, argv: Sequence[str], environ: dict[str, str] | None = None) -> None:
        self.shown = b""
        self._place = 0
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], list(argv), {**os.environ, "PS1": "$ ", "TERM": "dumb", **(environ or {})})
            finally:
                os._exit(127)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for ending in (lambda: os.kill(self.pid, signal.SIGKILL), lambda: os.waitpid(self.pid, 0)):
            with suppress(ProcessLookupError, ChildProcessError):
                ending()
        os.close(self.master)

    def type(self, text: str) -> None:
        """Type some keys."""
        os.write(self.master, text.encode())

    def wait_for(self, text: str, typing: str = "") -> bytes:
        """Wait until a text is shown, after what was waited for before, and return what was shown up to its end.

        With `typing`, these keys are typed now and then: a shell tells of what happened when it shows its next prompt.
        """
        deadline = time.monotonic() + SECONDS
        while (found := self.shown.find(text.encode(), self._place)) < 0:
            if typing:
                self.type(typing)
            is_more = self._read(0.5 if typing else deadline - time.monotonic())
            if time.monotonic() > deadline or not (is_more or typing):
                raise AssertionError(f"{text!r} was not shown after {self.shown[: self._place]!r}: {self.shown!r}")
        before, self._place = self._place, found + len(text.encode())
        return self.shown[before : self._place]

    def end(self) -> int:
        """Read all that is shown until the end, and return the status of the program as a shell has it."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline - time.monotonic()):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return status if status >= 0 else 128 - status

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return False
        try:
            part = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self.shown += part
        return bool(part)
