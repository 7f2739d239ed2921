"""Where lines and comments of a YAML file end: for libyaml, as for SOPS, also at NEL, LS and PS."""

from __future__ import annotations

BREAKS = "\r\n\x85\u2028\u2029"

BREAK = f"(?:\r\n|[{BREAKS}])"
"""The pattern of one line break."""

COMMENT = f"#[^{BREAKS}]*"
"""The pattern of a comment, from its `#` to the end of its line."""


def last_break(text: str, start: int, end: int) -> int:
    """Return where the last character of the last line break in a span stands; -1 where there is none."""
    return max(text.rfind(character, start, end) for character in BREAKS)
