"""The edits that write a recipient into a rule of a configuration, give it a name, and take both away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leafseal.config import texts
from leafseal.config.people import TABLE, comment_above, people_in
from leafseal.config.slots import Found, Holder, holders, is_same, occurrences, rules
from leafseal.config.syntax import BY_HAND, Syntax
from leafseal.document import Edit, apply_edits
from leafseal.document.tree import from_python
from leafseal.errors import ConfigError, FormatError, RefusedError
from leafseal.formats.yaml.edit import member_edits
from leafseal.formats.yaml.nodes import YAMLNode
from leafseal.formats.yaml.removal import member_removal
from leafseal.formats.yaml.style import flow_text
from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS
from leafseal.keys.recognize import find_key, kind_of

_WORD = "leafseal-recipient"  # stands in new text for what is written there
_ANCHOR = re.compile(r"[A-Za-z0-9_-]+")
_MOST = 20  # times that a field has one recipient, or a recipient a name; after each the text is read again


class Adding:
    """A recipient that is added to rules. Its name goes where the names of its neighbours are."""

    def __init__(self, key: MasterKey, written: str, name: str, group: int | None) -> None:
        self.key = key
        self.written = flow_text(from_python(written))
        self.name = name
        self.group = group
        self.kind = KINDS[key.kind]
        self.comment = ""
        self._known: dict[str, int] = {}  # the anchors of the recipient, and where they are

    def with_name(self, text: str, chosen: Sequence[int]) -> str:
        """Return the text with the name, unless it has it, or it will be a comment beside the recipient."""
        if people_in(text.encode()).raw_name_of(self.key) is not None:
            return text
        syntax = Syntax(text)
        table = syntax.get(syntax.root, TABLE)
        ways = {self._way(syntax, number) for number in chosen}
        beside = _ANCHOR.fullmatch(self.name) and self.name not in syntax.anchors()
        if table is not None and syntax.resolve(table).pairs is not None:
            return apply_edits(text, self._put(syntax, syntax.resolve(table), self.name, _WORD, self.written))
        if beside and (neighbours := [way for way in ways if isinstance(way, int)]):
            parent = syntax.place(syntax.node_at(neighbours[0])).parent
            part = self.name if parent.items is None else len(parent.items)
            return apply_edits(text, self._put(syntax, parent, part, _WORD, f"&{self.name} {self.written}"))
        if "comment" in ways and ways <= {"comment"}:
            self.comment = f"  # {self.name}"
            return text
        if table is not None:
            raise ConfigError(f"{TABLE} (line {syntax.line(table)}) is not a table of names", hint=BY_HAND)
        return apply_edits(text, self._put(syntax, syntax.root, TABLE, {self.name: _WORD}, self.written))

    def _way(self, syntax: Syntax, number: int) -> int | str:
        """Return where the anchor of a neighbour is; `comment` where one can be beside the recipient; else `table`."""
        holder, field = self._target(syntax, number)
        if field is not None:
            listed = syntax.resolve(field)
            names = [name for item in listed.items or () if (name := syntax.alias(item))]
            first_rule = rules(syntax)[0].start
            places = [syntax.anchors()[name] for name in names]
            outside = [place for place in places if place < first_rule and self._is_key_at(syntax, place)]
            if outside:
                return outside[-1]
            return "comment" if listed.items and not listed.flow and self._has_text else "table"
        return "table" if holder.node.flow or not self._has_text else "comment"

    def _is_key_at(self, syntax: Syntax, place: int) -> bool:
        return kind_of(syntax.value(syntax.node_at(place)) or "") is not None

    @property
    def _has_text(self) -> bool:
        """Whether one text in a key group names the recipient, so that a comment beside it gives it a name."""
        fields = [value for value in self.key.to_metadata().values() if value]
        return self.kind.group_fields is None or len(fields) == 1 or hasattr(self.key, "arn")

    def _target(self, syntax: Syntax, number: int) -> tuple[Holder, YAMLNode | None]:
        found = holders(syntax, number)
        if self.group is None and len(found) > 1:
            raise ConfigError(
                f"creation_rules[{number}] (line {syntax.line(found[0].node)}) has {len(found)} key groups",
                hint="name the group that the recipient belongs to: add --group N, counted from 1",
            )
        if self.group is not None and not 0 <= self.group < len(found):
            count = "no key groups" if not found[0].is_group else f"only {len(found)} key groups"
            raise ConfigError(f"creation_rules[{number}] has {count}", hint="leave out --group, or give another one")
        holder = found[self.group or 0]
        field = syntax.get(holder.node, holder.field(self.key.kind))
        is_empty = field is not None and syntax.resolve(field).items is None and not syntax.value(field)
        return holder, None if is_empty else field

    def to_rules(self, text: str, numbers: Sequence[int]) -> str:
        """Return the text with the recipient in rules. What several of them share gets it once."""
        syntax, edits, done = Syntax(text), list[Edit](), set[tuple[int, bool]]()
        self._known = self._anchors_of_key(syntax)
        for number in numbers:
            place, more = self._edits(syntax, number)
            if place not in done:
                done.add(place)
                edits += more
        return apply_edits(text, edits)

    def _edits(self, syntax: Syntax, number: int) -> tuple[tuple[int, bool], list[Edit]]:
        """Return the edits for a rule, and the place that they change: a value, or a holder that gets a field."""
        holder, field = self._target(syntax, number)
        name = holder.field(self.key.kind)
        if field is None:
            listed = holder.is_group or self.kind.is_only_list
            item, written = self._item(holder)
            spelled = written + ("" if holder.node.flow else self.comment)
            return (holder.node.start, True), self._put(syntax, holder.node, name, [item] if listed else item, spelled)
        value = syntax.resolve(field)
        if value.items is not None:
            item, written = self._item(holder)
            spelled = self._alias(syntax, value) or written + ("" if value.flow else self.comment)
            return (value.start, False), self._put(syntax, value, len(value.items), item, spelled)
        return self._to_text(syntax, field, value, holder)

    def _to_text(
        self, syntax: Syntax, field: YAMLNode, value: YAMLNode, holder: Holder
    ) -> tuple[tuple[int, bool], list[Edit]]:
        """Add to recipients that are one text; one that an anchor names elsewhere stays what it is."""
        if value.pairs is not None or syntax.is_tagged(value):
            raise ConfigError(f"{holder.where}.{holder.field(self.key.kind)} is not a text or list", hint=BY_HAND)
        anchor, count = syntax.anchor(value), len(texts.split(syntax.value(value) or ""))
        if anchor and count == 1 and (field is not value or syntax.uses(anchor)):
            both = f"[{syntax.text[field.start : field.end]}, {self.written}]"
            return (field.start, False), [Edit(field.start, field.end, both)]
        return (value.start, False), texts.addition(syntax, value, self._as_part(value, syntax))

    def _as_part(self, value: YAMLNode, syntax: Syntax) -> str:
        return self.written.strip("'\"") if syntax.style(value) or self.written[:1] in "'\"" else self.written

    def _item(self, holder: Holder) -> tuple[object, str]:
        """Return a member of a list, with a word for the text that names the key, and that text."""
        names = self.kind.group_fields
        if not holder.is_group or names is None:
            return _WORD, self.written
        own = self.key.to_metadata()
        fields = {theirs: own[ours] for theirs, ours in names.items() if own.get(ours)}
        first = next(iter(fields))
        if len(fields) > 1 and not hasattr(self.key, "arn"):
            return fields, self.written
        return {**fields, first: _WORD}, flow_text(from_python(fields[first]))

    def _alias(self, syntax: Syntax, listed: YAMLNode) -> str | None:
        """Return the alias of the recipient, for a list that has aliases; None where it has no anchor before that."""
        if not any(syntax.alias(item) for item in listed.items or ()):
            return None
        return next((f"*{name}" for name, place in self._known.items() if place < listed.start), None)

    def _anchors_of_key(self, syntax: Syntax) -> dict[str, int]:
        texts_of = {name: syntax.value(syntax.node_at(place)) or "" for name, place in syntax.anchors().items()}
        found = {name: find_key(text) for name, text in texts_of.items()}
        return {name: syntax.anchors()[name] for name, key in found.items() if key and is_same(key, self.key)}

    def _put(self, syntax: Syntax, parent: YAMLNode, part: str | int, value: object, spelled: str) -> list[Edit]:
        edits = member_edits(syntax.text, syntax.root, parent, part, value)
        return [edit._replace(new=edit.new.replace(_WORD, spelled)) for edit in edits]


# -- removing ----------------------------------------------------------------------------------------------------------


def removed(text: str, key: MasterKey, chosen: Sequence[int]) -> str:
    """Return the text without a recipient in rules; without its name, too, where no rule has it any more."""
    for _ in range(_MOST):
        if not (found := _next(syntax := Syntax(text), key, chosen)):
            break
        edits = [_removal(syntax, one) for one in found]
        try:
            text = apply_edits(text, [edit for more in edits for edit in more])
        except FormatError:  # two of them overlap
            text = apply_edits(text, edits[0])
    else:
        raise _too_often()
    syntax = Syntax(text)
    if any(any(occurrences(syntax, number, key)) for number in range(len(rules(syntax)))):
        return text
    return _without_name(text, key)


def _next(syntax: Syntax, key: MasterKey, chosen: Sequence[int]) -> list[Found]:
    """Return places of a recipient, one in each field: those that are aliases before the ones that they stand for."""
    found = [one for number in chosen for one in occurrences(syntax, number, key)]
    aliases = [one for one in found if syntax.alias(one.node) or (syntax.alias(one.field) and _is_only(syntax, one))]
    fields: dict[int, Found] = {}
    for one in aliases or found:
        place = one.field if _is_only(syntax, one) else syntax.resolve(one.field)
        fields.setdefault(place.start, one)
    return list(fields.values())


def _is_only(syntax: Syntax, found: Found) -> bool:
    """Tell whether a field has no other recipient, so that all of it goes."""
    return found.pieces == 1 and (found.number is None or len(syntax.resolve(found.field).items or ()) == 1)


def _removal(syntax: Syntax, found: Found) -> list[Edit]:
    value, node = syntax.resolve(found.field), found.node
    if found.pieces > 1:
        if found.number is not None and syntax.alias(node):
            raise ConfigError(f"*{syntax.alias(node)} (line {syntax.line(node)}) is several recipients", hint=BY_HAND)
        return texts.removal(syntax, syntax.resolve(node), found.piece)
    is_list_left = value.flow and not found.holder.node.flow and found.field is value  # `[]`, which may have been there
    if _is_only(syntax, found) and not (found.number is not None and is_list_left):
        return _member(syntax, found.field)
    kept = [item for item in value.items or () if item is not node]
    if len(kept) == 1 and _was_wrapped(syntax, found, kept[0]):
        return [Edit(value.start, value.end, syntax.text[kept[0].start : kept[0].end])]
    return _member(syntax, node)


def _was_wrapped(syntax: Syntax, found: Found, kept: YAMLNode) -> bool:
    """Tell whether a list in brackets may stand in the place of one recipient with an anchor, as `Adding` makes it."""
    value, is_named = found.field, syntax.alias(kept) or syntax.anchor(kept)
    is_plain = not syntax.alias(found.node) and not syntax.anchor(found.node)
    return value.flow and is_plain and bool(is_named) and not found.holder.is_group and not syntax.anchor(value)


def _member(syntax: Syntax, node: YAMLNode) -> list[Edit]:
    """Return the edits that remove a member of a list or mapping, with the comment above it that names it."""
    _refuse_in_use(syntax, node)
    place = syntax.place(node)
    edits = member_removal(syntax.text, place.parent, place.number, place.above)
    if place.parent.items is not None and len(place.parent.items) > 1:
        starts = [comment_above(syntax.text, item.start) for item in place.parent.items]
        if all(starts) and (span := comment_above(syntax.text, node.start)):
            edits.append(Edit(span.start, span.end, ""))
    return edits


def _refuse_in_use(syntax: Syntax, node: YAMLNode) -> None:
    anchor = syntax.anchor(node)
    if anchor and (lines := syntax.uses(anchor)):
        raise RefusedError(
            f"the anchor &{anchor} (line {syntax.line(node)}) is used in line {', '.join(map(str, lines[:5]))} too",
            hint="to remove the recipient from all rules, leave out --rule",
        )


def _without_name(text: str, key: MasterKey) -> str:
    for _ in range(_MOST):
        syntax = Syntax(text)
        if (node := _anchored(syntax, key) or _entry(syntax, key)) is None:
            return text
        text = apply_edits(text, _member(syntax, node))
    raise _too_often()


def _too_often() -> ConfigError:
    return ConfigError(f"has this recipient more than {_MOST} times", hint=BY_HAND)


def _anchored(syntax: Syntax, key: MasterKey) -> YAMLNode | None:
    """Return a text that names a recipient and has an anchor that nothing uses."""
    for name, start in syntax.anchors().items():
        found = find_key(syntax.value(syntax.node_at(start)) or "")
        if found is not None and is_same(found, key) and not syntax.uses(name):
            return syntax.node_at(start)
    return None


def _entry(syntax: Syntax, key: MasterKey) -> YAMLNode | None:
    """Return what names a recipient in the table: a key in a list, an entry, or the table with only this entry."""
    table = syntax.get(syntax.root, TABLE)
    if table is None:
        return None
    for _, _, value in syntax.resolve(table).pairs or ():
        items = syntax.resolve(value).items
        for node in [value] if items is None else items:
            found = find_key(syntax.value(node) or "")
            if found is not None and is_same(found, key):
                if items is not None and len(items) > 1:
                    return node
                is_last = len(syntax.resolve(table).pairs or ()) == 1
                return table if is_last and (not table.flow or syntax.root.flow) else value
    return None
