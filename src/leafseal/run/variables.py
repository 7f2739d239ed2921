"""The variables that the values of an opened file stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from leafseal.display import first_of, visible
from leafseal.document import Document, Locator
from leafseal.document.paths import format_path, resolve_path
from leafseal.document.scalars import Scalar, same, to_plain_text
from leafseal.document.tree import Comment, ListNode, MappingNode
from leafseal.errors import LeafsealError, RefusedError
from leafseal.operations.open import Opened

Spell = Callable[[Locator, Scalar], str | None]
"""Returns how a value is written at its place, None if that is not known."""


def variables(
    document: MappingNode,
    *,
    flatten: str | None = None,
    prefix: str = "",
    only: Collection[str] | None = None,
    as_sops: bool = False,
    spell: Spell = lambda _locator, _value: None,
    left_out: Collection[Locator] = (),
) -> dict[str, bytes]:
    """Return the variables that a document stands for, in order; of a key that stands twice the last counts.

    A name is `prefix` and the key. With `flatten`, nested mappings and lists give one variable per value, their keys
    and positions joined with it; empty ones give none. With `only`, what has another name is left out. A null is an
    empty variable, or with `as_sops` the word `<nil>`. What is no text is written as `spell` says, else as SOPS writes
    it. Values at the places `left_out` give no variables, nor does a mapping or list that has no others.

    Raises `LeafsealError` for what no environment can hold, naming the key, and for two values with one name.
    """
    found: dict[str, bytes] = {}
    places: dict[str, Locator] = {}
    for name, place, value in _pairs(document, prefix, (), flatten):
        if (only is not None and name not in only) or place in left_out:
            continue
        if places.setdefault(name, place) != place:
            raise LeafsealError(
                f"two values would be the variable {name}: {format_path(places[name])} and {format_path(place)}",
                hint=_TWO_HINT,
            )
        if isinstance(value, MappingNode | ListNode):
            if left_out and {below for _, below, _ in _pairs(value, "", place, "")} <= {*left_out}:
                continue
            raise LeafsealError(f"cannot use complex value in environment; offending key {name}", hint=FLATTEN_HINT)
        if "=" in name or not name:
            raise LeafsealError(
                f"cannot use keys with '=' in environment: {name}" if name else "a key is empty", hint=_FILE_HINT
            )
        data = data_of(place, value, as_sops=as_sops, spell=spell)
        if "\0" in name or b"\0" in data:
            raise LeafsealError(f"an environment cannot contain NUL; offending key {name}", hint=_FILE_HINT)
        found[name] = data
    return found


_TWO_HINT = "choose another text for --flatten, or rename one of them"
_FILE_HINT = 'a program can get such a value in a file: "leafseal exec -e FILE --file KEY=NAME -- PROGRAM"'
FLATTEN_HINT = "to make a variable of each nested value, add --flatten __"


def place_of(document: MappingNode, key: str, *, flatten: str | None = None, prefix: str = "") -> Locator | None:
    """Return the place of the value that a variable would have of that name, or whose path it is; None without one.

    Raises `PathError` for a path that can be read in two ways, `LeafsealError` where several values are meant: anybody
    can add an empty one without a key, and which one counts is not theirs to say.
    """
    meant = {place: None for name, place, _ in _pairs(document, prefix, (), flatten) if name == key}
    places = [place for _, place, _ in _pairs(document, "", (), "")]
    found = resolve_path(key, places)
    if any(place[: len(found)] == found for place in places):
        meant[found] = None
    if len(meant) > 1:
        first, second = sorted(map(format_path, meant))[:2]
        raise LeafsealError(f"{visible(key)} can be {first} or {second}", hint=_TWO_HINT)
    return next(iter(meant), None)


def data_of(place: Locator, value: Scalar | None, *, as_sops: bool, spell: Spell) -> bytes:
    """Return a value as a program gets it. See `variables`."""
    if value is None and not as_sops:
        return b""
    text: str | bytes | None = None
    if not (as_sops or value is None or isinstance(value, str | bytes)):
        text = spell(place, value)
    if text is None:
        text = to_plain_text(value)
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def _pairs(
    node: MappingNode | ListNode, before: str, place: Locator, separator: str | None
) -> Iterator[tuple[str, Locator, Scalar | MappingNode | ListNode | None]]:
    members: list[tuple[str | int, Scalar | MappingNode | ListNode | None]]
    if isinstance(node, MappingNode):
        members = [(item[0], item[1]) for item in node.items if not isinstance(item, Comment)]
    else:
        members = list(enumerate(item for item in node.items if not isinstance(item, Comment)))
    for key, value in members:
        name, below = f"{before}{key}", (*place, key)
        if separator is None or not isinstance(value, MappingNode | ListNode):
            yield name, below, value
        else:
            yield from _pairs(value, f"{name}{separator}", below, separator)


def is_nested(document: MappingNode) -> bool:
    """Tell whether a document holds mappings or lists."""
    return any(isinstance(item[1], MappingNode | ListNode) for item in document.items if not isinstance(item, Comment))


def spelled_as_in(opened: Opened, number: int) -> Spell:
    """Return what knows how the decrypted file writes the values of a document that are no text: `1.50`, `0123`.

    The file is read for that when the first such value comes.
    """
    texts: dict[Locator, tuple[object, str]] | None = None

    def spell(locator: Locator, value: Scalar) -> str | None:
        nonlocal texts
        if texts is None:
            texts = _texts(opened.plain_document(), number)
        written, text = texts.get(locator, (None, ""))
        return text if written is not None and same(written, value) else None

    return spell


def _texts(plain: Document, number: int) -> dict[Locator, tuple[object, str]]:
    """Return values without quotes, and their texts, by their places; of a YAML alias the text that it stands for."""
    found: dict[Locator, tuple[object, str]] = {}
    for leaf in plain.leaves():
        if leaf.document != number or leaf.is_comment:
            continue
        if (source := plain.alias_source(leaf)) is not None:
            if source in found:
                found[leaf.locator] = found[source]
        elif not leaf.style:
            found[leaf.locator] = leaf.value, plain.text[leaf.start : leaf.end]
    return found


def layered(layers: Sequence[tuple[str, Mapping[str, bytes]]], conflict: str = "error") -> dict[str, bytes]:
    """Return the variables of several files, each with its name, in their order.

    Of a name that several set, `conflict` says which counts: that of the `first` file, that of the `last`, or neither.
    Raises `RefusedError` then.
    """
    found: dict[str, bytes] = {}
    for file, own in layers:
        shared = [name for name in own if name in found]
        if shared and conflict == "error":
            raise RefusedError(
                f"sets variables that a file before it sets too: {first_of(shared)}",
                hint="to let the later file win, add --on-conflict last",
                file=file,
            )
        found.update({name: data for name, data in own.items() if conflict == "last" or name not in found})
    return found
