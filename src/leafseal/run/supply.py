"""A process beside a program that reads the program's values again, and hands them over when they changed.

It is forked before anything is decrypted, so that no thread of a library is lost; what it waits for, and what it
starts, does not keep the program's parent from passing signals on. It ends with that parent.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NoReturn

from leafseal.document.frozen import NamedTuple
from leafseal.system.descriptors import read_some, write_all
from leafseal.system.signal_queue import end_with_parent

_HEAD = struct.Struct("=Q")  # how many bytes follow
_SECONDS_TO_END = 2.0


class Values(NamedTuple):
    """What a program gets: variables, files by their names, and what is kept out of its output."""

    variables: dict[str, bytes]
    files: dict[str, bytes]
    patterns: frozenset[bytes] = frozenset()


Tell = Callable[[Values], None]
"""Hands values over."""


class Supply:
    """Values from a process of ours that goes on to look for others; a context manager."""

    def __init__(self, serve: Callable[[Tell], int]) -> None:
        """Start the process: `serve` tells values each time that it has some, and returns an exit code otherwise."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        ours, theirs = os.pipe()
        parent = os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries that were loaded before
            self.process = os.fork()
        if self.process == 0:
            os.close(ours)
            _become(serve, theirs, parent)
        os.close(theirs)
        self.descriptor = ours
        """Can be read when there are values, or when none come any more."""

    def __enter__(self) -> Supply:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
        with suppress(ProcessLookupError, ChildProcessError):
            if self._ends(0):
                return
            os.kill(self.process, signal.SIGTERM)
            if not self._ends(_SECONDS_TO_END):
                os.kill(self.process, signal.SIGKILL)
                os.waitpid(self.process, 0)

    def take(self) -> Values | None:
        """Return the next values, which are waited for; None where the process has ended."""
        head = self._read(_HEAD.size)
        data = self._read(_HEAD.unpack(head)[0]) if head else b""
        return _unpacked(data) if data else None

    def exit_code(self) -> int:
        """Return the exit code of the process after its end."""
        with suppress(ChildProcessError):
            code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
            return code if code >= 0 else 128 - code
        return 1

    def _ends(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while os.waitpid(self.process, os.WNOHANG)[0] == 0:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = read_some(self.descriptor, size - len(found))
            if not part:
                return b""
            found += part
        return bytes(found)


def _become(serve: Callable[[Tell], int], theirs: int, parent: int) -> NoReturn:
    """Be the process that reads values, until the parent has ended."""
    code = 1
    try:
        end_with_parent()
        if os.getppid() == parent:
            code = serve(lambda values: write_all(theirs, _packed(values)))
        if sys.stderr is not None:
            sys.stderr.flush()
    except BrokenPipeError:
        pass
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


def _packed(values: Values) -> bytes:
    # Each byte is a character, so that JSON holds it.
    texts = [{name: data.decode("latin-1") for name, data in one.items()} for one in (values.variables, values.files)]
    data = json.dumps([*texts, [one.decode("latin-1") for one in values.patterns]]).encode()
    return _HEAD.pack(len(data)) + data


def _unpacked(data: bytes) -> Values:
    variables, files, patterns = json.loads(data)
    return Values(
        {name: text.encode("latin-1") for name, text in variables.items()},
        {name: text.encode("latin-1") for name, text in files.items()},
        frozenset(text.encode("latin-1") for text in patterns),
    )
