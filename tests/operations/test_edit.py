"""One value is changed, and nothing else may move."""

from __future__ import annotations

import pytest

from leafseal.document import Locator
from leafseal.errors import EmitError, FormatError, PathError, RefusedError
from leafseal.operations.edit import Draft, draft_with, draft_without

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
    with pytest.raises(RefusedError, match="cannot be made without moving something else") as caught:
        draft_with(OPENED, ("also",), "w")
    assert caught.value.hint == 'make it with "leafseal edit"'
    with pytest.raises(RefusedError, match="also: this change cannot be made"):
        draft_without(OPENED, ("also",))


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
