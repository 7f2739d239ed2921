"""Requests to Vault and OpenBao: which servers get a token, where it comes from, and one request.

The variables are those of Vault's own client: `VAULT_TOKEN`, `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_CAPATH`,
`VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY`, `VAULT_SKIP_VERIFY`, `VAULT_TLS_SERVER_NAME`, and the proxies of the
environment. The address is the key's, never that of `VAULT_ADDR`.

Whoever can write a file can write an address into it, and a token would travel there. So a server is asked only if the
user named it: as `VAULT_ADDR`, in `SOPS_HC_VAULT_ALLOWLIST`, or under `[endpoints]` in the policy.
"""

from __future__ import annotations

import ssl
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from leafseal.display import for_shell, visible
from leafseal.errors import ProviderError, ProviderMissingError, system_text
from leafseal.keys import Ambient
from leafseal.keys.policy import line_for, origin, policy_of
from leafseal.providers import network
from leafseal.providers.vault import tokens

if TYPE_CHECKING:
    import httpx

_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_NAME = 8  # what is longer may be a secret


def ask(address: str, path: str, content: Mapping[str, str], ambient: Ambient, key: str) -> Mapping[str, Any]:
    """Send one request to an engine with the user's token, and return the answer's data. Raises `ProviderError`.

    All of it, a login and further attempts included, takes no longer than 30 seconds.
    """
    check_address(address, ambient, key)
    server = _server(address, ambient, key)
    try:
        return network.with_deadline(server.deadlines.total, lambda: server.ask(path, content, key))
    except TimeoutError:
        raise server.error(f"no answer within {server.deadlines.total:g} seconds", key) from None


def check_address(address: str, ambient: Ambient, key: str) -> None:
    """Raise `ProviderError` for a server that the user did not name."""
    try:
        wanted = origin(address)
    except ValueError:
        raise ProviderError("its address is not that of a server", master_key=key) from None
    if urlsplit(address).path.strip("/") or "@" in address:
        raise ProviderError("its address is not scheme, host and port alone", master_key=key)
    if _is_own(wanted, ambient) or _is_listed(address, ambient, key) or policy_of(ambient).allows_endpoint(wanted):
        return
    shown, line = visible(wanted), line_for("endpoints.allow", wanted)
    raise ProviderError(
        f"a token would be sent to {shown}, which only the file names",
        master_key=key,
        hint=f"if that is your Vault, set VAULT_ADDR={for_shell(shown)}, or write into your policy file: {line}",
    )


def _is_own(wanted: str, ambient: Ambient) -> bool:
    try:
        return origin(ambient.environ.get("VAULT_ADDR", "")) == wanted
    except ValueError:
        return False


def _is_listed(address: str, ambient: Ambient, key: str) -> bool:
    """Tell whether sops's list has an address that this one begins with. It refuses too: what is not in it is out."""
    text = ambient.environ.get("SOPS_HC_VAULT_ALLOWLIST", "").strip()
    if not text:
        return False
    if text == "all":
        return True
    items = [] if text == "none" else [item.strip() for item in text.split(",")]
    if "" in items:
        raise ProviderError("SOPS_HC_VAULT_ALLOWLIST has an empty item", master_key=key)
    if any(f"{address}/".startswith(item if item.endswith("/") else f"{item}/") for item in items):
        return True
    raise ProviderError(
        f"Allowlist does not allow {visible(address)}", master_key=key, hint="add it to SOPS_HC_VAULT_ALLOWLIST"
    )


def _server(address: str, ambient: Ambient, key: str) -> _Server:
    def make() -> _Server:
        deadlines = network.deadlines(ambient)
        client = _client(address, ambient, deadlines, key)
        server = _Server(address, ambient, deadlines, client)
        weakref.finalize(server, client.close)
        return server

    return ambient.once((_Server, address), make)


def _client(address: str, ambient: Ambient, deadlines: network.Deadlines, key: str) -> httpx.Client:
    try:
        import httpx
    except ImportError:
        raise ProviderMissingError(
            "Vault keys need httpx, which is not installed", master_key=key, hint="pip install 'leafseal[vault]'"
        ) from None
    return httpx.Client(
        base_url=f"{address}/v1/",
        verify=_tls(ambient, key) if address.startswith("https:") else True,
        timeout=httpx.Timeout(deadlines.answer, connect=deadlines.connect),
        follow_redirects=False,
        trust_env=False,  # what counts is the environment that this was called with
        proxy=network.proxy_for(address, ambient),
        headers=_headers(ambient),
    )


def _headers(ambient: Ambient) -> dict[str, str]:
    headers = {"X-Vault-Request": "true", "User-Agent": "leafseal"}
    if namespace := ambient.environ.get("VAULT_NAMESPACE"):
        headers["X-Vault-Namespace"] = namespace
    return headers


def _tls(ambient: Ambient, key: str) -> ssl.SSLContext:
    environ = ambient.environ
    try:
        context = ssl.create_default_context(
            cafile=environ.get("VAULT_CACERT") or None, capath=environ.get("VAULT_CAPATH") or None
        )
        if certificate := environ.get("VAULT_CLIENT_CERT"):
            context.load_cert_chain(certificate, environ.get("VAULT_CLIENT_KEY") or None)
    except ssl.SSLError:
        raise ProviderError(
            "a certificate or key that VAULT_CACERT, VAULT_CAPATH or VAULT_CLIENT_CERT names does not load",
            master_key=key,
        ) from None
    except OSError as error:
        raise ProviderError(
            f"VAULT_CACERT, VAULT_CAPATH or VAULT_CLIENT_CERT: {system_text(error)}", master_key=key
        ) from None
    if environ.get("VAULT_SKIP_VERIFY", "").lower() in ("1", "t", "true"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(slots=True, weakref_slot=True)
class _Server:
    """A server that is asked, and the token for it."""

    address: str
    ambient: Ambient = field(repr=False)
    deadlines: network.Deadlines
    client: httpx.Client = field(repr=False)
    _token: tokens.Token | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(self, path: str, content: Mapping[str, str], key: str) -> Mapping[str, Any]:
        """Send a request with the user's token. Raises `ProviderError`."""
        token = self.token(key)
        status, answer = self.send(path, content, key, token=token.text, source=token.source)
        data = answer.get("data")
        if status == 200 and isinstance(data, Mapping):
            return data
        raise self._refusal(status, answer, path, key, token.source, content)

    def token(self, key: str) -> tokens.Token:
        """Return the user's token; a login is done once. Raises `ProviderError`."""
        with self._lock:
            if self._token is None:
                self._token = tokens.find(self.ambient, lambda path, body: self._login(path, body, key), key)
            return self._token

    def _login(self, path: str, content: Mapping[str, str], key: str) -> str:
        status, answer = self.send(path, content, key)
        auth = answer.get("auth")
        token = auth.get("client_token") if isinstance(auth, Mapping) else None
        if status == 200 and isinstance(token, str) and token:
            return token
        raise self._refusal(status, answer, path, key, None, content)

    def send(
        self, path: str, content: Mapping[str, str], key: str, *, token: str = "", source: str | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        """Send a request, again after a pause where the server is busy; return its status and its answer."""
        import httpx

        try:
            status, body = network.retry_while(
                lambda: self._exchange(path, content, token),
                lambda outcome: outcome[0] in _AGAIN,
                self.deadlines.total,
            )
        except httpx.HTTPError as error:
            raise self.error(_reason(error), key, source) from None  # its request holds the token
        if body is None:
            raise self.error(f"its answer is larger than {network.MAX_ANSWER_BYTES} bytes", key, source)
        return status, network.read_json(body) or {}

    def _exchange(self, path: str, content: Mapping[str, str], token: str) -> tuple[int, bytes | None]:
        name = self.ambient.environ.get("VAULT_TLS_SERVER_NAME")
        headers = {"X-Vault-Token": token} if token else {}
        extensions = {"sni_hostname": name} if name else {}
        with self.client.stream("PUT", path, json=dict(content), headers=headers, extensions=extensions) as response:
            body = b""
            for piece in response.iter_bytes():
                body += piece
                if len(body) > network.MAX_ANSWER_BYTES:
                    return response.status_code, None
            return response.status_code, body

    def _refusal(
        self, status: int, answer: Mapping[str, Any], path: str, key: str, source: str | None, sent: Mapping[str, str]
    ) -> ProviderError:
        said = _words(answer)
        if any(len(text) > _LONGEST_NAME and text in said for text in sent.values()):
            said = ""
        hint = _hint(status, path) if source or status >= 500 else _LOGIN
        if 300 <= status < 400:
            said = "it redirects to another server, which is not followed: the token would go along"
            hint = "write the address that it redirects to into the key"
        text = f"{'' if source else 'the login failed: '}Vault answered {status}" + (
            f": {network.first_line(said)}" if said else ""
        )
        return self.error(text, key, source, hint)

    def error(self, message: str, key: str, source: str | None = None, hint: str | None = None) -> ProviderError:
        """Return an error that names the server and where the token came from."""
        return ProviderError.of(key, f"{self.address}: {message}", source, hint)


def _words(answer: Mapping[str, Any]) -> str:
    errors = answer.get("errors")
    listed = [word for word in errors if isinstance(word, str)] if isinstance(errors, list) else []
    return " ".join(" ".join(listed).split())


_LOGIN = "check the role, its secret or token, and the mount of the login"
_HINTS = {
    400: "check that it was encrypted by this key, in this engine and namespace",
    404: "check engine, key and VAULT_NAMESPACE",
    503: "check whether this Vault is sealed, or in standby",
}


def _hint(status: int, path: str) -> str | None:
    if status != 403:
        return _HINTS.get(status)
    needed = f'the token needs a policy with path "{path}" {{ capabilities = ["update"] }}'
    # To encrypt with a key that is not there would create it, which is another capability.
    return f"{needed}, and the key has to exist" if "/encrypt/" in path else needed


def _reason(error: Exception) -> str:
    import httpx

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate does not verify: {visible(cause.verify_message)}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection was made in time"
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer"
    if isinstance(error, httpx.ConnectError):
        return "it cannot be reached"
    return "the connection was cut, or what came was not HTTP"
