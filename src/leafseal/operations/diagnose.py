"""What is wrong with a sealed file, as data: `repair` shows it, and mends what can be mended (operations/repair.py).

Nothing here believes the file. A finding says what does not verify and what is known of it; that something opens under
another path than its own is said, and never acted upon.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from itertools import islice

from leafseal.crypto.mac import Verdict
from leafseal.crypto.token import Sealer, TokenError, is_token
from leafseal.document import Document, Edit, Leaf, Locator, Member, Path, Repeated, aad_of
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.document.places import Lines
from leafseal.document.scalars import Empty, to_bytes, type_word
from leafseal.document.tree import Comment
from leafseal.errors import FormatError, IntegrityError
from leafseal.formats import FORMATS, parse
from leafseal.keys.groups import DataKey
from leafseal.keys.ring import KeyRing, WrappedKey
from leafseal.metadata import Metadata
from leafseal.operations.context_repair import recover_garbled
from leafseal.operations.open import Opened, Source, mac_verdict, open_with, read_metadata, recover
from leafseal.system.directories import is_watched

_MOST_GUESSES = 200  # paths under which a value that does not verify is tried, and
_MOST_TRIES = 20_000  # how often in one file


class Damage(Enum):
    """What is wrong with a value or comment."""

    CLEAR = "not_encrypted"
    BROKEN = "damaged"  # no whole token
    FOREIGN = "changed_or_moved"


class Bad(NamedTuple):
    """A value or comment that is not what was sealed in its place."""

    leaf: Leaf
    line: int
    damage: Damage
    belongs_at: Path | None = None  # the path under which it opens, where that is known

    @property
    def is_plain(self) -> bool:
        """Tell whether it is a value in plain text, which the user may want encrypted as it is."""
        return self.damage is Damage.CLEAR


class Duplicate(NamedTuple):
    """A name that a mapping has more than once."""

    document: int
    locator: Locator
    lines: tuple[int, ...]
    are_same: bool  # all of them hold the same
    members: tuple[Member, ...]


class Diagnosis(NamedTuple):
    """All that is known to be wrong with a file."""

    source: Source  # with the comments of lists as comments
    opened: Opened  # what does verify; the MAC aside
    duplicates: Sequence[Duplicate]
    bad: Sequence[Bad]
    mac: Verdict  # over what verifies
    mac_with: str | None  # it is valid where the "first" or "last" of each repeated name is kept
    unselected: Sequence[Bad]  # tokens that the rule leaves as they are: then it is not the rule they were sealed under
    list_comments: Sequence[int]  # the lines of comments that sops made elements of
    has_old_context: bool

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is wrong."""
        found = self.duplicates or self.bad or self.list_comments or self.has_old_context
        return not found and self.mac is Verdict.VALID

    @property
    def unprotected(self) -> list[Leaf]:
        """The clear values that the MAC alone protects: whoever broke it may have changed them."""
        sealed = {item.leaf.start for item in self.opened.leaves.sealed} | {one.leaf.start for one in self.bad}
        return [
            leaf
            for leaf, value in self.opened.leaves.values
            if not (leaf.is_comment or isinstance(value, Comment | Empty) or value is None or value == "")
            and leaf.start not in sealed
        ]

    @property
    def nothing_opens(self) -> bool:
        """Tell whether no value verifies: then the metadata may be that of another file."""
        return any(one.damage is Damage.FOREIGN for one in self.bad) and not self.opened.leaves.sealed


def diagnose(source: Source, ring: KeyRing, read: ReadOptions = DEFAULT_READ) -> Diagnosis:
    """Find all that is wrong with a file.

    Raises the error of what cannot be mended here: `NotEncryptedError`, `MetadataError`, `DataKeyError`, and
    `FormatError`, as for a conflict of Git.
    """
    read = read._replace(ignore_mac=True)
    with _reporting(source, ring) as allow:
        document, metadata, repeated = _read(source, read)
        is_old = metadata.may_have_context_bug
        data_key = recover_garbled(metadata, ring) if is_old else recover(metadata, ring)
        allow(metadata.wrapped_keys())
    elements = _comment_elements(document, data_key)
    edits = _as_comments(document, elements, read)
    lines = Lines(document.text)
    if edits:
        source = source._replace(data=document.rewrite(edits))
        document, metadata, repeated = _read(source, read)
    again = Lines(document.text)
    opened, damaged = _open(document, metadata, data_key, read)
    state = mac_verdict(opened)
    duplicates = _duplicates(opened, repeated, damaged, again)
    return Diagnosis(
        source,
        opened,
        duplicates,
        _located(opened, damaged, again),
        state,
        _kept_by_mac(opened, duplicates) if duplicates and state is Verdict.MISMATCH else None,
        [Bad(leaf, again.of(leaf.start), Damage.FOREIGN) for leaf in _unselected(opened) if state is not Verdict.VALID],
        [lines.of(leaf.start) for leaf in elements] if edits else [],
        is_old,
    )


def _reporting(source: Source, ring: KeyRing) -> AbstractContextManager[Callable[[Iterable[WrappedKey]], None]]:
    """Return what tells the audit log, where there may be one, of a file that is opened."""
    if not is_watched(ring.ambient.environ, ring.ambient.home_text):
        return nullcontext(lambda _wrapped: None)
    from leafseal.audit.access import opening  # most people have none

    return opening(source.name, source.path, ring)


def _read(source: Source, read: ReadOptions) -> tuple[Document, Metadata, Sequence[Repeated]]:
    """Read a file in which names may be repeated, if nothing else keeps it from being read."""
    try:
        return *read_metadata(source.data, source.format, read), ()
    except FormatError as error:
        fault = error
    try:
        document, metadata = read_metadata(source.data, source.format, read._replace(allow_duplicates=True))
    except FormatError:
        raise fault from None
    repeated = document.repeated()
    if not repeated:  # it is in the metadata
        raise fault
    return document, metadata, repeated


def _open(
    document: Document, metadata: Metadata, data_key: DataKey, read: ReadOptions
) -> tuple[Opened, list[tuple[Leaf, Damage]]]:
    """Open what verifies, and return what does not. A byte order mark that was added to the file is an error."""
    damaged: list[tuple[Leaf, Damage]] = []

    def spare(leaf: Leaf, _error: IntegrityError) -> bool:
        if leaf.path and leaf.path[0].startswith("\ufeff"):
            return False
        damaged.append((leaf, _damage(leaf)))
        return True

    return open_with(document, metadata, data_key, read, lambda _document: spare), damaged


def _damage(leaf: Leaf) -> Damage:
    value = leaf.value
    if leaf.is_comment:
        return Damage.FOREIGN
    if not (isinstance(value, str) and value.startswith("ENC[")):  # nobody writes that by hand
        return Damage.CLEAR
    return Damage.FOREIGN if is_token(value) else Damage.BROKEN


def _unselected(opened: Opened) -> Iterator[Leaf]:
    """Yield the whole tokens among the values that the rule leaves clear."""
    selects = opened.metadata.selection.selects
    for leaf, value in opened.leaves.values:
        if not leaf.is_comment and isinstance(value, str) and is_token(value) and not selects(leaf):
            yield leaf


# -- comments in lists -----------------------------------------------------------------------------------------------


def _comment_elements(document: Document, data_key: DataKey) -> list[Leaf]:
    """Return the elements of lists that sops made of comments. sops 3.13.2 fails to verify files that have some."""
    if not FORMATS[document.format].has_list_comments:
        return []
    sealer = Sealer(data_key.reveal())
    return [leaf for leaf in document.leaves() if _is_comment_element(leaf, sealer)]


def _is_comment_element(leaf: Leaf, sealer: Sealer) -> bool:
    token = leaf.value
    if leaf.is_comment or not isinstance(token, str) or not token.endswith(",type:comment]"):
        return False
    try:
        sealer.open_bytes(token, aad_of(leaf.path))
    except TokenError:
        return False
    return isinstance(leaf.locator[-1], int)


def _as_comments(document: Document, elements: Sequence[Leaf], read: ReadOptions) -> list[Edit]:
    """Return the edits that make encrypted comments of such elements; none where the file has no room for them."""
    edits = document.open_edits([(leaf, Comment(str(leaf.value))) for leaf in elements], {})
    kept = [leaf.value for leaf in document.leaves()]
    try:
        found = parse(document.rewrite(edits), document.format, read._replace(allow_duplicates=True), sealed=True)
    except FormatError:
        return []
    have = [leaf.value for leaf in found.leaves()]
    return edits if sorted(map(str, have)) == sorted(map(str, kept)) else []


# -- duplicates ------------------------------------------------------------------------------------------------------


def _duplicates(
    opened: Opened, repeated: Sequence[Repeated], damaged: Sequence[tuple[Leaf, Damage]], lines: Lines
) -> list[Duplicate]:
    values = sorted(opened.leaves.values, key=lambda item: item[0].start)
    starts = [leaf.start for leaf, _ in values]
    bad = sorted(leaf.start for leaf, _ in damaged)

    def contents(member: Member, depth: int) -> list[object]:
        inside = values[bisect_left(starts, member.start) : bisect_left(starts, member.end)]
        return [
            (leaf.locator[depth:], str(value)) if leaf.is_comment or isinstance(value, Comment | Empty) or value is None
            else (leaf.locator[depth:], type_word(value), to_bytes(value))
            for leaf, value in inside
        ]  # fmt: skip

    def are_same(members: Sequence[Member], depth: int) -> bool:
        if any(bisect_left(bad, member.start) < bisect_left(bad, member.end) for member in members):
            return False
        first, *others = [contents(member, depth) for member in members]
        return all(other == first for other in others)

    found = [
        Duplicate(
            one.document,
            one.locator,
            tuple(lines.of(member.start) for member in one.members),
            are_same(one.members, len(one.locator)),
            one.members,
        )
        for one in repeated
    ]
    return sorted(found, key=lambda one: len(one.locator))  # those that others are in first


def _kept_by_mac(opened: Opened, duplicates: Sequence[Duplicate]) -> str | None:
    """Return with which of several members of one name the MAC is valid: the "first" or "last" of each."""
    document, read = opened.document, opened.read._replace(allow_duplicates=True)
    for name, kept in (("first", 0), ("last", -1)):
        edits = [
            edit
            for one in duplicates
            for member in one.members
            for edit in member.removal
            if member is not one.members[kept]
        ]
        try:
            left = parse(document.rewrite(edits), document.format, read, sealed=True)
            again = open_with(left, opened.metadata, opened.data_key, read)
        except (FormatError, IntegrityError):
            continue
        if mac_verdict(again) is Verdict.VALID:
            return name
    return None


# -- values that do not verify ---------------------------------------------------------------------------------------


def _located(opened: Opened, damaged: Sequence[tuple[Leaf, Damage]], lines: Lines) -> list[Bad]:
    """Return what does not verify, with the path that it was sealed under where the file has that, or much of it."""
    sealer = Sealer(opened.data_key.reveal())
    paths = list(dict.fromkeys(leaf.path for leaf, _ in opened.leaves.values if not leaf.is_comment))
    containers = list(dict.fromkeys(path[:length] for path in paths for length in range(len(path))))
    found: list[Bad] = []
    tries = 0
    for leaf, damage in damaged:
        belongs_at = None
        if damage is Damage.FOREIGN and not leaf.is_comment:
            for path in islice(_guesses(leaf.path, paths, containers), min(_MOST_GUESSES, _MOST_TRIES - tries)):
                tries += 1
                if _verifies(sealer, str(leaf.value), path):
                    belongs_at = path
                    break
        found.append(Bad(leaf, lines.of(leaf.start), damage, belongs_at))
    return found


def _guesses(own: Path, paths: Sequence[Path], containers: Sequence[Path]) -> Iterator[Path]:
    """Yield the paths that a moved value may have had, likeliest first: of its name elsewhere, or of another value."""
    tried = {own}
    for path in (
        *(own[start:] for start in range(1, len(own))),
        *((*container, own[-1]) for container in containers if own),
        *paths,
    ):
        if path not in tried:
            tried.add(path)
            yield path


def _verifies(sealer: Sealer, token: str, path: Path) -> bool:
    try:
        sealer.open_bytes(token, aad_of(path))
    except TokenError:
        return False
    return True
