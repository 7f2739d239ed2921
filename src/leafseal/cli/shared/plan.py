"""How a new file is encrypted: what options and configuration say together."""

from __future__ import annotations

from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.recipients import Recipients
from leafseal.cli.shared.rule import RuleOptions
from leafseal.document.frozen import NamedTuple
from leafseal.errors import ConfigError
from leafseal.keys import MasterKey
from leafseal.rules.selection import Selection
from leafseal.system import terminal


class Plan(NamedTuple):
    """How a new file is sealed."""

    groups: list[list[MasterKey]]
    threshold: int
    selection: Selection
    indent: int | None


def plan(
    name: str,
    format_name: str,
    configuration: Configuration,
    recipients: Recipients,
    rule: RuleOptions,
    threshold: int,
    indent: int | None = None,
) -> Plan:
    """Put options and configuration together as SOPS does (sops-cli §3). Raises `ConfigError` or `UsageError`."""
    recipients.check()
    configured = configuration.rule_for(name)
    if configuration.of(name) is None and not recipients:
        from leafseal.cli.init import offer

        if offer(name):
            configuration.forget()
            configured = configuration.rule_for(name)
    selection = rule.over(configured.selection if configured else None)
    if recipients:
        if recipients.variables and configured is not None and configured.groups:
            terminal.warn(
                f"{name}: encrypted for {', '.join(recipients.variables)}, not for the recipients in .sops.yaml"
            )
        groups = [recipients.master_keys()]
    elif (configured := configuration.rule_with_keys(name)) is not None:
        groups = [list(group) for group in configured.groups]
    else:
        what, hint = configuration.without_rules(name)
        raise ConfigError(f"{what}, and no recipient given", hint=f"add a recipient, such as --age age1…; or {hint}")
    wanted = threshold or (configured.threshold if configured is not None and not recipients else 0)
    width = indent if indent is not None else configuration.indent(name, format_name)
    return Plan(groups, wanted, selection, width)
