"""Who can open a new file and what is sealed in it: options, variables and the configuration together (sops-cli §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leafseal.document.frozen import NamedTuple
from leafseal.errors import ConfigError, ProviderError
from leafseal.formats import FORMATS
from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS, OPTION_ORDER
from leafseal.keys.registry import parse_recipients, with_aws
from leafseal.rules.selection import RULE_FIELDS, Selection
from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.session import Session
from leafseal.sops.syntax.grammar import Arguments, OptionType

if TYPE_CHECKING:
    from leafseal.config.load import CreationRule


class Plan(NamedTuple):
    """How a new file is sealed."""

    groups: list[list[MasterKey]]
    threshold: int
    selection: Selection


def plan(session: Session, name: str, input_format: str) -> Plan:
    """Put options, variables and configuration together. Raises `Failure` or `ConfigError`.

    The configuration's rule is looked for also where options name the keys: one that has no rule for the file stops
    the command, as in sops.
    """
    arguments = session.arguments
    if not (session.ambient.asks_providers or session.ambient.services):
        raise Failure("Could not generate data key: [no key services provided, cannot update master keys]")
    rule = session.rule_for(name)
    selection = _selection(arguments, rule.selection if rule else None, input_format)
    keys = keys_of_options(arguments)
    if any(arguments.text(kind.option) for kind in KINDS.values()):
        groups = [keys]
    elif rule is not None:
        groups = _of_rule(rule, encryption_context(arguments) if session.gives_context else {})
    else:
        raise Failure(
            "config file not found, or has no creation rules, and no keys provided through command line options"
        )
    if not all(groups):
        raise Failure("Could not generate data key: [empty key group provided]")
    configured = rule.threshold if rule is not None else 0
    return Plan(groups, arguments.number("shamir-secret-sharing-threshold") or configured, selection)


def _of_rule(rule: CreationRule, context: dict[str, str]) -> list[list[MasterKey]]:
    groups = [list(group) for group in rule.groups] or [[]]
    if len(groups) > 1:  # key_groups state their contexts themselves
        return groups
    return [[with_aws(key, context, "") for key in groups[0]]]


def _selection(arguments: Arguments, configured: Selection | None, input_format: str) -> Selection:
    texts = {field: arguments.text(field.replace("_", "-")) or getattr(configured, field, "") for field in RULE_FIELDS}
    mac_only = arguments.flag("mac-only-encrypted") or (configured is not None and configured.mac_only_encrypted)
    if FORMATS[input_format].tree_format:
        for field, text in texts.items():
            if text and field != "unencrypted_comment_regex":
                reason = "never produces comments" if "comment" in field else _SINGLE
                talk.warn("CMD", _BINARY.format(field.replace("_", " "), reason))
        return Selection()
    if sum(bool(text) for text in texts.values()) > 1:
        raise Failure(
            "Error: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, "
            "unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex in the same file",
            8,
        )
    try:
        return Selection(**texts, mac_only_encrypted=mac_only)
    except ConfigError as error:
        raise Failure(error.message, 1, hint=error.hint) from error  # sops would seal nothing, or everything


_BINARY = "Using an {} does not make sense with the input store (the binary store {}) and will be ignored."
_SINGLE = "produces one key that should always be encrypted"


def keys_of_options(arguments: Arguments, prefix: str = "") -> list[MasterKey]:
    """Return the keys that options (and, without a prefix such as `add-`, their variables) name, in sops's order.

    Raises `Failure`.
    """
    context = encryption_context(arguments)
    found: list[MasterKey] = []
    for name in OPTION_ORDER:
        for text in _texts(arguments, f"{prefix}{KINDS[name].option}"):
            found += _parsed(name, text)
    profile = arguments.text("aws-profile")
    return [with_aws(key, context, profile) for key in found]


def changes_keys(arguments: Arguments) -> bool:
    """Tell whether any `--add-…` or `--rm-…` names a key."""
    return any(arguments.text(f"{prefix}-{kind.option}") for kind in KINDS.values() for prefix in ("add", "rm"))


def _texts(arguments: Arguments, name: str) -> list[str]:
    """Return what an option names: of one that may be repeated everything, else what was given last."""
    option = arguments.options.get(name)
    if option is not None and option.type is OptionType.LIST:
        return arguments.many(name)
    return [text] if (text := arguments.text(name)) else []


def _parsed(kind: str, text: str) -> list[MasterKey]:
    try:
        return parse_recipients(kind, text)
    except ProviderError as error:
        raise Failure(str(error), 1, hint=error.hint) from error


def encryption_context(arguments: Arguments) -> dict[str, str]:
    """Return the AWS encryption context that `--encryption-context` gives. Raises `Failure` with exit code 6."""
    text = arguments.text("encryption-context")
    pairs = [item.partition(":") for item in text.split(",")] if text else []
    if any(not colon for _, colon, _ in pairs):
        talk.warn("AWSKMS", "Encryption context contains a non-string value, context will not be used")
        raise Failure("Invalid KMS encryption context format", 6)
    return {name: value for name, _, value in pairs}
