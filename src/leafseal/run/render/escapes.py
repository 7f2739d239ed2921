"""How a value is written in a file of another language, so that it stays a value there."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape as _in_xml

from leafseal.document.scalars import Scalar

Escape = Callable[[Scalar | None, str], str]
"""Gets a value, and its text, and returns what is to be written."""


def json_text(value: Scalar | None, text: str) -> str:
    """Return JSON, quotes included, that YAML reads the same; what is no JSON of its own is a string."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)  # YAML has more words for these than JSON
    if isinstance(value, int) and re.fullmatch("-?(0|[1-9][0-9]*)", text):
        return text
    if isinstance(value, float) and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
        return text
    # Not every YAML reader takes these as they are, nor joins two escapes to one character.
    written = json.dumps(text, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff]", lambda match: f"\\u{ord(match[0]):04x}", written)


def property_value(text: str) -> str:
    """Return the value of a Java property: ASCII, and so the same in the two encodings that there are."""
    written = _PROPERTY.sub(_property_escape, text)
    return f"\\{written}" if written.startswith(" ") else written


def property_name(text: str) -> str:
    """Return the name of a Java property."""
    return re.sub(r"[ =:#!]", lambda match: f"\\{match[0]}", _PROPERTY.sub(_property_escape, text))


_PROPERTY = re.compile(r"[^\x20-\x5b\x5d-\x7e]")
_PROPERTY_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}


def _property_escape(match: re.Match[str]) -> str:
    if (short := _PROPERTY_SHORT.get(match[0])) is not None:
        return short
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


ESCAPES: Mapping[str, Escape] = {
    "none": lambda _, text: text,
    "json": json_text,
    "yaml": json_text,
    "shell": lambda _, text: shlex.quote(text),
    "url": lambda _, text: quote(text, safe=""),
    "xml": lambda _, text: _in_xml(text, {'"': "&quot;", "'": "&#39;"}),
    "properties": lambda _, text: property_value(text),
    "base64": lambda _, text: base64.b64encode(text.encode()).decode(),
}
"""By their names in maps and templates."""
