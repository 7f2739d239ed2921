"""Google Cloud KMS over gRPC, by Google's own client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.kms_v1.services.key_management_service import KeyManagementServiceClient, transports

from leafseal.errors import ProviderError, system_text
from leafseal.keys import Ambient
from leafseal.providers import network
from leafseal.providers.gcp.messages import Answer, Asked, Refusal
from leafseal.providers.http_sessions import ca_bundle

_SENT = {"encrypt": "plaintext", "decrypt": "ciphertext"}


class GrpcClient:
    """A client of the service at an authority, such as cloudkms.googleapis.com:443.

    Whose certificates are trusted is said by `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH`, else as for REST.
    """

    def __init__(self, ambient: Ambient, authority: str, deadlines: network.Deadlines) -> None:
        trusted = grpc.ssl_channel_credentials(_roots(ambient))
        channel = grpc.secure_channel(authority, trusted, _options(ambient, authority, deadlines))
        transport = transports.KeyManagementServiceGrpcTransport(channel=channel, host=authority)
        self._client = KeyManagementServiceClient(transport=transport)
        self._seconds = deadlines.answer

    def ask(self, asked: Asked, headers: Mapping[str, str]) -> Answer | Refusal:
        """Send one request, and return what came of it."""
        sent = _SENT[asked.operation]
        request = {"name": asked.name, sent: asked.data, f"{sent}_crc32c": asked.checksum}
        call = getattr(self._client, asked.operation)
        try:
            found = call(request, retry=None, timeout=self._seconds, metadata=tuple(headers.items()))
        except GoogleAPICallError as error:
            status = error.grpc_status_code
            return Refusal("UNKNOWN" if status is None else status.name, error.message or "")
        if asked.operation == "encrypt":
            return Answer(found.ciphertext, found.ciphertext_crc32c, found.name, found.verified_plaintext_crc32c)
        return Answer(found.plaintext, found.plaintext_crc32c)


def _roots(ambient: Ambient) -> bytes | None:
    path = ca_bundle(ambient, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ProviderError(f"the certificates in {path} cannot be read: {system_text(error)}") from None


def _options(ambient: Ambient, authority: str, deadlines: network.Deadlines) -> list[tuple[str, Any]]:
    proxy = network.proxy_for(f"https://{authority}", ambient)
    return [
        ("grpc.http_proxy", proxy) if proxy else ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", int(deadlines.connect * 1000)),  # which is what a connection gets
        ("grpc.max_receive_message_length", network.MAX_ANSWER_BYTES),
        ("grpc.max_metadata_size", 1 << 14),
    ]
