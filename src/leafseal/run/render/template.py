"""Templates: files of other programs with placeholders for values.

`${/db/password|json}` is the value at a JSON pointer, written as JSON. That is all there is: no conditions, loops or
code, because templates are in the repository, whose writers are not to run anything on the machine that renders. Every
placeholder has a way of writing, its own or its template's, since a password with a quote in it would otherwise break
out of its place in the file, or make it invalid months later.

Any other `$` is left as it is, so that files of nginx and shells need no change; `$${/` is written as `${/`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from leafseal.display import visible
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.document.scalars import Scalar
from leafseal.errors import FormatError, LeafsealError, RefusedError
from leafseal.run.render.escapes import ESCAPES
from leafseal.system.working_tree import is_within, working_tree

_PLACEHOLDER = re.compile(r"\$?\$\{/[^\n}]*\}?")

Find = Callable[[str], tuple[Scalar | None, str]]
"""Returns the value at a pointer, and its text. Raises `LeafsealError`."""

_MOST_CHARACTERS = DEFAULT_LIMITS.file_bytes

_OUR_KEY = re.compile(rb"AGE-SECRET-KEY-(PQ-)?1", re.IGNORECASE)


def refuse_elsewhere(path: str, folder: str) -> None:
    """Raise `RefusedError` for a template that is not in the Git working tree of the map, outside of Git its folder.

    A template without placeholders is copied as it is. So whoever writes the map could have other files of ours copied
    to where programs read them, such as our private keys or `/proc/self/environ`.
    """
    folder = os.path.realpath(folder or os.curdir)
    tree = working_tree(folder)
    real = os.path.realpath(path)
    if not is_within(real, tree or folder):
        where = "Git working tree" if tree else "folder"
        raise RefusedError(f"this template is not in the {where} of the map", hint=_COPY, file=path)
    if ".git" in real.split(os.sep):
        raise RefusedError("this template is a file of Git's own", hint=_COPY, file=path)


_COPY = "copy it beside the map, and name the copy as template"


def fill(data: bytes, find: Find, escape: str | None = None) -> bytes:
    """Return a template with values in place of placeholders.

    Raises `FormatError`, with the line, for what is no placeholder, what `find` raises, and `RefusedError` for a file
    with a private key of age, which is no template.
    """
    if _OUR_KEY.search(data):
        raise RefusedError("contains a private key, which would be copied to where programs read it")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8", line=data.count(b"\n", 0, error.start) + 1) from None

    size = len(text)

    def replaced(match: re.Match[str]) -> str:
        nonlocal size
        if match[0].startswith("$$"):
            return match[0][1:]
        try:
            written = _value(match[0], find, escape)
            size += len(written)
            if size > _MOST_CHARACTERS:  # a value can be named a million times
                raise FormatError(f"the file would have more than {_MOST_CHARACTERS >> 20} million characters")
            return written
        except FormatError as error:
            error.line = text.count("\n", 0, match.start()) + 1
            raise
        except LeafsealError as error:
            line = text.count("\n", 0, match.start()) + 1
            raise FormatError(error.message, line=line, hint=error.hint) from None

    return _PLACEHOLDER.sub(replaced, text).encode()


def _value(placeholder: str, find: Find, default: str | None) -> str:
    if not placeholder.endswith("}"):
        raise FormatError("${/ without } in its line", hint="add }, or write $${/ for the text ${/")
    pointer, bar, name = placeholder[2:-1].rpartition("|")
    if not bar:
        pointer, name = name, default or ""
    pointer, name = pointer.strip(), name.strip()
    if name not in ESCAPES:
        known = ", ".join(ESCAPES)
        if not name:
            raise FormatError(
                f"{visible(placeholder)} does not say how the value is written",
                hint=f"write ${{{visible(pointer)}|json}}, or one of {known}; or add escape: to the map",
            )
        raise FormatError(f"{visible(placeholder)}: unknown way of writing {visible(name)}", hint=f"use one of {known}")
    value, text = find(pointer)
    return ESCAPES[name](value, text)
