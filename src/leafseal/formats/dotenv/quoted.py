"""The dotenv files of SOPS 3.6.0, which no other version of SOPS reads.

All values stand in single quotes there, with line breaks as they are and `\\'` for a quote, and those of the metadata
too. A comment has a blank in front of it, and none behind it.
"""

from __future__ import annotations

import re

from leafseal.errors import FormatError

_ITEM = re.compile(
    r"[ \t\r\n]*(?:#([^\n]*)(?:\n|\Z)"
    r"|([A-Za-z_][A-Za-z0-9_]*)='([^'\\]*(?:\\.[^'\\]*)*)'[ \t]*(?:\n|\Z))",
    re.DOTALL,
)


def unquoted(text: str) -> str | None:
    """Return an encrypted file of SOPS 3.6.0 as the other versions write it, None for what is none.

    Raises `FormatError` for a value that those cannot hold.
    """
    lines = []
    position = 0
    while item := _ITEM.match(text, position):
        position = item.end()
        comment, key, value = item.groups()
        if key is None:
            lines.append(f"#{comment.strip()}\n")
            continue
        value = re.sub(r"\\'", "'", value)
        if "\\n" in value and not key.startswith("sops_"):
            raise FormatError(f"{key}: a backslash before an n, which dotenv files have in version 3.6.0 of SOPS only")
        lines.append(f"{key}={value}".replace("\n", "\\n") + "\n")
    return None if text[position:].strip() else "".join(lines)
