"""One value is changed, and nothing else may move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from ruamel.yaml.error import YAMLError

from leafseal.document import Edit, Locator
from leafseal.errors import EmitError, FormatError, PathError, RefusedError
from leafseal.formats import parse
from leafseal.operations.edit import Draft, draft_with, draft_without, unmoved_comments
from leafseal.operations.reseal import reseal
from leafseal.rules.selection import Selection

from ..generators.yaml_files import YAMLWriter
from ..opening import reseal_text
from ..second_reader import Pairs, trees
from ..whole_files import open_, seal

PLAIN = b"# note\na: x  # why\nb:\n    c: 5\n    l:\n        - 1\n        - 2\nalso: &mark v\nagain: *mark\n"
OPENED = open_(seal(PLAIN, "yaml"), "yaml")


@pytest.mark.parametrize(
    ("locator", "value", "old", "new"),
    [
        (("a",), "w", b"a: x", b"a: w"),
        (("a",), "", b"a: x", b'a: ""'),
        (("a",), 5, b"a: x", b"a: 5"),
        (("a",), "5", b"a: x", b'a: "5"'),
        (("b", "c"), 6, b"c: 5", b"c: 6"),
        (("b", "l", 0), 9, b"- 1\n", b"- 9\n"),
        (("b", "l", 2), 3, b"- 2\n", b"- 2\n        - 3\n"),
    ],
)
def test_a_value_is_put_in_its_place(locator: Locator, value: object, old: bytes, new: bytes) -> None:
    draft = draft_with(OPENED, locator, value)
    assert draft.plain == PLAIN.replace(old, new)
    assert draft.document.text == draft.plain.decode()
    assert OPENED.plaintext() == PLAIN


@pytest.mark.parametrize("value", [None, [], {}, {"x": {"y": ["z", 1, None]}}, [True, 1.5], b"\xff", "two\nlines\n"])
def test_any_value_can_be_stored(value: object) -> None:
    assert draft_with(OPENED, ("new",), value).plain.startswith(PLAIN)


@pytest.mark.parametrize(("locator", "line"), [(("b", "c"), b"    c: 5\n"), (("b", "l", 1), b"        - 2\n")])
def test_a_value_is_taken_out(locator: Locator, line: bytes) -> None:
    assert draft_without(OPENED, locator).plain == PLAIN.replace(line, b"")


@pytest.mark.parametrize("locator", [("none",), ("a", "x"), ("b", "l", 7), ("b", 0)])
def test_what_is_not_there_cannot_be_taken_out(locator: Locator) -> None:
    with pytest.raises(PathError):
        draft_without(OPENED, locator)


def test_what_others_stand_for_stays() -> None:
    """The alias would change with its anchor, or lose it."""
    with pytest.raises(RefusedError, match=r"also: the anchor &mark is used at again \(line 9\)") as caught:
        draft_with(OPENED, ("also",), "w")
    assert "--expand-aliases" in str(caught.value.hint)
    with pytest.raises(RefusedError, match="also: the anchor &mark"):
        draft_without(OPENED, ("also",))


def test_what_others_stand_for_is_written_out_where_that_is_asked_for() -> None:
    left = PLAIN.replace(b"*mark", b"v")
    assert draft_with(OPENED, ("also",), "w", expand_aliases=True).plain == left.replace(b"mark v", b"mark w")
    draft = draft_without(OPENED, ("also",), expand_aliases=True)
    assert draft.plain == left.replace(b"also: &mark v\n", b"")


@pytest.mark.parametrize(
    ("plain", "locator", "after"),
    [
        (b"a: &a\n  k: v\nb: *a\n", ("a", "k"), b"a: &a\n  k: new\nb: {k: v}\n"),
        (b"a: &a\n  k: v\nb: *a\n", ("a", "m"), b"a: &a\n  k: v\n  m: new\nb: {k: v}\n"),
        (b"a: &a\n  k: v\nb: *a\n", ("b", "k"), b"a: &a\n  k: v\nb: {k: new}\n"),
        (b"a: &a\n  k: v\nb: *a\n", ("b", "m"), b"a: &a\n  k: v\nb: {k: v, m: new}\n"),
        (b"a: &a\n  k: &k 'v'\nb: *a\nc: [*k]\n", ("a",), b"a: new\nb: {k: v}\nc: [v]\n"),
        (b"a: &a 5\nb:\n  <<: *a\n---\nc: &a 6\nd: *a\n", ("a",), b"a: &a new\nb:\n  <<: 5\n---\nc: &a 6\nd: *a\n"),
    ],
)
def test_aliases_in_the_way(plain: bytes, locator: Locator, after: bytes) -> None:
    opened = open_(seal(plain, "yaml"), "yaml")
    with pytest.raises(RefusedError, match="the anchor &"):
        draft_with(opened, locator, "new")
    assert draft_with(opened, locator, "new", expand_aliases=True).plain == after


def test_aliases_that_go_along_are_in_nobodys_way() -> None:
    opened = open_(seal(b"a:\n  k: &k v\n  l: *k\nb: 1\n", "yaml"), "yaml")
    assert draft_without(opened, ("a",)).plain == b"b: 1\n"


def test_formats_of_text_take_what_can_be_told_in_text() -> None:
    opened = open_(seal(b"A=x\n", "dotenv"), "dotenv")
    assert draft_with(opened, ("A",), 5).plain == b"A=5\n"
    with pytest.raises(EmitError):
        draft_with(opened, ("A",), None)
    with pytest.raises(EmitError):
        draft_with(opened, ("A",), {"b": 1})


def test_a_draft_is_the_text_of_an_editor_scanned() -> None:
    draft = Draft.of(OPENED, b"z: 1\n")
    assert [leaf.path for leaf in draft.document.leaves()] == [("z",)]
    with pytest.raises(FormatError):
        Draft.of(OPENED, b"a: [\n")


MARKED = b"tokens:\n  - hunter2-a  # prod - sops:enc\n  - foo        # note - plain\n  - hunter2-c  # prod - sops:enc\n"


def test_a_comment_rule_seals_what_it_sealed() -> None:
    """A dash in a comment is not that of an item: its neighbour keeps its comment, and so stays sealed."""
    opened = open_(seal(MARKED, "yaml", Selection(encrypted_comment_regex="sops:enc")), "yaml")
    assert draft_without(opened, ("tokens", 1)).plain == MARKED.replace(b"  - foo        # note - plain\n", b"")


def test_nothing_outside_of_the_path_becomes_clear() -> None:
    plain = b"l:\n  # plain\n  - foo\n  - hunter2\n"
    opened = open_(seal(plain, "yaml", Selection(unencrypted_comment_regex="^ plain")), "yaml")
    with pytest.raises(RefusedError, match=r"l\[0\]: this change would leave this value in plain text"):
        draft_without(opened, ("l", 0))


def test_no_comment_outside_of_the_path_becomes_clear() -> None:
    plain = b"secrets:\n  - foo\n  # hunter2\nb: 1\n"
    opened = open_(seal(plain, "yaml", Selection(encrypted_regex="^secrets$")), "yaml")
    with pytest.raises(
        RefusedError, match="the top level: this change would leave a comment here in plain text"
    ) as caught:
        draft_without(opened, ("secrets", 0))
    assert caught.value.hint == 'remove the comment as well, with "leafseal edit"'
    assert b"hunter2" not in reseal_text(opened, b"secrets: []\nb: 1\n").data


@pytest.mark.parametrize("value", [None, {}, [], "", "x", {"k": {}, "l": [None, 1]}])
@pytest.mark.parametrize("format_name", ["yaml", "json"])
def test_what_is_set_elsewhere_is_refused(format_name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_(seal(b'{"a": [1, 2]}\n', format_name), format_name)
    assert draft_with(opened, ("a", 2), value).document.leaves()[2].locator[:2] == ("a", 2)
    kind = type(opened.document)
    set_edits = kind.set_edits
    monkeypatch.setattr(kind, "set_edits", lambda document, _, value, number: set_edits(document, ("b",), value))
    with pytest.raises(RefusedError):
        draft_with(opened, ("a", 2), value)


class TestComments:
    """The guard looks at comments as well: those outside of the edits are where they were."""

    @pytest.mark.parametrize(
        ("edits", "is_moved"),
        [
            ([Edit(0, 7, "")], False),  # a line and its comment
            ([Edit(3, 7, "")], False),
            ([Edit(6, 7, "")], True),  # the end of a comment
            ([Edit(5, 5, "x")], True),
            ([Edit(7, 8, "")], True),  # its line break: the next line would be its own
            ([Edit(12, 12, "  # c\n")], True),  # one that was not there
        ],
    )
    def test_what_moves_is_seen(self, edits: list[Edit], is_moved: bool) -> None:
        #        0   4   8   12   17
        before = parse(b"a: 1 #x\nb: 2 #y\n", "yaml")
        after = parse(before.rewrite(edits), "yaml")
        assert (unmoved_comments(before, after, edits) is None) is is_moved

    @pytest.mark.parametrize("newline", [b"\n", b"\r\n", b" \n"])
    def test_a_comment_may_join_the_one_above_it(self, newline: bytes) -> None:
        plain = b"[s]\n; about a\na=1\n\n# about b\n; # more\nb=2\n".replace(b"\n", newline)
        opened = open_(seal(plain, "ini"), "ini")
        draft = draft_without(opened, ("s", "a"))
        assert draft.plain == plain.replace(b"a=1" + newline, b"", 1)
        assert open_(reseal(opened, draft).data, "ini").plaintext() == draft.plain

    def test_a_marker_may_not_join_the_comment_of_another(self) -> None:
        plain = b"[s]\n; clear\na=1\n\n; about b\nb=hunter2\n"
        opened = open_(seal(plain, "ini", Selection(unencrypted_comment_regex="clear")), "ini")
        with pytest.raises(RefusedError, match=r"would leave (this value|a comment here) in plain text"):
            draft_without(opened, ("s", "a"))


def members(tree: Any, locator: Locator = ()) -> Iterator[Locator]:
    for name, member in tree if isinstance(tree, Pairs) else enumerate(tree) if isinstance(tree, list) else ():
        yield (*locator, name)
        yield from members(member, (*locator, name))


def without(tree: Any, locator: Locator) -> Any:
    name, *rest = locator
    pairs = list(tree) if isinstance(tree, Pairs) else list(enumerate(tree))
    left = [
        (key, without(member, tuple(rest)) if key == name else member) for key, member in pairs if rest or key != name
    ]
    return Pairs(left) if isinstance(tree, Pairs) else [member for _, member in left]


def test_whatever_is_removed_nothing_else_changes() -> None:
    """Every member of random files, which have comments that look like structure everywhere; ruamel.yaml compares."""
    outcomes: Counter[str] = Counter()
    for seed in range(15):
        text = YAMLWriter(Random(seed), anchors=False).file()
        try:
            before = trees(text)
        except YAMLError:
            continue  # what only libyaml reads
        opened = open_(seal(text.encode(), "yaml"), "yaml")
        for locator in members(before[0]):
            try:
                draft = draft_without(opened, locator)
            except RefusedError:
                outcomes["refused"] += 1
                continue
            assert trees(draft.plain.decode()) == [without(before[0], locator), *before[1:]], (seed, locator)
            outcomes["removed"] += 1
    assert outcomes["removed"] > 100
    assert outcomes["refused"] * 50 < outcomes["removed"], "refusals are for what no edit can do"
