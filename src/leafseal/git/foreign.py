"""Whether the sides of a merge are versions of one file, or one of them is another file that we can read, too.

A merge encrypts what one side has for the readers of the other. Somebody without a key can put another file in the
place of one that they are a reader of, or make one up: recipients are nothing that a MAC covers. The data key tells,
since nobody has it who cannot read the file; and who gives a file a new one knows what was in it.
"""

from __future__ import annotations

from leafseal.git.sides import Sides
from leafseal.operations.open import Opened


def foreign_sides(sides: Sides) -> list[str]:
    """Return which of "ours" and "theirs" is not shown to be a version of the same file as the base; none if both are.

    Without a base, neither of two with different data keys is.
    """
    was, mine, other = (side.data_key.reveal() if side else None for side in sides)
    if mine == other:
        return []
    keys = (("ours", sides.ours, mine), ("theirs", sides.theirs, other))
    return [name for name, side, key in keys if key != was and not knows_values_of(side, sides.base)]


def is_of(side: Opened, file: Opened) -> bool:
    """Tell whether a version that a file names itself is one of the same file: anybody can have written its name."""
    if side.data_key.reveal() == file.data_key.reveal():
        return True
    return knows_values_of(side, file) or knows_values_of(file, side)


def knows_values_of(one: Opened, other: Opened | None) -> bool:
    """Tell whether a side has what the other has encrypted, in its places: most of it, and what is hardest to guess.

    Names of hosts and users can be guessed by somebody who lacks the key.
    """
    known, mine = (_telling(side) if side else set() for side in (other, one))
    shared = known & mine
    hardest = max(map(_variety, known), default=0)
    return 2 * len(shared) > len(known) and any(_variety(key) == hardest for key in shared)


_Known = tuple[str, str, bytes]
"""Place, type and bytes of an encrypted value."""


def _telling(side: Opened) -> set[_Known]:
    found = ((item.aad, item.word, item.data) for item in side.leaves.sealed if not item.leaf.is_comment)
    return {key for key in found if len(key[2]) >= _TELLING}


def _variety(key: _Known) -> int:
    return len(set(key[2]))


_TELLING = 4
"""Bytes of a value that nobody is likely to have guessed."""
