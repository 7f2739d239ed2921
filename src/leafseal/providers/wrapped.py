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


def damaged_error(reason: str, key: str) -> ProviderError:
    """Return the error for what a file holds in place of a wrapped key."""
    return ProviderError(
        f"the encrypted data key is damaged: {reason}",
        master_key=key,
        hint='restore the file from Git; "git log -p FILE" shows where this key was changed',
    )


def decode(wrapped: bytes, key: str) -> bytes:
    """Return what a service wrapped, out of the text that a file holds. Raises `ProviderError` for `key`."""
    blob = read_base64(wrapped.strip())
    if not blob:
        raise damaged_error("it is empty, or not base64", key)
    return blob
