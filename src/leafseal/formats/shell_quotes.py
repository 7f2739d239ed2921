"""Values of dotenv files in quotes, where a shell that reads the file would run, expand or cut what they hold."""

from __future__ import annotations

import re

_SAFE = re.compile(r"[\w@%+=:,./-]*")
_SAFE_IN_DOUBLE_QUOTES = re.compile(r'[^"$`\\!]*')


def quoted(text: str) -> str:
    """Return a value so that a shell reads it, in the quotes that most other readers of dotenv files know too."""
    if _SAFE.fullmatch(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    if _SAFE_IN_DOUBLE_QUOTES.fullmatch(text):
        return f'"{text}"'
    return "'" + text.replace("'", "'\\''") + "'"
