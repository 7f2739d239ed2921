"""A Unix socket that lets only its own user in, before the server that answers.

gRPC does not tell a server in Python who is at the other end of a Unix socket. So the socket that has a name is ours:
it looks at each caller's user, and passes what is said on to a socket in a folder that nobody else can enter.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leafseal.errors import RefusedError, WriteError, system_text

_LONGEST = 100  # bytes of a path: systems have room for 103 to 107
_PIECE = 1 << 16
MAX_CALLERS = 64  # at the same time; how long each may take is up to the server behind


@contextmanager
def open_at(path: str, inner: str) -> Iterator[None]:
    """Listen at `path` and connect those who may enter with `inner`. Raises `WriteError` or `RefusedError`."""
    listener = _listen(path)
    over = threading.Event()
    thread = threading.Thread(target=_let_in, args=(listener, inner, over), name="leafseal-gate", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with suppress(OSError):
            os.unlink(path)


def _listen(path: str) -> socket.socket:
    if len(os.fsencode(path)) > _LONGEST:
        raise WriteError(f"the path of a socket must be shorter than {_LONGEST} bytes", file=path)
    _make_room(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError as error:
        listener.close()
        raise WriteError(f"cannot listen: {system_text(error)}", file=path) from error
    finally:
        os.umask(before)
    listener.listen(64)
    return listener


def _make_room(path: str) -> None:
    """Remove a socket that a killed process left; refuse where something else is, or somebody listens."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise RefusedError("is there already, and no socket", hint="choose another path", file=path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        code = probe.connect_ex(path)
    if code != errno.ECONNREFUSED:
        raise RefusedError("somebody listens there already", hint="choose another path", file=path)
    os.unlink(path)


def _let_in(listener: socket.socket, inner: str, over: threading.Event) -> None:
    places = threading.Semaphore(MAX_CALLERS)
    while not over.is_set():
        try:
            caller, _ = listener.accept()
        except OSError:
            return
        if not (_may_enter(caller) and places.acquire(blocking=False)):
            caller.close()
            continue
        threading.Thread(target=_serve, args=(caller, inner, places), name="leafseal-caller", daemon=True).start()


def _serve(caller: socket.socket, inner: str, places: threading.Semaphore) -> None:
    try:
        _pass_on(caller, inner)
    finally:
        places.release()


def _may_enter(caller: socket.socket) -> bool:
    user = peer_of(caller)
    return user is None or user in (0, os.geteuid())


def peer_of(caller: socket.socket) -> int | None:
    """Return the user at the other end; None where the system does not tell, and the socket's mode has to do."""
    if hasattr(socket, "SO_PEERCRED"):
        _, user, _ = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(user)
    if hasattr(socket, "LOCAL_PEERCRED"):  # macOS and the BSDs: struct xucred, a version and then the user
        _, user = struct.unpack("2I", caller.getsockopt(0, socket.LOCAL_PEERCRED, 76)[:8])
        return int(user)
    return None


def _pass_on(caller: socket.socket, inner: str) -> None:
    with caller, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as answerer:
        try:
            answerer.connect(inner)
        except OSError:
            return
        back = threading.Thread(target=_copy, args=(answerer, caller), daemon=True)
        back.start()
        _copy(caller, answerer)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
