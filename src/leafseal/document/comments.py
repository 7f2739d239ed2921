"""The comments that are in force for a leaf, as the comment rules of a selection ask for them (sops-format §1.3).

Comments add up while they wait for the next member: in a run of ten thousand lines each has all before it in force. So
what is in force is told by counts on lists that are shared, and what a rule found in such a list is remembered with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any


class CommentRun:
    """The comments that wait for one member of a container. The list only grows; the next member gets a new one."""

    __slots__ = ("_found", "texts")

    def __init__(self, texts: list[str] | None = None) -> None:
        self.texts: list[str] = texts if texts is not None else []
        self._found: tuple[Any, int, int | None] = (None, 0, None)  # for whom, how far was looked, what was found

    def first_match(self, matches: Callable[[str], bool], count: int) -> bool:
        """Tell whether any of the first `count` comments matches; each is looked at once."""
        asked, looked, found = self._found
        if asked is not matches:
            looked, found = 0, None
        while found is None and looked < count:
            if matches(self.texts[looked]):
                found = looked
            looked += 1
        self._found = (matches, looked, found)
        return found is not None and found < count


class CommentsInForce(Sequence[str]):
    """The first so many comments of one run or, outermost first, of several."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[CommentRun]) -> None:
        self._parts = tuple((run, len(run.texts)) for run in parts)

    def with_comment(self, text: str) -> CommentsInForce:
        """Return these and one more."""
        more = CommentsInForce(())
        more._parts = (*self._parts, (CommentRun([text]), 1))
        return more

    def any_match(self, matches: Callable[[str], bool]) -> bool:
        """Tell whether any of them matches."""
        return any(run.first_match(matches, count) for run, count in self._parts)

    def __len__(self) -> int:
        return sum(count for _, count in self._parts)

    def __iter__(self) -> Iterator[str]:
        for run, count in self._parts:
            yield from islice(run.texts, count)

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} comments>"


NO_COMMENTS = CommentsInForce(())
