"""The lines of `.gitattributes` that tell Git which files have our drivers: read, compared and written, line by line.

Ours are in one block between two comments. Everything else in the file stays as it is, to the byte; and a line that
says the same elsewhere is not written again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from leafseal.errors import LeafsealError, RefusedError
from leafseal.system import files
from leafseal.system.reading import read

NAME = ".gitattributes"

DRIVER = "leafseal"
KEPT = "leafseal-kept"
"""The filter for files that may be plain text, unless Git has them encrypted."""

SHOWN = (f"diff={DRIVER}", f"merge={DRIVER}")

BEGIN = '# Encrypted files, written by "leafseal git setup": run it again after you change .sops.yaml.'
END = "# End of encrypted files."


class Line(NamedTuple):
    """A pattern, and the attributes that it gives."""

    pattern: str
    attributes: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((quoted(self.pattern), *self.attributes))


class Block(NamedTuple):
    """A file of attributes: what stands before our block, its lines, and what stands after it."""

    before: str
    lines: tuple[Line, ...] | None
    after: str

    @property
    def others(self) -> list[Line]:
        """The lines that are not ours."""
        return [*_lines(self.before), *_lines(self.after)]


def quoted(pattern: str) -> str:
    """Return a pattern as it is written in `.gitattributes`."""
    if pattern.startswith(("!", "#")):
        pattern = f"\\{pattern}"
    if pattern and not pattern.startswith('"') and not re.search(r"[\x00-\x20\x7f]", pattern):
        return pattern
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\{ord(match[0]):03o}", escaped) + '"'


def load(top: str) -> Block:
    """Read the file at the top of a work tree. Raises `LeafsealError` where it is a link, or our block has no end."""
    path = os.path.join(top, NAME)
    if os.path.islink(path):
        raise RefusedError("is a link, and Git reads no attributes through one", hint=_REPLACE_LINK, file=path)
    if not os.path.lexists(path):
        return Block("", None, "")
    return parse(read(path).data.decode("utf-8", "surrogateescape"), path)


_REPLACE_LINK = "replace the link by the file that it leads to"


def parse(text: str, path: str = NAME) -> Block:
    """Find our block in a text. Raises `LeafsealError` where it begins and does not end, or twice."""
    lines = text.splitlines(keepends=True)
    marks = [(number, line.strip()) for number, line in enumerate(lines) if line.strip() in (BEGIN, END)]
    if not marks:
        return Block(text, None, "")
    if [mark for _, mark in marks] != [BEGIN, END]:
        hint = f'delete these comments, and what is between them: "{BEGIN}" and "{END}"'
        raise LeafsealError("the lines that leafseal wrote have lost their begin or end", hint=hint, file=path)
    (first, _), (last, _) = marks
    return Block("".join(lines[:first]), tuple(_lines("".join(lines[first + 1 : last]))), "".join(lines[last + 1 :]))


def _lines(text: str) -> list[Line]:
    """Return the lines of attributes in a text. Macros are left out: they are no lines of files."""
    found = []
    for line in text.splitlines():
        line = line.strip(" \t\r")
        if not line or line.startswith(("#", "[attr]")):
            continue
        pattern, attributes = _pattern(line)
        found.append(Line(pattern, tuple(attributes.split())))
    return found


def _pattern(line: str) -> tuple[str, str]:
    match = re.match(r'"((?:[^"\\]|\\.)*)"', line)
    if match is None:
        pattern, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        return pattern.removeprefix("\\") if pattern.startswith(("\\!", "\\#")) else pattern, rest
    plain = re.sub(r"\\([0-7]{3}|.)", lambda found: _unescaped(found[1]), match[1])
    return plain, line[match.end() :]


def _unescaped(text: str) -> str:
    named = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
    return chr(int(text, 8)) if len(text) == 3 else named.get(text, text)


def planned(block: Block, wanted: Iterable[Line], *, keeps_strict: bool = False) -> list[Line]:
    """Return the lines that our block is to have: those wanted that no line elsewhere has already.

    A guard that somebody set up for all is kept; with `keeps_strict` also each line with the strict one, where nobody
    knows what it should be now.
    """
    guards = {line.pattern: _filters(line) for line in block.lines or ()}
    elsewhere = [(line.pattern, set(line.attributes)) for line in block.others]
    found = []
    for line in wanted:
        kept = () if _filters(line) else guards.get(line.pattern, ())
        whole = Line(line.pattern, (*line.attributes, *kept))
        if not any(pattern == whole.pattern and set(whole.attributes) <= given for pattern, given in elsewhere):
            found.append(whole)
    if keeps_strict:
        patterns = {line.pattern for line in found}
        strict = (line for line in block.lines or () if f"filter={DRIVER}" in line.attributes)
        found += [line for line in strict if line.pattern not in patterns]
    return found


def _filters(line: Line) -> tuple[str, ...]:
    return tuple(one for one in line.attributes if one in (f"filter={DRIVER}", f"filter={KEPT}"))


def written(block: Block, lines: Sequence[Line]) -> str:
    """Return the text of the file with our block in it, or without one where it would be empty."""
    before, after = block.before, block.after
    if not lines:
        return before + after
    if before and not before.endswith("\n"):
        before += "\n"
    return before + "".join(f"{line}\n" for line in (BEGIN, *map(str, lines), END)) + after


def save(top: str, text: str) -> None:
    """Write the file at the top of a work tree; delete it where nothing is left in it."""
    path = os.path.join(top, NAME)
    if not text:
        if os.path.lexists(path):
            os.unlink(path)
        return
    data = text.encode("utf-8", "surrogateescape")
    if os.path.lexists(path):
        files.replace(read(path), data, verify=lambda _: None)
    else:
        files.create(path, data)
