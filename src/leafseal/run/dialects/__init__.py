"""Reading a `.env` file as another program does: Docker Compose, bash, python-dotenv of Python, or godotenv of Go.

Each differs from the others in quotes, comments, blanks, backslashes, `export` and `$`. What a reader itself refuses,
and what it would skip or run, is an error: a secret must not be lost, and nothing of a file is ever run.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import NoReturn, cast

from leafseal.errors import FormatError

Lookup = Callable[[str], str | None]
"""Returns the value of a variable, None where there is none."""

Reader = Callable[[str, Lookup], dict[str, str]]
"""Returns what a file sets, in order; the lookup knows what is inherited."""

_READERS = {"compose": "compose", "bash": "bash", "python-dotenv": "python_dotenv", "godotenv": "godotenv"}


def read(text: str, dialect: str, inherited: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return the variables that a `.env` file sets as `dialect` reads it; `inherited` is what the program gets besides.

    Raises `FormatError`, with the line and without its text.
    """

    def lookup(name: str) -> str | None:
        value = inherited.get(name.encode("utf-8", "surrogateescape"))
        return None if value is None else value.decode("utf-8", "surrogateescape")

    module = importlib.import_module(f"{__name__}.{_READERS[dialect]}")
    return cast(Reader, module.read)(text, lookup)


_HINT = "put the value in single quotes, or leave out --dialect to get it as it is written"


def refuse(text: str, position: int, what: str, *, hint: str | None = _HINT) -> NoReturn:
    """Raise the error for what stands at a position."""
    raise FormatError(what, line=text.count("\n", 0, position) + 1, hint=hint)
