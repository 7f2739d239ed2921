"""Files with a place in them where a member was added: between two lines `@@` are its lines.

The layouts of a format stand in one file, each behind a line `== what it shows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Layout(NamedTuple):
    """A file without a member, and with it."""

    name: str
    without: str
    with_it: str


def layouts(format_name: str) -> Iterator[Layout]:
    """Yield a layout for each member that is marked in those of a format."""
    text = Path(__file__).with_name(f"{format_name}.txt").read_text(encoding="utf-8")
    for part in text.split("\n== ")[0:] if text.startswith("== ") else []:
        name, _, body = part.removeprefix("== ").partition("\n")
        yield from _marked(name, body.removesuffix("\n") + "\n")


def _marked(name: str, body: str) -> Iterator[Layout]:
    pieces: list[str] = [""]
    for line in body.splitlines(keepends=True):
        if line.strip() == "@@":
            pieces.append("")
        else:
            pieces[-1] += line
    for number in range(1, len(pieces), 2):
        kept = pieces[::2]
        without = "".join(kept)
        with_it = "".join(kept[: number // 2 + 1]) + pieces[number] + "".join(kept[number // 2 + 1 :])
        yield Layout(f"{name}, {number // 2 + 1}", without, with_it)
