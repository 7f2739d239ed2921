"""Every mistake of a configuration file at once: what stops a command, and what is probably not what was meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from leafseal.config import mistakes
from leafseal.config.find import read_bounded
from leafseal.config.load import Config, CreationRule, read_noting, rule_of
from leafseal.config.nodes import ListNode, compose, second_document
from leafseal.config.reader import Reader, Remark, Report
from leafseal.document import Leaf
from leafseal.errors import FormatError
from leafseal.rules.selection import Selection


class Finding(NamedTuple):
    """A mistake: where it is, what it is, and what to do about it.

    Line and column count from 1; 0 where there is none. `location` is the field's name, `creation_rules[2].age`.
    """

    is_error: bool
    """Whether leafseal refuses the file for it; else it is a warning."""

    location: str
    line: int
    column: int
    message: str
    hint: str | None = None
    hides_rules: bool = False
    """Whether rules that somebody wrote are not read for it."""

    @property
    def spoken(self) -> str:
        """The message with its place in the file."""
        line = f"line {self.line}" if self.line else ""
        return ": ".join(filter(None, (line, self.location, self.message)))


class Checked(NamedTuple):
    """What came of checking a file: the number of its creation rules, and its mistakes in their order."""

    rules: int
    findings: list[Finding]


def check(path: str, *, pipes: bool = False) -> Checked:
    """Return every mistake of a configuration file. `pipes` reads a named pipe, which waits for whoever writes there.

    Raises `ConfigError` where it cannot be read.
    """
    return checked(read_bounded(path, pipes=pipes), path)


def unread(data: bytes, path: str) -> list[Finding]:
    """Return why rules in the content of a configuration file do not count: it is wrong, or they are not read.

    `sops` takes the latter for a file without rules. So does whoever encrypts, but not whoever guards plain text.
    """
    return [one for one in checked(data, path).findings if one.is_error or one.hides_rules]


def checked(data: bytes, path: str) -> Checked:
    """Return every mistake of the content of a configuration file."""
    try:
        node = compose(data)
    except FormatError as exc:
        return Checked(0, [Finding(True, "", exc.line or 0, exc.column or 0, exc.message, exc.hint)])
    report = Report()
    config = read_noting(node, Path(path), report)
    top = Reader(node, (), report)
    _note_doubts(top, config, report)
    if (ignored := second_document(data)) is not None:
        report.add(_of_ignored(*ignored))
    listed = top.get("creation_rules").node
    count = len(listed.members) if isinstance(listed, ListNode) else 0
    return Checked(count, [_finding(remark) for remark in report.remarks()])


def _finding(remark: Remark) -> Finding:
    return Finding(remark.is_fault, remark.location, *remark.position, remark.message, remark.hint, remark.hides_rules)


def _of_ignored(line: int, is_marked: bool) -> Remark:
    if is_marked:
        found = Remark(
            (line, 1),
            "",
            "a second document begins here, which leafseal and sops ignore",
            "move its rules into the first document, and delete the line ---",
        )
    else:
        found = Remark(
            (line, 1),
            "",
            "the document ends before this line, probably by a wrong indentation: leafseal and sops ignore the rest",
            "begin all keys at the top, such as creation_rules, in the first column",
        )
    return found._replace(is_fault=False, hides_rules=True)


def _note_doubts(top: Reader, config: Config, report: Report) -> None:
    faulty = {location for location, _ in report.faults()}
    faulty_rules = set(map(rule_of, faulty))
    listed = top.get("creation_rules")
    if not config.rules:
        if not faulty:
            listed.doubt("there are no creation rules", 'add a rule, such as "creation_rules: [{age: age1…}]"')
        return
    fields = {member.location: member for member in listed.members()}
    for rule in config.rules:
        field = fields[rule.location]
        if rule.location not in faulty_rules:
            if not rule.has_keys:
                of_keys = field.get("key_groups") if any(rule.groups) else field
                of_keys.doubt(*mistakes.lack_of_keys(rule, config.rules))
            if rule.threshold and len(rule.groups) < 2:
                field.get("shamir_threshold").doubt(
                    "has no effect without several key groups", "add key_groups, or delete shamir_threshold"
                )
            if not rule.selection.mac_only_encrypted and _is_for_secrets(rule.selection):
                field.doubt(
                    "is for Kubernetes Secrets, and their labels count for the integrity check (MAC): "
                    "a tool that adds one breaks it",
                    "add mac_only_encrypted: true to the rule",
                )
        if what := mistakes.oddity(rule.path_regex):
            field.get("path_regex").doubt(what, mistakes.oddity_hint(rule.path_regex))
    _note_unreachable(config, fields, faulty)


def _is_for_secrets(selection: Selection) -> bool:
    """Tell whether a rule encrypts the values of a Secret, and nothing else of a manifest."""
    values, others = (
        (("data", "x"), ("stringData", "x")),
        (("kind",), ("metadata", "name"), ("metadata", "labels", "x")),
    )

    def selects(path: tuple[str, ...]) -> bool:
        return selection.selects(Leaf(0, path, path, 0, 0, "", "x"))

    return all(map(selects, values)) and not any(map(selects, others))


_EVERYTHING = ("", ".", ".*", ".+", "^.*", "^.+", ".*$", ".+$", "^.*$", "^.+$")
"""Patterns that match every path."""


def _note_unreachable(config: Config, fields: Mapping[str, Reader], faulty: Collection[str]) -> None:
    """Warn of rules that no file reaches, because an earlier one takes whatever they match."""
    seen: dict[str, CreationRule] = {}
    for rule in config.rules or ():
        pattern = "" if rule.path_regex in _EVERYTHING else rule.path_regex
        if earlier := seen.get("") or seen.get(pattern):
            whole = "matches every file" if earlier is seen.get("") else "has the same path_regex"
            fields[rule.location].doubt(
                f"is never used: {mistakes.named(earlier)}, before it, {whole}",
                f"move this rule before {earlier.location}, or delete it",
            )
        elif pattern or f"{rule.location}.path_regex" not in faulty:
            seen.setdefault(pattern, rule)
