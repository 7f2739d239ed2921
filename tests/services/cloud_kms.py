"""Cloud KMS of Google: Encrypt and Decrypt over gRPC with Google's own messages, and over REST as a `Recorder`'s.

Checksums are verified and returned as the real service does it, ciphertexts are AES-GCM under keys of this process.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Self

import grpc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.cloud.kms_v1.types import service as messages

from .recorder import Reaction, Request, json_answer

_SERVICE = "google.cloud.kms.v1.KeyManagementService"
_HTTP = {"NOT_FOUND": 404, "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "PERMISSION_DENIED": 403,
         "UNAUTHENTICATED": 401, "RESOURCE_EXHAUSTED": 429, "INTERNAL": 500, "UNIMPLEMENTED": 501,
         "UNAVAILABLE": 503}  # fmt: skip
TOKEN = "ya29.a-canary-that-no-message-shows"


def checksum(data: bytes) -> int:
    """Return the CRC32C of data, by the table that everybody else uses."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _entry(number: int) -> int:
    for _ in range(8):
        number = (number >> 1) ^ (0x82F63B78 * (number & 1))
    return number


_TABLE = [_entry(number) for number in range(256)]


class Status(Exception):
    """A status of gRPC and its text."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(words)
        self.code, self.words = code, words


class Call(NamedTuple):
    """A request that arrived: `Encrypt` or `Decrypt`, its message, and the headers it came with."""

    operation: str
    message: Any
    headers: dict[str, str]


Act = Callable[[Call, Callable[[], Any]], Any]
"""Does something else than the service would; the second argument asks the service itself."""


class CloudKMS:
    """The service. `will` says what becomes of the next requests: a status, an answer, or something to be done."""

    def __init__(self) -> None:
        self.keys: dict[str, list[bytes]] = {}
        self.tokens: dict[str, set[str]] = {TOKEN: {"Encrypt", "Decrypt"}}
        self.verbs_of: Callable[[str], set[str] | None] = self.tokens.get
        self.disabled: set[str] = set()
        self.requests: list[Call] = []
        self._next: deque[Status | Act] = deque()

    def create(self, name: str) -> str:
        """Make a key, or a new version of it, and return its name."""
        self.keys.setdefault(name, []).append(os.urandom(32))
        return name

    def will(self, *acts: Status | Act) -> None:
        """Treat the next requests so, one after another."""
        self._next.extend(acts)

    def answer(self, call: Call) -> Any:
        """Answer a request. Raises `Status`."""
        self.requests.append(call)
        act = self._next.popleft() if self._next else None
        if isinstance(act, Status):
            raise act
        return act(call, lambda: self._served(call)) if act else self._served(call)

    def _served(self, call: Call) -> Any:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        verbs = self.verbs_of(token)
        if kind != "Bearer" or verbs is None:
            raise Status("UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if call.operation not in verbs:
            needed = f"cloudkms.cryptoKeyVersions.useTo{call.operation}"
            words = f"Permission '{needed}' denied on resource '{call.message.name}' (or it may not exist)."
            raise Status("PERMISSION_DENIED", words)
        name = call.message.name.partition("/cryptoKeyVersions/")[0]
        if name not in self.keys:
            raise Status("NOT_FOUND", f"CryptoKey {name} not found.")
        if name in self.disabled:
            words = f"{name}/cryptoKeyVersions/1 is not enabled, current state is: DISABLED."
            raise Status("FAILED_PRECONDITION", words)
        return (self._encrypt if call.operation == "Encrypt" else self._decrypt)(name, call.message)

    def _encrypt(self, name: str, request: Any) -> Any:
        told = request.plaintext_crc32c
        if told is not None and told != checksum(request.plaintext):
            raise Status("INVALID_ARGUMENT", "The checksum in field plaintext_crc32c did not match.")
        version, nonce = len(self.keys[name]), os.urandom(12)
        sealed = AESGCM(self.keys[name][-1]).encrypt(nonce, request.plaintext, self._bound(name, request))
        blob = bytes([10, version]) + nonce + sealed
        return messages.EncryptResponse(
            name=f"{name}/cryptoKeyVersions/{version}",
            ciphertext=blob,
            ciphertext_crc32c=checksum(blob),
            verified_plaintext_crc32c=told is not None,
        )

    def _decrypt(self, name: str, request: Any) -> Any:
        told, blob = request.ciphertext_crc32c, request.ciphertext
        if told is not None and told != checksum(blob):
            raise Status("INVALID_ARGUMENT", "The checksum in field ciphertext_crc32c did not match.")
        try:
            key = self.keys[name][blob[1] - 1]
            plain = AESGCM(key).decrypt(blob[2:14], blob[14:], self._bound(name, request))
        except (InvalidTag, IndexError, ValueError):
            raise Status("INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid.") from None
        return messages.DecryptResponse(
            plaintext=plain, plaintext_crc32c=checksum(plain), used_primary=blob[1] == len(self.keys[name])
        )

    def _bound(self, name: str, request: Any) -> bytes:
        return name.encode() + bytes(request.additional_authenticated_data)

    # -- REST

    def __call__(self, request: Request) -> Reaction:
        """Answer a request that came over HTTP."""
        name, _, verb = request.path.partition("?")[0].removeprefix("/v1/").rpartition(":")
        kind = {"encrypt": messages.EncryptRequest, "decrypt": messages.DecryptRequest}.get(verb)
        if kind is None or request.method != "POST":
            return json_answer({"error": {"code": 404, "status": "NOT_FOUND", "message": "no such method"}}, 404)
        message = kind.from_json(json.dumps({**request.json(), "name": name}))
        try:
            found = self.answer(Call(verb.capitalize(), message, request.headers))
        except Status as status:
            code = _HTTP[status.code]
            error = {"code": code, "status": status.code, "message": status.words}
            return json_answer({"error": error}, code)
        return json_answer(json.loads(type(found).to_json(found, use_integers_for_enums=False)))


class Server(grpc.GenericRpcHandler):  # type: ignore[misc,unused-ignore]
    """The service over gRPC and TLS; it runs while it is used as a context manager."""

    def __init__(self, kms: CloudKMS, certificate: tuple[bytes, bytes]) -> None:
        self._kms = kms
        self._server = grpc.server(ThreadPoolExecutor(8))
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([certificate]))

    def service(self, details: Any) -> Any:
        """Return what answers a method."""
        operation = details.method.rpartition("/")[2]
        if details.method != f"/{_SERVICE}/{operation}" or operation not in ("Encrypt", "Decrypt"):
            return None
        request = getattr(messages, f"{operation}Request")
        response = getattr(messages, f"{operation}Response")

        def answer(message: Any, context: Any) -> Any:
            headers = {name: str(text) for name, text in context.invocation_metadata()}
            try:
                return self._kms.answer(Call(operation, message, headers))
            except Status as status:
                context.abort(grpc.StatusCode[status.code], status.words)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request.deserialize,
            response_serializer=lambda found: found if isinstance(found, bytes) else response.serialize(found),
        )

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()


def held(over: threading.Event) -> Act:
    """Return an act that answers when all is over."""

    def act(_: Call, served: Callable[[], Any]) -> Any:
        over.wait(120)
        return served()

    return act


def changed(**fields: object) -> Act:
    """Return an act that answers well, but for some fields."""

    def act(_: Call, served: Callable[[], Any]) -> Any:
        found = served()
        for name, value in fields.items():
            setattr(found, name, value)
        return found

    return act
