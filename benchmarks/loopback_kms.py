"""A program: what AWS KMS says, without any of its protection, on the loopback interface and as late as a key tells.

`arn:aws:kms:eu-west-1:123456789012:key/wait-50` is a key of which the service thinks for 50 ms before it unwraps. The
program prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_KEYS = "arn:aws:kms:eu-west-1:123456789012:key/wait-"


def key(milliseconds: int) -> str:
    """Return the ARN of a key that unwraps as late as that."""
    return f"{_KEYS}{milliseconds}"


class LoopbackKMS:
    """The program, while it runs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.environ = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(self._process.stdout.readline())}",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "of nobody",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate("", timeout=10)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: with two, delayed acknowledgements cost 40 ms a request

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        """Answer `Encrypt` and `Decrypt`; a wrapped key is what it wraps, behind bytes that no other has."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"KeyId": asked["KeyId"], "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
        if self.headers["X-Amz-Target"].endswith(".Encrypt"):
            blob = os.urandom(64) + base64.b64decode(asked["Plaintext"])
            answer["CiphertextBlob"] = base64.b64encode(blob).decode()
        else:
            match = re.search(r"wait-([0-9]+)$", asked["KeyId"])
            time.sleep(int(match[1]) / 1000 if match else 0)
            answer["Plaintext"] = base64.b64encode(base64.b64decode(asked["CiphertextBlob"])[64:]).decode()
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that go away."""


if __name__ == "__main__":
    server = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
