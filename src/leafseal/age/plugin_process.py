"""A conversation with a plugin: stanzas through its standard streams, within bounds of time and size.

Only the time counts in which the plugin is waited for, not that in which the user is asked.

Both streams have a thread of their own, so that a plugin that neither reads nor writes holds up nobody. The plugin runs
in a session of its own and in the root folder, and whatever is left of it is killed at the end.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import IO

from leafseal.age.errors import HeaderError, PluginError
from leafseal.age.header import Stanza, from_base64, to_base64
from leafseal.system import signals

OUTPUT_LIMIT = 2**20
"""How many bytes a plugin may write in one conversation."""

_CHUNK_BYTES = 64 * 2**10
_COLUMNS = 64
_COMMAND = re.compile(r"->((?: [!-~]+)+)")
_GRACE_SECONDS = 2.0  # for a plugin to end by itself
_REPORT_SECONDS = 5.0  # after which the user is told what is being waited for


class Conversation:
    """A running plugin; a context manager. `waiting` is called once when the plugin takes long to answer.

    Raises `PluginError` where the plugin does not start, does not answer in time, or writes what is no stanza.
    """

    def __init__(
        self,
        program: str,
        machine: str,
        environ: Mapping[str, str],
        seconds: float,
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        self._seconds = self._left = seconds
        self._waiting = waiting
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._incoming: SimpleQueue[bytes | None] = SimpleQueue()
        self._pending = b""
        self._process = _start([program, f"--age-plugin={machine}"], environ)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._threads = [
            threading.Thread(target=_write, args=(self._process.stdin, self._outgoing), daemon=True),
            threading.Thread(target=_read, args=(self._process.stdout, self._incoming), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._outgoing.put(None)
        if kind is None:
            self._wait_for_end()
        self._kill()
        for thread in self._threads:
            thread.join(_GRACE_SECONDS)

    def send(self, command: Stanza) -> None:
        """Send a stanza; a plugin that does not take it is noticed when its answer is waited for."""
        text = to_base64(command.body)
        lines = [" ".join(("->", command.type, *command.args))]
        lines += [text[start : start + _COLUMNS] for start in range(0, len(text) + 1, _COLUMNS)]
        self._outgoing.put("".join(f"{line}\n" for line in lines).encode("ascii"))

    def receive(self) -> Stanza:
        """Return the next stanza of the plugin."""
        match = _COMMAND.fullmatch(self._line())
        if match is None:
            raise PluginError("it does not keep to the protocol of age plugins")
        name, *args = match[1][1:].split(" ")
        body = ""
        while True:
            line = self._line()
            body += line
            if len(line) < _COLUMNS:
                break
            if len(line) > _COLUMNS:
                raise PluginError("it does not keep to the protocol of age plugins")
        try:
            return Stanza(name, tuple(args), from_base64(body))
        except HeaderError:
            raise PluginError("it does not keep to the protocol of age plugins") from None

    def _line(self) -> str:
        while b"\n" not in self._pending:
            self._pending += self._chunk()
        line, _, self._pending = self._pending.partition(b"\n")
        try:
            return line.decode("ascii")
        except UnicodeDecodeError:
            raise PluginError("it does not keep to the protocol of age plugins") from None

    def _chunk(self) -> bytes:
        chunk = self._next_chunk()
        if chunk is None:
            raise PluginError(f"it writes more than {OUTPUT_LIMIT // 2**20} MiB")
        if not chunk:
            raise PluginError("it ended before it was done", is_final=False)
        return chunk

    def _next_chunk(self) -> bytes | None:
        start = monotonic()
        try:
            try:
                return self._incoming.get(timeout=min(self._left, _REPORT_SECONDS))
            except Empty:
                if self._left > _REPORT_SECONDS:
                    self._report()
                return self._incoming.get(timeout=max(0.0, self._left - (monotonic() - start)))
        except Empty:
            raise PluginError(f"no answer within {self._seconds:g} seconds") from None
        finally:
            self._left = max(0.0, self._left - (monotonic() - start))

    def _report(self) -> None:
        waiting, self._waiting = self._waiting, lambda: None
        waiting()

    def _wait_for_end(self) -> None:
        """Wait until the plugin has closed its output; what it still writes is of no interest."""
        deadline = monotonic() + _GRACE_SECONDS
        with suppress(Empty):
            while self._incoming.get(timeout=max(0.0, deadline - monotonic())):
                pass

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)  # it leads its group, and is not reaped yet
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)


def _start(argv: list[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    if signals.are_children_ignored():
        raise PluginError("this process ignores SIGCHLD, so it would not notice a failure")
    try:
        return subprocess.Popen(
            argv,
            env=environ,
            cwd=os.path.abspath(os.sep),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be started"
        raise PluginError(reason.lower()) from None


def _write(stream: IO[bytes], queue: SimpleQueue[bytes | None]) -> None:
    with suppress(OSError), stream:
        while (data := queue.get()) is not None:
            while data:
                data = data[stream.write(data) :]


def _read(stream: IO[bytes], queue: SimpleQueue[bytes | None]) -> None:
    """Pass on what the plugin writes; an empty chunk at the end, None where it is too much."""
    with suppress(OSError), stream:
        left = OUTPUT_LIMIT
        while chunk := stream.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                queue.put(None)
                return
            queue.put(chunk)
    queue.put(b"")
