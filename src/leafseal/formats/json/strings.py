"""The text of JSON strings, by the C functions that `json` itself uses: all of that module takes long to load."""

from __future__ import annotations

try:
    from _json import encode_basestring, scanstring
except ImportError:  # another Python than CPython
    from json.decoder import scanstring  # type: ignore[attr-defined, no-redef]
    from json.encoder import encode_basestring

from leafseal.document.lazy_pattern import LazyPattern

_LONE_SURROGATE = LazyPattern("[\ud800-\udfff]")


def quote(text: str) -> str:
    """Return a string in double quotes, in which only what must be is escaped."""
    return str(encode_basestring(text))


def unquote(source: str) -> str:
    """Return the text of a string in double quotes; like SOPS with U+FFFD for half of a surrogate pair."""
    if "\\" not in source:
        return source[1:-1]
    text = str(scanstring(source, 1)[0])
    return text if text.isascii() else str(_LONE_SURROGATE.sub("\ufffd", text))
