"""Azure Key Vault, and Microsoft Entra for its tokens: functions for a `Recorder` with TLS.

A request without a token is answered with the challenge that says whose token is wanted. Keys are RSA keys of this
process with versions; a token has the verbs that it was given.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .recorder import Reaction, Request, json_answer

TENANT = "0f0e7a1e-3c1b-4b62-9d0f-5f2a6f0c1d2e"
TOKEN = "ey.a-canary-that-no-message-shows"
SECRET = "a client secret that no message shows"
_ALGORITHMS = {
    "RSA-OAEP": padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
    "RSA-OAEP-256": padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
}
_PATH = re.compile(r"/keys/([^/]+)(?:/([0-9a-f]{32}))?/(encrypt|decrypt|)")


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return what base64url without padding holds."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@functools.cache
def private_keys() -> list[rsa.RSAPrivateKey]:
    """Return keys to choose from: to make one takes as long as a dozen requests."""
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)]


class Refusal(Exception):
    """A status, and the code and text of an error."""

    def __init__(self, status: int, code: str, text: str = "", inner: str = "") -> None:
        super().__init__(text)
        error: dict[str, object] = {"code": code, "message": text}
        self.status, self.content = status, {"error": {**error, "innererror": {"code": inner}} if inner else error}


@dataclass
class KeyVault:
    """A vault at a URL. `resource` is what it wants a token for."""

    url: str
    resource: str = "https://vault.azure.net"
    tenant: str = TENANT
    keys: dict[str, dict[str, rsa.RSAPrivateKey]] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=lambda: {TOKEN: {"get", "encrypt", "decrypt"}})
    disabled: set[str] = field(default_factory=set)
    _fresh: Iterator[rsa.RSAPrivateKey] = field(default_factory=lambda: iter(private_keys()))

    def create(self, name: str) -> str:
        """Make a key, or a new version of it, and return its identifier."""
        version = uuid.uuid4().hex
        self.keys.setdefault(name, {})[version] = next(self._fresh)
        return f"{self.url}/keys/{name}/{version}"

    def __call__(self, request: Request) -> Reaction:
        """Answer a request."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            answer = json_answer({"error": {"code": "Unauthorized", "message": "AKV10000: missing a token."}}, 401)
            authority = f"https://login.microsoftonline.com/{self.tenant}"
            challenge = f'Bearer authorization="{authority}", resource="{self.resource}"'
            return type(answer)(401, answer.body, {**answer.headers, "WWW-Authenticate": challenge})
        try:
            return json_answer(self._served(request, self.tokens.get(token)))
        except Refusal as refusal:
            return json_answer(refusal.content, refusal.status)

    def _served(self, request: Request, verbs: set[str] | None) -> dict[str, Any]:
        if verbs is None:
            raise Refusal(401, "Unauthorized", "AKV10032: Invalid issuer.")
        path, _, query = request.path.partition("?")
        match = _PATH.fullmatch(path)
        if match is None or "api-version" not in parse_qs(query):
            raise Refusal(400, "BadParameter", "There is no such operation, or no api-version.")
        name, version, operation = match[1], match[2] or "", match[3] or "get"
        if operation not in verbs:
            text = f"The user, group or application does not have keys {operation} permission on key vault."
            raise Refusal(403, "Forbidden", text, "ForbiddenByPolicy")
        versions = self.keys.get(name, {})
        version = version or next(reversed(versions), "")
        if version not in versions:
            raise Refusal(404, "KeyNotFound", f"A key with (name/id) {name}/{version} was not found in this key vault.")
        kid = f"{self.url}/keys/{name}/{version}"
        if operation == "get":
            return {"key": {"kid": kid, "kty": "RSA"}, "attributes": {"enabled": True}}
        if version in self.disabled:
            raise Refusal(403, "Forbidden", "Operation is not allowed on a disabled key.", "KeyDisabled")
        return {"kid": kid, "value": encode(self._computed(versions[version], operation, request.json()))}

    def _computed(self, key: rsa.RSAPrivateKey, operation: str, content: dict[str, str]) -> bytes:
        scheme = _ALGORITHMS.get(content["alg"])
        if scheme is None:
            raise Refusal(400, "BadParameter", "Property alg has an invalid value.")
        data = decode(content["value"])
        try:
            return key.public_key().encrypt(data, scheme) if operation == "encrypt" else key.decrypt(data, scheme)
        except ValueError:
            raise Refusal(400, "BadParameter", "The parameter is incorrect.") from None


@dataclass
class Entra:
    """Who gives tokens. `clients` are the secrets of clients by their ids."""

    url: str
    clients: dict[str, str] = field(default_factory=lambda: {"client": SECRET})
    token: str = TOKEN
    tenants: set[str] = field(default_factory=lambda: {TENANT})

    def __call__(self, request: Request) -> Reaction:
        """Answer a request."""
        tenant, _, path = request.path.partition("?")[0].removeprefix("/").partition("/")
        base = f"{self.url}/{tenant}"
        if tenant not in self.tenants:
            return json_answer({"error": "invalid_tenant"}, 400)
        if path == "v2.0/.well-known/openid-configuration":
            return json_answer(
                {
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "issuer": f"{base}/v2.0",
                }
            )
        if path != "oauth2/v2.0/token":
            return json_answer({"error": "invalid_request"}, 404)
        sent = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        proof = sent.get("client_secret") or sent.get("client_assertion")
        if not proof or self.clients.get(sent["client_id"]) != proof:
            words = f"AADSTS7000215: Invalid client secret provided: {proof}"
            return json_answer({"error": "invalid_client", "error_description": words}, 401)
        return json_answer(
            {"token_type": "Bearer", "expires_in": 3600, "access_token": self.token, "for": sent["scope"]}
        )

    @staticmethod
    def scopes(requests: list[Request]) -> list[str]:
        """Return what tokens were asked for."""
        return [parse_qs(request.body.decode())["scope"][0] for request in requests if request.method == "POST"]


def json_of(request: Request) -> Any:
    """Return the body of a request, None where it has none."""
    return json.loads(request.body) if request.body else None
