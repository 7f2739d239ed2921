"""The three-way merge of an encrypted file: opened in memory, merged by value, sealed with the tokens of both sides."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from leafseal.display import counted, first_of, visible
from leafseal.document import Document
from leafseal.document.frozen import NamedTuple
from leafseal.document.places import place_of
from leafseal.document.scalars import Timestamp
from leafseal.document.values import Value, pointer, values_of
from leafseal.errors import RefusedError
from leafseal.formats import parse
from leafseal.git import text
from leafseal.git.carried import Kept
from leafseal.git.conflict_places import PlainFile, pointer_to, what_sides_did
from leafseal.git.foreign import foreign_sides
from leafseal.git.keys import merge_keys
from leafseal.git.recipients import MergedRecipients, names_of, only_named
from leafseal.git.rule import Side, exposed, exposed_comments, merge_rules, merge_unknown
from leafseal.git.sides import Sides
from leafseal.git.three_way import DOCUMENTS, VIRTUAL, Conflict, Merged, merge, take_ours
from leafseal.keys.ring import KeyRing
from leafseal.keys.short_names import NameOf, nameless
from leafseal.metadata import Metadata, unresolved, version_numbers
from leafseal.metadata.unresolved import RECIPIENTS, RULE, Unresolved
from leafseal.operations.clear_text import Comments, comments_of
from leafseal.operations.memory import Memory
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.operations.reseal import remembered
from leafseal.operations.seal import seal_document
from leafseal.rules.selection import Selection
from leafseal.system.clock import now

if TYPE_CHECKING:
    from leafseal.git.keys import Configured


class Found(NamedTuple):
    """A place that is left to be decided, and why."""

    pointer: str
    what: str
    conflict: Conflict | None = None  # None where no value is in question


class Result(NamedTuple):
    """What came of a merge: a file with the clean part merged and ours elsewhere, what is left, what is to be told."""

    product: Product
    conflicts: list[Found]
    told: list[str]


class How(NamedTuple):
    """What a merge is to know beside the sides."""

    ring: KeyRing
    configured: Callable[[], Configured | None] = lambda: None
    is_virtual: bool = False
    """Whether the result is an ancestor that Git merges for itself: conflicts become values that equal no side."""

    blobs: Callable[[], tuple[str, str]] = lambda: ("", "")
    """The ids of base and theirs for the file to remember, asked where a conflict is left; empty for none."""

    decide: Callable[[Conflict], Value] | None = None
    """What stands in the place of a conflict; one for which it returns `UNDECIDED` stays one, and has ours."""

    name_of: NameOf = nameless
    """What the configuration calls a recipient."""


def fresh_value(_conflict: Conflict) -> Value:
    """Return a value that equals no other, for a conflict in an ancestor that Git merges for itself."""
    return VIRTUAL + os.urandom(16).hex()


def merged_values(sides: Sides, decide: Callable[[Conflict], Value] = take_ours, *, asks: bool = False) -> Merged:
    """Return the values of the merge, with what `decide` says where both sides changed one; nothing is written.

    With `asks` also where theirs alone did.
    """
    base, ours, theirs = (values_of(side.plain_document()) if side else [] for side in sides)
    return merge(base, ours, theirs, decide, asks=asks)


def merge_opened(sides: Sides, how: How) -> Result:
    """Merge three opened versions of a file.

    Raises `RefusedError` where that would leave a value in plain text, or an ancestor would have ours for a conflict.
    """
    return _Merge(sides, how).run()


class _Merge:
    def __init__(self, sides: Sides, how: How) -> None:
        self.base, self.ours, self.theirs = sides
        self.sides = sides
        self.how = how
        self.told: list[str] = []
        self.conflicts: list[Found] = []
        self.asks = bool(foreign := foreign_sides(sides))
        if foreign:
            self.ask(" and ".join(foreign))
        self.merging = Sides(self.base, self.ours, self.theirs)
        self.read = self.ours.read._replace(ignore_mac=False)
        self.comments = _comments_of(self.ours, self.theirs)
        self.views = [Side.of(side) for side in (self.ours, self.theirs)]
        self.undecided: list[Conflict] = []

    def run(self) -> Result:
        if self.base and self.base.coverage == "covered" and self.theirs.coverage == "missing":
            self.told.append("theirs was last written by another tool: no digest covers its structure")
        merged = merged_values(self.sides, self.decide, asks=self.asks)
        document = self.write(merged)
        if self.how.is_virtual and self.conflicts:
            raise RefusedError(self.conflicts[0].what)
        keys = merge_keys(self.merging, self.how.ring, self.how.configured)
        self.told += keys.told
        if keys.recipients.conflict:
            self.conflicts.append(self.of_recipients(keys.recipients.conflict))
        selection = self.rule(document)
        undecided = set(map(id, self.undecided))
        left = [one for one in merged.conflicts if id(one) in undecided]
        files = [PlainFile.of(document, selection)] if left else []
        files += [PlainFile.of(side.plain_document(), side.metadata.selection) for side in self.sides if side and left]
        found = [Found(pointer_to(one, one.place, files), what_sides_did(one, files), one) for one in left]
        self.conflicts = found + self.conflicts
        metadata = self.metadata(keys.recipients, selection)
        data = self.seal(document, metadata, keys.side)
        product = Product(data, document.format, keys.side.data_key, _bytes(document), self.read)
        return Result(product, [] if self.how.is_virtual else self.conflicts, self.told)

    def ask(self, foreign: str) -> None:
        """Take nothing of theirs unless somebody decides it: what is no value stays ours', the comments, too."""
        self.told.append(f"{foreign} may be another file: {_ITS_OWN}; nothing of theirs is taken unless you say so")
        known = [side.metadata for side in (self.base, self.ours) if side]
        other = self.theirs.metadata
        if not self.how.is_virtual and all(names_of(side) != names_of(other) for side in known):
            self.conflicts.append(self.of_recipients("theirs has other recipients"))
        if not self.how.is_virtual and all(side.selection != other.selection for side in known):
            self.conflicts.append(Found(RULE, "theirs has another rule"))
        self.base = self.theirs

    def of_recipients(self, what: str) -> Found:
        """Return a conflict about the recipients, which says who is on one side alone."""
        who = only_named(self.ours.metadata, self.theirs.metadata, self.how.name_of)
        return Found(RECIPIENTS, what + who)

    # -- values and text

    def decide(self, conflict: Conflict) -> Value:
        """Return what stands in the place of a conflict: ours, where nobody decided it."""
        if self.how.is_virtual:
            if conflict.place == DOCUMENTS:
                raise RefusedError("both sides changed the number of documents")
            return fresh_value(conflict)
        value = UNDECIDED if self.how.decide is None else self.how.decide(conflict)
        if value is UNDECIDED:
            self.undecided.append(conflict)
            return conflict.ours
        return value

    def write(self, merged: Merged) -> Document:
        """Return the plain text of the result; ours where it cannot be written."""
        base = self.base.plain_document() if self.base else None
        ours, theirs = self.ours.plain_document(), self.theirs.plain_document()
        wanted = merged.documents
        document = text.write(base, ours, theirs, wanted, self.parse, self.hides_comments)
        if document is None:
            self.conflicts.append(Found("/", "the merged values cannot be written in its layout"))
            document = ours
        else:
            for whose, lost in zip(("ours", "theirs"), text.lost_comments(base, ours, theirs, document), strict=True):
                if lost:
                    where = first_of([visible(pointer(leaf.path, leaf.document)) for leaf in lost], 3)
                    was = "was" if len(lost) == 1 else "were"
                    self.told.append(f"{counted(len(lost), 'comment')} of {whose} {was} not taken over: {where}")
        return document

    def hides_comments(self, document: Document) -> bool:
        """Tell whether one of the rules encrypts what comments a side has encrypted: lines can move them elsewhere."""
        return any(not exposed_comments(document, one.selection, self.views, self.comments) for one in self.views)

    def parse(self, data: bytes) -> Document:
        return parse(data, self.ours.document.format, self.read)

    # -- metadata

    def rule(self, document: Document) -> Selection:
        """Return the rule of the result, under which nothing is in plain text that a side has encrypted."""
        base, ours, theirs = (side.metadata.selection if side else None for side in self.merging)
        assert ours is not None
        assert theirs is not None
        merged = merge_rules(base, ours, theirs)
        if merged.is_conflict:
            self.conflicts.append(Found(RULE, "both sides changed the rule, or theirs has the MAC cover less"))
        leaves = exposed(document, merged.selection, self.views, self.comments)
        if not leaves:
            return merged.selection
        mac_only = merged.selection.mac_only_encrypted
        for other in (ours, theirs):
            rule = other.replace(mac_only_encrypted=mac_only)
            if not exposed(document, rule, self.views, self.comments):
                self.conflicts += [
                    Found(pointer(leaf.locator, leaf.document), "the merged rule would leave it in plain text")
                    for leaf in leaves
                    if not leaf.is_comment
                ]
                if not merged.is_conflict and any(leaf.is_comment for leaf in leaves):
                    self.conflicts.append(Found(RULE, "the merged rule would leave comments in plain text"))
                return rule
        what = "comment" if leaves[0].is_comment else "value"
        raise RefusedError(
            f"{place_of(leaves[0])}: each of the two rules would leave a {what} in plain text that the other encrypts"
        )

    def metadata(self, groups: MergedRecipients, selection: Selection) -> Metadata:
        base, ours, theirs = (side.metadata if side else None for side in self.merging)
        assert ours is not None
        assert theirs is not None
        extra = merge_unknown(base.extra if base else {}, ours.extra, theirs.extra)
        version = max(ours.version, theirs.version, key=version_numbers)
        metadata = ours._replace(
            groups=groups.groups,
            threshold=groups.threshold,
            selection=selection,
            states_rule=ours.states_rule or theirs.states_rule,
            version=version,
            extra=extra,
        )
        return unresolved.with_unresolved(metadata, self.unresolved(base, ours, theirs))

    def unresolved(self, base: Metadata | None, ours: Metadata, theirs: Metadata) -> Unresolved:
        """Return what is left to be decided: of earlier merges, what neither side decided since, and of this one."""
        if self.how.is_virtual:
            return Unresolved()
        was, mine, other = (set(unresolved.read(side).places) if side else set[str]() for side in (base, ours, theirs))
        carried = (mine & other) | ((mine | other) - was)
        places = carried | {found.pointer for found in self.conflicts}
        if self.conflicts:
            return Unresolved(tuple(sorted(places)), *self.how.blobs())
        earlier = unresolved.read(ours if mine else theirs)
        return earlier._replace(places=tuple(sorted(places))) if places else Unresolved()

    # -- sealing

    def seal(self, document: Document, metadata: Metadata, key_side: Opened) -> bytes:
        key = key_side.data_key.reveal()
        sharing = [side for side in (self.ours, self.theirs) if side.data_key.reveal() == key]
        first, *others = sharing
        memory = Memory(*remembered(first))
        for other in others:
            memory.add(*remembered(other))
        return seal_document(
            document,
            key_side.data_key,
            metadata,
            before=self.ours.document,
            comments=self.comments,
            memory=memory,
            indent=self.ours.document.block_indent,
            allow_nothing=True,
            read=self.read,
            keep=Kept(document, self.changed_first(sharing), _later(self.ours.metadata, self.theirs.metadata)),
        )

    def changed_first(self, sides: Sequence[Opened]) -> list[Opened]:
        """Return sides in the order in which their MAC counts: ours, unless it has that of the base."""
        was = self.base.metadata.mac if self.base else None
        return sorted(sides, key=lambda side: side.metadata.mac == was)


def _comments_of(ours: Opened, theirs: Opened) -> Comments:
    """Return what both sides did with their comments: what one has encrypted with its value stays so."""
    mine, other = comments_of(ours), comments_of(theirs)
    return Comments(None, mine.sealed | other.sealed, mine.clear | other.clear)


_ITS_OWN = "a data key of its own, and too few of the values that were there, or not the one hardest to guess"


class Undecided:
    """What `How.decide` returns where a conflict stays one."""


UNDECIDED = Undecided()


def _later(one: Metadata, other: Metadata) -> str:
    """Return the later time of two sides, as it is written there."""
    try:
        times = (Timestamp.parse(side.lastmodified).to_datetime() for side in (one, other))
        return max(zip(times, (one.lastmodified, other.lastmodified), strict=True))[1]
    except ValueError:
        return now()


def _bytes(document: Document) -> bytes:
    return document.text.encode("utf-8", "surrogateescape")
