"""What a vault says and what Microsoft's libraries raise, in our words: told apart by status, code and type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from azure.core import exceptions

from leafseal.display import visible
from leafseal.errors import ProviderError
from leafseal.providers import network

_CHALLENGE = ("the vault does not say properly whose token it wants", None)
_TRUST = "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names other authorities"

_PERMISSIONS = {
    "encrypt": "keys/encrypt on the key (such as by the role Key Vault Crypto User)",
    "decrypt": "keys/decrypt on the key (such as by the role Key Vault Crypto User)",
    "get": "keys/get on the key, or the version of the key written after its name",
}
_HINTS = {
    400: "check that it was encrypted by this version of the key, and that the key is an RSA key for encryption",
    401: "check that the vault is in the tenant of these credentials",
    404: "check the names of the vault and the key, and the version",
    429: "the limit of requests is reached; try again in a while",
}


def answer_error(
    status: int, content: Mapping[str, Any], operation: str, key: str, source: str | None, secret: str | None
) -> ProviderError:
    """Return the error to raise for an answer of a vault. Words that repeat a `secret` are not passed on."""
    told = content.get("error")
    error = told if isinstance(told, Mapping) else {}
    inner = error.get("innererror")
    code, words = (error.get(name) if isinstance(error.get(name), str) else "" for name in ("code", "message"))
    if isinstance(inner, Mapping) and isinstance(inner.get("code"), str):
        code = inner["code"]
    hint = _HINTS.get(status)
    if status == 403:
        hint = _FORBIDDEN.get(str(code), f"these credentials need {_PERMISSIONS[operation]}")
    if 300 <= status < 400:
        words = "it redirects to another server, which is not followed"
    said = f"the vault answered {status}" + (f" {visible(str(code))[:80]}" if code else "")
    line = network.first_line(str(words))
    if line and not (secret and secret in str(words)):
        said += f": {line}"
    return ProviderError.of(key, said, source, hint)


_FORBIDDEN = {
    "KeyDisabled": "enable this version of the key",
    "KeyNotYetValid": "this version of the key is not to be used yet",
    "KeyExpired": "this version of the key has expired",
    "ForbiddenByFirewall": "the network rules of the vault block this machine",
    "ForbiddenByConnection": "the vault lets nobody in but by its private endpoint",
}


def as_error(error: Exception, key: str, source: str | None) -> ProviderError:
    """Return the error to raise for what Microsoft's libraries raise, or the one that they send requests with."""
    inner = getattr(error, "inner_exception", None)
    told = inner if isinstance(inner, requests.RequestException) else error
    return network.translate(told, _FAILURES, key, source)


_FAILURES: network.Failures = {
    requests.exceptions.SSLError: ("the certificate of the vault, or of who gives tokens, does not verify", _TRUST),
    requests.exceptions.ProxyError: ("the proxy cannot be reached", "HTTPS_PROXY names it"),
    requests.exceptions.Timeout: ("no answer in time", None),
    requests.exceptions.ConnectionError: (
        "the vault cannot be reached, or the connection broke off",
        "check its name, and the network",
    ),
    exceptions.ServiceRequestError: ("the vault cannot be reached", None),
    exceptions.ServiceResponseError: ("the connection broke off, or what came was not HTTP", None),
    exceptions.ClientAuthenticationError: ("there was no token from Microsoft Entra", None),
    exceptions.AzureError: ("the answer of the vault does not parse", None),
    ValueError: _CHALLENGE,
    LookupError: _CHALLENGE,
    OSError: ("the file of certificates cannot be used", "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names it"),
    Exception: ("the Azure client failed with {error}", None),
}
