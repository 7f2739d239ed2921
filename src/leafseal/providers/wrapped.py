"""Base64, in which key services and files hold wrapped keys."""

from __future__ import annotations

import base64
import binascii

from leafseal.errors import ProviderError


def read_base64(text: str | bytes) -> bytes:
    """Return what base64 holds; nothing for any other text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def decode(wrapped: bytes, key: str) -> bytes:
    """Return what a service wrapped, out of the text that a file holds. Raises `ProviderError` for `key`."""
    blob = read_base64(wrapped.strip())
    if not blob:
        raise ProviderError("the wrapped key is damaged: it is empty, or not base64", master_key=key)
    return blob
