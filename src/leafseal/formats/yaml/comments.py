"""Comments of a YAML file: where they are, what they belong to, what they are in force for (splicing §3).

libyaml does not report comments. They are searched for in the gaps between events that have text; never in the whole
text, for `#` occurs in scalars, anchors and tags too. The container that a comment belongs to decides its AAD, and is
guessed from its line, its column and what closes or opens around it.
"""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document import Leaf, Path
from leafseal.document.comments import NO_COMMENTS, CommentRun, CommentsInForce
from leafseal.document.frozen import NamedTuple
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.limits import Limits
from leafseal.document.tree import AT_HEAD, BEFORE_LAST
from leafseal.formats.common import too_many_leaves_error
from leafseal.formats.yaml.containers import Container
from leafseal.formats.yaml.lines import BREAK, BREAKS, COMMENT, last_break

_COMMENT = LazyPattern(COMMENT)
_BLANK_LINE = LazyPattern(f"{BREAK}[ \\t]*{BREAK}")
_DIRECTIVE_COMMENT = LazyPattern(f"(?<![^ \\t{BREAKS}]){COMMENT}")


class Gap:
    """What a scanner knows about the text between the last event that had text and the next."""

    __slots__ = ("moves", "opened", "position", "previous", "top")

    def __init__(self) -> None:
        self.position = 0  # where the last event's text ended
        self.top: Container | None = None  # the innermost open container behind it
        self.previous: int | Container | None = None  # it was a value (its leaf), a closing bracket, or neither
        self.moves: list[Container] = []  # block containers that opened or closed since, without text of their own
        self.opened: Container | None = None  # one that opens with the next event, which has text

    def after(self, position: int, top: Container | None, previous: int | Container | None) -> None:
        """Begin a new gap behind an event with text."""
        self.position = position
        self.top = top
        self.previous = previous
        if self.moves:
            self.moves.clear()


class _Found(NamedTuple):
    start: int  # of the `#`
    end: int
    column: int
    inline: bool  # other text stands before it on its line
    after_blank: bool  # a blank line stands between it and what is before
    before_blank: bool


class CommentPlacer:
    """Turns the comments of gaps into leaves, and keeps count of which comments are in force."""

    def __init__(self, text: str, leaves: list[Leaf], limits: Limits) -> None:
        self.text = text
        self.leaves = leaves
        self.limits = limits
        self.gap = Gap()
        self.document = 0
        self._waiting = CommentRun()  # comments before a root that has not opened yet

    # -- what is in force --------------------------------------------------------------------------------------------

    def active(self, container: Container | None) -> Sequence[str]:
        """Return the comments in force for the next member of `container`, or behind its last."""
        runs: list[CommentRun] = []
        run = container.pending if container is not None else None
        while container is not None and run is not None:
            if run.texts:
                runs.append(run)
            run, container = container.above, container.parent
        if not runs:
            return CommentsInForce((self._waiting,)) if self._waiting.texts else ()
        return CommentsInForce(runs[::-1])

    def complete(self, container: Container | None) -> Sequence[str]:
        """A member of `container` is complete: what waited for it is spent. Return what is still in force."""
        if container is None:
            return ()
        if container.pending.texts:
            container.pending = CommentRun()
        return self.active(container)

    def adopt(self, root: Container) -> None:
        """Hand the comments at the head of a document to its root."""
        root.pending, self._waiting = self._waiting, CommentRun()

    def reset(self) -> None:
        """A document ended."""
        self._waiting = CommentRun()

    # -- where comments are ------------------------------------------------------------------------------------------

    def place(self, gap: Gap, end: int, container: Container | None, root: Container | None = None) -> None:
        """Add a leaf for every comment between the gap's start and `end`.

        `container` is the innermost one open at the next event, None outside of documents; `root` is given where the
        document ends there.
        """
        found = self._find(gap.position, end)
        chain = _chain(container)
        closed = [move for move in gap.moves if move not in chain]
        opened = [move for move in gap.moves if move in chain]
        if gap.opened is not None:
            opened.append(gap.opened)
        if root is not None and root in closed:
            closed.remove(root)
        after = root if root is not None else opened[0].parent if opened else container
        dashes = self._dashes(found, end) if opened else []
        owner: Container | None = None
        for index, comment in enumerate(found):
            if comment.inline:
                begun = [move for move in opened if move.start < comment.start]
                owner = self._inline_owner(gap, comment, begun[-1] if begun else after)
                self._inline(gap, comment, owner)
                continue
            previous = found[index - 1] if index and not found[index - 1].inline else None
            if gap.top is not None and gap.top.flow:
                owner = gap.top
            elif opened and not closed:
                first = next((move for move in opened if move.start > comment.start), opened[-1])
                # A dash behind the comment: then it stands before an element of the outer list.
                dash = any(comment.end <= position < first.start for position in dashes)
                owner = first.parent if dash else first
            elif not closed:
                owner = after
            elif previous is not None and previous.column == comment.column and not comment.after_blank:
                pass  # one run, one owner
            elif previous is not None and comment.after_blank:
                owner = after
            elif previous is not None:
                owner = _one_out(owner, closed, after, comment.column)
            else:
                blank = self._run_ends_blank(found, index)
                owner = _dedent_owner(comment.column, blank, closed, after)
            self._add(comment, owner, pending=True)

    def inside(self, start: int, end: int, owner: Container) -> None:
        """Add the comments that stand between the properties of a node and its content, all of them `owner`'s."""
        for comment in self._find(start, end):
            self._add(comment, owner, pending=False)

    def header(self, start: int, end: int, leaf: Leaf) -> None:
        """Add the comment on the header line of the block scalar `leaf`."""
        style = "#" if leaf.locator and isinstance(leaf.locator[-1], str) else "#-"
        path = leaf.path[:-1] if style == "#" else leaf.path
        text = self.text[start:end]
        style += BEFORE_LAST
        self.leaves.append(
            Leaf(leaf.document, leaf.locator[:-1], path, start, end, style, text, (), True, (), leaf.start)
        )

    def directives(self, start: int, end: int) -> None:
        """Add the comments that hide among the directives of a document."""
        for match in _DIRECTIVE_COMMENT.finditer(self.text, start, end):
            at = match.start() + 1
            self.leaves.append(Leaf(self.document, (), (), at, match.end(), "#", match[0][1:], (), True))

    def _find(self, start: int, end: int) -> list[_Found]:
        text, found, previous = self.text, [], start
        for match in _COMMENT.finditer(text, start, end):
            at = match.start()
            # Not before the gap: a search back to a line break that may not be there costs the whole file.
            line = last_break(text, previous, at) + 1 or start
            # At the end of a line that the gap began on, or behind a dash.
            inline = bool(text[line:at].strip(" \t\ufeff")) or (
                line == start and start > 0 and text[start - 1] not in BREAKS
            )
            blank_before = _BLANK_LINE.search(text, previous, at) is not None
            blank_after = _BLANK_LINE.match(text, match.end(), end) is not None
            found.append(_Found(at, match.end(), at - line, inline, blank_before, blank_after))
            previous = match.end()
            if len(self.leaves) + len(found) > self.limits.leaves:
                raise too_many_leaves_error(self.limits)
        return found

    def _dashes(self, found: list[_Found], end: int) -> list[int]:
        """Return where dashes stand between the comments of a gap and behind them; there are as many as levels open."""
        ends = [*(comment.start for comment in found[1:]), end]
        gaps = ((comment.end, stop) for comment, stop in zip(found, ends, strict=True))
        return [at for start, stop in gaps for at in range(start, stop) if self.text[at] == "-"]

    def _run_ends_blank(self, found: list[_Found], index: int) -> bool:
        while (
            not found[index].before_blank and index + 1 < len(found) and found[index + 1].column == found[index].column
        ):
            index += 1
        return found[index].before_blank

    def _inline_owner(self, gap: Gap, comment: _Found, after: Container | None) -> Container | None:
        if self._is_behind_dash(gap, comment):
            return after
        previous = gap.previous
        return gap.top if previous is None or isinstance(previous, int) else previous

    def _is_behind_dash(self, gap: Gap, comment: _Found) -> bool:
        """Tell whether a comment stands behind a dash on a line of its own, and not behind the last value."""
        return last_break(self.text, gap.position, comment.start) >= 0

    def _inline(self, gap: Gap, comment: _Found, owner: Container | None) -> None:
        previous = gap.previous
        text = self.text[comment.start + 1 : comment.end]
        if isinstance(previous, int) and owner is gap.top and not self._is_behind_dash(gap, comment):
            # For SOPS it stands before its key, behind the comments above it.
            leaf = self.leaves[previous]
            self.leaves[previous] = leaf._replace(comments=with_one_more(leaf.comments, text))
            self._add(comment, owner, pending=False, in_force=leaf.comments, place=BEFORE_LAST)
        elif owner is not None and owner is previous:
            self._add(comment, owner, pending=False, place=AT_HEAD)
            self._in_force_for_first(owner, text)
        else:
            self._add(comment, owner, pending=True)

    def _in_force_for_first(self, container: Container, text: str) -> None:
        # A comment behind `[a, b]` stands, for SOPS, at the head of the list.
        members = range(container.first_leaf, container.last_leaf)
        depth = len(container.locator) + 1
        first = next((self.leaves[i].locator[:depth] for i in members if not self.leaves[i].is_comment), None)
        for index in members:
            leaf = self.leaves[index]
            if leaf.locator[:depth] == first:
                self.leaves[index] = leaf._replace(comments=with_one_more(leaf.comments, text))

    def _add(
        self,
        comment: _Found,
        owner: Container | None,
        *,
        pending: bool,
        in_force: Sequence[str] | None = None,
        place: str = "",
    ) -> None:
        text = self.text[comment.start + 1 : comment.end]
        if in_force is None:
            in_force = self.active(owner)
        self.leaves.append(
            Leaf(
                self.document,
                owner.locator if owner else (),
                owner.path if owner else (),
                comment.start + 1,
                comment.end,
                ("#" if owner is None or owner.is_map else "#-") + place,
                text,
                in_force,
                True,
                self._candidates(owner) if text.startswith("ENC[") else (),
            )
        )
        if pending:
            (self._waiting if owner is None else owner.pending).texts.append(text)

    def _candidates(self, owner: Container | None) -> tuple[Path, ...]:
        gap = self.gap
        near = [*_chain(gap.top), *gap.moves, *_chain(owner)]
        if gap.previous is not None and not isinstance(gap.previous, int):
            near.append(gap.previous)
        paths = dict.fromkeys(container.path for container in near)
        if gap.top is not None and gap.top.key is not None:
            paths[(*gap.top.path, gap.top.key)] = None
        paths[()] = None
        return tuple(paths)


def with_one_more(comments: Sequence[str], text: str) -> CommentsInForce:
    """Return the comments in force for a leaf, and one more."""
    return (comments if isinstance(comments, CommentsInForce) else NO_COMMENTS).with_comment(text)


def _chain(container: Container | None) -> list[Container]:
    found = []
    while container is not None:
        found.append(container)
        container = container.parent
    return found


def _one_out(
    owner: Container | None, closed: list[Container], after: Container | None, column: int
) -> Container | None:
    """Return the container one level out from that of the run of comments before; lists are skipped.

    It is not `after` where the comment stands deeper than that.
    """
    levels: list[Container | None] = [*closed]
    if after is None or column <= after.column:
        levels.append(after)
    index = levels.index(owner) + 1 if owner in levels else len(levels) - 1
    while index < len(levels) - 1 and (level := levels[index]) is not None and not level.is_map:
        index += 1
    return levels[min(index, len(levels) - 1)]


def _dedent_owner(column: int, ends_blank: bool, closed: list[Container], after: Container | None) -> Container | None:
    """Return the owner of a run of comments where containers close before the next node."""
    next_column = after.column if after is not None else 0
    if column < next_column:
        return closed[0]  # not even as deep as what follows: SOPS has it behind the last value
    if column == next_column:
        last = closed[-1]
        # A list at its key's own column: what follows it directly, up to a blank line, is still the list's.
        if ends_blank and len(closed) == 1 and not last.is_map and last.column == column:
            return last
        return after
    if ends_blank:
        return next((level for level in closed if level.column <= column), after)
    return closed[0]
