"""What an opened file remembers, so that sealing it again moves only what changed.

A leaf whose path, type and byte form are what they were keeps its token to the byte: the same plaintext under the same
AAD, key and IV is the same token, so nothing is given away. Each old token is used once. Leaves that stand where they
stood are served first, then those that moved within a list or between documents.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence

from leafseal.document import Edit, Leaf, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.operations.leaves import OpenedLeaf

Key = tuple[str, str, bytes]  # AAD, type word, byte form


class Remembered(NamedTuple):
    """One token of the file as it was."""

    document: int
    locator: Locator
    token: str
    shown: str  # the plain text that stood in its place
    sealed: str  # the sealed text, quotes and all
    context: object


class Memory:
    """The tokens of a file, by what is in them."""

    def __init__(
        self,
        text: str,
        opened: Sequence[OpenedLeaf],
        edits: Sequence[Edit],
        contexts: Sequence[object],
        spellings: Mapping[str, tuple[str, str]],
    ) -> None:
        self.spellings = dict(spellings)  # token → its spelling and the entry that holds it
        self._tokens: dict[Key, deque[Remembered]] = defaultdict(deque)  # in the order of the file
        self._floats: set[tuple[Key, str]] = set()  # with the text that they had
        self._floats_in_place: set[tuple[Key, str, int, Locator]] = set()
        for (leaf, _, data, word, aad), edit, context in zip(opened, edits, contexts, strict=True):
            sealed = text[edit.start : edit.end]
            key = aad, word, data
            self._tokens[key].append(
                Remembered(leaf.document, leaf.locator, str(leaf.value), edit.new, sealed, context)
            )
            if word == "float":
                self._floats.add((key, edit.new))
                self._floats_in_place.add((key, edit.new, leaf.document, leaf.locator))

    def add(
        self,
        text: str,
        opened: Sequence[OpenedLeaf],
        edits: Sequence[Edit],
        contexts: Sequence[object],
        spellings: Mapping[str, tuple[str, str]],
    ) -> None:
        """Remember the tokens of another file under the same data key too, for what this one has no tokens for."""
        self.spellings = {**spellings, **self.spellings}
        for (leaf, _, data, word, aad), edit, context in zip(opened, edits, contexts, strict=True):
            key, sealed = (aad, word, data), text[edit.start : edit.end]
            self._tokens[key].append(Remembered(-1, leaf.locator, str(leaf.value), edit.new, sealed, context))
            if word == "float":
                self._floats.add((key, edit.new))

    def key(self, leaf: Leaf, text: str, key: Key) -> Key:
        """Return `key`, or that of a float where the leaf is an int by its text and that text did not change.

        SOPS writes the float 1.0 as 1, and before 3.13.2 all numbers in JSON were floats.
        """
        aad, word, data = key
        if word == "int":
            as_float = aad, "float", data
            here = (as_float, text, leaf.document, leaf.locator) in self._floats_in_place
            if here or ((as_float, text) in self._floats and key not in self._tokens):
                return as_float
        return key

    def assign(self, leaves: Sequence[tuple[Leaf, Key]]) -> dict[int, Remembered]:
        """Return, by position in `leaves`, the token that each leaf had."""
        given: dict[int, Remembered] = {}
        places: dict[tuple[Key, int, Locator], deque[int]] = defaultdict(deque)
        for position, (leaf, key) in enumerate(leaves):
            if key in self._tokens:
                places[key, leaf.document, leaf.locator].append(position)
        left: dict[Key, deque[Remembered]] = defaultdict(deque)
        for key in dict.fromkeys(key for key, _, _ in places):
            for old in self._tokens.pop(key):
                if positions := places.get((key, old.document, old.locator)):
                    given[positions.popleft()] = old
                else:
                    left[key].append(old)
        for position, (_, key) in enumerate(leaves):
            if position not in given and left.get(key):
                given[position] = left[key].popleft()
        self._tokens.update(left)
        return given
