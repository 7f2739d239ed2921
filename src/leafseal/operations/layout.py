"""The layout of a plain file, remembered where its encrypted form has another (format, "Layout memory").

What is remembered is the text of the plain file, with a gap wherever a value has the same text in both. It is sealed,
because comments may hold secrets, in parts of a bounded size, and bound to everything but the values in the other
layout: where anything else was changed, it opens no longer. Once the gaps are filled it counts only if it holds what
the file holds. It lies outside the MAC: without it the same values open.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

from leafseal.crypto.token import Sealer, TokenError
from leafseal.document import Document, Leaf
from leafseal.document.comparison import holds_the_same, values_of
from leafseal.document.paths import format_path
from leafseal.errors import FormatError, RefusedError
from leafseal.metadata import Metadata
from leafseal.rules.selection import Selection

# Neither YAML nor JSON has these characters in a text.
_GAP = "\0"  # the next value stands here
_FULL = "\1"  # the next value stands here, and the text behind is its own

_PART = 2**20  # characters: an entry is shorter than the longest value that is read


def remembered(metadata: Metadata) -> Sequence[str]:
    """Return the sealed parts of the layout that a file's metadata remembers; none where it has the one it shows."""
    ours = metadata.extra.get("leafseal")
    entries = ours.get("layout") if isinstance(ours, Mapping) else None
    if not isinstance(entries, Mapping):
        return ()
    parts = [entries.get(_name(index)) for index in range(len(entries))]
    return [part for part in parts if isinstance(part, str)] if all(isinstance(part, str) for part in parts) else ()


def _name(index: int) -> str:
    """Return the name of a part, of the form that the entries of spellings have."""
    return f"t{index:016x}"


def with_layout(metadata: Metadata, parts: Sequence[str]) -> Metadata:
    """Return metadata that remembers another layout, or none."""
    extra = dict(metadata.extra)
    had = extra.pop("leafseal", None)
    ours = {name: value for name, value in had.items() if name != "layout"} if isinstance(had, Mapping) else {}
    if parts:
        ours["layout"] = {_name(index): part for index, part in enumerate(parts)}
    if ours:
        extra["leafseal"] = ours
    return metadata._replace(extra=extra)


def seal_layout(plain: Document, laid_out: Document, sealer: Sealer, known: Sequence[str] = ()) -> list[str]:
    """Return the sealed layout of a plain document, for that in which it is encrypted.

    A part that is among the `known` ones, and has not changed, stays what it is to the byte.
    """
    return _sealed(_with_gaps(plain, laid_out), _binding(laid_out), sealer, known)


def _sealed(text: str, binding: str, sealer: Sealer, known: Sequence[str]) -> list[str]:
    parts = [text[start : start + _PART] for start in range(0, len(text), _PART)]
    sealed = []
    for index, part in enumerate(parts):
        aad = _aad(binding, index, len(parts))
        had = known[index] if index < len(known) else ""
        data = part.encode()
        sealed.append(had if _opened(had, aad, sealer) == data else sealer.seal_bytes(data, "str", aad))
    return sealed


def open_layout(
    laid_out: Document, parts: Sequence[str], sealer: Sealer, parse: Callable[[bytes], Document]
) -> Document:
    """Return the plain document in the layout that it had; as it is, where that belongs to it no longer."""
    text = _text(laid_out, parts, sealer)
    filled = None if text is None else _filled(text, laid_out)
    if filled is None:
        return laid_out
    try:
        plain = parse(filled.encode())
    except FormatError:
        return laid_out
    return plain if holds_the_same(plain.leaves(), laid_out.leaves()) else laid_out


def seal_again(laid_out: Document, parts: Sequence[str], old: Sealer, new: Sealer) -> list[str]:
    """Return a layout sealed under another data key; nothing where it did not belong to the document."""
    text = _text(laid_out, parts, old)
    return [] if text is None else _sealed(text, _binding(laid_out), new, ())


def _text(laid_out: Document, parts: Sequence[str], sealer: Sealer) -> str | None:
    binding = _binding(laid_out)
    opened = [_opened(part, _aad(binding, index, len(parts)), sealer) for index, part in enumerate(parts)]
    return None if None in opened else b"".join(part for part in opened if part is not None).decode()


def _opened(part: str, aad: str, sealer: Sealer) -> bytes | None:
    try:
        return sealer.open_bytes(part, aad)[0] if part else None
    except TokenError:
        return None


def _aad(binding: str, index: int, count: int) -> str:
    return f"leafseal:layout:{binding}:{index}:{count}:"


def _binding(document: Document) -> str:
    """Return the digest of a text without its values."""
    digest = hashlib.sha256()
    position = 0
    for leaf in values_of(document.leaves()):
        if leaf.start >= position:  # others stand behind one alias
            digest.update(document.text[position : leaf.start].encode() + b"\0")
            position = leaf.end
    digest.update(document.text[position:].encode())
    return digest.hexdigest()


def _with_gaps(plain: Document, laid_out: Document) -> str:
    pieces: list[str] = []
    position = 0
    for leaf, other in zip(values_of(plain.leaves()), values_of(laid_out.leaves()), strict=True):
        if leaf.start < position:  # behind an alias, whose text is there already
            pieces.append(_FULL)
            continue
        pieces.append(plain.text[position : leaf.start])
        is_equal = _source(plain, leaf) == _source(laid_out, other)
        pieces.append(_GAP if is_equal else _FULL)
        position = leaf.end if is_equal else leaf.start
    return "".join([*pieces, plain.text[position:]])


def _source(document: Document, leaf: Leaf) -> str:
    return document.text[leaf.start : leaf.end]


def _filled(text: str, laid_out: Document) -> str | None:
    """Return a text with the values of a document in its gaps; None where it has another number of them."""
    values = iter(values_of(laid_out.leaves()))
    pieces = []
    for piece in re.split(f"([{_GAP}{_FULL}])", text):
        if piece not in (_GAP, _FULL):
            pieces.append(piece)
            continue
        leaf = next(values, None)
        if leaf is None:
            return None
        if piece == _GAP:
            pieces.append(_source(laid_out, leaf))
    return "".join(pieces) if next(values, None) is None else None


def refuse_other_choice(plain: Document, laid_out: Document, selection: Selection) -> None:
    """Raise `RefusedError` where a rule that goes by comments would leave a value clear in the other layout."""
    if not selection.goes_by_comments:
        return
    for leaf, other in zip(values_of(plain.leaves()), values_of(laid_out.leaves()), strict=True):
        if not leaf.is_empty and selection.selects(leaf) and not selection.selects(other):
            raise RefusedError(
                f"{format_path(leaf.locator)}: the comment before it would leave this value in plain text",
                hint="put the comment on a line of its own, above the value that it is about",
            )
