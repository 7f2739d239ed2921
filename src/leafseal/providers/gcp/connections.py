"""Connections to Google Cloud KMS, over gRPC or REST; one does for all keys and threads of a run.

`SOPS_GCP_KMS_CLIENT_TYPE` is `grpc`, which is the default, or `rest`. `SOPS_GCP_KMS_ENDPOINT` leads to another
endpoint, `SOPS_GCP_KMS_UNIVERSE_DOMAIN` (or `GOOGLE_CLOUD_UNIVERSE_DOMAIN`) to that of another cloud of this kind.

Tokens are put into requests here, since the libraries would also look things up in the background; and REST is spoken
here, since Google's own client for it follows redirects.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request

from leafseal.errors import ProviderError, ProviderMissingError
from leafseal.keys import Ambient
from leafseal.keyservice import grpc
from leafseal.providers import network
from leafseal.providers.gcp import credentials
from leafseal.providers.gcp.errors import BUSY, failure_error, refusal_error
from leafseal.providers.gcp.messages import Answer, Asked, Refusal
from leafseal.providers.http_sessions import AmbientSession
from leafseal.system import libraries

_AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")
_LOOPBACK = re.compile(r"localhost|::1|127(\.[0-9]{1,3}){3}")


class Client(Protocol):
    """Someone who asks the service."""

    def ask(self, asked: Asked, headers: Mapping[str, str]) -> Answer | Refusal:
        """Send one request, with these headers, and return what came of it."""
        ...


class Connection:
    """The credentials of a run, and the client that uses them."""

    def __init__(self, ambient: Ambient, deadlines: network.Deadlines) -> None:
        self._ambient = ambient
        self._session = AmbientSession(ambient, deadlines)
        self._request = Request(self._session)
        self._found: credentials.Found | None = None
        self._client: Client | None = None
        self._deadlines = deadlines
        self._lock = threading.Lock()

    @property
    def source(self) -> str | None:
        """Where the credentials came from; None as long as none were found."""
        return None if self._found is None else self._found.source

    def ask(self, asked: Asked) -> Answer | Refusal:
        """Send a request, again after a pause where the service is busy. Raises what google-auth and requests raise."""
        with self._lock:
            if self._client is None:
                self._client = _client(self._ambient, self._session, self._deadlines)
            client, headers = self._client, self._headers()
        return network.retry_while(lambda: client.ask(asked, headers), _is_busy, self._deadlines.total)

    def _headers(self) -> dict[str, str]:
        if self._found is None:
            self._found = credentials.find(self._ambient, self._request)
        own = self._found.credentials
        if not own.valid:
            own.refresh(self._request)
        headers: dict[str, str] = {}
        own.apply(headers)
        return headers


def _is_busy(outcome: Answer | Refusal) -> bool:
    return isinstance(outcome, Refusal) and outcome.status in BUSY


def ask(operation: str, key: str, data: bytes, checksum: int, ambient: Ambient) -> Answer:
    """Have the service encrypt or decrypt with a key. Raises `ProviderError`, in bounded time."""
    limits = network.deadlines(ambient)
    connection = ambient.once(Connection, lambda: Connection(ambient, limits))
    asked = Asked(operation, key, data, checksum)
    try:
        outcome = network.with_deadline(limits.total, lambda: connection.ask(asked))
    except TimeoutError:
        raise ProviderError.of(key, f"no answer within {limits.total:g} seconds", connection.source) from None
    except (ProviderError, GoogleAuthError, OSError, ValueError) as error:  # those of requests are OSErrors
        raise failure_error(error, key, connection.source) from None  # what was caught may hold a request
    if isinstance(outcome, Refusal):
        raise refusal_error(outcome, operation, key, connection.source, data if operation == "encrypt" else None)
    return outcome


# -- where ----------------------------------------------------------------------------------------------------------


class Endpoint(NamedTuple):
    """Where the service is: a scheme, and a host with a port."""

    scheme: str
    authority: str

    @property
    def host(self) -> str:
        """The host alone."""
        return str(urlsplit(f"//{self.authority}").hostname)


def endpoint_of(environ: Mapping[str, str]) -> Endpoint:
    """Return the endpoint that the environment names, else Google's own. Raises `ProviderError`.

    The way there is always encrypted, but on this machine REST may go without.
    """
    named = environ.get("SOPS_GCP_KMS_ENDPOINT", "").strip()
    domain = environ.get("SOPS_GCP_KMS_UNIVERSE_DOMAIN") or environ.get("GOOGLE_CLOUD_UNIVERSE_DOMAIN")
    scheme, mark, rest = (named or f"cloudkms.{domain or 'googleapis.com'}").partition("://")
    if not mark:
        scheme, rest = "https", scheme
    authority = rest.rstrip("/")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or scheme not in ("http", "https"):
        variable = "SOPS_GCP_KMS_ENDPOINT" if named else "SOPS_GCP_KMS_UNIVERSE_DOMAIN"
        raise ProviderError(f"{variable} does not name a host", hint="write it as host or host:port")
    if match[2] is None:
        authority += ":80" if scheme == "http" else ":443"
    found = Endpoint(scheme, authority)
    if scheme == "http" and not _LOOPBACK.fullmatch(found.host):
        raise ProviderError("SOPS_GCP_KMS_ENDPOINT: data keys do not travel without TLS", hint="write it with https://")
    return found


def _client(ambient: Ambient, session: AmbientSession, deadlines: network.Deadlines) -> Client:
    environ = ambient.environ
    endpoint = endpoint_of(environ)
    if environ.get("SOPS_GCP_KMS_CLIENT_TYPE", "").lower() == "rest":
        from leafseal.providers.gcp.rest import RestClient

        return RestClient(session, f"{endpoint.scheme}://{endpoint.authority}")
    if endpoint.scheme == "http":
        raise ProviderError("gRPC goes by TLS alone", hint="set SOPS_GCP_KMS_CLIENT_TYPE=rest for an http:// endpoint")
    try:
        grpc.load()  # before Google's client does, so that it is quiet
    except ProviderMissingError:
        raise ImportError from None  # like any other library of Google's client
    with libraries.quiet_imports():
        from leafseal.providers.gcp.grpc import GrpcClient
    return GrpcClient(ambient, endpoint.authority, deadlines)
