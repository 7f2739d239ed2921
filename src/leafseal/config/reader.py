"""Reading typed fields out of configuration nodes, and keeping every fault and warning with its place.

A reader never raises for what is wrong in the file: it notes the fault and returns an empty value, so that all faults
of a file come to light at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from leafseal.config.nodes import ListNode, MappingNode, Node, ScalarNode
from leafseal.document import Locator
from leafseal.document.paths import format_path


class Remark(NamedTuple):
    """What is to be said of a field: line and column, the field, what is wrong, and what to do about it."""

    position: tuple[int, int]
    location: str
    message: str
    hint: str | None = None
    is_fault: bool = True
    """Whether the file is wrong; else it is only strange."""

    hides_rules: bool = False
    """Whether rules that somebody wrote are not read for it."""

    @property
    def spoken(self) -> str:
        """The message with its place in the file."""
        return f"line {self.position[0]}, column {self.position[1]}: {self.message}"


@dataclass(slots=True)
class Report:
    """What is wrong in a file, and what is only strange."""

    _remarks: list[Remark] = field(default_factory=list)

    def add(self, remark: Remark) -> None:
        """Note a fault or a warning."""
        self._remarks.append(remark)

    def remarks(self) -> list[Remark]:
        """Return everything, in the order of the file."""
        return sorted(self._remarks, key=lambda remark: remark.position)

    def faults(self) -> list[tuple[str, str]]:
        """Return field and message of every fault, in the order of the file."""
        return [(remark.location, remark.spoken) for remark in self.remarks() if remark.is_fault]

    def hints(self) -> dict[tuple[str, str], str]:
        """Return what to do about some of the faults, by what `faults` returns."""
        faults = [remark for remark in self.remarks() if remark.is_fault]
        return {(remark.location, remark.spoken): remark.hint for remark in faults if remark.hint}

    def warnings(self) -> tuple[str, ...]:
        """Return every warning, in the order of the file."""
        found = [remark for remark in self.remarks() if not remark.is_fault]
        return tuple(
            f"line {line}, column {column}: {location}: {message}{f'; {hint}' if hint else ''}"
            for (line, column), location, message, hint, *_ in found
        )


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
        self.report.add(Remark(self.position, self.location, message, hint))

    def doubt(self, message: str, hint: str | None = None, *, hides_rules: bool = False) -> None:
        """Note that this field is probably not what was meant."""
        self.report.add(Remark(self.position, self.location, message, hint, is_fault=False, hides_rules=hides_rules))

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
            if self.node.value in TRUE or self.node.value in FALSE:
                return self.node.value in TRUE
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
                    stray = Reader(None, (*self.place, key), self.report, position)
                    stray.doubt(f"unknown key, ignored{meant}", hides_rules=nearest == "creation_rules")


# SOPS reads truth values of YAML 1.1 where it expects one.
TRUE = ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
FALSE = ("n", "N", "no", "No", "NO", "off", "Off", "OFF")


def _nearest(key: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches  # for keys that are wrong

    folded = {name.replace("_", ""): name for name in known}
    written = key.lower().replace("_", "").replace("-", "")
    near = get_close_matches(written, folded, n=1, cutoff=0.7)
    if not near:  # `hc_vault`, `threshold`; `age_keys`, `kms_arn`
        near = sorted(
            (name for name in folded if len(written) > 3 and written in name),
            key=lambda name: not name.startswith(written),
        )
        near = near or [name for name in folded if written.startswith(name)]
    return folded[near[0]] if near else None


def _position(node: Node | None) -> tuple[int, int] | None:
    return (node.line, node.column) if node is not None else None


def _word(node: Node | None) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, ScalarNode) and node.value is not None:
        return {str: "text", bool: "a truth value", int: "a number", float: "a number"}.get(type(node.value), "a date")
    return "nothing"
