"""`.sops.yaml` and `.sops-style-config.yaml`: who can open a new file, and what is sealed in it (sops-cli §1).

A file is checked as a whole when it is loaded: every fault of it is reported at once, also in rules that no file would
reach, unless the caller lets those pass as SOPS does. A rule whose pattern does not compile seals nothing in SOPS; here
it stops the command.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from leafseal.config import fields
from leafseal.config.find import find_configs, read_bounded
from leafseal.config.keys import Group, read_groups
from leafseal.config.nodes import Node, compose
from leafseal.config.patterns import MAX_RULES, Patterns
from leafseal.config.reader import Reader, Report
from leafseal.errors import ConfigError, FormatError
from leafseal.formats import FORMATS
from leafseal.rules.matching import PatternError
from leafseal.rules.selection import RULE_FIELDS, Selection


@dataclass(frozen=True, slots=True)
class CreationRule:
    """What a new file gets: its key groups, how many of them open it (0: all), and what is sealed."""

    groups: tuple[Group, ...]
    threshold: int
    selection: Selection
    path_regex: str
    location: str  # such as "creation_rules[2]"
    line: int = 1

    @property
    def has_keys(self) -> bool:
        """Whether each of its key groups has a key."""
        return bool(self.groups) and all(self.groups)


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file. `rules` is None when it says nothing of creation rules: keys must come from elsewhere."""

    path: Path
    rules: tuple[CreationRule, ...] | None = None
    indents: Mapping[str, int] = field(default_factory=dict)  # by format, of files that are written anew; -1 is a tab
    destination_rules: tuple[dict[str, object], ...] = ()
    warnings: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()  # of single rules, which stop only what would go by them
    hints: Mapping[tuple[str, str], str] = field(default_factory=dict)  # what to do about some of them

    def rule_for(self, path: str | os.PathLike[str]) -> CreationRule | None:
        """Return the first rule that matches a file, None when the configuration has no creation rules.

        Raises `ConfigError` when none of them matches, or the one that does is faulty.
        """
        if self.rules is None:
            return None
        rule = self.matching_rule(path)
        if rule is None:
            from leafseal.config.mistakes import unmatched

            hint = unmatched(self.rules, self.tested_path(path), os.path.abspath(path))
            raise ConfigError("no matching creation rules found", hint=hint, file=str(self.path))
        if faults := self.faults_of(rule):
            raise ConfigError.of(faults, str(self.path), self.hints)
        return rule

    def faults_of(self, rule: CreationRule) -> list[tuple[str, str]]:
        """Return what is wrong with a rule."""
        return [fault for fault in self.faults if rule_of(fault[0]) == rule.location]

    def rule_with_keys(self, path: str | os.PathLike[str]) -> CreationRule | None:
        """Return what `rule_for` does. Raises `ConfigError` for a rule that names no keys, or has a group without."""
        rule = self.rule_for(path)
        if rule is None or rule.has_keys:
            return rule
        from leafseal.config.mistakes import lack_of_keys, named

        what, hint = lack_of_keys(rule, self.rules or ())
        raise ConfigError(f"{named(rule)} matches {self.tested_path(path)} and {what}", hint=hint, file=str(self.path))

    def matching_rule(self, path: str | os.PathLike[str], patterns: Patterns | None = None) -> CreationRule | None:
        """Return the first rule that matches a file, whatever is wrong with it; None where none does.

        Whoever asks for many files gives the `patterns`, whose time is then that for all of them.
        """
        tested, patterns = self.tested_path(path), patterns or Patterns()
        try:
            for rule in self.rules or ():  # one whose path_regex is faulty has none; no pattern matches all
                if not rule.path_regex or patterns.matches(rule.path_regex, tested):
                    return rule
        except PatternError as exc:
            raise ConfigError(f"{rule.location}.path_regex: {exc}", file=str(self.path)) from None
        return None

    def tested_path(self, path: str | os.PathLike[str]) -> str:
        """Return what `path_regex` is compared with: the path below the configuration's folder, else the absolute one.

        Links are not followed.
        """
        folder = os.path.dirname(os.path.abspath(self.path)) + os.sep
        return os.path.abspath(path).removeprefix(folder)


def load_config(path: str | os.PathLike[str], *, lenient: bool = False, pipes: bool = False) -> Config:
    """Read a configuration file; an empty one, such as `/dev/null`, is fine. Raises `ConfigError` with every fault.

    With `lenient` the faults of a rule are raised only when a file goes by that rule. `pipes` reads a named pipe, which
    waits for whoever writes there: for those that the user named.
    """
    return parse_config(read_bounded(os.fspath(path), pipes=pipes), path, lenient=lenient)


def parse_config(data: bytes, path: str | os.PathLike[str], *, lenient: bool = False) -> Config:
    """Read the content of a configuration file as `load_config` does. Raises `ConfigError`."""
    try:
        node = compose(data)
    except FormatError as exc:
        raise ConfigError(str(exc), faults=[("", str(exc))], hint=exc.hint, file=os.fspath(path)) from None
    return _parse(node, Path(path), lenient)


def guarding_rule(name: str, load: Callable[[str], Config] = load_config) -> CreationRule | None:
    """Return the rule that a file that exists is held to: that of the nearest configuration that has one for it.

    Whoever adds a configuration without rules to a folder takes none away from its files.
    """
    found = (load(path).matching_rule(name) for path in find_configs(os.path.dirname(os.path.abspath(name))))
    return next(filter(None, found), None)


def _parse(node: Node | None, path: Path, lenient: bool) -> Config:
    report = Report()
    config = read_noting(node, path, report)
    faults = report.faults()
    rules = {rule.location for rule in config.rules or ()} if lenient else ()
    ours = [fault for fault in faults if rule_of(fault[0]) in rules]
    if len(ours) < len(faults):
        raise ConfigError.of(faults, str(path), report.hints())
    return replace(config, faults=tuple(ours), hints=report.hints()) if ours else config


def read_noting(node: Node | None, path: Path, report: Report) -> Config:
    """Return what a configuration says, where nothing is wrong with it; what is wrong is noted in `report`."""
    top = Reader(node, (), report)
    if top.is_absent or not top.is_mapping('begin the file with "creation_rules:", with the rules below it'):
        top = Reader(None, (), report)
    top.expect(fields.names(fields.TOP), strays=True)
    return Config(
        path=path,
        rules=None if top.get("creation_rules").is_absent else tuple(_read_rules(top.get("creation_rules"))),
        indents=_read_indents(top.get("stores")),
        destination_rules=tuple(_read_destinations(top.get("destination_rules"))),
        warnings=report.warnings(),
    )


def rule_of(location: str) -> str:
    """Return which rule a field is in, `creation_rules[2]` of `creation_rules[2].age`; empty where it is in none."""
    match = re.match(r"creation_rules\[\d+\]", location)
    return match[0] if match else ""


def _read_rules(field: Reader) -> Iterator[CreationRule]:
    patterns = Patterns()
    listed = field.mappings('begin each rule with a dash, such as "- age: age1…"')
    if len(listed) > MAX_RULES:
        field.fault(f"more than {MAX_RULES} rules")
        return
    for rule in listed:
        rule.expect(fields.names(fields.RULE))
        groups = read_groups(rule)
        yield CreationRule(
            groups=groups,
            threshold=_read_threshold(rule.get("shamir_threshold"), len(groups)),
            selection=_read_selection(rule, patterns),
            path_regex=_read_pattern(rule.get("path_regex"), patterns),
            location=rule.location,
            line=rule.position[0],
        )


def _read_threshold(field: Reader, groups: int) -> int:
    threshold = field.number() or 0
    if threshold < 0:
        field.fault("negative")
    elif groups > 1 and threshold == 1:
        field.fault("must be at least 2 with several key groups")
    elif 1 < groups < threshold:
        field.fault(f"{threshold} groups are needed and there are {groups}")
    return threshold


def _read_pattern(field: Reader, patterns: Patterns) -> str:
    pattern = field.text()
    try:
        if pattern:
            patterns.check(pattern)
    except PatternError as exc:
        from leafseal.config.mistakes import pattern_hint

        field.fault(str(exc), pattern_hint(pattern) if field.place[-1] == "path_regex" else None)
        return ""
    return pattern


def _read_selection(rule: Reader, patterns: Patterns) -> Selection:
    texts = {
        name: _read_pattern(rule.get(name), patterns) if name.endswith("_regex") else rule.get(name).text()
        for name in RULE_FIELDS
    }
    try:
        return Selection(**texts, mac_only_encrypted=rule.get("mac_only_encrypted").truth())
    except ConfigError as exc:
        rule.fault(exc.message)
        return Selection()


def _read_indents(stores: Reader) -> dict[str, int]:
    if stores.is_absent or not stores.is_mapping():
        return {}
    stores.expect(fields.STORES)
    found = {
        one.name: _read_indent(stores.get(one.store), least=one.least_indent)
        for one in FORMATS.values()
        if one.least_indent is not None
    }
    return {name: indent for name, indent in found.items() if indent is not None}


def _read_indent(store: Reader, *, least: int) -> int | None:
    if store.is_absent or not store.is_mapping():
        return None
    store.expect(("indent",))
    indent = store.get("indent").number()
    if indent is not None and not least <= indent <= fields.MAX_INDENT:
        store.get("indent").fault(f"must be between {least} and {fields.MAX_INDENT}")
    return indent


def _read_destinations(field: Reader) -> Iterator[dict[str, object]]:
    for rule in field.mappings():
        if rule.node is not None:
            raw = rule.node.to_python()
            if isinstance(raw, dict):
                yield raw
