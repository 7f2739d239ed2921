"""What Google says and what its libraries raise, in our words: told apart by status and type, never by its text."""

from __future__ import annotations

import base64

import requests
from google.auth import exceptions

from leafseal.display import visible
from leafseal.errors import ProviderError
from leafseal.providers import network
from leafseal.providers.gcp.messages import Refusal

_TRUST = "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names other authorities"

_PERMISSIONS = {
    "encrypt": "cloudkms.cryptoKeyVersions.useToEncrypt on the key (roles/cloudkms.cryptoKeyEncrypter)",
    "decrypt": "cloudkms.cryptoKeyVersions.useToDecrypt on the key (roles/cloudkms.cryptoKeyDecrypter)",
}
_HINTS = {
    "INVALID_ARGUMENT": "check that it was encrypted by this key, and that the key is symmetric",
    "NOT_FOUND": "check that the key is in this project, location and ring",
    "FAILED_PRECONDITION": "check that the version of the key is enabled, and not about to be destroyed",
    "RESOURCE_EXHAUSTED": "the project's limit of requests is reached; try again in a while",
    "UNAVAILABLE": "check SOPS_GCP_KMS_ENDPOINT, if it is set, and the network; or try again in a while",
    "UNIMPLEMENTED": "check that SOPS_GCP_KMS_ENDPOINT is the address of Cloud KMS",
}
BUSY = frozenset({"RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL"})
"""Statuses after which a request is worth another try."""


def refusal_error(
    refusal: Refusal, operation: str, key: str, source: str | None, secret: bytes | None
) -> ProviderError:
    """Return the error to raise for a refusal. Words that repeat a `secret` are not passed on."""
    hint = _HINTS.get(refusal.status)
    if refusal.status == "PERMISSION_DENIED":
        hint = f"these credentials need {_PERMISSIONS[operation]}"
    elif refusal.status == "UNAUTHENTICATED":
        hint = _renewal_hint(source)
    said = f"Google Cloud KMS answered {visible(refusal.status)[:80]}"
    line = network.first_line(refusal.words)
    if line and not (secret and _tells(refusal.words, secret)):
        said += f": {line}"
    return ProviderError.of(key, said, source, hint)


def _tells(words: str, secret: bytes) -> bool:
    return any(text in words for text in (base64.b64encode(secret).decode(), secret.hex(), secret.decode("latin-1")))


def _renewal_hint(source: str | None) -> str:
    """Return what to do about credentials that are not taken. What a variable names comes before a login."""
    if source and source.startswith("GOOGLE_"):
        return f"if they expired or were revoked, set {source} to fresh ones"
    return 'if they expired or were revoked, log in again with "gcloud auth application-default login"'


def failure_error(error: Exception, key: str, source: str | None) -> ProviderError:
    """Return the error to raise for what Google's libraries raise."""
    found = network.translate(error, _FAILURES, key, source)
    return found.with_hint(_renewal_hint(source)) if isinstance(error, exceptions.RefreshError) else found


_FAILURES: network.Failures = {
    exceptions.RefreshError: ("Google gave no token for these credentials", None),
    exceptions.TransportError: ("the service that gives tokens cannot be reached", None),
    exceptions.GoogleAuthError: ("the Google credentials cannot be used", None),
    requests.exceptions.SSLError: ("the certificate of the endpoint does not verify", _TRUST),
    requests.exceptions.ProxyError: ("the proxy cannot be reached", "HTTPS_PROXY names it"),
    requests.exceptions.Timeout: ("no answer from Google Cloud KMS in time", None),
    requests.exceptions.ConnectionError: ("the endpoint cannot be reached, or the connection broke off", None),
    requests.exceptions.RequestException: ("the answer of the endpoint is not HTTP", None),
    OSError: ("the file of certificates cannot be used", "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names it"),
    Exception: ("the Google client failed with {error}", None),
}
