"""What a scan of an encrypted file will find, told from the plain file: most need not be scanned a second time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import ge

from leafseal.document import Document, Leaf, Tag
from leafseal.document.limits import DEFAULT_LIMITS, Limits


class Foreseen:
    """The leaves of an encrypted file whose document keeps its places: those of the plain one, with tokens."""

    __slots__ = ("_leaves", "document_count")

    def __init__(self, document: Document, tokens: Iterable[tuple[Leaf, str]]) -> None:
        """Take the tokens in the order of the leaves."""
        self.document_count = document.document_count
        self._leaves = list(_with_tokens(document.leaves(), iter(tokens)))

    def leaves(self) -> Sequence[Leaf]:
        """Return values, comments and empty containers in file order; their spans are those of the plain file."""
        return self._leaves

    def tags(self) -> Sequence[Tag]:
        """Return nothing: a document with tags does not keep its places."""
        return ()


def _with_tokens(leaves: Iterable[Leaf], tokens: Iterator[tuple[Leaf, str]]) -> Iterator[Leaf]:
    new = tuple.__new__
    sealed, token = next(tokens, _NO_MORE)
    for leaf in leaves:
        if leaf is sealed:
            yield new(Leaf, (*leaf[:6], token, *leaf[7:]))
            sealed, token = next(tokens, _NO_MORE)
        else:
            yield leaf


_NO_MORE: tuple[Leaf | None, str] = (None, "")

_MORE_METADATA = 10_000
"""More leaves than the metadata of any file have beside the memory of spellings."""

_QUOTES = 2  # around a text, which some formats count


def is_within(limits: Limits, data: bytes, leaves: Sequence[Leaf], texts: Sequence[str]) -> bool:
    """Tell whether an encrypted file is within the limits, without a scan: False where it may be, and only that tells.

    What it has from the plain file was within them. `texts` are what is new: the tokens, and those of spellings.
    """
    if not all(map(ge, limits, DEFAULT_LIMITS)) or len(leaves) + len(texts) + _MORE_METADATA > limits.leaves:
        return False
    longest = max(map(len, texts), default=0) if len(data) > limits.scalar_bytes else 0
    return longest + _QUOTES <= limits.scalar_bytes and len(data) <= limits.file_bytes
