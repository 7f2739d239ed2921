"""Values that no variable can hold where others make it one, of a container or of a later step of a job."""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.display import first_of
from leafseal.errors import RefusedError

_LONGEST = 128 * 1024
"""In bytes, of the name, the value, and the two characters that Linux adds."""


def refuse_unfit(variables: Mapping[str, bytes]) -> None:
    """Raise `RefusedError` for values that are no text, or too long for a variable."""
    if odd := [name for name, data in variables.items() if not _is_text(name) or not _is_text(data)]:
        raise RefusedError(
            f"not valid UTF-8, and would arrive changed: {first_of(odd)}", hint="encode these values, as base64 say"
        )
    if long := [name for name, data in variables.items() if len(name.encode()) + len(data) + 2 > _LONGEST]:
        raise RefusedError(
            f"Linux starts no program with a variable of more than {_LONGEST // 1024} KiB: {first_of(long)}",
            hint='give the program a file: "leafseal render --to DIR --file NAME=FILE:PATH"',
        )


def _is_text(text: str | bytes) -> bool:
    try:
        text.encode() if isinstance(text, str) else text.decode()
    except UnicodeError:
        return False
    return True
