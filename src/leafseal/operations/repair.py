"""Mend a sealed file: take out what does not verify, leave one of several, and give it a MAC that holds.

A value is removed or stays what it is; none is moved, set or guessed. What is removed is what the caller names, and
what comes of it must hold every other value, to the byte, before it is given out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from leafseal.crypto.spelling import entry_name
from leafseal.crypto.token import Sealer
from leafseal.document import Document, Edit, Leaf
from leafseal.document.limits import ReadOptions
from leafseal.document.scalars import Empty
from leafseal.errors import FormatError, IntegrityError, PathError, RefusedError
from leafseal.formats import ANY_BYTES, parse
from leafseal.keys import Ambient
from leafseal.metadata.least_change import mapping_over
from leafseal.operations.context_repair import rewrap_garbled
from leafseal.operations.diagnose import Bad, Diagnosis, Duplicate
from leafseal.operations.edit import Draft
from leafseal.operations.open import Opened, Source
from leafseal.operations.product import Groups, Product
from leafseal.operations.rekey import structured
from leafseal.operations.reseal import reseal
from leafseal.operations.seal import with_mac

MOST_REMOVALS = 100
"""Members that are removed at once. A file with more damage is not mended place by place."""


def refuse_many(places: int) -> None:
    """Raise `RefusedError` where a file has more damage than is mended place by place."""
    if places > MOST_REMOVALS:
        raise RefusedError(f"{places} places are damaged: too many to mend them one by one", hint=_RESTORE)


def keep_one(source: Source, read: ReadOptions, duplicate: Duplicate, kept: int) -> Source:
    """Return a file without the members of a name that are not kept, the last of these first."""
    for position in reversed(range(len(duplicate.members))):
        if position == kept:
            continue
        document = _parse(source, read)
        found = next(
            one for one in document.repeated() if (one.document, one.locator) == (duplicate.document, duplicate.locator)
        )
        member = found.members[position]
        source = _without(source, document, member.removal, [(member.start, member.end)], read)
    return source


def without(source: Source, read: ReadOptions, bad: Sequence[Bad]) -> Source:
    """Return a file without values and comments that do not verify. Names must not be repeated in it.

    Raises `RefusedError` for what cannot be removed by itself.
    """
    if source.format == ANY_BYTES:
        raise RefusedError("the one value of a binary file cannot be removed", hint=_RESTORE)
    refuse_many(len(bad))
    document = _parse(source, read)
    numbers = {leaf.start: number for number, leaf in enumerate(_values(document))}
    comments = [one.leaf for one in bad if one.leaf.is_comment]
    if comments:
        edits = [_comment_edit(document.text, leaf) for leaf in comments]
        source = _without(source, document, edits, [(leaf.start, leaf.end) for leaf in comments], read)
    # The last first: then those before it keep their numbers. A place is no name of one: INI repeats its sections.
    for one in reversed([one for one in bad if not one.leaf.is_comment]):
        document = _parse(source, read)
        leaf = _values(document)[numbers[one.leaf.start]]
        try:
            edits = document.removal(leaf)
        except (PathError, RefusedError) as error:
            raise error.with_hint(_BY_HAND) from None
        source = _without(source, document, edits, [(leaf.start, leaf.end)], read)
    return source


def mended(diagnosis: Diagnosis, groups: Groups, ambient: Ambient) -> Product:
    """Return a file in which every value verifies under a MAC that holds. `groups` are the keys that it names.

    Values that are not encrypted and should be, are. The caller had the user's consent to all that the diagnosis says.
    Raises `IntegrityError` while anything else is bad.
    """
    opened = diagnosis.opened
    if diagnosis.duplicates or any(not one.is_plain for one in diagnosis.bad):
        raise IntegrityError("there are places that cannot be decrypted, or names that are repeated")
    if diagnosis.bad:
        product = reseal(opened, Draft.of(opened, opened.plaintext()))
    else:
        product = _with_new_mac(opened)
    if diagnosis.has_old_context:
        product = rewrap_garbled(product.open(), groups, ambient)
    return product


def _with_new_mac(opened: Opened) -> Product:
    sealer = Sealer(opened.data_key.reveal())
    names = {entry_name(token) for token in opened.tokens()}
    spelling = {name: entry for name, entry in opened.metadata.spelling.items() if name in names}
    metadata = with_mac(opened.metadata.with_spelling(spelling), opened.leaves.hashed, sealer)
    metadata = structured(metadata, opened, opened.document, opened.data_key)
    data = opened.document.rewrite([], mapping_over(opened.document.metadata(), metadata))
    read = opened.read._replace(ignore_mac=False, allow_duplicates=False)
    return Product(data, opened.document.format, opened.data_key, opened.plaintext(), read)


def _parse(source: Source, read: ReadOptions) -> Document:
    return parse(source.data, source.format, read._replace(allow_duplicates=True), sealed=True)


def _values(document: Document) -> list[Leaf]:
    return [leaf for leaf in document.leaves() if not (leaf.is_comment or isinstance(leaf.value, Empty))]


def _comment_edit(text: str, leaf: Leaf) -> Edit:
    """Return the edit that takes out the line of a comment, or its text where other text is on its line."""
    start = text.rfind("\n", 0, leaf.start) + 1
    end = text.find("\n", leaf.end) + 1
    is_alone = end and re.fullmatch(r"[ \t]*[#;][ \t]*", text[start : leaf.start]) and not text[leaf.end : end].strip()
    return Edit(start, end, "") if is_alone else Edit(leaf.start, leaf.end, "")


def _without(
    source: Source, document: Document, edits: Sequence[Edit], spans: Sequence[tuple[int, int]], read: ReadOptions
) -> Source:
    """Make edits that remove the leaves in some spans. Raises `RefusedError` where anything else would change."""
    after = source._replace(data=document.rewrite(edits))
    kept = [leaf for leaf in document.leaves() if not any(start <= leaf.start < end for start, end in spans)]
    try:
        left = _parse(after, read).leaves()
    except FormatError:  # such as an alias whose anchor is gone
        raise RefusedError("this cannot be removed without breaking something else", hint=_BY_HAND) from None
    lost = Counter(_contents(kept, comments=True)) - Counter(_contents(left, comments=True))
    new = Counter(_contents(left, comments=True)) - Counter(_contents(kept, comments=True))
    if _contents(kept) != _contents(left) or new or any(not is_comment for *_, is_comment in lost):
        raise RefusedError("this cannot be removed without moving something else", hint=_BY_HAND)
    return after


def _contents(leaves: Iterable[Leaf], *, comments: bool = False) -> list[tuple[object, ...]]:
    """Return what must stay of values, in order; with `comments` also of these, whose container may go."""
    return [
        (leaf.document, () if leaf.is_comment else leaf.path, type(leaf.value), leaf.value, leaf.is_comment)
        for leaf in leaves
        if ((comments and leaf.value) or not leaf.is_comment)
        and leaf.value is not None
        and not isinstance(leaf.value, Empty)
    ]


_RESTORE = 'restore the file from Git: "git log -p FILE" shows its versions'
_BY_HAND = 'delete its lines in a text editor, then run "leafseal repair FILE" again'
