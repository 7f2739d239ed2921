"""What a file holds, as merging and comparing see it: dicts, lists and scalars, without comments and spelling.

Values are equal when their type and byte form are: 1, "1", 1.0, true, null, "", {} and [] are eight things. The order
of a mapping is layout, that of a list is value.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Final, cast

from leafseal.document import Document, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.scalars import Empty, Scalar, to_bytes, type_word
from leafseal.errors import FormatError


class Absent(Enum):
    """Nothing is in a place, not even null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

Value = object
"""A dict, a list, a scalar, None, or `ABSENT`."""


def values_of(document: Document) -> list[Value]:
    """Return the values of each document in a file, opened or plain, as dicts, lists and scalars.

    A section of an INI file that appears again goes on where it was. Raises `FormatError` where a name is twice.
    """
    documents: list[Value] = [{} for _ in range(document.document_count)]
    containers: dict[tuple[int, Locator], object] = {(number, ()): root for number, root in enumerate(documents)}
    for leaf in document.leaves():
        if leaf.is_comment or not leaf.locator:
            continue
        value: Value = {} if leaf.value is Empty.MAPPING else [] if leaf.value is Empty.LIST else leaf.value
        key = leaf.document, leaf.locator
        if key in containers and value == {} and containers[key].__class__ is dict:
            continue  # an empty section that appears again
        if value.__class__ in (dict, list):
            containers[key] = value
        _put(containers, leaf.document, leaf.locator, value)
    return documents


def _put(containers: dict[tuple[int, Locator], object], document: int, locator: Locator, value: Value) -> None:
    waiting = [(locator, value)]
    while (document, waiting[-1][0][:-1]) not in containers:
        place = waiting[-1][0][:-1]
        container: Value = [] if isinstance(waiting[-1][0][-1], int) else {}
        containers[document, place] = container
        waiting.append((place, container))
    for place, member in reversed(waiting):
        parent, last = containers[document, place[:-1]], place[-1]
        if isinstance(parent, list) and isinstance(last, int):
            parent.append(member)
        elif isinstance(parent, dict) and isinstance(last, str) and last not in parent:
            parent[last] = member
        else:
            raise FormatError("a key appears twice: this file has no tree", hint="remove one of the two")


def equal(one: Value, other: Value) -> bool:
    """Tell whether two values are the same by type and bytes; the order of mappings does not count."""
    if one.__class__ is dict and other.__class__ is dict:
        mine, theirs = cast(dict[str, Value], one), cast(dict[str, Value], other)
        return mine.keys() == theirs.keys() and all(equal(member, theirs[name]) for name, member in mine.items())
    if one.__class__ is list and other.__class__ is list:
        first, second = cast(list[Value], one), cast(list[Value], other)
        return len(first) == len(second) and all(map(equal, first, second))
    if one is other:
        return True
    if one is None or other is None or one is ABSENT or other is ABSENT:
        return False
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return False
    return type_word(cast(Scalar, one)) == type_word(cast(Scalar, other)) and to_bytes(cast(Scalar, one)) == to_bytes(
        cast(Scalar, other)
    )


def canonical(value: Value) -> Hashable:
    """Return what is equal, and has one hash, exactly for values that are `equal`."""
    if isinstance(value, dict):
        return "{}", frozenset((name, canonical(member)) for name, member in value.items())
    if isinstance(value, list):
        return "[]", tuple(map(canonical, value))
    if value is None or value is ABSENT:
        return value
    return type_word(cast(Scalar, value)), to_bytes(cast(Scalar, value))


class Named(NamedTuple):
    """The step to an element of a list by what identifies it: `name=DB_URL`."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}={self.value}"


Step = str | int | Named
"""One step of a place: the name of a member, the position of an element, or what identifies the element."""

Place = tuple[Step, ...]


def pointer(place: Place, document: int = 0) -> str:
    """Return a place as a JSON pointer: `/db/password`, `/env/name=DB_URL/value`; `#2/db` in the second document.

    The pointer to a whole document is `/`.
    """
    steps = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)
    return (f"#{document + 1}" if document else "") + (steps or "/")


Known = dict[tuple[int, str], dict[str, int]]
"""Where the elements of lists are by what identifies them, for a caller that looks for many places of one file.

Lists are known by `id`: whoever keeps this keeps the file.
"""


def locate(value: Value, place: Place, known: Known | None = None) -> Locator | None:
    """Return where a place is in one document: a locator, which has positions only; None where nothing is there."""
    locator: list[str | int] = []
    for step in place:
        found = _position_of(value, step, known)
        if found is None:
            return None
        locator.append(found)
        value = at(value, (found,))
    return tuple(locator)


def _position_of(value: Value, step: Step, known: Known | None) -> str | int | None:
    if not (isinstance(step, Named) and isinstance(value, list)):
        return step if isinstance(step, str | int) and at(value, (step,)) is not ABSENT else None
    if known is None:
        matching = (index for index, member in enumerate(value) if identity(member, step.field) == step.value)
        return next(matching, None)
    key = id(value), step.field
    if key not in known:
        names = [identity(member, step.field) for member in value]
        known[key] = {name: index for index, name in reversed(list(enumerate(names))) if name is not None}
    return known[key].get(step.value)


def read_pointer(documents: Sequence[Value], text: str, known: Known | None = None) -> tuple[int, Locator] | None:
    """Return the document and the place in it that a pointer leads to; None where nothing is there."""
    number, _, steps = text.partition("/")
    if number and not (number[0] == "#" and number[1:].isdecimal() and number[1:].isascii() and len(number) < 9):
        return None
    document = int(number[1:]) - 1 if number else 0
    if not 0 <= document < len(documents):
        return None
    value, place = documents[document], list[Step]()
    for word in steps.split("/") if steps else ():
        step = _step(value, word.replace("~1", "/").replace("~0", "~"))
        found = _position_of(value, step, known)
        if found is None:
            return None
        place.append(found)
        value = at(value, (found,))
    return document, cast(Locator, tuple(place))


def _step(value: Value, word: str) -> Step:
    """Return what a word of a pointer means in a value."""
    if not isinstance(value, list):
        return word
    if word.isdecimal() and word.isascii() and len(word) < 9:
        return int(word)
    field, _, name = word.partition("=")
    return Named(field, name)


def at(value: Value, locator: Locator) -> Value:
    """Return what is at a locator of one document; `ABSENT` where nothing is."""
    for step in locator:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step, ABSENT)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return ABSENT
    return value


def identity(element: Value, field: str) -> str | None:
    """Return the text by which a field identifies an element of a list; None where it does not."""
    value = element.get(field) if isinstance(element, dict) else None
    if value is None or isinstance(value, dict | list):
        return None
    text = to_bytes(cast(Scalar, value)).decode("utf-8", "backslashreplace")
    return text if isinstance(value, str) else f"{text} ({type_word(cast(Scalar, value))})"
