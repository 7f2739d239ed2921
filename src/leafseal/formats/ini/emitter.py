"""INI as SOPS writes it, with quotes where its own writer would lose something (sops-format §6.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leafseal.display import visible
from leafseal.document.scalars import to_plain_text
from leafseal.document.tree import Comment, ListNode, MappingNode
from leafseal.errors import EmitError
from leafseal.formats.common import as_text
from leafseal.formats.ini.scan import DEFAULT_SECTION
from leafseal.formats.ini.values import SPACE, quote_of_sops, write_key, write_value


def emit(documents: Sequence[MappingNode], *, indent: int | None = None) -> bytes:
    """Return the sections of all documents as one INI file. Raises `EmitError` for what one cannot hold."""
    sections = [item for document in documents for item in document.items if not isinstance(item, Comment)]
    written: list[str] = []
    for index, (name, node) in enumerate(sections):
        if not isinstance(node, MappingNode):
            raise EmitError(
                f"section values should always be mappings, and {visible(name)} isn't one",
                hint="choose YAML or JSON: an INI file has two levels, sections and keys",
            )
        lines = _section(name, node, headless=index == 0 and name == DEFAULT_SECTION)
        has_keys = any(not isinstance(item, Comment) for item in node.items)
        is_last = index == len(sections) - 1
        if (index or name != DEFAULT_SECTION or has_keys) and not is_last:
            lines.append("")
        written += lines
    return "".join(f"{line}\n" for line in written).encode("utf-8", "surrogateescape")


def _section(name: str, node: MappingNode, *, headless: bool) -> list[str]:
    """Return the lines of a section. A comment stands above the key that it follows in the tree."""
    items = list(node.items)
    lines: list[str] = []
    if items and isinstance(first := items[0], Comment):
        lines += _comment_lines(first.text)
        items = items[1:]
    if not headless:
        lines.append(header(name))
    pairs: list[tuple[str, str]] = []
    comments: list[list[str]] = []
    for item in items:
        if not isinstance(item, Comment):
            pairs.append((item[0], _text(name, *item)))
            comments.append([])
        elif comments:
            comments[-1] = _comment_lines(item.text)
    for above, line in zip(comments, key_lines(pairs), strict=True):
        lines += [*above, line]
    return lines


def _text(section: str, key: str, value: object) -> str:
    if isinstance(value, MappingNode | ListNode):
        raise EmitError(
            f"{visible(section)}.{visible(key)}: a list or mapping inside a section",
            hint="choose YAML or JSON: an INI file has two levels, sections and keys",
        )
    text = as_text(to_plain_text(value))  # type: ignore[arg-type]
    if "\0" in text:
        raise EmitError(f"{visible(section)}.{visible(key)}: INI cannot contain a NUL character")
    return text


def header(name: str) -> str:
    """Return a section's header. Raises `EmitError` for a name that none can hold."""
    if not name or "\n" in name or "\0" in name:
        raise EmitError("INI cannot contain a section whose name is empty or has a line break in it")
    return f"[{name}]"


def key_lines(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return `key = value` for each pair, the signs below each other."""
    written = [(write_key(key), write_value(value, quote_of_sops(value))) for key, value in pairs]
    widths = [len(key.encode("utf-8", "surrogateescape")) for key, _ in written]
    widest = max(widths, default=0)
    return [f"{key}{' ' * (widest - width)} = {value}" for (key, value), width in zip(written, widths, strict=True)]


def _comment_lines(text: str) -> list[str]:
    lines = text.split("\n") if text else []
    return [
        f"{line[0]} {line[1:].strip(SPACE)}" if line[:1] in ("#", ";") else f"; {line.strip(SPACE)}" for line in lines
    ]
