"""Where the recipients of a rule are written: the fields that hold them, and each recipient in these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from leafseal.config import texts
from leafseal.config.syntax import BY_HAND, Syntax
from leafseal.errors import ConfigError, LeafsealError
from leafseal.formats.yaml.nodes import YAMLNode
from leafseal.keys import MasterKey
from leafseal.keys.changes import holder_id
from leafseal.keys.kinds import KINDS
from leafseal.keys.registry import make_key, parse_recipients


class Holder(NamedTuple):
    """A rule, or one of its key groups: a mapping whose fields hold recipients."""

    node: YAMLNode
    is_group: bool
    where: str

    def field(self, kind: str) -> str:
        """Return the name of the field for a kind of keys."""
        return KINDS[kind].group_list if self.is_group else KINDS[kind].rule_list


class Found(NamedTuple):
    """A recipient where it is written: in a field, or in an item of the field's list, maybe one of several texts."""

    holder: Holder
    field: YAMLNode  # as it is written: it may be an alias
    number: int | None  # in the list
    piece: int
    pieces: int
    node: YAMLNode  # the item, or the field


def rules(syntax: Syntax) -> list[YAMLNode]:
    """Return the creation rules."""
    found = syntax.get(syntax.root, "creation_rules")
    return [] if found is None else list(syntax.resolve(found).items or ())


def holders(syntax: Syntax, number: int) -> list[Holder]:
    """Return what holds the recipients of a rule: its key groups, or the rule itself. Raises `ConfigError`."""
    where, found = f"creation_rules[{number}]", rules(syntax)
    if number >= len(found):  # those that are read are not the file's own
        raise ConfigError("creation_rules comes from a merge key (<<)", hint=BY_HAND)
    rule = _mapping(syntax, found[number], where)
    listed = syntax.get(rule, "key_groups")
    groups = [] if listed is None else syntax.resolve(listed).items or []
    if not groups:
        return [Holder(rule, False, where)]
    members = []
    for index, group in enumerate(groups):
        place = f"{where}.key_groups[{index}]"
        members.append(Holder(_mapping(syntax, group, place), True, place))
    return members


def _mapping(syntax: Syntax, node: YAMLNode, where: str) -> YAMLNode:
    node = syntax.resolve(node)
    if node.pairs is None:
        raise ConfigError(f"{where} (line {syntax.line(node)}) is not a mapping", hint=BY_HAND)
    if any(name == "<<" for name, _, _ in node.pairs):
        raise ConfigError(f"{where} (line {syntax.line(node)}) has a merge key (<<)", hint=BY_HAND)
    return node


def occurrences(syntax: Syntax, number: int, wanted: MasterKey) -> Iterator[Found]:
    """Yield the places of a recipient in a rule."""
    for holder in holders(syntax, number):
        field = syntax.get(holder.node, holder.field(wanted.kind))
        if field is None:
            continue
        items = syntax.resolve(field).items
        if items is None:
            yield from _in_text(syntax, holder, field, field, None, wanted)
        for index, item in enumerate(items or ()):
            if syntax.resolve(item).pairs is None:
                yield from _in_text(syntax, holder, field, item, index, wanted)
            elif _is(wanted, entry(syntax, syntax.resolve(item), wanted.kind)):
                yield Found(holder, field, index, 0, 1, item)


def _in_text(
    syntax: Syntax, holder: Holder, field: YAMLNode, node: YAMLNode, index: int | None, wanted: MasterKey
) -> Iterator[Found]:
    parts = texts.split(syntax.value(node) or "")
    for piece, part in enumerate(parts):
        if _is(wanted, parsed(wanted.kind, part)):
            yield Found(holder, field, index, piece, len(parts), node)


def parsed(kind: str, text: str) -> MasterKey | None:
    """Return the key of a kind that a text names, None where it names none, or several."""
    try:
        keys = parse_recipients(kind, text)
    except LeafsealError:
        return None
    return keys[0] if len(keys) == 1 else None


def entry(syntax: Syntax, node: YAMLNode, kind: str) -> MasterKey | None:
    """Return the key of an entry with fields, without those that are not text."""
    names = KINDS[kind].group_fields or {}
    fields = {names[name]: syntax.value(value) for name, _, value in node.pairs or () if name in names}
    try:
        return make_key(kind, {name: text for name, text in fields.items() if text is not None})
    except LeafsealError:
        return None


def _is(wanted: MasterKey, key: MasterKey | None) -> bool:
    return key is not None and is_same(wanted, key)


def is_same(one: MasterKey, other: MasterKey) -> bool:
    """Tell whether two keys are one recipient: whatever role, context, profile or version they are used with."""
    if one.kind != other.kind:
        return False
    return holder_id(one) == holder_id(other) or getattr(one, "arn", None) == getattr(other, "arn", "")
