"""Find the leaves of a YAML file: one pass over libyaml's events (splicing §2, §3).

Events are dropped as they come. What stays is a tuple per leaf, a container per collection, and a note per document
about where metadata stands or may go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from leafseal.document import Leaf, Locator, Tag
from leafseal.document.limits import Limits
from leafseal.document.scalars import Empty, Scalar
from leafseal.errors import FormatError
from leafseal.formats.common import too_many_leaves_error
from leafseal.formats.yaml.aliases import Target, copies
from leafseal.formats.yaml.comments import CommentPlacer, with_one_more
from leafseal.formats.yaml.compose import Composer
from leafseal.formats.yaml.containers import Container, DocumentNote, Place, Scan, block_end
from leafseal.formats.yaml.parser import error_at, parser_for
from leafseal.formats.yaml.properties import PropertyReader
from leafseal.formats.yaml.scalars import WORDS, resolve, resolve_tagged
from leafseal.formats.yaml.style import BLOCK_HEADER

NOWHERE = 1 << 62  # a position behind every text

# A plain scalar that starts with one of these is a string, whatever follows: no need to ask the resolver.
_ALWAYS_TEXT = frozenset("abcdeghijklmopqrsuvwxyzABCDEGHIJKLMOPQRSUVWXYZ_/")

# One that starts with one of these is a string too, unless it is one of a few words.
_MOSTLY_TEXT = frozenset("fntFNT")


def scan(text: str, limits: Limits, allow_duplicates: bool = False) -> Scan:
    """Scan a YAML file. Raises `FormatError`, with line and column and without the text."""
    base = 1 if text.startswith("\ufeff") else 0  # The parser does not count a byte order mark.
    try:
        return _Scanner(text, base, limits, allow_duplicates).run()
    except MarkedYAMLError as error:
        from leafseal.formats.yaml.faults import syntax_error

        fault = syntax_error(text[base:], error)
    except YAMLError:
        fault = FormatError(
            "not valid YAML: a character that YAML does not allow",
            hint="write control characters escaped, in double quotes",
        )
    raise fault  # Only here: the parser's own exception may carry the text along.


class _Scanner:
    def __init__(self, text: str, base: int, limits: Limits, allow_duplicates: bool) -> None:
        self.text = text
        self.base = base
        self.limits = limits
        self.allow_duplicates = allow_duplicates
        self.found = Scan()
        self.parser = parser_for(text[base:])
        self.next = self.parser.get_event
        self.anchors: dict[str, Target] = {}
        self.expanded = 0
        self.depth = 0
        self.document = -1
        self.comments = CommentPlacer(text, self.found.leaves, limits)
        self.properties = PropertyReader(text, base, self.comments, self.found)

    # The loop below runs twice for each leaf of every file. It keeps its state in locals, asks `#` for its next
    # position once instead of searching every gap, and leaves everything that is rare to methods.
    def run(self) -> Scan:
        text, base, found, leaves, limits = self.text, self.base, self.found, self.found.leaves, self.limits
        get, append, find = self.next, self.found.leaves.append, text.find
        new, comments = tuple.__new__, self.comments
        scalar_limit, most = limits.scalar_bytes, limits.leaves
        always_text, mostly_text, words = _ALWAYS_TEXT, _MOSTLY_TEXT, WORDS
        container: Any = None
        gap = comments.gap
        next_hash = find("#")
        if next_hash < 0:
            next_hash = NOWHERE
        note: DocumentNote | None = None
        document_start = base
        active: Sequence[str] = ()
        document = -1
        while True:
            event = get()
            kind = event.__class__
            if kind is ScalarEvent:
                start = event.start_mark.index + base
                end = event.end_mark.index + base
                if next_hash < start:
                    comments.place(gap, start, container)
                    active = comments.active(container)
                if next_hash < end:
                    next_hash = find("#", end)
                    if next_hash < 0:
                        next_hash = NOWHERE
                value: Any = event.value
                style = event.style
                if len(value) > scalar_limit:
                    self._too_long(event)
                if container is None:
                    self._root_scalar(event, start, end)
                    gap.after(end, None, None)
                    continue
                if container.is_map and container.key is None:
                    if (
                        style
                        or not value
                        or (value[0] not in always_text and (value[0] not in mostly_text or value in words))
                        or event.tag
                        or event.anchor
                    ):
                        value = self._key(event, container)
                    if value in container.keys:
                        self._duplicate(event, value)
                    container.keys.add(value)
                    if value == "sops" and container.parent is None:
                        end = self._metadata(event, start, gap.position)
                        if next_hash < end:
                            next_hash = find("#", end)
                            if next_hash < 0:
                                next_hash = NOWHERE
                        gap.after(end, container, None)
                        container.end = end
                        continue
                    container.key = value
                    if gap.moves:
                        gap.moves.clear()
                    gap.position, gap.top, gap.previous = end, container, None
                    continue
                if container.is_map:
                    path = container.path + (container.key,)
                    locator = path if container.locator is container.path else container.locator + (container.key,)
                    container.key = None
                else:
                    path = container.path
                    locator = container.locator + (container.index,)
                    container.index += 1
                place: Any = container
                if style:
                    if style == "|" or style == ">":
                        end = block_end(text, start, end, value)
                    if event.tag or event.anchor:
                        value, start, place = self._with_properties(event, start, end, container, locator)
                    if style == "|" or style == ">":
                        leaf = Leaf(document, locator, path, start, end, style, value, active, False, (), place)
                        self._append_block(leaf)
                        if event.anchor:
                            self.anchors[event.anchor] = leaf
                        active = comments.complete(container) if active else active
                        gap.after(end, container, len(leaves) - 1)
                        container.end = end
                        continue
                elif event.tag or event.anchor:
                    value, start, place = self._with_properties(event, start, end, container, locator)
                elif not value:
                    value = None
                elif value[0] not in always_text and (value[0] not in mostly_text or value in words):
                    value = self._typed(event)
                append(new(Leaf, (document, locator, path, start, end, style or "", value, active, False, (), place)))
                if len(leaves) > most:  # a list of millions would take the memory before it ends
                    raise too_many_leaves_error(limits)
                if event.anchor:
                    self.anchors[event.anchor] = leaves[-1]
                if active:
                    active = comments.complete(container)
                if gap.moves:
                    gap.moves.clear()
                gap.position, gap.top, gap.previous = end, container, len(leaves) - 1
                container.end = end
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                end = event.end_mark.index + base
                if container.flow and end > event.start_mark.index + base:
                    # A bracket is text: what stands before it belongs inside.
                    if next_hash < end:
                        comments.place(gap, end - 1, container)
                        next_hash = find("#", end)
                        if next_hash < 0:
                            next_hash = NOWHERE
                    closed = container
                    if container.parent is None and note is not None:
                        note.last_end = gap.position
                    container = self._close(container, end, document)
                    gap.after(end, container, closed)
                else:
                    closed = container
                    container = self._close(container, container.end, document)
                    gap.moves.append(closed)
                if active:
                    active = comments.complete(container)
                self.depth -= 1
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = event.start_mark.index + base
                end = event.end_mark.index + base
                outer = container
                container = self._open(event, kind is MappingStartEvent, outer, start, note)
                if outer is None:
                    active = comments.active(container)
                if end > start:  # a bracket, a dash, an anchor or a tag: text
                    if next_hash < start:
                        gap.opened = container
                        comments.place(gap, start, container)
                        gap.opened = None
                        active = comments.active(container)
                    if event.anchor or event.tag:
                        self.properties.of_collection(event, start, end, container)
                        active = comments.active(container)
                    if next_hash < end:
                        next_hash = find("#", end)
                        if next_hash < 0:
                            next_hash = NOWHERE
                    gap.after(end, container, None)
                    container.end = end
                else:
                    gap.moves.append(container)
            elif kind is AliasEvent:
                start = event.start_mark.index + base
                end = event.end_mark.index + base
                if next_hash < start:
                    comments.place(gap, start, container)
                    active = comments.active(container)
                if next_hash < end:
                    next_hash = find("#", end)
                    if next_hash < 0:
                        next_hash = NOWHERE
                if container is None:
                    self._fail(event, "an alias is where the document's mapping should be")
                was_key = self._alias(event, container, start, end, active)
                gap.after(end, container, None if was_key else len(leaves) - 1)
                if not was_key and active:
                    active = comments.complete(container)
                container.end = end
            elif kind is DocumentStartEvent:
                start = event.start_mark.index + base
                end = event.end_mark.index + base
                document += 1
                comments.document = self.document = document
                if next_hash < start:
                    comments.place(gap, start, None)
                if event.explicit:
                    comments.directives(start, end)
                    document_start = end
                    gap.after(end, None, None)
                if next_hash < end:
                    next_hash = find("#", end)
                    if next_hash < 0:
                        next_hash = NOWHERE
                note = DocumentNote(document_start)
                found.documents.append(note)
                self._check_version(event)
                container = None
                self.anchors = {}
            elif kind is DocumentEndEvent:
                start = event.start_mark.index + base
                assert note is not None
                note.end = start
                if next_hash < start:
                    comments.place(gap, start, None, note.root)
                    next_hash = find("#", start)
                    if next_hash < 0:
                        next_hash = NOWHERE
                active = ()
                comments.reset()
                self._end_document(note)
                end = event.end_mark.index + base
                gap.after(end if event.explicit else max(start, gap.position), None, None)
                if event.explicit:
                    document_start = end
                container = None
            elif kind is StreamEndEvent:
                if next_hash < NOWHERE:
                    # Behind the last document, or in a file that has none.
                    comments.document = max(document, 0)
                    comments.place(gap, len(text), None)
                return found

    # -- what is rare ------------------------------------------------------------------------------------------------

    def _fail(self, event: Event, message: str, hint: str | None = None) -> NoReturn:
        raise error_at(event, message, hint)

    def _too_long(self, event: ScalarEvent) -> None:
        raise error_at(
            event,
            f"a value is longer than {self.limits.scalar_bytes} bytes",
            "raise the limit with --max-scalar-size if this is meant, or keep it in a binary file of its own",
        ).over("scalar_bytes")

    def _too_deep_error(self, event: Event) -> FormatError:
        text = f"nested deeper than {self.limits.depth} levels"
        return error_at(event, text, "raise the limit with --max-depth").over("depth")

    def _duplicate(self, event: ScalarEvent, key: str) -> None:
        if not self.allow_duplicates:
            error = error_at(event, f"the key {key!a} appears twice in one mapping", "remove one of the two")
            error.repeated = key
            raise error

    def _check_version(self, event: DocumentStartEvent) -> None:
        if event.version is not None and event.version != (1, 1):
            self._fail(
                event,
                "the directive %YAML asks for a version other than 1.1, which no SOPS reader accepts",
                "remove the directive; plain YAML 1.2 is read without it",
            )

    def _root_scalar(self, event: ScalarEvent, start: int, end: int) -> None:
        plain = not event.style and not event.tag and not event.anchor
        if not plain or resolve(event.value) is not None:
            self._fail(event, "a document is a single value, and only a mapping can be encrypted",
                       "put a key before it; or add --input-type binary to encrypt the file as a whole")  # fmt: skip
        if end > start:
            self.found.documents[-1].root_word = (start, end)

    def _end_document(self, note: DocumentNote) -> None:
        root = note.root
        if root is None or (root.first_leaf == len(self.found.leaves)):
            self.found.leaves.append(Leaf(self.document, (), (), note.end, note.end, "", Empty.MAPPING))
        if len(self.found.leaves) > self.limits.leaves:
            raise too_many_leaves_error(self.limits)

    def _key(self, event: ScalarEvent, container: Container) -> str:
        """Return the text of a key that is not a plain word. Raises `FormatError` when it is not text at all."""
        key: Scalar | None = event.value
        if event.tag or event.implicit[0]:
            key = self._typed(event)
        if event.anchor:
            self.properties.check_anchor(event)
            self.anchors[event.anchor] = event.value
        if not isinstance(key, str):
            self._fail(event, "a key is not text", 'put it in quotes: "1": …')
        if event.tag:
            self.found.tags.append(Tag(self.document, (*container.locator, key), event.tag, is_key=True))
        return key

    def _typed(self, event: ScalarEvent) -> Scalar | None:
        try:
            if event.tag is None:
                return event.value if event.style else resolve(event.value)
            return resolve_tagged(event.tag, event.value, plain=not event.style)
        except FormatError as error:
            self._fail(event, error.message, error.hint)

    def _with_properties(
        self, event: ScalarEvent, start: int, end: int, container: Container, locator: Locator
    ) -> tuple[Scalar | None, int, Place]:
        """Return the value, the start of the content behind anchor and tag, and the place that remembers them."""
        value = self._typed(event)
        if event.tag:
            self.found.tags.append(Tag(self.document, locator, event.tag))
        return value, *self.properties.of_value(event, start, end, container)

    def _append_block(self, leaf: Leaf) -> None:
        """Add a block scalar, and the comment on its header line."""
        header = BLOCK_HEADER.match(self.text, leaf.start)
        comment = header[4] if header else None
        if comment:
            leaf = leaf._replace(comments=with_one_more(leaf.comments, comment[1:]))
        self.found.leaves.append(leaf)
        if comment:
            self.comments.header(header.start(4) + 1, header.end(4), leaf)

    def _open(
        self, event: Any, is_map: bool, outer: Container | None, start: int, note: DocumentNote | None
    ) -> Container:
        self.depth += 1
        if self.depth > self.limits.depth:
            raise self._too_deep_error(event)
        flow = bool(event.flow_style)
        column = event.start_mark.column
        if outer is None:
            assert note is not None
            if note.root is not None or not is_map:
                self._fail(event, "a document is a list, and only a mapping can be encrypted",
                           "put the list under a key of a mapping")  # fmt: skip
            container = Container(is_map, flow, column, (), (), None, start)
            note.root = container
            self.comments.adopt(container)
        elif outer.is_map:
            if outer.key is None:
                self._fail(
                    event, "a key is a mapping or a list, where only text can be", "put the key in quotes, as text"
                )
            path = outer.path + (outer.key,)
            locator = path if outer.locator is outer.path else outer.locator + (outer.key,)
            container = Container(is_map, flow, column, path, locator, outer, start)
        else:
            container = Container(is_map, flow, column, outer.path, outer.locator + (outer.index,), outer, start)
        container.first_leaf = len(self.found.leaves)
        if event.anchor:
            self.anchors[event.anchor] = container
        return container

    def _close(self, container: Container, end: int, document: int) -> Container | None:
        leaves = self.found.leaves
        container.end = end
        outer = container.parent
        if not container.keys and not container.index and outer is not None:
            value = Empty.MAPPING if container.is_map else Empty.LIST
            span = (container.start, end)
            leaves.append(Leaf(document, container.locator, container.path, *span, "", value, (), False, (), outer))
        container.last_leaf = len(leaves)
        if len(leaves) > self.limits.leaves:
            raise too_many_leaves_error(self.limits)
        container.keys = _DONE  # names are needed no longer
        if outer is not None:
            outer.end = end
            if outer.is_map:
                outer.key = None
            else:
                outer.index += 1
        return outer

    def _alias(self, event: AliasEvent, container: Container, start: int, end: int, active: Sequence[str]) -> bool:
        """Add the leaves behind an alias, under its own path. Return whether it was a key instead."""
        target = self.anchors.get(event.anchor)
        if event.anchor not in self.anchors:
            self._fail(event, "an alias has no anchor before it",
                       "put the value in quotes if its * is text; else write &NAME before its target")  # fmt: skip
        if container.is_map and container.key is None:
            key = target
            if isinstance(key, Leaf) and isinstance(key.value, str):
                self.found.keys_of_values.append(key)
                key.place.is_loose = False
                key = key.value
            if not isinstance(key, str):
                self._fail(event, "a key is an alias of something that is not text")
            if key in container.keys:
                self._fail(event, f"the key {key!a} appears twice in one mapping", "remove one of the two")
            if key == "sops" and container.parent is None:
                self._fail(event, "the key sops is written as an alias")
            container.keys.add(key)
            container.key = key
            return True
        self.found.has_aliases = True
        if isinstance(target, Container):
            self.found.odd_anchors.pop(id(target), None)
        elif isinstance(target, Leaf):
            target.place.is_loose = False
        if container.is_map:
            assert container.key is not None
            path, locator = container.path + (container.key,), container.locator + (container.key,)
            container.key = None
        else:
            path, locator = container.path, container.locator + (container.index,)
            container.index += 1
        model = Leaf(self.document, locator, path, start, end, "*", None, active, place=container)
        copied = copies(target, model, self.found.leaves)
        if copied is None:
            self._fail(event, "an alias is inside its own anchor")
        if max((len(leaf.locator) for leaf in copied), default=0) > self.limits.depth:
            raise self._too_deep_error(event)
        self.expanded += len(copied)
        if self.expanded > self.limits.expansion * (len(self.found.leaves) - self.expanded + len(copied) + 1):
            self._fail(event, f"aliases grow this file more than {self.limits.expansion} times",
                       "this looks like an alias bomb; if it isn't one, write the values out")  # fmt: skip
        self.found.leaves.extend(copied)
        return False

    # -- metadata ----------------------------------------------------------------------------------------------------

    def _metadata(self, key: ScalarEvent, start: int, before: int) -> int:
        """Read the mapping under the root's `sops`; return where its text ends."""
        note = self.found.documents[-1]
        event = self.next()
        value, end = Composer(self.next, self._typed, self._end_of, self.limits.depth).compose(event)
        if self.document == 0 and note.metadata is not None:
            self.found.has_two_blocks = True
        note.metadata = (start, end)
        note.before_metadata = before
        if isinstance(event, MappingStartEvent) and not event.flow_style:
            note.block_indent = max(0, event.start_mark.column - key.start_mark.column)
        if self.document == 0:
            if isinstance(value, dict):
                self.found.metadata = value
            else:
                self.found.metadata_fault = "the sops entry is not a mapping"
        return end

    def _end_of(self, event: Any) -> int:
        end: int = event.end_mark.index + self.base
        if isinstance(event, ScalarEvent) and event.style and event.style in "|>":
            return block_end(self.text, event.start_mark.index + self.base, end, event.value)
        return end


_DONE: set[str] = set()
