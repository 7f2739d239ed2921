"""What a change decides of the conflicts that a merge left in a file."""

from __future__ import annotations

from leafseal.display import counted, first_of, for_shell, visible
from leafseal.document import Document, Locator
from leafseal.document.values import ABSENT, Known, Value, at, equal, read_pointer, values_of
from leafseal.metadata import Metadata
from leafseal.metadata.unresolved import RECIPIENTS, RULE, read, with_unresolved


def left_after(
    metadata: Metadata, before: Document, after: Document, settled: tuple[int, Locator] | None = None
) -> Metadata:
    """Return metadata without the conflicts that a change of the plain text decided.

    Those are the places whose value is another now, and those at or below `settled`, a document and a place that was
    set by name.
    """
    unresolved = read(metadata)
    was, is_ = _Values(before), _Values(after)
    decided = [
        place
        for place in unresolved.places
        if not equal(was.at(place), is_.at(place)) or _is_settled(is_.find(place), settled)
    ]
    return with_unresolved(metadata, unresolved.without(decided)) if decided else metadata


class _Values:
    """The values of a file, to be found by pointers: anybody can write many into a file, and long lists."""

    def __init__(self, document: Document) -> None:
        self._documents = values_of(document)
        self._known: Known = {}

    def find(self, pointer: str) -> tuple[int, Locator] | None:
        return read_pointer(self._documents, pointer, self._known)

    def at(self, pointer: str) -> Value:
        found = self.find(pointer)
        return ABSENT if found is None else at(self._documents[found[0]], found[1])


def _is_settled(found: tuple[int, Locator] | None, settled: tuple[int, Locator] | None) -> bool:
    if settled is None or found is None:
        return False
    return found[0] == settled[0] and found[1][: len(settled[1])] == settled[1]


def with_recipients_decided(metadata: Metadata) -> Metadata:
    """Return metadata whose recipients are those that the user wants."""
    return with_unresolved(metadata, read(metadata).without([RECIPIENTS]))


def with_rule_decided(metadata: Metadata) -> Metadata:
    """Return metadata whose rule is the one that the user wants."""
    return with_unresolved(metadata, read(metadata).without([RULE]))


def told_of(metadata: Metadata) -> list[str]:
    """Return a line for each place that a merge left undecided."""
    if not metadata.unresolved:
        return []
    return [f"unresolved conflict: {visible(place)}" for place in read(metadata).places]


def decided_between(before: Metadata, after: Metadata) -> str:
    """Return a sentence about the conflicts that a change decided; empty where it decided none."""
    gone = set(read(before).places) - set(read(after).places)
    if not gone:
        return ""
    what = "the conflict" if len(gone) == 1 else counted(len(gone), "conflict")
    return f"decided {what} at {first_of(sorted(map(visible, gone)), 3)}"


def warning(name: str, metadata: Metadata) -> str:
    """Return the sentence about a file in which a merge left conflicts, with what decides them."""
    places = read(metadata).places
    return (
        f"{name}: a merge left {counted(len(places), 'conflict')} in it: {first_of(list(map(visible, places)), 3)}; "
        f'to decide, run "leafseal resolve {for_shell(name)}"'
    )
