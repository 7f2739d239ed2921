"""`leafseal updatekeys`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from leafseal.cli.shared import reports, told
from leafseal.cli.shared.batch import collect
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import applying_consent, guard_of
from leafseal.cli.shared.declarations import command, option
from leafseal.cli.shared.every_file import EveryFile, chosen, files_or_all
from leafseal.cli.shared.files import Output, Outputs, output_of
from leafseal.cli.shared.groups import difference, refuse_empty
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    config_option,
    json_option,
    limits_options,
    quiet_option,
    rotating_reading,
)
from leafseal.display import counted, first_of
from leafseal.document.limits import Limits
from leafseal.errors import PENDING, ConfigError, UsageError
from leafseal.keys import Ambient
from leafseal.keys.changes import Keys, compare, keys_of, removed, required_groups
from leafseal.keys.groups import resolve_keys
from leafseal.keys.ring import KeyRing
from leafseal.keys.short_names import NameOf
from leafseal.operations.batch import Item, open_all
from leafseal.operations.consent import Consent
from leafseal.operations.open import Opened, readable
from leafseal.operations.rekey import rewrap, rotate
from leafseal.system import terminal

_NOTHING: dict[str, Any] = {"added": [], "removed": [], "threshold": None, "rule": None}


class _Change(NamedTuple):
    lines: list[str]  # what changes; none where the file is up to date
    output: Output | None = None
    fields: dict[str, Any] = _NOTHING  # the same for programs


@command("updatekeys")
@files_or_all
@option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@option("--dry-run", is_flag=True, help="Show what would change; exit with 222 if anything would.")
@json_option
@option("--keep-data-key", is_flag=True, help="Keep the data key even if a recipient is removed.")
@applying_consent
@rotating_reading
@config_option
@key_services
@limits_options
@quiet_option
@reports.reporting("updatekeys", files=[])
def updatekeys(
    files: tuple[str, ...],
    every: EveryFile,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    keep_data_key: bool,
    consent: Consent,
    reading: InputOptions,
    config: str | None,
    limits: Limits,
) -> int:
    """Apply the recipients in .sops.yaml to existing files.

    If a recipient is removed, the file also gets a new data key and every value is encrypted again. A removed recipient
    can still decrypt old versions, but nothing written from now on. Change the secrets they could read.

    \b
    leafseal updatekeys config.yaml
    leafseal updatekeys --yes secrets/*.yaml
    leafseal updatekeys --all --dry-run
    """
    if as_json and not (dry_run or yes):
        raise UsageError(
            "--json cannot ask for confirmation", hint="add --dry-run to see the changes, or --yes to make them"
        )
    names = chosen(files, every, reading, limits, config=config)
    outputs = Outputs(in_place=True)
    outputs.check(names)
    configuration = Configuration(config)
    keys = KeyRing(current_ambient())
    # What is only shown is not asked about.
    asked = consent._replace(plaintext_ok=True, allow_nothing_sealed=True, keep_rules=not consent.sync_rules)
    asked = asked if dry_run else consent

    def work(item: Item, opened: Opened) -> _Change:
        return _change(item, opened, configuration, keys.ambient, keep_data_key, asked)

    run = partial(open_all, ring=keys, work=work, read=reading.within(limits))
    if every.is_all:
        names = _with_rule(names, configuration)
    changes = collect(names, run, reading=reading, limits=limits, verb="reading")
    pending = [change.output for _, change in changes if change.output is not None]
    if every.is_all and not as_json:
        _show_all(changes)
    elif not as_json:
        for item, change in changes:
            _show(item.name, change)
    if pending and not dry_run:
        if not yes:
            terminal.confirm(f"Change the recipients of {counted(len(pending), 'file')}?", flag="--yes")
        outputs.write(pending, "changed")
        if every.is_all and not as_json and not terminal.shows_notes():
            terminal.say_done(f"{counted(len(pending), 'file')} changed")
        terminal.note(lambda: "commit and push what changed: until then, others have the old files")
    if as_json:
        reports.write("updatekeys", {"files": [_as_data(item.name, change, dry_run) for item, change in changes]})
    return PENDING if pending and dry_run else 0


def _change(
    item: Item,
    opened: Opened,
    configuration: Configuration,
    ambient: Ambient,
    keep_data_key: bool,
    consent: Consent,
) -> _Change:
    rule = configuration.rule_with_keys(item.name)
    if rule is None:
        what, hint = configuration.without_rules(item.name)
        raise ConfigError(what, hint=hint)
    before, after = keys_of(opened.metadata.groups), [resolve_keys(group, ambient) for group in rule.groups]
    threshold = 0
    if len(after) > 1:
        # The higher counts, as far as there are groups: a configuration in the repository does not lower it unasked.
        own = 0 if consent.lower_threshold else opened.metadata.threshold
        wanted = required_groups(len(after), rule.threshold)
        threshold = min(max(own, wanted), len(after))
        if wanted < threshold:
            terminal.warn(
                f"{item.name}: keeps its threshold of {threshold}, where .sops.yaml has {wanted}; "
                "to lower it, add --lower-threshold"
            )
    refuse_empty(after, threshold)
    people = configuration.people(item.name)
    lines = difference(before, after, (opened.metadata.threshold, threshold), people.name_of)
    if not lines and not consent.sync_rules:
        return _Change(lines)
    guard = guard_of(item.name, configuration, consent)
    guard.check_threshold(opened.metadata, len(after), threshold)
    own_rule, opened = opened.metadata.selection, guard.unchanged(opened)
    fields = {**_NOTHING, **_moved(before, after, people.raw_name_of)}
    if len(before) != len(after) or opened.metadata.threshold != threshold:
        fields["threshold"] = threshold or 1
    if opened.metadata.selection != own_rule:
        fields["rule"] = opened.metadata.selection.describe()
        lines += [f"--- rule: {own_rule.describe()}", f"+++ rule: {opened.metadata.selection.describe()}"]
    if not lines:
        return _Change(lines)
    gone = removed(before, after)
    how = rotate if gone and not keep_data_key else rewrap
    product = how(opened, after, threshold, ambient)
    return _Change(lines, output_of(item, product, readable(opened) if gone else (), told=told.rewrapped), fields)


def _moved(before: Sequence[Keys], after: Sequence[Keys], name_of: NameOf) -> dict[str, list[dict[str, Any]]]:
    """Return the recipients that come and go, each with its group."""
    changes = list(enumerate(compare(before, after)))
    return {
        "added": [reports.recipient(key, number, name_of) for number, change in changes for key in change.added],
        "removed": [reports.recipient(key, number, name_of) for number, change in changes for key in change.removed],
    }


def _as_data(name: str, change: _Change, dry_run: bool) -> dict[str, Any]:
    is_pending = change.output is not None
    state = "up-to-date" if not is_pending else "pending" if dry_run else "changed"
    return {**reports.file_fields(name), "state": state, **change.fields}


def _show(name: str, change: _Change) -> None:
    if not change.lines:
        terminal.say(f"{name}: up to date")
        return
    terminal.say(f"{name}:")
    for line in change.lines:
        terminal.say(f"  {line}")


def _with_rule(names: Sequence[str], configuration: Configuration) -> list[str]:
    """Return the files that a rule is meant for, and tell of the others. Raises `ConfigError` where there are no rules.

    Otherwise a slip in `creation_rules` would have a check in CI find nothing to change.
    """
    matched = [name for name in names if configuration.guarding_rule(name) is not None]
    if names and not matched and ((config := configuration.of(names[0])) is None or not config.rules):
        what, hint = configuration.without_rules(names[0])
        raise ConfigError(what, hint=hint)
    if len(matched) < len(names):
        others = [name for name in names if name not in set(matched)]
        left = "left as it is" if len(others) == 1 else "left as they are"
        terminal.warn(f"{configuration.path(others[0]) or '.sops.yaml'} has no rule for {first_of(others)}: {left}")
    return matched


def _show_all(changes: Sequence[tuple[Item, _Change]]) -> None:
    """Show equal changes of many files once, and what comes of all."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for item, change in changes:
        if change.lines:
            alike.setdefault(tuple(change.lines), []).append(item.name)
    for lines, names in alike.items():
        terminal.say(f"{counted(len(names), 'file')}: {first_of(names)}:")
        for line in lines:
            terminal.say(f"  {line}")
    changed = sum(map(len, alike.values()))
    terminal.say(f"{counted(len(changes), 'file')}: {changed} to change, {len(changes) - changed} up to date")
