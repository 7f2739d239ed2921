"""One datagram to a Unix socket: all of it, or an error, and never longer than it may take."""

from __future__ import annotations

import array
import errno
import os
import socket

SECONDS = 2.0
"""How long a reader may take that has fallen behind."""


def send(path: str, data: bytes, *, as_file: bool = False) -> None:
    """Send a datagram. With `as_file` one that is too long goes as a sealed file in memory. Raises `OSError`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(SECONDS)
        sender.connect(path)
        try:
            sender.send(data)
        except OSError as error:
            if not as_file or error.errno not in (errno.EMSGSIZE, errno.ENOBUFS) or not hasattr(os, "memfd_create"):
                raise
            _send_file(sender, data)


def _send_file(sender: socket.socket, data: bytes) -> None:
    import fcntl

    descriptor = os.memfd_create("leafseal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        sender.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]).tobytes())])
    finally:
        os.close(descriptor)
