"""A proxy on the loopback interface: clients that ask real hosts by name get to services of the test.

with Proxy({"vault.example.org:443": recorder.port}) as proxy:
    environ = {"HTTPS_PROXY": proxy.url}
    …
    assert proxy.asked == ["vault.example.org:443"]
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Self


class Proxy:
    """The proxy. It connects with what is in `routes`, on this machine, and with nothing else."""

    def __init__(self, routes: Mapping[str, int]) -> None:
        self.routes = dict(routes)
        self.asked: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: Proxy


class _Handler(StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        """Connect the client with the one it asks for."""
        method, target, _ = (self.rfile.readline(65536).decode("latin-1") + "   ").split(" ", 2)
        while self.rfile.readline(65536).strip():
            pass
        self.server.proxy.asked.append(target)
        port = self.server.proxy.routes.get(target)
        if method != "CONNECT" or port is None:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as service:
            service.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_copy, args=(service, self.connection), daemon=True)
            back.start()
            _copy(self.connection, service)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
            if hasattr(socket, "TCP_QUICKACK"):  # clients of proxies wait for acknowledgements, which may take 40 ms
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, True)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
