"""Sessions of requests for the SDKs that use that library, with the surroundings of an `Ambient`.

Whose certificates are trusted is said by `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE` or `SSL_CERT_FILE`. Nothing is looked
up in `~/.netrc`, whose passwords would go out in the place of tokens.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import requests

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.network import MAX_ANSWER_BYTES, Deadlines, proxy_for

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def ca_bundle(ambient: Ambient, *names: str) -> str | None:
    """Return the file of certificates that the environment names, None for those that came with a library."""
    return next((found for name in (*names, *_BUNDLES) if (found := ambient.environ.get(name))), None)


class AmbientSession(requests.Session):  # type: ignore[misc,unused-ignore]
    """A session that follows no redirect, reads no endless answer, and waits no longer than its user does."""

    def __init__(self, ambient: Ambient, deadlines: Deadlines) -> None:
        super().__init__()
        self.trust_env = False
        self._ambient = ambient
        self._deadlines = deadlines
        self._bundle: str | bool = ca_bundle(ambient) or True
        weakref.finalize(self, _close, list(self.adapters.values()))

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> requests.Response:  # type: ignore[override,unused-ignore]
        """Send a request with our settings in the places of whatever a library wants, and read the whole answer.

        Raises `ProviderError` for one that is too long, and what requests raises.
        """
        # Plain HTTP leads to the services of machines and containers that give credentials, which no proxy reaches.
        proxy = proxy_for(url, self._ambient) if url.startswith("https:") else None
        options |= {
            "allow_redirects": False,
            "stream": True,
            "proxies": {"https": proxy} if proxy else {},
            "timeout": self._shorter(options.get("timeout")),
            "verify": self._bundle,
        }
        with super().request(method, url, *arguments, **options) as answer:
            body = b""
            for piece in answer.iter_content(65536):
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise ProviderError(f"an answer is longer than {MAX_ANSWER_BYTES} bytes")
            answer._content = body  # where requests itself puts what it has read
        return answer

    def _shorter(self, asked: Any) -> tuple[float, float]:
        """Return how long to wait for a connection and an answer: as asked for, but no longer than the user does."""
        connect, answer = asked if isinstance(asked, tuple) else (asked, asked)
        return (
            min(connect or self._deadlines.connect, self._deadlines.connect),
            min(answer or self._deadlines.answer, self._deadlines.answer),
        )


def _close(adapters: Iterable[Any]) -> None:
    for adapter in adapters:
        adapter.close()
