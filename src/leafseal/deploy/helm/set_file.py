r"""The value of `--set-file`, as Helm reads it: `key=path,list={path,path}`; `\` keeps a character as it is."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document.frozen import NamedTuple


class Part(NamedTuple):
    """What stands between two commas: a key, and the files whose contents become its value."""

    key: str  # as it is written, with the `=`
    files: tuple[str, ...]  # as they are written
    is_list: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(map(_plain, self.files))


def read(text: str) -> list[Part]:
    """Return the parts of a value, also those without a file, which Helm complains of."""
    parts: list[Part] = []
    position = 0
    while position < len(text):
        end = _next(text, position, "=,")
        if text[end : end + 1] != "=":
            parts.append(Part(text[position:end], (), False))
            position = end + 1
            continue
        key = text[position : end + 1]
        position = end + 1
        if text[position : position + 1] == "{":
            close = _next(text, position + 1, "}")
            parts.append(Part(key, tuple(_split(text[position + 1 : close])), True))
            position = close + 2
        else:
            end = _next(text, position, ",")
            parts.append(Part(key, (text[position:end],), False))
            position = end + 1
    return parts


def written(parts: Sequence[Part], names: Sequence[str | None]) -> str:
    """Return a value with other names for its files, in their order; those with None are left out."""
    left = iter(names)
    found: list[str] = []
    for key, files, is_list in parts:
        new = [next(left) for _ in files]
        own = [
            file if name == _plain(file) else _escaped(name)
            for file, name in zip(files, new, strict=True)
            if name is not None
        ]
        if is_list:
            found.append(f"{key}{{{','.join(own)}}}")
        elif own or not files:
            found.append(key + "".join(own))
    return ",".join(found)


def _next(text: str, position: int, ends: str) -> int:
    r"""Return where the first of some characters is that has no `\` before it; the length where there is none."""
    while position < len(text) and text[position] not in ends:
        position += 2 if text[position] == "\\" else 1
    return min(position, len(text))


def _split(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    while position <= len(text):
        end = _next(text, position, ",")
        found.append(text[position:end])
        position = end + 1
    return found if found != [""] else []


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    letters = iter(text)
    return "".join(next(letters, "") if letter == "\\" else letter for letter in letters)


def _escaped(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\,{}" else letter for letter in name)
