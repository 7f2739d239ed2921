"""Reading typed fields out of configuration nodes, and keeping every fault and warning with its place.

A reader never raises for what is wrong in the file: it notes the fault and returns an empty value, so that all faults
of a file come to light at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leafseal.config.nodes import ListNode, MappingNode, Node, ScalarNode
from leafseal.document import Locator
from leafseal.document.paths import format_path

Remark = tuple[tuple[int, int], str, str]


@dataclass(slots=True)
class Report:
    """What is wrong in a file, and what is only strange: line and column, the field, what is to be said."""

    _faults: list[Remark] = field(default_factory=list)
    _warnings: list[Remark] = field(default_factory=list)
    hints: dict[tuple[str, str], str] = field(default_factory=dict)
    """What to do about a fault, as `faults` returns it."""

    def fault(self, position: tuple[int, int], location: str, message: str, hint: str | None = None) -> None:
        """Note a fault."""
        self._faults.append((position, location, message))
        if hint:
            self.hints[location, f"{_spoken(position)}: {message}"] = hint

    def warn(self, position: tuple[int, int], location: str, message: str) -> None:
        """Note a warning."""
        self._warnings.append((position, location, message))

    def faults(self) -> list[tuple[str, str]]:
        """Return field and message of every fault, in the order of the file."""
        remarks = sorted(self._faults, key=lambda remark: remark[0])
        return [(location, f"{_spoken(position)}: {message}") for position, location, message in remarks]

    def warnings(self) -> tuple[str, ...]:
        """Return every warning, in the order of the file."""
        remarks = sorted(self._warnings, key=lambda remark: remark[0])
        return tuple(f"{_spoken(position)}: {location}: {message}" for position, location, message in remarks)


@dataclass(frozen=True, slots=True)
class Reader:
    """One field of a configuration file, or its absence: `node` is None then."""

    node: Node | None
    place: Locator
    report: Report
    position: tuple[int, int] = (1, 1)

    @property
    def is_absent(self) -> bool:
        """Tell whether the field is not there or null."""
        return self.node is None or (isinstance(self.node, ScalarNode) and self.node.value is None)

    @property
    def location(self) -> str:
        """The field's name, such as `creation_rules[2].age`."""
        return format_path(self.place)

    def fault(self, message: str, hint: str | None = None) -> None:
        """Note that this field is wrong."""
        self.report.fault(self.position, self.location, message, hint)

    def warn(self, message: str) -> None:
        """Note that this field is probably not what was meant."""
        self.report.warn(self.position, self.location, message)

    def get(self, key: str) -> Reader:
        """Return the member of a mapping."""
        member = self.node.members.get(key) if isinstance(self.node, MappingNode) else None
        return Reader(member, (*self.place, key), self.report, _position(member) or self.position)

    def members(self, hint: str | None = None) -> list[Reader]:
        """Return the members of a list; none where there is no list, where `hint` says what to do."""
        if self.is_absent:
            return []
        if not isinstance(self.node, ListNode):
            self.fault(f"{_word(self.node)} where a list is expected", hint)
            return []
        return [
            Reader(member, (*self.place, index), self.report, _position(member) or self.position)
            for index, member in enumerate(self.node.members)
        ]

    def mappings(self, hint: str | None = None) -> list[Reader]:
        """Return the members of a list of mappings; `hint` says what to do about what is none."""
        return [member for member in self.members(hint) if member.is_mapping(hint)]

    def is_mapping(self, hint: str | None = None) -> bool:
        """Tell whether this is a mapping; anything else is a fault."""
        if isinstance(self.node, MappingNode):
            return True
        self.fault(f"{_word(self.node)} where a mapping is expected", hint)
        return False

    def text(self) -> str:
        """Return text as it stands; empty where there is none."""
        if self.is_absent:
            return ""
        if isinstance(self.node, ScalarNode):
            return self.node.text
        self.fault(f"{_word(self.node)} where text is expected")
        return ""

    def quoted_text(self, hint: str | None = None) -> str:
        """Return text that is no number, date or truth value either; `hint` says what to do about those."""
        if isinstance(self.node, ScalarNode) and isinstance(self.node.value, str):
            return self.node.value
        self.fault(f"{_word(self.node)} where text is expected", hint)
        return ""

    def number(self) -> int | None:
        """Return a whole number, None where there is none."""
        value = self.node.value if isinstance(self.node, ScalarNode) else self.node
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self.fault("not a whole number")
        return None

    def truth(self) -> bool:
        """Return true or false; false where there is neither."""
        if self.is_absent:
            return False
        if isinstance(self.node, ScalarNode):
            if isinstance(self.node.value, bool):
                return self.node.value
            if self.node.value in _TRUE or self.node.value in _FALSE:
                return self.node.value in _TRUE
        self.fault("neither true nor false")
        return False

    def texts(self) -> dict[str, str]:
        """Return a mapping of text to text; nulls are left out."""
        if self.is_absent or not self.is_mapping() or not isinstance(self.node, MappingNode):
            return {}
        members = [(key, self.get(key)) for key in self.node.members]
        return {key: member.text() for key, member in members if not member.is_absent}

    def expect(self, known: Iterable[str], *, strays: bool = False) -> None:
        """Warn of keys that nobody reads; with `strays` only of those that look like a known one."""
        if not isinstance(self.node, MappingNode):
            return
        known = tuple(known)
        for key, position in self.node.places.items():
            if key not in known and key != "<<":
                nearest = _nearest(key, known)
                if nearest or not strays:
                    meant = f": did you mean {nearest}?" if nearest else ""
                    Reader(None, (*self.place, key), self.report, position).warn(f"unknown key, ignored{meant}")


# SOPS reads truth values of YAML 1.1 where it expects one.
_TRUE = ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "off", "Off", "OFF")


def _nearest(key: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches  # for keys that are wrong

    folded = {name.replace("_", ""): name for name in known}
    near = get_close_matches(key.lower().replace("_", "").replace("-", ""), folded, n=1, cutoff=0.7)
    return folded[near[0]] if near else None


def _position(node: Node | None) -> tuple[int, int] | None:
    return (node.line, node.column) if node is not None else None


def _spoken(position: tuple[int, int]) -> str:
    return f"line {position[0]}, column {position[1]}"


def _word(node: Node | None) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, ScalarNode) and node.value is not None:
        return {str: "text", bool: "a truth value", int: "a number", float: "a number"}.get(type(node.value), "a date")
    return "nothing"
