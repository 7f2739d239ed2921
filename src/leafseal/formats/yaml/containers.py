"""What a scanned YAML file is made of: containers, places of leaves, and a note per document."""

from __future__ import annotations

from leafseal.document import Leaf, Locator, Path, Tag
from leafseal.document.comments import CommentRun


class Container:
    """A mapping or list, while and after it is read."""

    __slots__ = (
        "above", "column", "end", "first_leaf", "flow", "index", "is_map", "key", "keys", "last_leaf", "locator",
        "parent", "path", "pending", "start",
    )  # fmt: skip

    def __init__(
        self, is_map: bool, flow: bool, column: int, path: Path, locator: Locator, parent: Container | None, start: int
    ) -> None:
        self.is_map = is_map
        self.flow = flow
        self.column = column
        self.path = path
        self.locator = locator
        self.parent = parent
        self.start = start
        self.end = start
        self.key: str | None = None  # of the pair in progress
        self.keys: set[str] = set()
        self.index = 0  # of the element in progress
        self.pending = CommentRun()  # comments that wait for the next member
        self.above = parent.pending if parent is not None else None  # those that waited for it, and hold in all of it
        self.first_leaf = self.last_leaf = 0


class Place:
    """What a YAML leaf remembers when its container is not enough: properties, or the alias it stands behind."""

    __slots__ = (
        "anchor", "container", "full_start", "has_local_tag", "is_copy", "is_empty", "is_loose", "is_mixed", "source",
        "tag",
    )  # fmt: skip

    def __init__(
        self,
        container: Container,
        full_start: int,
        tag: str | None,
        is_copy: bool = False,
        source: Locator | None = None,
        anchor: str = "",
    ) -> None:
        self.container = container
        self.full_start = full_start  # where the properties begin
        self.tag = tag  # one that types the text (`!!int`), and so cannot stay before a token
        self.has_local_tag = False  # one that means nothing to SOPS, and may be part of a secret
        self.anchor = anchor
        self.is_loose = bool(anchor)  # no alias names the anchor (so far): it too may be part of a secret
        self.is_empty = False  # nothing follows the properties, not even quotes
        self.is_mixed = False  # a comment stands between the properties and the text
        self.is_copy = is_copy  # it stands behind an alias, whose span it has
        self.source = source  # the leaf that a copy repeats


class DocumentNote:
    """Where one document's parts stand in the text."""

    __slots__ = (
        "before_metadata", "block_indent", "end", "last_end", "metadata", "root", "root_word", "start",
    )  # fmt: skip

    def __init__(self, start: int) -> None:
        self.start = start  # behind `---`, or where the previous document ended
        self.root: Container | None = None
        self.root_word: tuple[int, int] | None = None  # the span of `null` or `~` as the whole document
        self.last_end = 0  # of a flow root: the end of its last member's text
        self.end = 0  # where the document's content ends: the next marker, or the end of the file
        self.metadata: tuple[int, int] | None = None  # the block's span: its key's start to its last character
        self.before_metadata: int | None = None  # the end of the member before it
        self.block_indent = 0  # how far the block's first key stands behind `sops`; 0 in flow style


class Scan:
    """What a scanner found in a file."""

    __slots__ = (
        "documents", "has_aliases", "has_properties", "has_two_blocks", "keys_of_values", "leaves", "metadata",
        "metadata_fault", "odd_anchors", "odd_tags", "tags",
    )  # fmt: skip

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.documents: list[DocumentNote] = []
        self.tags: list[Tag] = []
        self.metadata: dict[str, object] | None = None
        self.metadata_fault: str | None = None
        self.has_two_blocks = False  # of metadata, in the first document
        self.has_aliases = False
        self.has_properties = False  # a value has a tag or an anchor
        self.keys_of_values: list[Leaf] = []  # whose anchor is an alias in the place of a key
        self.odd_tags: list[Leaf] = []  # each stands for a collection whose tag may be part of a secret
        self.odd_anchors: dict[int, Leaf] = {}  # likewise for anchors that no alias names, by `id` of the collection


def block_end(text: str, start: int, end: int, value: str) -> int:
    """Return where a block scalar's text ends: the blank lines behind it stay outside, in the file.

    Where blanks in those lines are part of the value they are inside. Without a visible line the span is all but
    its last line break, which whatever stands for it needs behind it.
    """
    visible = end
    while visible > start and text[visible - 1] in " \t\r\n":
        visible -= 1
    if text.find("\n", start, visible) < 0 and text.find("\r", start, visible) < 0:
        return end - next((len(brk) for brk in ("\r\n", "\n", "\r") if text.endswith(brk, start, end)), 0)
    behind = text[visible:end]
    body = value.rstrip("\n")
    if "\n" not in body[len(body.rstrip(" \t\n")) :]:
        behind = behind.splitlines()[0] if behind else ""
    return visible + len(behind.rstrip("\r\n"))
