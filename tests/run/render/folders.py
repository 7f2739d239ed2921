"""Rendered files, and what is in the folder that they are in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from leafseal.run.render.tree import File


def files(text: str, names: Sequence[str] = ("a", "app/b")) -> list[File]:
    return [File(name, f"{name}: {text}".encode()) for name in names]


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def generations_in(folder: Path) -> list[str]:
    return [name for name in names_in(folder) if name.startswith("..2")]


def content_of(folder: Path) -> dict[str, str]:
    """Return what is found by the links, by path."""
    found = {}
    for link in names_in(folder):
        if not link.startswith(".."):
            path = folder / link
            for file in path.rglob("*") if path.is_dir() else [path]:
                if file.is_file():
                    found[file.relative_to(folder).as_posix()] = file.read_text()
    return found
