"""Which rule of which configuration is for a file, and how an encrypted file differs from it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from leafseal.cli.shared import reports
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.groups import difference
from leafseal.cli.shared.options import InputOptions
from leafseal.cli.shared.recipients import variables_in_force
from leafseal.display import escape_line, for_shell
from leafseal.document.limits import DEFAULT_LIMITS, ReadOptions
from leafseal.errors import NotEncryptedError
from leafseal.keys.changes import Keys, compare, holder_id, key_id, keys_of, required_groups
from leafseal.keys.short_names import NameOf, nameless
from leafseal.operations.open import read_metadata

if TYPE_CHECKING:
    from leafseal.config.explain import Explanation
    from leafseal.config.load import CreationRule
    from leafseal.metadata import Metadata


class Existing(NamedTuple):
    """An encrypted file beside its rule: key groups and threshold before and after what `updatekeys` would change."""

    before: Sequence[Keys]
    after: Sequence[Keys]
    thresholds: tuple[int, int]
    rules: tuple[str, str] | None
    """The rule of the file and that of the configuration, in words, where they differ."""

    @property
    def lines(self) -> list[str]:
        """The change of recipients as lines; none where there is none."""
        return self.lines_with(nameless)

    def lines_with(self, name_of: NameOf) -> list[str]:
        """Return the same lines with the names of recipients."""
        return difference(self.before, self.after, self.thresholds, name_of)

    @property
    def state(self) -> str:
        """Whether anything would change."""
        return "differs" if self.rules or self.lines else "up-to-date"


class Explained(NamedTuple):
    """What there is to say of one file."""

    name: str
    config: str | None
    found_by: str
    """`search`, `--config` or `SOPS_CONFIG`."""

    explanation: Explanation | None
    existing: Existing | None
    variables: Sequence[str]
    """The variables whose recipients count before those of the rule."""

    sops_config: str | None
    """The configuration that sops would use in the current folder, where it is another one."""

    missing: tuple[str, str] | None
    """Why no rule is for the file, and what to do."""

    name_of: NameOf = nameless
    """The names of recipients in the configuration."""

    @property
    def rule(self) -> CreationRule | None:
        """The rule for the file."""
        return None if self.explanation is None else self.explanation.rule

    @property
    def state(self) -> str:
        """What comes of it: `no-rule`, `new`, which is not encrypted yet, `up-to-date` or `differs`."""
        if self.rule is None:
            return "no-rule"
        return "new" if self.existing is None else self.existing.state

    @property
    def is_well(self) -> bool:
        """Tell whether the file has a rule, and does not differ from it."""
        return self.state in ("new", "up-to-date")


def explained(name: str, configuration: Configuration, named: str | None) -> Explained:
    """Look up the rule for a file; `named` is the configuration that an option or variable names.

    Raises `LeafsealError` for a configuration that is wrong, and a file that cannot be read.
    """
    from leafseal.config.explain import explain
    from leafseal.config.people import NOBODY, load_people

    config = configuration.of(name)
    found = None if config is None or config.rules is None else explain(config, name)
    path = None if config is None else str(config.path)
    return Explained(
        name,
        path,
        "search" if named is None else "SOPS_CONFIG" if named == os.environ.get("SOPS_CONFIG") else "--config",
        found,
        None if found is None or found.rule is None else _existing(name, found.rule),
        variables_in_force(),
        None if named is not None else _other_of_sops(path),
        _missing(name, configuration, found),
        (NOBODY if path is None else load_people(path)).raw_name_of,
    )


def _missing(name: str, configuration: Configuration, found: Explanation | None) -> tuple[str, str] | None:
    if found is None:
        return configuration.without_rules(name)
    if found.rule is not None:
        return None
    from leafseal.config.mistakes import unmatched

    rules = [passed.rule for passed in found.passed_over]
    return "no creation rule matches", unmatched(rules, found.tested, os.path.abspath(name))


def _other_of_sops(path: str | None) -> str | None:
    from leafseal.config.find import find_config_from_cwd

    found = find_config_from_cwd()
    return found if found is not None and (path is None or os.path.realpath(found) != os.path.realpath(path)) else None


def _existing(name: str, rule: CreationRule) -> Existing | None:
    """Return how a file differs from its rule; None where it is not there, or not encrypted."""
    if not os.path.isfile(name):
        return None
    try:
        source = read_one(name, InputOptions(), DEFAULT_LIMITS).source
        _, metadata = read_metadata(source.data, source.format, ReadOptions(allow_duplicates=True))
    except NotEncryptedError:
        return None
    return _beside(metadata, rule)


def _beside(metadata: Metadata, rule: CreationRule) -> Existing:
    before = keys_of(metadata.groups)
    # Options or variables named the recipients of a file whose rule names none; a rule without versions means all.
    there = {holder_id(key): key for group in before for key in group}
    named: list[Keys] = [tuple(there.get(key_id(key), key) for key in group) for group in rule.groups]
    after = named if any(rule.groups) else before
    own, wanted = metadata.selection, rule.selection
    return Existing(
        before,
        after,
        (_needed(len(before), metadata.threshold), _needed(len(after), rule.threshold)),
        None if own.fields() == wanted.fields() else (_in_words(own), _in_words(wanted)),
    )


def _shown(name: str | None) -> str | None:
    from leafseal.config.people import shown

    return None if name is None else shown(name)


def _needed(groups: int, threshold: int) -> int:
    """Return the threshold as the metadata of a file have it: 0 for one group."""
    return 0 if groups < 2 else required_groups(groups, threshold)


def _in_words(selection: Any) -> str:
    return f"{selection.describe()}{_MAC_ONLY if selection.mac_only_encrypted else ''}"


_MAC_ONLY = "; the MAC covers encrypted values only"

_FOUND_BY = {"search": "the nearest above the file", "--config": "named by --config"}


def as_lines(one: Explained) -> Iterator[str]:
    """Yield what people are shown."""
    shown = escape_line(one.name)
    rule = one.rule
    if rule is None:
        yield f"{shown}: {one.missing[0] if one.missing else ''}"
    else:
        yield f"{shown}: {rule.location} (line {rule.line})"
    if one.config is not None:
        found_by = _FOUND_BY.get(one.found_by, f"named by {one.found_by}")
        yield f"  configuration: {escape_line(os.path.abspath(one.config))} ({found_by})"
    if one.sops_config is not None:
        yield f"  sops, started in this folder, uses {escape_line(os.path.abspath(one.sops_config))} instead"
    if one.explanation is not None:
        yield from _matching(one.explanation)
    if one.missing is not None:
        yield f"  what to do: {escape_line(one.missing[1])}"
    if rule is not None:
        yield from _of_rule(rule, one.name_of)
        for variable in one.variables:
            yield f"  {variable} is set: a new file is encrypted for its recipients, not for those of the rule"
    if one.existing is not None:
        yield from _of_existing(one, one.existing)


def _matching(found: Explanation) -> Iterator[str]:
    from leafseal.config.mistakes import named

    yield f"  path_regex is compared with: {escape_line(found.tested)}"
    for passed in found.passed_over:
        yield f"  {named(passed.rule)} does not match: {escape_line(passed.rule.path_regex)}"
        if passed.hint and found.rule is not None:
            yield f"    if it is meant for this file, {escape_line(passed.hint)}"
    if found.rule is not None:
        pattern = found.rule.path_regex
        yield f"  path_regex: {escape_line(pattern)}" if pattern else "  path_regex: none, so it matches every file"


def _of_rule(rule: CreationRule, name_of: NameOf) -> Iterator[str]:
    from leafseal.config.people import shown

    if not any(rule.groups):
        yield "  recipients: none; name them with options or variables"
    elif len(rule.groups) > 1:
        yield f"  {len(rule.groups)} key groups, {_needed(len(rule.groups), rule.threshold)} needed to decrypt"
    for number, group in enumerate(rule.groups if any(rule.groups) else (), 1):
        yield f"  recipients of group {number}:" if len(rule.groups) > 1 else "  recipients:"
        for key in group:
            name = name_of(key)
            yield f"    {key.kind} {escape_line(str(key))}{'' if name is None else f' ({shown(name)})'}"
    yield f"  encrypts {escape_line(_in_words(rule.selection))}"


def _of_existing(one: Explained, existing: Existing) -> Iterator[str]:
    if one.is_well:
        yield "  the file is encrypted like this"
    if existing.lines:
        yield f'  the file has other recipients; to change them, run "leafseal updatekeys {for_shell(one.name)}":'
        yield from (f"    {line}" for line in existing.lines_with(lambda key: _shown(one.name_of(key))))
    if existing.rules is not None:
        how = f'run "leafseal updatekeys --sync-rules {for_shell(one.name)}"'
        yield f"  the file has another rule; to change it, {how}:"
        for mark, words in zip(("---", "+++"), existing.rules, strict=True):
            yield f"    {mark} {escape_line(words)}"


def as_data(one: Explained) -> dict[str, Any]:
    """Return what programs are given: the file's object in the report."""
    rule, found, existing = one.rule, one.explanation, one.existing
    groups = rule.groups if rule is not None else ()
    changes = list(enumerate(compare(existing.before, existing.after))) if existing is not None else []
    message, hint = one.missing or (None, None)
    return {
        **reports.file_fields(one.name),
        "state": one.state,
        "configuration": one.config,
        "found_by": one.found_by if one.config is not None else None,
        "compared_with": found and found.tested,
        "creation_rule": rule and _rule_data(rule, None),
        "passed_over": [_rule_data(passed.rule, passed.hint) for passed in (found.passed_over if found else ())],
        "message": message,
        "hint": hint,
        "recipients": _recipients(enumerate(groups), one),
        "groups": len(groups),
        "threshold": required_groups(len(groups), rule.threshold) if rule is not None else None,
        "rule": rule and rule.selection.describe(),
        "mac_only_encrypted": rule and rule.selection.mac_only_encrypted,
        "overridden_by": list(one.variables),
        "sops_configuration": one.sops_config,
        "added": _recipients([(number, change.added) for number, change in changes], one),
        "removed": _recipients([(number, change.removed) for number, change in changes], one),
        "file_rule": existing and existing.rules and existing.rules[0],
    }


def _recipients(groups: Iterable[tuple[int, Keys]], one: Explained) -> list[dict[str, Any]]:
    return [reports.recipient(key, number, one.name_of) for number, group in groups for key in group]


def _rule_data(rule: CreationRule, hint: str | None) -> dict[str, Any]:
    return {
        "place": reports.located(rule.location),
        "line": rule.line,
        "path_regex": rule.path_regex or None,
        "hint": hint,
    }
