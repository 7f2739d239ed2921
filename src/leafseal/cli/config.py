"""`leafseal config`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from leafseal.cli.shared import reports
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.declarations import FileName, Group, argument, command
from leafseal.cli.shared.files import show_errors
from leafseal.cli.shared.options import config_option, json_option
from leafseal.display import counted, escape_line
from leafseal.errors import PENDING, ConfigError, LeafsealError
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.config.check import Checked, Finding


@command("check")
@argument("files", is_many=True, metavar="[FILE...]", type=FileName())
@json_option
@reports.reporting("config check", files=[])
def check(files: tuple[str, ...], as_json: bool) -> int:
    """Show every mistake of the configuration: its line, its rule, and what to do. Exit with 222 if there is any.

    Without FILE, the configuration in force in the current folder is checked.

    \b
    leafseal config check
    leafseal config check --json .sops.yaml
    """
    from leafseal.config.check import check as check_file

    checked: list[tuple[str, Checked]] = []
    errors: list[LeafsealError] = []
    for name in files or (_in_force(),):
        try:
            checked.append((name, check_file("/dev/stdin" if name == "-" else name, pipes=True)))
        except ConfigError as error:
            errors.append(error)
    if as_json:
        reports.write("config check", {"files": [_as_data(name, found) for name, found in checked]}, errors)
    else:
        for name, found in checked:
            terminal.print_line("\n".join(_lines(name, found)))
    return show_errors(errors) or (PENDING if any(found.findings for _, found in checked) else 0)


def _in_force() -> str:
    """Return the configuration that holds for files in the current folder. Raises `ConfigError` where there is none."""
    from leafseal.config.find import find_config

    named = os.environ.get("SOPS_CONFIG")
    found = named or find_config(os.getcwd(), warn=terminal.warn)
    if found is None:
        raise ConfigError("no .sops.yaml found here or above", hint='create one with "leafseal init", or name a FILE')
    return named or os.path.relpath(found)


def _as_data(name: str, checked: Checked) -> dict[str, Any]:
    mistakes = [
        {
            "severity": _severity(one),
            "place": reports.located(one.location),
            "line": one.line or None,
            "column": one.column or None,
            "message": one.message,
            "hint": one.hint,
        }
        for one in checked.findings
    ]
    return {**reports.file_fields(name), "rule_count": checked.rules, "mistakes": mistakes}


def _severity(finding: Finding) -> str:
    return "error" if finding.is_error else "warning"


def _lines(name: str, checked: Checked) -> list[str]:
    shown = escape_line(name)
    lines: list[str] = []
    for one in checked.findings:
        place = ":".join([shown, *(str(number) for number in (one.line, one.column) if number)])
        lines.append(escape_line(": ".join(filter(None, [place, _severity(one), one.location, one.message]))))
        if one.hint:
            lines.append(f"  {escape_line(one.hint)}")
    errors = sum(one.is_error for one in checked.findings)
    counts = [
        counted(count, what)
        for count, what in ((errors, "error"), (len(checked.findings) - errors, "warning"))
        if count
    ]
    where = f" in {counted(checked.rules, 'creation rule')}" if checked.rules else ""
    return [*lines, f"{shown}: {', '.join(counts) or 'no mistakes'}{where}"]


@command("explain")
@argument("files", is_many=True, is_required=True, metavar="FILE...", type=FileName())
@config_option
@json_option
@reports.reporting("config explain", files=[])
def explain(files: tuple[str, ...], config: str | None, as_json: bool) -> int:
    """Show which rule of which configuration is for a file, and why: recipients, what is encrypted, what overrides it.

    FILE need not exist. Of an encrypted file it is shown how it differs from its rule. Exit with 222 if it does, or if
    no rule is for it.

    \b
    leafseal config explain secrets/new.yaml
    leafseal config explain --json secrets/*.yaml
    """
    from leafseal.cli.shared import explained

    configuration = Configuration(config)
    found: list[explained.Explained] = []
    errors: list[LeafsealError] = []
    for name in files:
        try:
            found.append(explained.explained(name, configuration, config))
        except LeafsealError as error:
            errors.append(error)
    if as_json:
        reports.write("config explain", {"files": [explained.as_data(one) for one in found]}, errors)
    else:
        for one in found:
            terminal.print_line("\n".join(explained.as_lines(one)))
    return show_errors(errors) or (0 if all(one.is_well for one in found) else PENDING)


@command("schema")
def schema() -> None:
    """Print a JSON schema of .sops.yaml, with which an editor completes and checks it as you type.

    \b
    leafseal config schema > sops.schema.json
    """
    from leafseal.config.schema import schema as build

    terminal.write_result(json.dumps(build(), indent=2).encode() + b"\n")


config = Group(
    "config",
    """Check and explain the configuration, .sops.yaml.

    \b
    leafseal config check
    leafseal config explain secrets/new.yaml
    leafseal config schema > sops.schema.json
    """,
    {"check": check, "explain": explain, "schema": schema},
)
