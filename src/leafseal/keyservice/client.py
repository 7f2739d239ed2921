"""Asking a key service elsewhere: `tcp://host:port` or `unix:///path` (sops-format §4.8)."""

from __future__ import annotations

import atexit
import re
import threading
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any

from leafseal.display import visible
from leafseal.errors import ProviderError, UsageError
from leafseal.keys import MasterKey
from leafseal.keyservice import messages
from leafseal.keyservice.grpc import load

if TYPE_CHECKING:
    import grpc

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0


@dataclass(slots=True)
class RemoteService:
    """A key service at an address. It is connected to when it is first asked.

    Nothing protects the connection or names the one who answers: use a Unix socket, a tunnel, or a network that is
    yours. What travels are parts of data keys.
    """

    address: str
    connect_seconds: float = CONNECT_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    _channel: grpc.Channel | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        target_of(self.address)

    def __str__(self) -> str:
        return self.address

    def wrap(self, key: MasterKey, part: bytes) -> bytes:
        """Return the on-disk `enc` text for a part. Raises `ProviderError`."""
        return self._ask("Encrypt", key, part)

    def unwrap(self, key: MasterKey, wrapped: bytes) -> bytes:
        """Return the part that an `enc` text holds. Raises `ProviderError`."""
        return self._ask("Decrypt", key, wrapped)

    def close(self) -> None:
        """Hang up."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _ask(self, method: str, key: MasterKey, data: bytes) -> bytes:
        if not messages.is_known(key.kind):
            raise self._error(f"keys of kind {key.kind} are not in the protocol", key)
        grpc = load()
        with self._lock:  # several keys are asked for at a time
            channel = self._channel = self._channel or self._connect(grpc)
        call = channel.unary_unary(f"/KeyService/{method}", request_serializer=None, response_deserializer=None)
        try:
            answer = call(messages.write_request(key, data), timeout=self.answer_seconds)
            return messages.read_response(answer)
        except messages.MessageError as error:
            raise self._error(str(error), key) from None
        except grpc.RpcError as error:
            raise self._error(_reason(grpc, error, self.answer_seconds), key) from error

    def _connect(self, grpc: Any) -> grpc.Channel:
        target = target_of(self.address)
        options: list[tuple[str, object]] = [
            ("grpc.enable_http_proxy", 0),
            ("grpc.max_receive_message_length", 1 << 20),
            ("grpc.max_metadata_size", 1 << 14),
        ]
        if target.startswith("unix:"):
            # The path itself, which would be sent otherwise, is no host name, and strict servers refuse it.
            options.append(("grpc.default_authority", "localhost"))
        channel: grpc.Channel = grpc.insecure_channel(target, options=options)
        state = self._first_outcome(grpc.ChannelConnectivity, channel)
        if state is grpc.ChannelConnectivity.READY:
            atexit.register(channel.close)  # later, closing would wait for a thread that is gone
            return channel
        channel.close()
        within = f" within {self.connect_seconds:g} seconds" if state is None else ""
        raise ProviderError(
            f"{self}: nobody answers{within}",
            source=str(self),
            hint="check that the key service is running, and its address",
        )

    def _first_outcome(self, states: Any, channel: grpc.Channel) -> object:
        """Return how the first try to connect ended, None where it did not end in time.

        gRPC would go on trying; but what is not there now is no key service.
        """
        told: SimpleQueue[object] = SimpleQueue()
        note = told.put
        channel.subscribe(note, try_to_connect=True)
        deadline = monotonic() + self.connect_seconds
        try:
            while True:
                state = told.get(timeout=max(0.0, deadline - monotonic()))
                if state in (states.READY, states.TRANSIENT_FAILURE):
                    return state
        except Empty:
            return None
        finally:
            channel.unsubscribe(note)

    def _error(self, reason: str, key: MasterKey) -> ProviderError:
        return ProviderError(f"{self}: {reason}", master_key=str(key), source=str(self))


def target_of(address: str) -> str:
    """Return an address as gRPC writes it. Raises `UsageError`."""
    if match := re.fullmatch(r"unix://(/.+)", address):
        return f"unix:{match[1]}"
    if match := re.fullmatch(r"tcp://([^/\s]+:[0-9]{1,5})/?", address):
        return f"dns:///{match[1]}"
    raise UsageError(
        "what --keyservice or SOPS_KEYSERVICE contains is not the address of a key service",
        hint="write it as tcp://host:port or unix:///path",
    )


def _reason(grpc: Any, error: Any, seconds: float) -> str:
    code = error.code()
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"no answer within {seconds:g} seconds"
    if code == grpc.StatusCode.UNAVAILABLE:
        return "the connection was cut"
    return f"it refused: {visible(error.details() or code.name)[:300]}"
