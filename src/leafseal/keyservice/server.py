"""Answering for the keys of this machine, as sops's `keyservice` does (sops-format §4.8, sops-cli §4.13)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from leafseal.audit.event import Result
from leafseal.errors import LeafsealError, ProviderError, WriteError
from leafseal.keys import PART_SIZES, Ambient, MasterKey
from leafseal.keys.registry import make_key
from leafseal.keyservice import gate, messages
from leafseal.keyservice.client import target_of
from leafseal.keyservice.grpc import load
from leafseal.system import signals
from leafseal.system.directories import is_watched
from leafseal.system.private import private_directory

Approve = Callable[[str, MasterKey], bool]
"""Is asked before a request is answered: `encrypt` or `decrypt`, and the key."""

_WORKERS = 8
_GRACE_SECONDS = 2.0

BOUNDS = {
    "grpc.server_handshake_timeout_ms": 10_000,  # for who connects and says nothing
    "grpc.max_connection_idle_ms": 60_000,
    "grpc.max_connection_age_ms": 120_000,  # and for who begins a request and does not end it: a worker waits for him
    "grpc.max_connection_age_grace_ms": 60_000,
    "grpc.max_concurrent_streams": 16,
    "grpc.max_receive_message_length": 1 << 20,
    "grpc.max_metadata_size": 1 << 14,
}
"""How long a client may be idle or slow. Those of sops and ours connect again when they are asked the next time."""

MAX_REQUESTS = 64  # waiting or in progress; who comes then is told to come again


class Refused(Exception):
    """A request that is not answered: the name of gRPC's status, and why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class KeyServer:
    """Answers requests with the providers of this process. Raises `Refused` for those it does not answer."""

    ambient: Ambient
    approve: Approve | None = None
    log: Callable[[str], None] | None = None

    def encrypt(self, message: bytes) -> bytes:
        """Wrap what an `EncryptRequest` holds, which must be a data key or a share of one."""
        request, key = self._read("encrypt", message)
        if len(request.data) not in PART_SIZES:
            raise Refused("INVALID_ARGUMENT", "only a data key, or a share of one, is encrypted")
        return self._answer("encrypt", key, lambda: key.wrap(request.data, self.ambient))

    def decrypt(self, message: bytes) -> bytes:
        """Unwrap what a `DecryptRequest` holds."""
        request, key = self._read("decrypt", message)
        return self._answer("decrypt", key, lambda: key.unwrap(request.data, self.ambient))

    def _read(self, verb: str, message: bytes) -> tuple[messages.Request, MasterKey]:
        try:
            request = messages.read_request(message)
            if not request.kind:
                raise Refused("NOT_FOUND", "Must provide a key")
            return request, make_key(request.kind, request.fields)
        except (messages.MessageError, LeafsealError) as error:
            raise Refused("INVALID_ARGUMENT", f"{verb}: {error}") from None

    def _answer(self, verb: str, key: MasterKey, work: Callable[[], bytes]) -> bytes:
        if self.approve is not None and not self.approve(verb, key):
            self._report(verb, key, "denied", None)
            raise Refused("PERMISSION_DENIED", "Request rejected by user")
        self._refuse_without_reason(verb, key)
        try:
            data = work()
        except ProviderError as error:
            self._note(f"{verb} with {key.kind} {key}: {error.message}")
            self._report(verb, key, "error", error)
            raise Refused("UNKNOWN", error.message) from None
        self._report(verb, key, "allowed", None)
        self._note(f"{verb} with {key.kind} {key}: done")
        return messages.write_response(data)

    def _refuse_without_reason(self, verb: str, key: MasterKey) -> None:
        if not is_watched(self.ambient.environ, self.ambient.home_text):
            return
        from leafseal.audit.access import check_request  # most people have no audit log

        try:
            check_request(verb, self.ambient)
        except LeafsealError as error:
            self._note(str(error))
            self._report(verb, key, "denied", error)
            raise Refused(
                "PERMISSION_DENIED", "the policy of the key service asks for a reason: set LEAFSEAL_REASON there"
            ) from None

    def _report(self, verb: str, key: MasterKey, result: Result, error: LeafsealError | None) -> None:
        """Tell the audit logs of this machine, before the answer is given.

        Raises `Refused` where they take nothing, and a data key would be given.
        """
        if not is_watched(self.ambient.environ, self.ambient.home_text):
            return
        from leafseal.audit.access import report_request  # most people have no audit log

        try:
            report_request(verb, key, result, error, self.ambient)
        except LeafsealError as fault:
            self._note(str(fault))
            if result == "allowed":
                raise Refused("UNAVAILABLE", "the audit log of the key service cannot be written") from None

    def _note(self, text: str) -> None:
        if self.log is not None:
            self.log(text)


@contextmanager
def serving(address: str, key_server: KeyServer) -> Iterator[str]:
    """Answer at an address until the block is left; yield the address, with the port that port 0 became.

    A Unix socket is the user's alone: 0600, and whoever connects must be the same user or root. Nothing protects a TCP
    port. Raises `WriteError` where the address cannot be had.
    """
    grpc = load()
    options = [("grpc.so_reuseport", 0), *BOUNDS.items()]
    server = grpc.server(_pool(), options=options, maximum_concurrent_rpcs=MAX_REQUESTS)
    server.add_generic_rpc_handlers((_handlers(grpc, key_server),))
    try:
        if not address.startswith("unix:"):
            yield _listen(server, address)
            return
        with private_directory() as folder:
            inner = f"{folder}/answers"
            _listen(server, f"unix://{inner}")
            with gate.open_at(target_of(address).removeprefix("unix:"), inner):
                yield address
    finally:
        server.stop(_GRACE_SECONDS).wait()


def _pool() -> Any:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(_WORKERS)


def _listen(server: Any, address: str) -> str:
    target = target_of(address).removeprefix("dns:///")
    try:
        port = server.add_insecure_port(target)
    except RuntimeError:
        port = 0
    if not port and not target.startswith("unix:"):
        raise WriteError(f"cannot listen at {address}", hint="use an address of this machine, and a free port")
    server.start()
    return address if target.startswith("unix:") else f"tcp://{target.rpartition(':')[0]}:{port}"


def _handlers(grpc: Any, key_server: KeyServer) -> Any:
    def method(answer: Callable[[bytes], bytes]) -> Any:
        def handle(message: bytes, context: Any) -> bytes:
            try:
                return answer(message)
            except Refused as refused:
                context.abort(getattr(grpc.StatusCode, refused.status), refused.reason)
                raise

        return grpc.unary_unary_rpc_method_handler(handle)

    methods = {"Encrypt": method(key_server.encrypt), "Decrypt": method(key_server.decrypt)}
    return grpc.method_handlers_generic_handler("KeyService", methods)


def is_beyond_loopback(address: str) -> bool:
    """Tell whether an address may be reached from other machines. Raises `UsageError` where it is none."""
    target = target_of(address)
    if target.startswith("unix:"):
        return False
    host = target.removeprefix("dns:///").rpartition(":")[0].strip("[]")
    if host == "localhost":
        return False
    import ipaddress  # hardly anybody listens at a port

    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which may lead anywhere
        return True


def answer_until_ended(address: str, key_server: KeyServer, started: Callable[[str], None]) -> None:
    """Answer at an address until SIGINT or SIGTERM comes, which is how it is meant to end."""
    with suppress(KeyboardInterrupt, signals.Ended), serving(address, key_server) as real:
        started(real)
        threading.Event().wait()
