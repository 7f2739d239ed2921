"""What an opened file remembers, so that sealing it again moves only what changed.

A leaf whose path, type and byte form are what they were keeps its token to the byte: the same plaintext under the same
AAD, key and IV is the same token, so nothing is given away. Each old token is used once. Leaves that stand where they
stood are served first, then those that moved within a list or between documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from leafseal.document import Edit, Leaf, Locator
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
        self.spellings = spellings  # token → its spelling and the entry that holds it
        self._tokens: dict[Key, list[Remembered]] = defaultdict(list)
        for (leaf, _, data, word, aad), edit, context in zip(opened, edits, contexts, strict=True):
            sealed = text[edit.start : edit.end]
            self._tokens[aad, word, data].append(
                Remembered(leaf.document, leaf.locator, str(leaf.value), edit.new, sealed, context)
            )

    def key(self, leaf: Leaf, text: str, key: Key) -> Key:
        """Return `key`, or that of a float where the leaf is an int by its text and that text did not change.

        SOPS writes the float 1.0 as 1, and before 3.13.2 all numbers in JSON were floats.
        """
        aad, word, data = key
        if word == "int" and (floats := self._tokens.get((aad, "float", data))):
            same = [old for old in floats if old.shown == text]
            here = any(old[:2] == (leaf.document, leaf.locator) for old in same)
            if here or (same and key not in self._tokens):
                return aad, "float", data
        return key

    def assign(self, leaves: Sequence[tuple[Leaf, Key]]) -> dict[int, Remembered]:
        """Return, by position in `leaves`, the token that each leaf had."""
        given: dict[int, Remembered] = {}
        moved: list[int] = []
        for position, (leaf, key) in enumerate(leaves):
            candidates = self._tokens.get(key)
            if not candidates:
                continue
            at = next((i for i, old in enumerate(candidates) if old[:2] == (leaf.document, leaf.locator)), None)
            if at is None:
                moved.append(position)
            else:
                given[position] = candidates.pop(at)
        for position in moved:
            candidates = self._tokens[leaves[position][1]]
            if candidates:
                given[position] = candidates.pop(0)
        return given
