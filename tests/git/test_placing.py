"""Where a merge puts what theirs added, and what of its text comes along, where lines alone cannot tell."""

from __future__ import annotations

import pytest

from leafseal.git import text

from .layouts import Layout, layouts
from .merged_text import merged

FORMATS = ("yaml", "json", "dotenv", "ini")


@pytest.fixture
def no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is merged by lines: all that theirs added is put into ours by value."""
    monkeypatch.setattr(text, "_candidates", lambda _base, ours, _theirs: [ours.text])


@pytest.mark.usefixtures("no_lines")
@pytest.mark.parametrize(
    ("format_name", "layout"),
    [pytest.param(name, one, id=f"{name}: {one.name}") for name in FORMATS for one in layouts(name)],
)
def test_a_member_comes_where_theirs_has_it_and_as_theirs_wrote_it(format_name: str, layout: Layout) -> None:
    for without, with_it in _variants(layout, format_name):
        ours, expected = without.replace("old", "new"), with_it.replace("old", "new")
        assert merged(without, ours, with_it, format_name).text == expected


def _variants(layout: Layout, format_name: str) -> list[tuple[str, str]]:
    """Return a layout as it is, with the line breaks of Windows, and without the last one."""
    texts = layout.without, layout.with_it
    variants = [texts]
    if format_name != "json":
        variants.append((texts[0].replace("\n", "\r\n"), texts[1].replace("\n", "\r\n")))
    if not any(one.endswith("\n\n") for one in texts):
        variants.append((texts[0].removesuffix("\n"), texts[1].removesuffix("\n")))
    return variants


CASES = {
    # what it shows: base, ours, theirs, what comes of them
    "a mapping that stands in by four in ours": (
        "db:\n  host: h\n  port: 1\n",
        "db:\n    host: o\n    port: 2\n",
        "db:\n  # who\n  user:\n    name: u  # u\n  host: h\n  port: 1\n",
        "db:\n    # who\n    user:\n      name: u  # u\n    host: o\n    port: 2\n",
    ),
    "an empty mapping gets a member": (
        "a: 1\nm: {}\nb: 2\n",
        "a: 2\nm: {}  # ours\nb: 3\n",
        "a: 1\nm:\n  # theirs\n  x: 1\nb: 2\n",
        "a: 2\nm:  # ours\n  # theirs\n  x: 1\nb: 3\n",
    ),
    "an empty list gets an element": (
        "a: 1\nl: []\nb: 2\n",
        "a: 2\nl: []  # ours\nb: 3\n",
        "a: 1\nl:\n  # theirs\n  - x: 1\n    y: 2\nb: 2\n",
        "a: 2\nl:  # ours\n  # theirs\n  - x: 1\n    y: 2\nb: 3\n",
    ),
    "an empty document gets members": ("{}\n", "{}\n# ours\n", "# theirs\na: 1\n", "# theirs\na: 1\n# ours\n"),
    "an empty element gets a member": (
        "l:\n  - {}  # c\n  - a\n",
        "l:\n  - {}  # d\n  - a\n",
        "l:\n  - # c\n    # theirs\n    x: 1\n  - a\n",
        "l:\n  -  # d\n    # theirs\n    x: 1\n  - a\n",
    ),
    "the only member goes and another comes": (
        "m:\n  a: 1\nz: 1\n",
        "m: {}\nz: 2\n",
        "m:\n  a: 1\n  # b is new\n  b: 2\nz: 1\n",
        "m:\n  # b is new\n  b: 2\nz: 2\n",
    ),
    "the only member goes and another comes in ours": (
        "m:\n  a: 1\nz: 1\n",
        "m:\n  a: 1\n  # b is new\n  b: 2\nz: 2\n",
        "m: {}\nz: 1\n",
        "m:\n  # b is new\n  b: 2\nz: 2\n",
    ),
    "the last lines go, and there was no break at the end": (
        "a: 1\nb: 2\nc: 3",
        "a: 9\nb: 2\nc: 3",
        "a: 1\nn: 1 # n\n",
        "a: 9\nn: 1 # n",
    ),
    "several in a row": (
        "a: 1\nb: 2\n",
        "a: 3\nb: 4\n",
        "a: 1\n# x\nx: 1\n\n# y\ny: 2\nb: 2\n",
        "a: 3\n# x\nx: 1\n\n# y\ny: 2\nb: 4\n",
    ),
    "both add at the same place": (
        "a: 1\nb: 2\n",
        "a: 3\n# of ours\no: 1\nb: 2\n",
        "a: 1\n# of theirs\nt: 1\nb: 4\n",
        "a: 3\n# of ours\no: 1\n# of theirs\nt: 1\nb: 4\n",
    ),
    "both add a mapping of one name": (
        "a: 1\n",
        "a: 2\ndb:\n  # host\n  host: h\n  port: 1\n",
        "a: 1\ndb:\n  # user\n  user: u\n  port: 1\n  # at the end\n",
        "a: 2\ndb:\n  # host\n  host: h\n  # user\n  user: u\n  port: 1\n",
    ),
    "its neighbour is gone in ours": (
        "a: 1\nb: 2\nc: 3\n",
        "a: 1\nc: 4\n",
        "a: 1\nb: 2\n# n\nn: 1\nc: 3\n",
        "a: 1\n# n\nn: 1\nc: 4\n",
    ),
    "elements by position: changed, added and removed, with comments": (
        "l:\n  # a\n  - a\n  # b\n  - b\n  - c # c\n  - d\n  # e\n  - e\n  - f\n",
        "l:\n  # a, ours\n  - a\n  # b\n  - b\n  - c # c\n  - d\n  # e\n  - x\n  - f\n",
        "l:\n  # a\n  - a\n  # n\n  - n # new\n  # b\n  - b\n  - d\n  # e\n  - e\n  - f\n",
        "l:\n  # a, ours\n  - a\n  # n\n  - n # new\n  # b\n  - b\n  - d\n  # e\n  - x\n  - f\n",
    ),
    "elements by name: changed, added and removed, with comments": (
        "l:\n  # a\n  - name: a\n    v: 1\n  # b\n  - name: b\n    v: 1\n  - name: c\n    v: 1\n",
        "l:\n  # a, ours\n  - name: a\n    v: 2 # two\n  # b\n  - name: b\n    v: 1\n  - name: c\n    v: 9\n",
        "l:\n  # a\n  - name: a\n    # w\n    w: 1\n    v: 1\n  # n\n  - name: n # new\n  - name: c\n    v: 1\n",
        "l:\n  # a, ours\n  - name: a\n    # w\n    w: 1\n    v: 2 # two\n  # n\n  - name: n # new\n"
        "  # b\n  - name: c\n    v: 9\n",
    ),
    "elements moved by theirs keep the comments of ours": (
        "l:\n  - name: a\n  - name: b\n  - name: c\n",
        "l:\n  - name: a # x\n    v: 1\n  - name: b\n  - name: c # y\n",
        "l:\n  - name: c\n  - name: a\n  - name: b\n",
        "l:\n  - name: c # y\n  - name: a # x\n    v: 1\n  - name: b\n",
    ),
    "a mapping in the place of a scalar": (
        "a: 1\n# of both\ndb: none\nz: 1\n",
        "a: 2\n# of both\ndb: none\n# of ours\nz: 2\n",
        "a: 1\n# of both\ndb: # theirs\n  # the host\n  host: h\nz: 1\n",
        "a: 2\n# of both\ndb: # theirs\n  # the host\n  host: h\n# of ours\nz: 2\n",
    ),
    "a list in the place of nothing": (
        "db:\nz: 1\n",
        "# of ours\ndb:\nz: 2\n",
        "db:\n  # first\n  - a\nz: 1\n",
        "# of ours\ndb:\n  # first\n  - a\nz: 2\n",
    ),
    "at the end of brackets over several lines": (
        "l: [\n  a, # a\n  b # b\n]\nz: 1\n",
        "l: [\n  a, # a, ours\n  b # b\n]\nz: 2\n",
        "l: [\n  a, # a\n  b, # b\n  # new\n  n # n\n]\nz: 1\n",
        "l: [\n  a, # a, ours\n  b, # b\n  # new\n  n, # n\n]\nz: 2\n",
    ),
    "in brackets": (
        "f: {a: 1, b: [x, y], c: 3}\n",
        "f: {a: 2, b: [x, y, w], c: 4}\n",
        "f: {z: 0, a: 1, m: '1', b: [v, x, y], d: 0x10, c: 3}\n",
        "f: {z: 0, a: 2, m: '1', b: [v, x, y, w], d: 0x10, c: 4}\n",
    ),
}


@pytest.mark.usefixtures("no_lines")
@pytest.mark.parametrize("name", CASES)
def test_what_comes_of_both(name: str) -> None:
    base, ours, theirs, expected = CASES[name]
    found = merged(base, ours, theirs)
    assert found.text == expected
    assert found.conflicts == []


@pytest.mark.parametrize("empty", ["[]", "{}"])
def test_what_theirs_emptied_stays_where_the_documents_are_a_conflict(empty: str) -> None:
    base = "a: 1\nx: word\n"
    ours = f"{base}---\nb: 1\n"
    assert merged(base, ours, base.replace("word", empty)).text == ours
