"""Adding and removing a recipient in creation rules, by splicing: what is not named stays to the byte.

Before anything is returned, the new text is read again and compared with the old: each rule that was chosen has one
recipient more, or less, all others are what they were, and so is everything else in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from leafseal.config.load import Config, CreationRule, parse_config
from leafseal.config.mistakes import named
from leafseal.config.nodes import compose, decode
from leafseal.config.slots import is_same, occurrences
from leafseal.config.splices import Adding, removed
from leafseal.config.syntax import BY_HAND, Syntax
from leafseal.config.texts import split
from leafseal.errors import ConfigError, RefusedError
from leafseal.keys import MasterKey
from leafseal.keys.changes import required_groups


def add(data: bytes, key: MasterKey, written: str, name: str, chosen: Sequence[int], group: int | None = None) -> bytes:
    """Return a configuration with a recipient added to rules, under a name. `group` counts from 0.

    Raises `ConfigError` where that cannot be edited, and `RefusedError` where other rules would change too.
    """
    adding = Adding(key, written, name, group)

    def edit(text: str) -> str:
        syntax = Syntax(text)
        lacking = [number for number in chosen if not any(occurrences(syntax, number, key))]
        return adding.to_rules(adding.with_name(text, lacking), lacking)

    return _edited(data, key, chosen, edit, 1)


def remove(data: bytes, key: MasterKey, chosen: Sequence[int]) -> bytes:
    """Return a configuration with a recipient removed from rules, and its name where no rule has it any more.

    Raises `ConfigError` where that cannot be edited, and `RefusedError` where other rules would change too, or a rule
    would be left without recipients.
    """
    config = parse_config(data, "", lenient=True)
    for number in chosen:
        refuse_empty((config.rules or ())[number], key)
    return _edited(data, key, chosen, lambda text: removed(text, key, chosen), -1)


def has(rule: CreationRule, key: MasterKey) -> bool:
    """Tell whether a rule names a recipient."""
    return any(is_same(key, other) for group in rule.groups for other in group)


def refuse_empty(rule: CreationRule, key: MasterKey) -> None:
    """Raise `RefusedError` where a recipient is the last of a rule, or the last of one of its key groups."""
    left = [[other for other in group if not is_same(key, other)] for group in rule.groups]
    empty = [number for number, group in enumerate(left, 1) if not group and rule.groups[number - 1]]
    if empty and len(left) == 1:
        raise RefusedError(
            f"{named(rule)}: this is its only recipient", hint='add another one first, with "leafseal team add"'
        )
    if empty:
        needed = required_groups(len(left), rule.threshold)
        raise RefusedError(
            f"{named(rule)}: this is the only recipient of key group {empty[0]} of {len(left)}, and {needed} groups "
            "are needed to decrypt",
            hint=f'add another one to the group first, with "leafseal team add --group {empty[0]}"',
        )


def _edited(data: bytes, key: MasterKey, chosen: Sequence[int], edit: Callable[[str], str], step: int) -> bytes:
    mark, text = _text(data)
    new = mark + edit(text).encode()
    _check(parse_config(data, "", lenient=True), parse_config(new, "", lenient=True), key, chosen, step)
    few, many = (data, new) if step > 0 else (new, data)
    if not _is_within(_pieces(few), _pieces(many), key):
        raise ConfigError("this configuration cannot be edited", hint=BY_HAND)
    return new


def _text(data: bytes) -> tuple[bytes, str]:
    """Return the mark at the start of a text, and the text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError("is UTF-16", hint="save it as UTF-8")
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    return mark, decode(data)


def _check(before: Config, after: Config, key: MasterKey, chosen: Sequence[int], step: int) -> None:
    """Raise `RefusedError` for rules that change and were not chosen, `ConfigError` for whatever else changes."""
    old, new = before.rules or (), after.rules or ()
    if len(old) != len(new) or before.indents != after.indents or len(before.faults) != len(after.faults):
        raise ConfigError("this configuration cannot be edited", hint=BY_HAND)
    others = []
    for number, (one, other) in enumerate(zip(old, new, strict=True)):
        if replace(one, groups=(), line=0) != replace(other, groups=(), line=0):
            raise ConfigError(f"{named(one)} cannot be edited", hint=BY_HAND)
        changed = _keys(one) != _keys(other)
        if changed and number not in chosen:
            others.append(named(one))
        elif number in chosen and not _is_as_wanted(one, other, key, step):
            raise ConfigError(f"{named(one)} cannot be edited", hint=BY_HAND)
    if others:
        raise RefusedError(
            f"{' and '.join(others[:3])}{' and others' if len(others) > 3 else ''}: the recipients are shared by an "
            "anchor, and would change here too",
            hint="to change all of these rules, add --all-rules",
        )


def _keys(rule: CreationRule) -> list[list[tuple[str, str]]]:
    return [[(key.kind, str(key)) for key in group] for group in rule.groups]


def _is_as_wanted(before: CreationRule, after: CreationRule, key: MasterKey, step: int) -> bool:
    few, many = (before, after) if step > 0 else (after, before)
    if not has(before, key) and step < 0:
        return _keys(before) == _keys(after)
    if has(before, key) and step > 0:
        return _keys(before) == _keys(after)
    extra = [Counter(one) - Counter(other) for one, other in zip(_keys(many), _keys(few), strict=True)]
    missing = any(Counter(other) - Counter(one) for one, other in zip(_keys(many), _keys(few), strict=True))
    return not missing and not has(few, key) and sum(map(bool, extra)) >= 1


def _pieces(data: bytes) -> list[tuple[tuple[str, ...], str]]:
    """Return the texts of a configuration and the keys that lead to them; what commas separate, piece by piece."""
    node = compose(data)
    return [] if node is None else list(_leaves(node.to_python(), ()))


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member, path)
    elif isinstance(value, str):
        for piece in split(value):
            yield path, piece
    else:
        yield path, repr(value)


def _is_within(few: list[tuple[tuple[str, ...], str]], many: list[tuple[tuple[str, ...], str]], key: MasterKey) -> bool:
    """Tell whether the texts are the same in the same order, but for those of a key."""
    own = {str(key), *(str(value) for value in key.to_metadata().values())}
    rest = iter(few)
    expected = next(rest, None)
    for one in many:
        if one == expected:
            expected = next(rest, None)
        elif not _is_of(one, own):
            return False
    return expected is None


def _is_of(leaf: tuple[tuple[str, ...], str], own: set[str]) -> bool:
    text = "".join(leaf[1].split())
    return any(text in "".join(value.split()) or "".join(value.split()) in text for value in own if value)
