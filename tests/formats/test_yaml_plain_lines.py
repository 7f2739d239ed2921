"""The lines of a YAML file that are read without the parser: it makes the same of them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.errors import LeafsealError
from leafseal.formats.yaml import plain_lines
from leafseal.formats.yaml.containers import Container, Place
from leafseal.formats.yaml.scan import scan

SCAN = sys.modules[scan.__module__]

KEYS = ("a", "b", "c", "d", "e", "sops", "null", "f", "1", "'q'", "a.b")
VALUES = (
    *("v", "x y", "'q'", '"r"', "1", "1.50", "true", "null", "~", "-5", "ENC[A,b:c]", "http://x", "x ", "v\t"),
    *("", "- a", "a: b", "|", "# c", "v # c", "&x v", "*x", "{a: b}", "[1]", "'it''s'", '"a\\n"', "?", "a:", "ü"),
    *("18446744073709551615", "2001-12-14T21:59:43.1-05:00", "x\n    y", "v\r", "\ufeff", "---", "%x", "a#b", "a :b"),
)
SEALED = "sops:\n  mac: x\n  age:\n    - enc: |\n        abc\n      recipient: r\n"
LIMITS = (DEFAULT_LIMITS, Limits(depth=3), Limits(leaves=4), Limits(scalar_bytes=3))

values = st.sampled_from(VALUES[:12]) | st.sampled_from(VALUES)
columns = st.sampled_from((0, 0, 0, 2, 2, 4, 1, 3))
keyed = st.builds(
    lambda column, dash, key, value: f"{' ' * column}{dash}{key}:{' ' if value else ''}{value}\n",
    *(columns, st.sampled_from(("", "", "- ", "- - ")), st.sampled_from(KEYS), values),
)
elements = st.builds(lambda column, dash, value: f"{' ' * column}{dash}{value}\n", columns, st.just("- "), values)
others = st.sampled_from(("\n", "# c\n", "---\n", "...\n", "v\n", "  v\n", "\t\n", SEALED))
texts = st.builds(
    lambda first, lines, end: (first + "".join(lines)).removesuffix(end),
    *(st.sampled_from(("", "x: 1\n")), st.lists(keyed | keyed | elements | others, max_size=9)),
    st.sampled_from(("", "\n")),
)


def _container(container: Any) -> object:
    if isinstance(container, Place):
        return container.full_start, container.tag, container.anchor, _container(container.container)
    if not isinstance(container, Container):
        return container
    shown = [getattr(container, name) for name in Container.__slots__ if name not in ("above", "parent", "pending")]
    return *shown, len(container.pending.texts), _container(container.parent)


def _scanned(text: str, limits: Limits, allow_duplicates: bool) -> object:
    """Return all that a scan tells, or all that is said of what is wrong."""
    try:
        found = scan(text, limits, allow_duplicates)
    except LeafsealError as error:
        return str(error), error.hint, vars(error)
    leaves = [(*leaf[:7], tuple(leaf.comments), *leaf[8:10], _container(leaf.place)) for leaf in found.leaves]
    notes = [[_container(getattr(note, name)) for name in type(note).__slots__] for note in found.documents]
    return leaves, notes, found.tags, found.metadata, found.metadata_fault, found.has_two_blocks, found.has_aliases


@given(texts, st.sampled_from(LIMITS), st.booleans())
@example("a:\n- x\n- y: 1\n  z:\n    - 2\nb: 'q'\n" + SEALED, DEFAULT_LIMITS, False)
@example("a:\n  b:\n    c: v\n# of b?\nd: v\n", DEFAULT_LIMITS, False)
@example("a: v\n1\n", DEFAULT_LIMITS, False)
def test_the_parser_finds_the_same(text: str, limits: Limits, allow_duplicates: bool) -> None:
    found = _scanned(text, limits, allow_duplicates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCAN.plain_lines, "read", lambda *_: None)
        assert _scanned(text, limits, allow_duplicates) == found


def test_such_lines_are_read_up_to_the_last_key_before_another_kind() -> None:
    lines = "".join(f"k{number}:\n  host: node-{number}\n  ports:\n    - {number}\n" for number in range(5))
    for rest in (SEALED, "last: v\n", "last:\n  v: &x 1\n", "last:\n    # why\n  v: 1\n"):
        root, end = plain_lines.read(lines + rest, SCAN.Scan(), DEFAULT_LIMITS) or (None, 0)
        assert root is not None
        assert (lines + rest)[end:] == rest
