"""Google Cloud KMS over HTTP and JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from leafseal.providers import network
from leafseal.providers.gcp.messages import Answer, Asked, Refusal
from leafseal.providers.http_sessions import AmbientSession
from leafseal.providers.wrapped import read_base64

_FIELDS = {"encrypt": ("plaintext", "ciphertext"), "decrypt": ("ciphertext", "plaintext")}
_STATUSES = {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "UNAVAILABLE"}


class RestClient:
    """A client that sends its requests in a session, to an endpoint such as https://cloudkms.googleapis.com:443."""

    def __init__(self, session: AmbientSession, url: str) -> None:
        self._session = session
        self._url = url

    def ask(self, asked: Asked, headers: Mapping[str, str]) -> Answer | Refusal:
        """Send one request, and return what came of it. Raises `requests.RequestException`, `ProviderError`."""
        sent, wanted = _FIELDS[asked.operation]
        content = {sent: base64.b64encode(asked.data).decode(), f"{sent}Crc32c": str(asked.checksum)}
        url = f"{self._url}/v1/{quote(asked.name, safe='/:')}:{asked.operation}"
        answer = self._session.request("POST", url, json=content, headers=dict(headers))
        found = network.read_json(answer.content) or {}
        return _answer(found, wanted) if answer.status_code == 200 else _refusal(answer.status_code, found)


def _answer(found: Mapping[str, Any], wanted: str) -> Answer:
    """Read an answer; what it lacks, or has in another form, is left empty."""
    text, checksum, name = found.get(wanted), found.get(f"{wanted}Crc32c"), found.get("name")
    return Answer(
        read_base64(text) if isinstance(text, str) else b"",
        int(checksum) if isinstance(checksum, str) and checksum.isdecimal() and len(checksum) < 20 else None,
        name if isinstance(name, str) else "",
        found.get("verifiedPlaintextCrc32c") is True,
    )


def _refusal(status: int, found: Mapping[str, Any]) -> Refusal:
    if 300 <= status < 400:
        return Refusal(f"HTTP status {status}", "it redirects to another server, which is not followed")
    error = found.get("error")
    told = error if isinstance(error, Mapping) else {}
    name, words = told.get("status"), told.get("message")
    if status in _STATUSES or not isinstance(name, str):
        name = _STATUSES.get(status, f"HTTP status {status}")
    return Refusal(name, words if isinstance(words, str) else "")
