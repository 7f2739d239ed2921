"""`leafseal policy`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from leafseal.cli.shared import reports
from leafseal.cli.shared.declarations import Group, command, option
from leafseal.cli.shared.files import show_errors
from leafseal.cli.shared.options import json_option
from leafseal.cli.shared.policy_settings import SETTINGS, Setting, policy_text
from leafseal.display import escape_line
from leafseal.errors import ConfigError, LeafsealError, RefusedError
from leafseal.keys.policy import Policy, parse_policy, read_policy
from leafseal.system import files, terminal
from leafseal.system.directories import home, policy_file, system_policy_file


@command("init")
@option(
    "--strict",
    is_flag=True,
    help="Allow no service, plugin or variable that a repository names; you then add what you need.",
)
def init(strict: bool) -> None:
    """Write a policy of your own, with a comment on every setting. An existing one is not overwritten.

    Without --strict, every setting is commented out, so nothing changes.

    \b
    leafseal policy init --strict
    """
    path = policy_file(os.environ, home())
    if os.path.lexists(path):
        raise RefusedError("already exists", hint='edit it; "leafseal policy show" shows what is in force', file=path)
    text = policy_text(strict=strict, recipients=_own_recipients() if strict else ())
    files.create_private(path, text, verify=lambda data: _check(data, path))
    allowed = "allows no service, plugin or variable that a repository names" if strict else "restricts nothing yet"
    terminal.say(f"created {path}: it {allowed}")
    terminal.say('next: edit it, then run "leafseal policy show"')


def _check(data: bytes, path: str) -> None:
    parse_policy(data, path)


def _own_recipients() -> list[str]:
    """Return the recipient of the user's own file of identities, if there is one that can be read."""
    from leafseal.cli.shared.identity_files import own_identity_file, recipients_in

    path = own_identity_file()
    try:
        return (recipients_in(path) or [])[:1]
    except RefusedError:
        return []


class _File(NamedTuple):
    """One of the two files, and what came of reading it: a policy, None if there is no file, or what is wrong."""

    whose: str
    path: str
    outcome: Policy | ConfigError | None


@command("show")
@json_option
@reports.reporting("policy show", files=[], settings=[])
def show(as_json: bool) -> int:
    """Show what is in force: each setting, its value, and which of the two policy files it is from.

    \b
    leafseal policy show
    leafseal policy show --json
    """
    own = _read("user", policy_file(os.environ, home()))
    found = [own, _read("machine", system_policy_file(os.environ))]
    errors: list[LeafsealError] = [one.outcome for one in found if isinstance(one.outcome, ConfigError)]
    settings = [] if errors else [_in_force(one, found) for one in SETTINGS]
    if as_json:
        told = {"files": [_as_data(one) for one in found], "settings": [_setting_as_data(one) for one in settings]}
        reports.write("policy show", told, errors)
    else:
        for one in found:
            terminal.print_line(f"{_WHOSE[one.whose]}: {escape_line(one.path)}{_NOTES.get(type(one.outcome), '')}")
        for line in _table(settings):
            terminal.print_line(line)
    return show_errors(errors)


_WHOSE = {"user": "your policy", "machine": "policy of this machine"}
_NOTES: Mapping[type, str] = {type(None): " (does not exist)", ConfigError: " (has errors)"}


def _read(whose: str, path: str) -> _File:
    try:
        return _File(whose, path, read_policy(path))
    except ConfigError as error:
        return _File(whose, path, error)


def _as_data(one: _File) -> dict[str, Any]:
    is_valid = None if one.outcome is None else isinstance(one.outcome, Policy)
    return {**reports.file_fields(one.path), "whose": one.whose, "exists": one.outcome is not None, "valid": is_valid}


def _setting_as_data(one: Mapping[str, Any]) -> dict[str, Any]:
    value = one["value"]
    values = value if isinstance(value, list) else [] if value is None else [value]
    return {
        "setting": one["key"],
        "values": [each if isinstance(each, str) else str(each).lower() for each in values],
        "from": one["from"],
        "unrestricted": one["free"],
    }


def _in_force(setting: Setting, found: list[_File]) -> dict[str, Any]:
    """Return the value of a setting, whose files it is from, and whether nothing is restricted."""
    merged, default, whose = Policy(), setting.value(Policy()), []
    for one in found:
        if isinstance(one.outcome, Policy):
            merged = merged.and_also(one.outcome)
    value = setting.value(merged)
    for one in found:
        own = setting.value(one.outcome) if isinstance(one.outcome, Policy) else default
        # Of lists, each that is there takes part; of the others, those that have the value that counts.
        if own != default and (isinstance(own, frozenset) or own == value):
            whose.append(one.whose)
    return {
        "key": setting.key,
        "value": sorted(value) if isinstance(value, frozenset) else value,
        "from": whose,
        "free": not whose and setting.is_free,
    }


def _table(settings: list[dict[str, Any]]) -> list[str]:
    width = max((len(one["key"]) for one in settings), default=0)
    unset = {one.key: one.unset for one in SETTINGS}
    lines: list[str] = []
    for one in settings:
        whose = {(): "not set", ("user",): "yours", ("machine",): "the machine's"}.get(tuple(one["from"]), "both files")
        value = unset[one["key"]] if not one["from"] else _shown(one["value"])
        lines.append(f"  {one['key']:<{width}}  {value}  [{whose}]")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return escape_line(", ".join(value)) or "none"
    return str(value).lower()


policy = Group(
    "policy",
    """Write and show the policy: what files and configurations may make leafseal do on this machine.

    \b
    leafseal policy init --strict
    leafseal policy show
    """,
    {"init": init, "show": show},
)
