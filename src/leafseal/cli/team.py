"""`leafseal team`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from leafseal.cli.shared import reports
from leafseal.cli.shared.declarations import Group, Whole, argument, command, option
from leafseal.cli.shared.options import config_option, json_option
from leafseal.cli.shared.rules import RuleChoice, Team, chosen_rules, open_team, rule_options, show_diff, tell_followers
from leafseal.config import team as editing
from leafseal.config.load import CreationRule
from leafseal.config.mistakes import named as rule_name
from leafseal.config.people import People, is_plain, shown
from leafseal.config.slots import is_same
from leafseal.display import counted, escape_line, first_of, for_shell, holds_key
from leafseal.errors import PENDING, RefusedError, UsageError, naming
from leafseal.keys import MasterKey
from leafseal.keys.changes import required_groups
from leafseal.keys.recognize import find_key, kind_of
from leafseal.keys.registry import parse_recipients
from leafseal.keys.short_names import named
from leafseal.system import files, terminal

_dry_run = option("-n", "--dry-run", is_flag=True, help="Show what would change; exit with 222 if anything would.")


@command("list")
@json_option
@config_option
@reports.reporting("team list", configuration=None, creation_rules=[])
def list_(as_json: bool, config: str | None) -> None:
    """List the recipients in .sops.yaml, rule by rule, with their names.

    \b
    leafseal team list
    leafseal team list --json
    """
    team = open_team(config)
    if as_json:
        rules = [_as_json(rule, team.people) for rule in team.rules]
        reports.write("team list", {"configuration": team.path, "creation_rules": rules})
        return
    terminal.print_line(escape_line(team.path))
    for rule in team.rules:
        for line in _lines(rule, team.people):
            terminal.print_line(escape_line(line))
    for name in sorted(team.people.shared()):
        terminal.warn(f"{shown(name)} is the name of {len(team.people.called(name))} recipients")


def _as_json(rule: CreationRule, people: People) -> dict[str, Any]:
    return {
        "place": reports.located(rule.location),
        "line": rule.line,
        "path_regex": rule.path_regex or None,
        "groups": len(rule.groups),
        "threshold": required_groups(len(rule.groups), rule.threshold),
        "recipients": [
            reports.recipient(key, number, people.raw_name_of)
            for number, group in enumerate(rule.groups)
            for key in group
        ],
    }


def _lines(rule: CreationRule, people: People) -> list[str]:
    lines = [f"{rule_name(rule)}: {rule.path_regex or 'all files'}"]
    names = [people.name_of(key) or "-" for group in rule.groups for key in group]
    width = max(map(len, names), default=0)
    if len(rule.groups) > 1:
        lines[0] += f", {required_groups(len(rule.groups), rule.threshold)} of {len(rule.groups)} key groups needed"
    for number, group in enumerate(rule.groups, 1):
        lines += [f"  group {number}:"] if len(rule.groups) > 1 else []
        lines += [f"  {people.name_of(key) or '-':<{width}}  {key.kind} {key}" for key in group]
    return lines


@command("add")
@argument("name")
@argument("recipient")
@rule_options
@option("--group", type=Whole(1, 255), metavar="N", help="Add to key group N of the rule, counted from 1.")
@_dry_run
@config_option
def add(name: str, recipient: str, rules: RuleChoice, group: int | None, dry_run: bool, config: str | None) -> int:
    """Add a recipient to .sops.yaml, under a name. RECIPIENT is a public key, or the address of a key service's key.

    The change is shown before it is written; nothing else in the file moves. Files change when you run updatekeys.

    \b
    leafseal team add ann age1…
    leafseal team add ci arn:aws:kms:… --rule '^prod/'
    """
    key = _key_of(name, recipient)
    team = open_team(config)
    _check_name(team.people, name, key)
    chosen = chosen_rules(team, rules, "added to")
    new = [number for number in chosen if not editing.has(team.rules[number], key)]
    whom = named(key, lambda _: shown(name))
    if not new:
        where = first_of([rule_name(team.rules[number]) for number in chosen], 3)
        raise RefusedError(f"{whom} is already a recipient of {where}", file=team.path)
    with naming(team.path):
        data = editing.add(team.data, key, recipient.strip(), name, new, None if group is None else group - 1)
    what = f"added {whom} to {counted(len(new), 'rule')}"
    return _write(team, data, what, new, "give {} these secrets", shown(name), dry_run=dry_run, config=config)


def _key_of(name: str, recipient: str) -> MasterKey:
    """Return the key that is to be added. No message repeats what may be a private key."""
    if find_key(name) is not None and find_key(recipient) is None:
        raise UsageError("the name comes first, then the recipient", hint='write "leafseal team add NAME RECIPIENT"')
    found = find_key(recipient.strip())
    if found is not None:
        return found
    if holds_key(recipient) or holds_key(name):
        raise UsageError(
            "this is a private key, not a recipient: never share it",
            hint="give the public key, which begins with age1; replace the private key, which your shell may have kept",
        )
    kind = kind_of(recipient.strip())
    if kind is not None or recipient.strip().lower().startswith(("age", "ssh-")):
        [key] = parse_recipients(kind or "age", recipient.strip())  # which says what is wrong with it
        return key
    raise UsageError(
        "this is not a recipient of any kind",
        hint="give a public key (age1…, ssh-ed25519 …), a PGP fingerprint, or the ARN, name or URL of a service's key",
    )


def _check_name(people: People, name: str, key: MasterKey) -> None:
    if not is_plain(name):
        raise UsageError(
            "this name cannot be used",
            hint="use up to 40 letters, digits and _ . @ + -, and no text that passes for a key",
        )
    before = people.raw_name_of(key)
    if before is not None and before != name:
        raise RefusedError(
            f"this recipient has a name already: {shown(before)}",
            hint=f'run "leafseal team add {for_shell(before)} RECIPIENT", or change the name in .sops.yaml first',
        )
    if before is None and people.called(name):
        raise RefusedError(f"{name} is the name of another recipient", hint=f"choose another name, such as {name}-2")


@command("remove")
@argument("name")
@rule_options
@_dry_run
@config_option
def remove(name: str, rules: RuleChoice, dry_run: bool, config: str | None) -> int:
    """Remove a recipient from .sops.yaml, by name or key: from all rules, or from those that --rule names.

    The change is shown before it is written; nothing else in the file moves. Files change when you run updatekeys.
    Old versions in Git stay readable for a removed recipient: change the secrets themselves.

    \b
    leafseal team remove ann
    leafseal team remove ann --rule '^prod/'
    """
    team = open_team(config)
    key = _member(team, name)
    listed = rules.paths and chosen_rules(team, rules, "removed from")
    chosen = [number for number in (listed or range(len(team.rules))) if editing.has(team.rules[number], key)]
    whom = named(key, team.people.name_of)
    if not chosen:
        raise RefusedError(f"{whom} is not a recipient of these rules", file=team.path)
    with naming(team.path):
        data = editing.remove(team.data, key, chosen)
    what = f"removed {whom} from {counted(len(chosen), 'rule')}"
    short = team.people.name_of(key) or whom
    return _write(team, data, what, chosen, "take them away from {}", short, dry_run=dry_run, config=config, gone=True)


def _member(team: Team, name: str) -> MasterKey:
    """Return the recipient of a name, or that is written out."""
    keys = {(key.kind, str(key)): key for rule in team.rules for group in rule.groups for key in group}
    written = find_key(name)
    if written is not None:
        matches: Callable[[MasterKey], bool] = lambda key: is_same(written, key)  # noqa: E731
    else:
        matches = lambda key: team.people.raw_name_of(key) == name  # noqa: E731
    found: list[MasterKey] = []
    for key in keys.values():
        if matches(key) and not any(is_same(key, other) for other in found):
            found.append(key)
    if len(found) == 1:
        return found[0]
    if found:
        raise RefusedError(
            f"{len(found)} recipients are called {shown(name)}",
            hint='give the key that you mean, which "leafseal team list" shows',
        )
    raise UsageError(
        "no rule has this recipient" if written else f"nobody is called {shown(name)}",
        hint='see the names and keys with "leafseal team list"',
        file=team.path,
    )


def _write(
    team: Team,
    data: bytes,
    what: str,
    changed: Sequence[int],
    why: str,
    whom: str,
    *,
    dry_run: bool,
    config: str | None,
    gone: bool = False,
) -> int:
    if not dry_run:
        files.refuse_unwritable(team.snapshot)  # a change that is shown is one that is made
    show_diff(team.path, team.data, data)
    if dry_run:
        return PENDING
    for warning in files.replace(team.snapshot, data, verify=lambda written: team.check(written, data)):
        terminal.warn(f"{team.path}: {warning}")
    terminal.say(f"{team.path}: {what}")
    tell_followers(team, changed, why.format(whom), config)
    if gone:
        terminal.warn(
            f"{whom} can still decrypt old versions of these files, such as those in Git: change the secrets themselves"
        )
    return 0


team = Group(
    "team",
    """Show and change the recipients in .sops.yaml.

    \b
    leafseal team list
    leafseal team add ann age1…
    leafseal team remove ann
    """,
    {"list": list_, "add": add, "remove": remove},
)
