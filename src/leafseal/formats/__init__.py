"""The formats, by name and by file name suffix; a format's module is imported when a file needs it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Protocol, cast

from leafseal.document import Document
from leafseal.document.limits import DEFAULT_READ, Limits, ReadOptions
from leafseal.document.tree import MappingNode
from leafseal.errors import FormatError, UsageError

MODULES = {
    "yaml": "leafseal.formats.yaml",
    "json": "leafseal.formats.json",
    "dotenv": "leafseal.formats.dotenv",
    "ini": "leafseal.formats.ini",
    "binary": "leafseal.formats.binary",
}

SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".env": "dotenv", ".ini": "ini"}


class Parser(Protocol):
    """What a format's module offers as `parse`."""

    def __call__(
        self, data: bytes, limits: Limits = ..., *, sealed: bool = ..., allow_duplicates: bool = ...
    ) -> Document:
        """Scan a file. `sealed` says that it should be a SOPS file; only binary needs to know."""
        ...


def format_of(name: str) -> str:
    """Return the format that a file's name stands for: by suffix, case-sensitive, `binary` for all others."""
    for suffix, format_name in SUFFIXES.items():
        if name.endswith(suffix):
            return format_name
    return "binary"


def parse(
    data: bytes,
    format_name: str,
    read: ReadOptions = DEFAULT_READ,
    *,
    sealed: bool = False,
) -> Document:
    """Scan a file of the named format. Raises `FormatError` when the bytes are not that format."""
    if format_name not in MODULES:
        raise UsageError(f"unknown format {format_name}", hint=f"one of {', '.join(sorted(MODULES))}")
    if len(data) > read.limits.file_bytes:
        raise FormatError(
            f"larger than {read.limits.file_bytes} bytes", hint="raise the limit with --max-file-size if this is meant"
        )
    parser = cast(Parser, importlib.import_module(MODULES[format_name]).parse)
    return parser(data, read.limits, sealed=sealed, allow_duplicates=read.allow_duplicates)


def emit(documents: Sequence[MappingNode], format_name: str, *, indent: int | None = None) -> bytes:
    """Return trees as a new file of the named format, as SOPS writes it. Raises `EmitError` for what it cannot hold."""
    if format_name not in MODULES:
        raise UsageError(f"unknown format {format_name}", hint=f"one of {', '.join(sorted(MODULES))}")
    return cast(bytes, importlib.import_module(MODULES[format_name]).emit(documents, indent=indent))
