"""The texts that a value becomes in logs: encoded, escaped, quoted, in parts."""

from __future__ import annotations

import binascii
import html
import json
from collections.abc import Collection, Iterator
from urllib.parse import quote, quote_plus

LEAST = 6
"""The fewest bytes that a value, or a form of it, must have: shorter ones are in every log by chance."""

_WINDOW = 1024  # what is longer is looked for in parts, so that no more than a few kilobytes are held back
_OVERLAP = 16  # in bytes: the base64 forms of two parts overlap too, so that they give one mask


def forms(value: bytes, least: int = LEAST) -> set[bytes]:
    """Return what to look for, so that no form of a value gets through.

    Of a value of several lines these are the forms of the lines, which are in the forms of the whole, and in what a
    terminal makes of it. Where a line is shorter than `least` bytes, the whole is looked for too. Blanks at the ends of
    lines do not count: programs strip them.
    """
    lines = [line.strip() for line in value.replace(b"\r\n", b"\n").strip().split(b"\n")]
    found: set[bytes] = set()
    if len(lines) > 1 and any(len(line) < least for line in lines):
        whole = value.replace(b"\r\n", b"\n").strip()
        found.update(_forms_of_one(whole), _forms_of_one(whole.replace(b"\n", b"\r\n")))
    for line in lines:
        if len(line) >= least:
            found.update(_forms_of_one(line))
    return found


def _forms_of_one(text: bytes) -> Iterator[bytes]:
    for part in _windows(text):
        yield part
        yield from (form for form in _encodings(part) if len(form) >= LEAST)


def _windows(text: bytes) -> Iterator[bytes]:
    if len(text) <= _WINDOW:
        yield text
        return
    for start in range(0, len(text) - _OVERLAP, _WINDOW - _OVERLAP):
        yield text[_whole_characters(text, start) : _whole_characters(text, start + _WINDOW)]


def _whole_characters(text: bytes, place: int) -> int:
    """Return the place, or one a little before it where that is within a character: half of one has other forms."""
    for before in range(min(place, 3) + 1):
        if place - before >= len(text) or text[place - before] & 0xC0 != 0x80:
            return place - before
    return place  # this is no UTF-8


def _encodings(text: bytes) -> Iterator[bytes]:
    digits = binascii.hexlify(text)
    yield digits
    yield digits.upper()
    for encoded in _base64_parts(text):
        yield encoded
        yield encoded.translate(_URL_SAFE)
    characters = text.decode("utf-8", "surrogateescape")
    if characters.isalnum() and characters.isascii():
        return  # nothing escapes it
    for percent in {quote(text), quote(text, safe=""), quote_plus(text)}:
        yield percent.encode()
        yield _lower_digits(percent).encode()
    yield repr(text)[2:-1].encode()
    for written in {
        *_json(characters),
        *_shell(characters),
        *_python(characters),
        html.escape(characters),
        html.escape(characters, False),
    }:
        yield written.encode("utf-8", "surrogateescape")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _base64_parts(text: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of a text, within longer data and as the whole.

    Of longer data, that is what does not depend on the neighbours, for the three places in a group of three bytes.
    """
    encoded = _base64(text)
    yield encoded
    yield encoded.rstrip(b"=")
    yield encoded[: len(text) * 8 // 6]
    yield _base64(b"\0" + text)[2 : (1 + len(text)) * 8 // 6]
    yield _base64(b"\0\0" + text)[3 : (2 + len(text)) * 8 // 6]


def _base64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)


def _lower_digits(written: str) -> str:
    head, *rest = written.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _json(characters: str) -> Iterator[str]:
    for escaped in (json.dumps(characters)[1:-1], json.dumps(characters, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
        for character in "<>&":  # Go's encoder and those of templates escape these
            escaped = escaped.replace(character, f"\\u{ord(character):04x}")
        yield escaped


def _shell(characters: str) -> Iterator[str]:
    yield characters.replace("'", "'\"'\"'")
    yield characters.replace("'", "'\\''")
    yield characters.replace("'", "\\'")  # repr of Python, and of JavaScript
    yield "".join(f"\\{c}" if c in '"\\$`' else c for c in characters)  # within double quotes
    yield "".join(c if c.isalnum() or c in "@%_-+=:,./" else f"\\{c}" for c in characters)  # printf %q


def _python(characters: str) -> Iterator[str]:
    yield repr(characters)[1:-1]  # in tracebacks, and of values in lists and dictionaries
    yield ascii(characters)[1:-1]


_WORDS = frozenset(
    [
        *("true", "false", "yes", "no", "on", "off", "null", "none", "localhost", "default", "admin"),
        *("enabled", "disabled", "production", "staging", "development", "test"),
        *("info", "debug", "warning", "error", "trace"),
    ]
)


def is_too_common(value: bytes, public: Collection[bytes] = (), least: int = LEAST) -> bool:
    """Tell whether a value cannot be looked for: it is short, a usual word, or one of the texts that are no secret."""
    text = value.strip()
    return len(text) < least or text.lower().decode("utf-8", "replace") in _WORDS or text in public
