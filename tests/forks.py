"""The program, forked from a process that has loaded its modules: a process of its own, for a fifth of a start.

What a command line does is the same: it has its own arguments, folder, environment, session and streams, and ends as
it ends. Only Python's start is not repeated, so what is about that start begins the program itself.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

_LOADED = (
    "leafseal.sops",
    "leafseal.operations",
    "leafseal.formats",
    "leafseal.config",
    "leafseal.age",
    "leafseal.providers.age",
)
_PIPE = 65_536  # bytes that a pipe takes without a reader


class Forks:
    """Where the program is forked, one after the other."""

    def __init__(self) -> None:
        """Start the process that loads it."""
        self._server, theirs = socket.socketpair()
        line = [sys.executable, "-P", __file__, str(theirs.fileno())]
        environ = {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(
            line, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environ, cwd="/", start_new_session=True
        )
        theirs.close()

    def close(self) -> None:
        """End that process."""
        self._server.close()
        self._process.wait()

    def run(
        self, words: Sequence[str], *, folder: Path, environ: Mapping[str, str], stdin: bytes | None, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the program under the name `words[0]`, without a terminal; it reads nothing where `stdin` is None.

        Raises `TimeoutError` when it, or what holds its output open, has not ended after `seconds`.
        """
        assert stdin is None or len(stdin) <= _PIPE
        given, out, err = os.pipe(), os.pipe(), os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.write(given[1], stdin or b"")
        os.close(given[1])
        asked = {"words": list(words), "folder": str(folder), "environ": dict(environ)}
        socket.send_fds(self._server, [b"\n"], [nothing if stdin is None else given[0], out[1], err[1]])
        self._server.sendall(json.dumps(asked).encode() + b"\n")
        for number in (nothing, given[0], out[1], err[1]):
            os.close(number)
        texts = _read((out[0], err[0]), seconds)
        return subprocess.CompletedProcess(list(words), int(_line(self._server)), *texts)


def _read(pipes: Sequence[int], seconds: float) -> list[bytes]:
    """Read pipes to their ends."""
    texts = dict.fromkeys(pipes, b"")
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        for number in pipes:
            ready.register(number, selectors.EVENT_READ)
        while ready.get_map():
            found = ready.select(end - time.monotonic())
            if not found:
                raise TimeoutError(f"it runs after {seconds} seconds")
            for key, _ in found:
                part = os.read(key.fd, _PIPE)
                texts[key.fd] += part
                if not part:
                    ready.unregister(key.fd)
                    os.close(key.fd)
    return list(texts.values())


def _line(connection: socket.socket) -> bytes:
    text = b""
    while not text.endswith(b"\n"):
        part = connection.recv(_PIPE)
        if not part:
            raise EOFError
        text += part
    return text


def _serve(connection: socket.socket) -> None:
    """Fork for whatever is asked, one after the other."""
    for package in _LOADED:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            importlib.import_module(found.name)
    gc.freeze()  # else the first collection in each child copies all there is
    while True:
        start, streams, *_ = socket.recv_fds(connection, 1, 3)
        if not start:
            return
        asked = json.loads(_line(connection))
        pid = os.fork()
        if pid == 0:
            _become(asked, streams, connection)
        for number in streams:
            os.close(number)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection.sendall(b"%d\n" % code)


def _become(asked: Mapping[str, Any], streams: Sequence[int], connection: socket.socket) -> NoReturn:
    """Be what was asked for, in a session of its own."""
    connection.close()
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    sys.argv = asked["words"]
    from leafseal.__main__ import main

    code: object = 1
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
