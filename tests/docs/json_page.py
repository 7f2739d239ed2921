"""docs/json.md, read as the schema that it is: tables of fields with their types, by the heading above them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .blocks import ROOT, blocks

PATH = ROOT / "docs" / "json.md"


class Field(NamedTuple):
    """A field of an object: the types that it may have, and whether it may be absent."""

    types: tuple[str, ...]
    optional: bool


Schema = dict[str, dict[str, Field]]
"""The fields of each object, by the heading of its table."""

_WORDS: dict[str, type | tuple[type, ...]] = {"text": str, "number": int, "true or false": bool, "null": type(None)}


def schema() -> Schema:
    """Return the fields of every object; those of every report and of every file are in it where they belong."""
    tables = dict(_tables())
    names = tables.pop("Names of files")
    every = tables.pop("Every report")
    for fields in tables.values():
        if "file, file_bytes" in fields:
            del fields["file, file_bytes"]
            fields.update(names)
    return {name: {**every, **fields} if name in reports() else fields for name, fields in tables.items()}


def reports() -> list[str]:
    """Return the names of reports: the sections with an example."""
    text = PATH.read_text(encoding="utf-8")
    return [part.partition("\n")[0] for part in text.split("\n## ")[1:] if "<!-- report -->" in part]


def examples() -> list[str]:
    """Return the example of each report."""
    return [block.text for block in blocks(PATH) if block.remark == "report"]


def _tables() -> Iterator[tuple[str, dict[str, Field]]]:
    for part in re.split(r"\n##+ ", PATH.read_text(encoding="utf-8"))[1:]:
        rows = re.findall(r"^\| (`.*?`) \|(?: (.*?))? \| .* \|$", part, re.MULTILINE)
        if "| field | type |" in part:
            yield part.partition("\n")[0], {name.replace("`", ""): _field(kind) for name, kind in rows}


def _field(kind: str) -> Field:
    kind = re.sub(r"\[([\w ]+)\]\([#\w-]+\)", r"\1", kind)
    optional = kind.endswith(", optional")
    kind = kind.removesuffix(", optional")
    types = [kind.removesuffix(" or null")] + (["null"] if kind.endswith(" or null") else [])
    return Field(tuple(types), optional)


def faults(name: str, node: Any, known: Schema, where: str = "") -> Iterator[str]:
    """Yield where an object is not what its table says."""
    fields = known[name]
    for field in node.keys() - fields.keys():
        yield f"{where}: {field} is not in the table of {name}"
    for field, told in fields.items():
        if field not in node:
            if not told.optional:
                yield f"{where}: {field} is missing"
        elif not any(_fits(kind, node[field], known) for kind in told.types):
            inner = [kind.removeprefix("list of ") for kind in told.types if kind.removeprefix("list of ") in known]
            yield f"{where}.{field}: is {node[field]!r:.200}, not {' or '.join(told.types)} {inner}"


def _fits(kind: str, value: Any, known: Schema) -> bool:
    if kind.startswith("list of "):
        return isinstance(value, list) and all(_fits(kind.removeprefix("list of "), one, known) for one in value)
    if kind in _WORDS:
        return isinstance(value, _WORDS[kind]) and (kind != "number" or not isinstance(value, bool))
    return isinstance(value, dict) and not list(faults(kind, value, known))
