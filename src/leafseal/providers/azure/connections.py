"""Requests to a vault, by Microsoft's client: it finds out whose token the vault wants, and gets one.

`AZURE_AUTHORITY_HOST` names who gives tokens; else that follows from the domain of the vault.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, DecodeError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.keyvault.keys import KeyClient

from leafseal import __version__
from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers import network
from leafseal.providers.azure import credentials
from leafseal.providers.azure.errors import answer_error, as_error
from leafseal.providers.azure.vaults import AUTHORITIES, Vault
from leafseal.providers.http_sessions import AmbientSession

_API_VERSION = "7.4"  # which all clouds have
_BUSY = frozenset({429, 500, 502, 503, 504})


class Outcome(NamedTuple):
    """A status, and the object that came with it."""

    status: int
    content: Mapping[str, Any]


@dataclass(slots=True)
class Guarded:
    """A credential that gives tokens for vaults alone, whatever a vault asks for."""

    chain: credentials.Chain = field(repr=False)
    vault: Vault

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, as credentials of Azure do. Raises `ProviderError`."""
        own = str(urlsplit(self.vault.url).hostname)
        known = {self.vault.domain} if self.vault.domain else {*AUTHORITIES, own, own.partition(".")[2]}
        for scope in scopes:
            if urlsplit(scope).scheme != "https" or urlsplit(scope).netloc.lower() not in known:
                raise ProviderError("the vault asks for a token that is not for vaults")
        return self.chain.get_token(*scopes, **options)


class Connection:
    """A client for one vault."""

    def __init__(self, vault: Vault, ambient: Ambient, deadlines: network.Deadlines) -> None:
        self._vault = vault
        self._ambient = ambient
        self._deadlines = deadlines
        self._lock = threading.Lock()
        self._chain: credentials.Chain | None = None
        self._client: KeyClient | None = None

    @property
    def source(self) -> str | None:
        """Where the token came from; None as long as there is none."""
        return None if self._chain is None else self._chain.source

    def ask(self, path: str, content: Mapping[str, str] | None) -> Outcome:
        """Send a request, again after a pause where the vault is busy. Raises what Microsoft's client raises."""
        with self._lock:  # the challenge, and the token for it, are for all threads
            if self._client is None:
                self._client = self._connect()
            client = self._client
            first = self._send(client, path, content) if self.source is None else None
        answers = iter([] if first is None else [first])

        def send() -> Outcome:
            return next(answers, None) or self._send(client, path, content)

        return network.retry_while(send, lambda outcome: outcome.status in _BUSY, self._deadlines.total)

    def _connect(self) -> KeyClient:
        session = AmbientSession(self._ambient, self._deadlines)
        self._chain = _chain(self._ambient, _authority(self._vault, self._ambient), session, self._deadlines)
        return KeyClient(
            self._vault.url,
            Guarded(self._chain, self._vault),
            transport=RequestsTransport(session=session, session_owner=False, use_env_settings=False),
            verify_challenge_resource=bool(self._vault.domain),
            permit_redirects=False,
            retry_total=0,
            user_agent=f"leafseal/{__version__}",
        )

    def _send(self, client: KeyClient, path: str, content: Mapping[str, str] | None) -> Outcome:
        method = "GET" if content is None else "POST"
        request = HttpRequest(
            method, f"{path}?api-version={_API_VERSION}", json=None if content is None else {**content}
        )
        try:
            answer = client.send_request(request)
        except DecodeError as error:  # no JSON, such as the page of a proxy
            return Outcome(getattr(error.response, "status_code", 0), {})
        return Outcome(answer.status_code, network.read_json(answer.content) or {})


def _authority(vault: Vault, ambient: Ambient) -> str:
    return ambient.environ.get("AZURE_AUTHORITY_HOST") or AUTHORITIES.get(vault.domain, AUTHORITIES["vault.azure.net"])


def _chain(ambient: Ambient, authority: str, session: Any, deadlines: network.Deadlines) -> credentials.Chain:
    """Return the credentials for an authority, which do for all vaults in its domains."""
    key = (credentials.Chain, authority)
    return ambient.once(key, lambda: credentials.find(ambient, authority, session, deadlines))


def ask(
    vault: Vault, operation: str, path: str, content: Mapping[str, str] | None, ambient: Ambient, key: str
) -> Mapping[str, Any]:
    """Send a request to a vault, and return the object it answers with. Raises `ProviderError`, in bounded time."""
    limits = network.deadlines(ambient)
    connection = ambient.once((Connection, vault), lambda: Connection(vault, ambient, limits))
    try:
        outcome = network.with_deadline(limits.total, lambda: connection.ask(path, content))
    except TimeoutError:
        raise ProviderError.of(key, f"no answer within {limits.total:g} seconds", connection.source) from None
    except (ProviderError, AzureError, OSError, ValueError, LookupError, RecursionError) as error:
        raise as_error(error, key, connection.source) from None  # what was caught may hold a request
    if outcome.status != 200:
        secret = content["value"] if operation == "encrypt" and content else None
        raise answer_error(outcome.status, outcome.content, operation, key, connection.source, secret)
    return outcome.content
