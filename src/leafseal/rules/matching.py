"""What all ways of matching a pattern share: the matcher, the bytes that it sees, and the error."""

from __future__ import annotations

from collections.abc import Callable

Matcher = Callable[[str | bytes], bool]
"""Says whether a pattern occurs somewhere in a text."""


class PatternError(ValueError):
    """A pattern is too long, not valid RE2, or beyond the subset that works without `google-re2`."""


def utf8(text: str | bytes) -> bytes:
    """Return the bytes that a pattern sees: each byte that is not UTF-8 counts as one U+FFFD."""
    if isinstance(text, bytes):
        text = text.decode(errors="surrogateescape")
    try:
        return text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()
