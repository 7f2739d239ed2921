"""The files that are deployed, opened in memory: any number in one process, in one pass, and all of them or none.

Each door reads what it is given, has it opened here, and lets nothing out before every file is found to be right: it
was encrypted and verified, or it is a plain file in which nothing is left encrypted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leafseal.deploy.leftovers import has_tokens, may_have_leftovers, refuse_leftovers
from leafseal.document import Document, Leaf
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import ReadOptions
from leafseal.document.places import listed
from leafseal.document.tree import MappingNode, build
from leafseal.errors import FormatError, LeafsealError, NotEncryptedError, RefusedError, naming
from leafseal.formats import ANY_BYTES, parse, recognize
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Done, Item, Outcome, open_all
from leafseal.operations.open import Opened, Source
from leafseal.rules.selection import Selection
from leafseal.system.reading import Snapshot


class File(NamedTuple):
    """A file to be deployed: as it was read, and what it opened to; None where it is a plain file."""

    item: Item
    opened: Opened | None

    @property
    def name(self) -> str:
        """The name that messages use."""
        return self.item.name

    def plaintext(self) -> bytes:
        """Return the decrypted file to the byte; of a plain file what was read."""
        return self.item.source.data if self.opened is None else self.opened.plaintext()

    def trees(self) -> list[MappingNode]:
        """Return the values as trees, one for each document. Raises `FormatError` for a plain file that has none."""
        return _trees(self.item) if self.opened is None else self.opened.documents()


def as_item(name: str, snapshot: Snapshot) -> Item:
    """Return a file that was read, in the format that its name or its encrypted content tells."""
    return Item(snapshot, Source(name, snapshot.data, recognize(name, snapshot.data), name))


def open_files(items: Sequence[Item], ring: KeyRing) -> tuple[list[File], list[LeafsealError]]:
    """Open every file that is encrypted, each distinct data key once; return the files in order, and what is wrong.

    Where anything is wrong nothing of the files may be used. What is left encrypted after that, in a file that was
    opened or in a plain one, is wrong too; so is a file that was encrypted and lost its metadata.
    """
    suspects = [item for item in items if may_have_leftovers(item.source.data)]
    outcomes = dict(zip(map(id, suspects), open_all(suspects, ring, _opened), strict=True))
    files: list[File] = []
    errors: list[LeafsealError] = []
    for item in items:
        try:
            with naming(item.name):
                files.append(_file(item, outcomes.get(id(item))))
        except LeafsealError as error:
            errors.append(error)
    return files, errors


def _opened(_item: Item, opened: Opened) -> Opened:
    if opened.document.format != ANY_BYTES:
        for tree in opened.documents():
            refuse_leftovers(tree)
    return opened


def _file(item: Item, outcome: Outcome[Opened] | None) -> File:
    if outcome is None:
        return File(item, None)
    if isinstance(outcome, Done):
        return File(item, outcome.result)
    if not isinstance(outcome.error, NotEncryptedError):
        raise outcome.error
    if item.source.format == ANY_BYTES:
        if has_tokens(item.source.data):
            raise outcome.error
        return File(item, None)  # a text about sops
    try:
        for tree in _trees(item):
            refuse_leftovers(tree)
    except LeafsealError:
        raise outcome.error from None  # which knows what to do about it
    return File(item, None)


def _trees(item: Item) -> list[MappingNode]:
    document = parse(item.source.data, item.source.format)
    return build((leaf, leaf.value) for leaf in document.leaves())


Among = Callable[[Document], Callable[[Leaf], bool]]
"""Tells of a document which of its values are secrets by their meaning."""


def every_value(_document: Document) -> Callable[[Leaf], bool]:
    """Return what takes every value of a document for a secret."""
    return lambda _leaf: True


def refuse_plain(
    file: File,
    selection: Selection | None,
    *,
    hint: str,
    among: Among = every_value,
) -> None:
    """Raise `RefusedError` for a plain file in which a creation rule would encrypt something: it was forgotten.

    `selection` is that of the rule for the file, None where there is none. `among` says what counts of what it selects,
    where a rule is wider than that.
    """
    if file.opened is not None or selection is None:
        return
    try:
        document = parse(file.item.source.data, file.item.source.format, ReadOptions(allow_duplicates=True))
    except FormatError:
        return  # a template, or another kind of file
    is_meant = among(document)
    values = (leaf for leaf in document.leaves() if not (leaf.is_empty or leaf.is_comment))
    found = [leaf for leaf in values if selection.selects(leaf) and is_meant(leaf)]
    if found:
        raise RefusedError(
            f"not encrypted, and the rule for it in .sops.yaml encrypts {listed(found)}", hint=hint, file=file.name
        )
