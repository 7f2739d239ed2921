"""An HTTP server on the loopback interface that notes what it is asked, and answers well or badly, as it is told.

with Recorder() as recorder:
    recorder.will(Answer(503), Answer(200, b"{}"))    # the next two requests
    recorder.otherwise = forward("http://…")           # all after them
    …
    assert [request.path for request in recorder.requests] == ["/", "/"]
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit


class Request(NamedTuple):
    """A request as it arrived. Names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A complete answer; `Content-Length` is added."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """No answer at all until the client gives up or the recorder is closed."""


@dataclass(frozen=True)
class Cut:
    """These bytes on the wire, and then the end of the connection: an orderly one, or a reset."""

    sent: bytes = b""
    reset: bool = False


@dataclass(frozen=True)
class Drip:
    """An answer of which one byte comes every so many seconds, headers first."""

    answer: Answer
    seconds: float


Reaction = Answer | Hang | Cut | Drip
Handler = Callable[[Request], Reaction]


def json_answer(content: object, status: int = 200, type_: str = "application/json") -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": type_})


def redirect(to: str, status: int = 307) -> Answer:
    """Return an answer that sends the client elsewhere."""
    return Answer(status, b"", {"Location": to})


def forward(url: str) -> Handler:
    """Return a handler that asks another server, on plain HTTP, and passes its answer on."""
    upstream = urlsplit(url)

    def ask(request: Request) -> Answer:
        connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port, timeout=120)
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        own = ("content-length", "transfer-encoding", "connection")
        return Answer(answer.status, body, {k: v for k, v in answer.getheaders() if k.lower() not in own})

    return ask


class Recorder:
    """The server. It runs while it is used as a context manager; with `tls` it speaks HTTPS.

    A request that nobody foresaw is answered with 418, which no client takes for well or for worth another try.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.otherwise: Handler = lambda _: json_answer({"message": "the test did not foresee this request"}, 418)
        self.closed = threading.Event()
        self.faults: list[BaseException] = []  # of handlers; the first is raised at the end
        self._next: deque[Reaction] = deque()
        self._server = _Server(self, tls)
        self.port = int(self._server.server_address[1])
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"

    def will(self, *reactions: Reaction) -> None:
        """Answer the next requests so, one after another, before `otherwise` is asked."""
        self._next.extend(reactions)

    def react(self, request: Request) -> Reaction:
        """Note a request, and say what is to be done."""
        self.requests.append(request)
        try:
            return self._next.popleft()
        except IndexError:
            return self.otherwise(request)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="recorder", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        if self.faults:
            raise self.faults[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # who comes when it is full tries again a second later, and later still

    def __init__(self, recorder: Recorder, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.recorder = recorder
        if tls is not None:  # the handshake comes with the first read, in the connection's own thread
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away, which is what the tests make them do; keep faults of the tests."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.recorder.faults.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: with two, delayed acknowledgements cost 40 ms a request
    disable_nagle_algorithm = True  # and so would the packets with which TLS begins
    server: _Server

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reaction = self.server.recorder.react(Request(self.command, self.path, headers, body))
        if isinstance(reaction, Answer):
            self.wfile.write(_wire(reaction, head=self.command == "HEAD"))
            return
        self.close_connection = True
        closed = self.server.recorder.closed
        if isinstance(reaction, Hang):
            closed.wait()
        elif isinstance(reaction, Drip):
            for byte in _wire(reaction.answer):
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if closed.wait(reaction.seconds):
                    return
        else:
            self.wfile.write(reaction.sent)
            self.wfile.flush()
            if reaction.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve


def _wire(answer: Answer, *, head: bool = False) -> bytes:
    reason = http.client.responses.get(answer.status, "Whatever")
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in answer.headers.items())]
    lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if head else answer.body)
