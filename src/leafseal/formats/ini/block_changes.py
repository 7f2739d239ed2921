"""Another metadata section in the layout of the one that a file has: only the lines of what changed are new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.document.order import in_old_order
from leafseal.errors import LeafsealError
from leafseal.formats.flattening import flatten
from leafseal.formats.ini.edit import line_like
from leafseal.formats.ini.scan import Key, scan


def flat_pairs(metadata: Mapping[str, object]) -> dict[str, str]:
    """Return metadata as keys and values of a section: a line break is written as backslash and n."""
    return {name: value.replace("\n", "\\n") for name, value in flatten(metadata).items()}


def changed_block(text: str, start: int, end: int, keys: Sequence[Key], metadata: Mapping[str, object]) -> str | None:
    """Return the section at `start` to `end`, which has these keys, changed so that it says `metadata`.

    Its last line has a break. None where the change cannot be made in place.
    """
    newline = "\r\n" if text.endswith("\r\n", start, text.find("\n", start) + 1) else "\n"
    if not text.endswith("\n", start, end):
        text = text[:end] + newline
        end = len(text)
    new = flat_pairs(metadata)
    try:
        changed = "".join(_pieces(text, start, end, keys, new, newline))
        found = scan(changed, DEFAULT_LIMITS).keys
    except LeafsealError:
        return None
    said = {key.name: _said(key) for key in found}
    return changed if said == new and len(found) == len(new) else None


def _pieces(
    text: str, start: int, end: int, keys: Sequence[Key], new: Mapping[str, str], newline: str
) -> Iterator[str]:
    """Yield the parts of the section: lines that stay, those of what changed, and new ones laid out like the first."""
    old = {key.name: key for key in keys}
    added: dict[str, list[str]] = {}
    behind = ""
    for name in in_old_order(old, list(new)):
        if name in old:
            behind = name
        else:
            added.setdefault(behind, []).append(line_like(text, keys[0], name, new[name]) + newline)
    header_end = text.find("\n", start) + 1
    yield text[start:header_end]
    yield from added.get("", ())
    position = header_end
    for name, key in old.items():
        yield text[position : text.rfind("\n", 0, key.start) + 1]  # comments and blank lines
        position = key.value.line_end
        if name in new:
            line = text[text.rfind("\n", 0, key.start) + 1 : position]
            yield line if _said(key) == new[name] else line_like(text, key, name, new[name]) + newline
        yield from added.get(name, ())
    yield text[position:end]


def _said(key: Key) -> str:
    return key.value.text.replace("\n", "\\n")
