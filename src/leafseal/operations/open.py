"""A sealed file, opened: its data key recovered, every tag and the MAC verified before anything of it is let out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

from leafseal.crypto import mac
from leafseal.crypto.spelling import open_spellings
from leafseal.crypto.token import Sealer
from leafseal.document import Document, Edit, Leaf
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.document.paths import format_path
from leafseal.document.scalars import same
from leafseal.document.tree import Comment, MappingNode, build
from leafseal.errors import (
    DataKeyError,
    FormatError,
    MACMismatchError,
    MetadataError,
    StructureMismatchError,
)
from leafseal.formats import ANY_BYTES, FORMATS, parse
from leafseal.keys import Ambient
from leafseal.keys.groups import DataKey, recover_data_key
from leafseal.keys.ring import KeyRing
from leafseal.metadata import Metadata
from leafseal.operations.leaves import OpenedLeaves, Spare, error_at, open_leaves
from leafseal.system.directories import has_policy, is_watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from leafseal.operations.structure import Coverage


class Source(NamedTuple):
    """A file's bytes, under the name that messages use, in the format it is to be read as."""

    name: str
    data: bytes
    format: str
    path: str | None = None  # where the bytes were read; None where they were no file

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.data)} bytes, {self.format!r})"


class Opened:
    """A sealed file whose data key was recovered, and whose every tag and MAC verified. It does not change."""

    __slots__ = (
        "_edits", "_laid_out", "_plain", "coverage", "data_key", "document", "leaves", "marks", "metadata", "read",
        "spellings",
    )  # fmt: skip

    def __init__(
        self,
        document: Document,
        metadata: Metadata,
        data_key: DataKey,
        leaves: OpenedLeaves,
        spellings: Mapping[str, str],
        read: ReadOptions,
        coverage: Coverage = "missing",
        marks: Sequence[bytes] = (),
    ) -> None:
        self.document = document
        self.metadata = metadata
        self.data_key = data_key
        self.leaves = leaves
        self.spellings = spellings
        self.read = read  # how it was read
        self.coverage = coverage  # whether the structure was checked
        self.marks = marks  # of what people may change by hand, where it was
        self._edits: list[Edit] | None = None  # made when they are first asked for, as the plain document is
        self._laid_out: Document | None = None
        self._plain: Document | None = None

    def with_metadata(self, metadata: Metadata) -> Opened:
        """Return the same under other metadata."""
        return Opened(
            self.document, metadata, self.data_key, self.leaves, self.spellings, self.read, self.coverage, self.marks
        )

    def plaintext(self) -> bytes:
        """Return the file as it was before it was sealed, to the byte."""
        if self.has_layout:
            return self.plain_document().text.encode()
        return self.document.rewrite(self.edits(), None)

    def plain_document(self) -> Document:
        """Return the file as it was before it was sealed, scanned."""
        if self._plain is None:
            self._plain = self._with_layout(self.laid_out()) if self.has_layout else self.laid_out()
        return self._plain

    def laid_out(self) -> Document:
        """Return the plain file in the layout of the sealed one, scanned."""
        edits = self.edits()  # which may have scanned it already
        if self._laid_out is None:
            self._laid_out = self._scan(edits)
        return self._laid_out

    @property
    def has_layout(self) -> bool:
        """Whether the file remembers a layout other than that of the sealed one."""
        ours = self.metadata.extra.get("leafseal")
        return isinstance(ours, dict) and "layout" in ours

    def _with_layout(self, laid_out: Document) -> Document:
        from leafseal.operations import layout  # which most files do without

        sealer = Sealer(self.data_key.reveal())
        parts = layout.remembered(self.metadata)
        return layout.open_layout(laid_out, parts, sealer, lambda data: parse(data, laid_out.format, self.read))

    def edits(self) -> list[Edit]:
        """Return the edits that open the file, one for each token.

        A spelling counts only while it means what its token held.
        """
        if self._edits is None:
            self._edits = self._open_edits()
        return self._edits

    def _open_edits(self) -> list[Edit]:
        opened = [(item.leaf, item.value) for item in self.leaves.sealed]
        edits = self.document.open_edits(opened, self.spellings)
        if self.spellings and not self._means_the_same(edits):
            return self.document.open_edits(opened, {})
        return edits

    def _means_the_same(self, edits: Sequence[Edit]) -> bool:
        try:
            plain = self._scan(edits)
        except FormatError:
            return False  # such as an alias whose anchor is gone
        # What stands for an empty document has no place; whether it is there depends on comments.
        one = [(leaf, leaf.value) for leaf in plain.leaves() if leaf.locator and not leaf.is_comment]
        other = [
            (leaf, value)
            for leaf, value in self.leaves.values
            if leaf.locator and not (leaf.is_comment or isinstance(value, Comment))
        ]
        if len(one) != len(other) or not all(map(_is_same, one, other)):
            return False
        # The elements that SOPS makes of comments are none in the plain text: those behind them move up.
        if len(self.leaves.values) == len(plain.leaves()) and any(
            here.locator != there.locator for (here, _), (there, _) in zip(one, other, strict=True)
        ):
            return False
        self._laid_out = plain
        return True

    def _scan(self, edits: Sequence[Edit]) -> Document:
        return parse(self.document.rewrite(edits, None), self.document.format, self.read)

    def documents(self) -> list[MappingNode]:
        """Return the values as trees, one per document."""
        return build(self.leaves.values)

    def tokens(self) -> list[str]:
        """Return the tokens of all sealed leaves, in file order."""
        return [str(item.leaf.value) for item in self.leaves.sealed]


def _is_same(one: tuple[Leaf, object], other: tuple[Leaf, object]) -> bool:
    (here, value), (there, expected) = one, other
    return same(value, expected) and here.path == there.path and here.document == there.document


def read_metadata(data: bytes, format_name: str, read: ReadOptions = DEFAULT_READ) -> tuple[Document, Metadata]:
    """Scan a sealed file and read its metadata; no key is needed. Raises `NotEncryptedError` where there is none."""
    try:
        document = parse(data, format_name, read, sealed=True)
    except FormatError as error:
        from leafseal.operations.unreadable import with_way_out  # only failures need it

        raise with_way_out(error, data, format_name, read) from None
    mapping = document.metadata()
    if mapping is None:
        from leafseal.operations.unreadable import not_encrypted_error

        raise not_encrypted_error(data)
    try:
        return document, Metadata.parse(mapping, limits=read.limits)
    except MetadataError as error:
        from leafseal.operations.unreadable import with_restoring

        raise with_restoring(error) from None


def recover(metadata: Metadata, ring: KeyRing) -> DataKey:
    """Recover the data key of a file. Raises `DataKeyError`, which names the repair where a file may need one."""
    try:
        return recover_data_key(metadata.groups, metadata.threshold, ring)
    except DataKeyError as error:
        if metadata.may_have_context_bug:
            raise error.with_hint(_REPAIR_HINT) from error.__cause__
        raise


_REPAIR_HINT = 'if SOPS before 3.3.0 encrypted this file, fix it with "leafseal repair FILE"'


def open_file(
    source: Source,
    ring: KeyRing,
    read: ReadOptions = DEFAULT_READ,
    *,
    find_key: Callable[[Metadata, KeyRing], DataKey] = recover,
    spare: Callable[[Document], Spare] | None = None,
    tells_conflicts: bool = True,
) -> Opened:
    """Recover the data key of a file, open every leaf and verify the MAC. Every sealed file is opened here.

    Raises `NotEncryptedError`, `MetadataError`, `DataKeyError`, `IntegrityError` or `MACMismatchError`; nothing of the
    file is let out before all of it has verified. With `spare`, what does not verify may stay what it is: for those who
    put something else in its place. Without `tells_conflicts` the caller says what a merge left undecided in it.
    """
    if is_watched(ring.ambient.environ, ring.ambient.home_text):
        opened = _open_watched(source, ring, held_to_policy(read, ring.ambient), find_key, spare)
    else:
        with paused_collector():
            document, metadata = read_metadata(source.data, source.format, read)
            opened = open_with(document, metadata, find_key(metadata, ring), read, spare)
    if opened.metadata.unresolved and tells_conflicts:
        _warn_of_conflicts(source, opened.metadata, ring.ambient)
    return opened


def _warn_of_conflicts(source: Source, metadata: Metadata, ambient: Ambient) -> None:
    """Say that a merge left something undecided in a file: it is valid, and what theirs has is not in it."""
    if ambient.warn is None:
        return
    from leafseal.operations.unresolved import warning  # most files have none

    ambient.warn(warning(source.name, metadata))


def _open_watched(
    source: Source,
    ring: KeyRing,
    read: ReadOptions,
    find_key: Callable[[Metadata, KeyRing], DataKey],
    spare: Callable[[Document], Spare] | None,
) -> Opened:
    """Open a file where there may be an audit log, which then knows of it before the data key is used."""
    from leafseal.audit.access import opening  # most people have none

    with opening(source.name, source.path, ring) as allow, paused_collector():
        document, metadata = read_metadata(source.data, source.format, read)
        data_key = find_key(metadata, ring)
        allow(metadata.wrapped_keys())
        return open_with(document, metadata, data_key, read, spare)


def held_to_policy(read: ReadOptions, ambient: Ambient) -> ReadOptions:
    """Return how a file is read and written where there may be a policy."""
    if not has_policy(ambient.environ, ambient.home_text):
        return read
    from leafseal.keys.policy import policy_of  # most people have none

    policy = policy_of(ambient)
    return read._replace(
        require_structure=read.require_structure or policy.require_structure,
        omit_structure=read.omit_structure or policy.omit_structure,
    )


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep the cyclic garbage collector from walking a million leaves again and again while they are made."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def open_with(
    document: Document,
    metadata: Metadata,
    data_key: DataKey,
    read: ReadOptions = DEFAULT_READ,
    spare: Callable[[Document], Spare] | None = None,
) -> Opened:
    """Open a file whose data key is known already."""
    sealer = Sealer(data_key.reveal())
    if spare is None:
        leaves = open_leaves(document, metadata.selection, sealer)
    else:
        leaves = open_leaves(document, metadata.selection, sealer, spare(document))
    if not read.ignore_mac:
        _verify_mac(metadata, leaves, sealer)
    coverage, marks = _check_structure(document, metadata, leaves, sealer, read, spare)
    if coverage in ("missing", "later") and FORMATS[document.format].is_text_only and not read.any_types:
        _refuse_types(leaves)
    # Where a name was changed by hand its token no longer opens; the spelling of it may still be wanted.
    tokens = (str(leaf.value) for leaf in chain((item.leaf for item in leaves.sealed), leaves.damaged))
    spellings = open_spellings(metadata.spelling, tokens, sealer)
    if FORMATS[document.format].has_marks:
        read = read._replace(marks_are_text=_has_marks_as_text(metadata, leaves))
    return Opened(document, metadata, data_key, leaves, spellings, read, coverage, marks)


def _check_structure(
    document: Document,
    metadata: Metadata,
    leaves: OpenedLeaves,
    sealer: Sealer,
    read: ReadOptions,
    spare: Callable[[Document], Spare] | None,
) -> tuple[Coverage, Sequence[bytes]]:
    """Return whether a digest covers the structure. Raises `StructureMismatchError` where it does and does not hold."""
    if read.ignore_mac:
        return "skipped", ()
    if not (metadata.structure or read.require_structure or document.format == ANY_BYTES):
        return "missing", ()
    from leafseal.operations import structure  # files of sops do without

    if structure.is_one_value(document):
        return "covered", ()
    without = [frozenset(map(id, leaves.damaged))]
    if spare is not None:
        forgives = spare(document)
        empty = [leaf for leaf in leaves.unauthenticated if forgives(leaf, structure.damaged_error())]
        without.append(without[0].union(map(id, empty)))
    try:
        coverage, marks = structure.check(document, metadata, sealer, without)
        if coverage == "covered" and read.allow_duplicates and document.repeated():
            raise structure.damaged_error()  # no write leaves a name twice, and the leaves of one mapping may be in two
    except StructureMismatchError as error:
        raise error if spare is None else error.with_hint(_SPARED_HINT) from None
    if read.require_structure and coverage != "covered":
        raise structure.missing_error(coverage)
    return coverage, marks


NO_TEXT = frozenset({"float", "bool", "time"})
"""The types that formats of text take only where a digest covers them."""


def _refuse_types(leaves: OpenedLeaves) -> None:
    """Raise `IntegrityError` for a type that text has not: nothing protects the word, and it changes what is read."""
    for leaf, _, _, word, _ in leaves.sealed:
        if word in NO_TEXT:
            raise error_at(leaf, f"has the type {word}, and the values of this format are text", _TYPES_HINT)


_TYPES_HINT = 'restore the file from Git; if sops converted it from another format, use "leafseal sops decrypt"'


def _has_marks_as_text(metadata: Metadata, leaves: OpenedLeaves) -> bool:
    """Tell whether values and names hold what Windows adds to a file, as they do where SOPS encrypted it.

    Then it stays theirs whenever the plain form is read.
    """
    ours = metadata.extra.get("leafseal")
    if isinstance(ours, dict) and ("line_ends" in ours or "byte_order_mark" in ours):
        return False
    return any(
        (isinstance(value, str) and value.endswith("\r"))
        or (isinstance(value, bytes) and value.endswith(b"\r"))
        or (leaf.path and leaf.path[0].startswith("\ufeff"))
        for leaf, value in leaves.values
    )


def _verify_mac(metadata: Metadata, leaves: OpenedLeaves, sealer: Sealer) -> None:
    verdict = _mac_verdict(metadata, leaves, sealer)
    if verdict is mac.Verdict.MISMATCH:
        raise MACMismatchError(MAC_FAULTS[verdict], hint=_SPARED_HINT if leaves.damaged else MACMismatchError.HINT)
    if verdict is not mac.Verdict.VALID:
        raise MACMismatchError(MAC_FAULTS[verdict], hint=MACMismatchError.HINT)


def _mac_verdict(metadata: Metadata, leaves: OpenedLeaves, sealer: Sealer) -> mac.Verdict:
    mac_only = metadata.selection.mac_only_encrypted
    return mac.verdict(metadata.mac, metadata.lastmodified, leaves.hashed, sealer, mac_only_encrypted=mac_only)


def mac_verdict(opened: Opened) -> mac.Verdict:
    """Return what MAC and structure of a file say that was opened without a look at them."""
    sealer, read = Sealer(opened.data_key.reveal()), opened.read._replace(ignore_mac=False, require_structure=False)
    verdict = _mac_verdict(opened.metadata, opened.leaves, sealer)
    try:
        if verdict is mac.Verdict.VALID:
            _check_structure(opened.document, opened.metadata, opened.leaves, sealer, read, None)
    except StructureMismatchError:
        return mac.Verdict.STRUCTURE
    return verdict


MAC_FAULTS = {
    mac.Verdict.MISSING: "the integrity check (MAC) is missing",
    mac.Verdict.UNREADABLE: "the MAC or lastmodified was changed",
    mac.Verdict.MISMATCH: "the integrity check (MAC) failed: values were added, removed, reordered or edited by hand",
}

_SPARED_HINT = "if you know what was changed, and to make it valid, add --ignore-mac --write-unverified"


def damaged_places(source: Source, ring: KeyRing, read: ReadOptions = DEFAULT_READ) -> list[Leaf]:
    """Return everything in a file that does not verify, in order. Raises `LeafsealError` for other faults."""
    read = read._replace(ignore_mac=True)
    return open_file(source, ring, read, spare=lambda _document: lambda _leaf, _error: True).leaves.damaged


def readable(opened: Opened) -> list[str]:
    """Return where the values stand that whoever could open the file could read, clear ones aside."""
    return [format_path(item.leaf.locator) or "all of it" for item in opened.leaves.sealed if not item.leaf.is_comment]
