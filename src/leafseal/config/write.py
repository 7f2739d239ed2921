"""Writing configuration files: a first one, and one more recipient in an existing one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from leafseal.config.nodes import compose
from leafseal.document import Locator
from leafseal.errors import ConfigError, FormatError, LeafsealError

_HEAD = """\
# Who can open the encrypted files below this folder, and what is encrypted in them.
# leafseal and sops read this file; the first rule whose path_regex matches a file's path is used for it.
# After a change of recipients run "leafseal updatekeys" on the files that exist already.
creation_rules:
"""

_KUBERNETES = r"""
  # Kubernetes manifests: only the values of a Secret are encrypted, the rest stays readable for kubectl and Flux.
  - path_regex: {path_regex}
    encrypted_regex: ^(data|stringData)$
    # Tools that add labels or annotations to a manifest do not break its MAC then.
    mac_only_encrypted: true
{recipients}"""

_VALUES = r"""
  # Helm values: what looks like a secret by its name, and everything below it.
  - path_regex: {path_regex}
    encrypted_regex: (?i)(password|passwd|passphrase|secret|token|credential|private_?key|api_?key|access_?key)
    mac_only_encrypted: true
{recipients}"""

_MATCHING = r"""
  # All other files: only values under key names that match.
  - encrypted_regex: {regex}
{recipients}"""

_EVERYTHING = r"""
  # All other files: every value is encrypted, except below names that end in _unencrypted.
{recipients}"""

_MANIFEST_PATHS = r"(^|/)(k8s|kubernetes|manifests|deploy|base|overlays|clusters)/.*\.ya?ml$"
_VALUES_PATHS = r"(^|/)(secrets|values)[^/]*\.ya?ml$"


def is_manifest_path(path: str) -> bool:
    """Tell whether the rule for manifests is for a path, relative to the configuration and written with `/`."""
    return re.search(_MANIFEST_PATHS, path) is not None


def propose_config(
    recipients: Sequence[str],
    *,
    kubernetes: bool = False,
    values: bool = False,
    manifests: Sequence[str] = (),
    encrypted_regex: str = "",
) -> str:
    """Return the text of a new configuration file for age recipients.

    `kubernetes` adds a rule for manifests in the usual folders, and one for those that `manifests` names; `values` adds
    one for Helm values; the last rule is for all other files, of which `encrypted_regex` says what is encrypted.
    """
    if not recipients:
        raise ConfigError("no recipients", hint="give at least one age recipient: age1…")
    listed = _listed(recipients)
    rules = []
    if kubernetes and manifests:  # first, because the rule for Helm values may match their names too
        named = _quoted(f"^({'|'.join(map(_as_pattern, manifests))})$")
        rules.append(_KUBERNETES.format(path_regex=named, recipients=listed))
    if values:
        rules.append(_VALUES.format(path_regex=_VALUES_PATHS, recipients=listed))
    if kubernetes:
        rules.append(_KUBERNETES.format(path_regex=_MANIFEST_PATHS, recipients=listed))
    if encrypted_regex:
        rules.append(_MATCHING.format(regex=_quoted(encrypted_regex), recipients=listed))
    else:
        rules.append(_EVERYTHING.format(recipients=listed.replace("    age:", "  - age:", 1)))
    return _HEAD + "".join(rules).removeprefix("\n")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_pattern(path: str) -> str:
    return re.sub(r"[.+*?()|\[\]{}^$\\]", r"\\\g<0>", path)


def _listed(recipients: Sequence[str]) -> str:
    for recipient in recipients:
        if not re.fullmatch(r"(age1|ssh-)[\x21-\x7e][\x20-\x7e]*", recipient) or " #" in recipient:
            raise ConfigError("not an age recipient", hint="recipients begin with age1 or ssh-")
    return "    age:\n" + "".join(f"      - {recipient.strip()}\n" for recipient in recipients)


def add_recipient(text: str, recipient: str, rule_index: int) -> str:
    """Return a configuration with an age recipient added to one creation rule; everything else stays.

    The text comes back as it is when the rule names the recipient already. Raises `ConfigError` where the rule is not
    there, or has key groups: then it must be said by hand which group is meant.
    """
    _listed([recipient])
    wanted = _tree(text)
    rule = _rule(wanted, rule_index)
    if recipient in _named(rule.get("age")):
        return text
    place: Locator = ("creation_rules", rule_index, "age")
    if isinstance(rule.get("age"), list):
        place = (*place, len(rule["age"]))
        added = recipient
        rule["age"] = [*rule["age"], recipient]
    else:
        added = rule["age"] = ",".join([*_named(rule.get("age")), recipient])
    edited = _edited(text, place, added)
    if edited is not None and _tree(edited) == wanted:
        return edited
    raise ConfigError(
        f"creation_rules[{rule_index}]: its recipients cannot be edited", hint="add the recipient by hand"
    )


def _tree(text: str) -> Any:
    try:
        node = compose(text.encode())
    except FormatError as exc:
        raise ConfigError(str(exc), hint=exc.hint) from None
    return node and node.to_python()


def _rule(tree: Any, index: int) -> dict[str, Any]:
    rules = tree.get("creation_rules") if isinstance(tree, dict) else None
    if not isinstance(rules, list) or not 0 <= index < len(rules) or not isinstance(rules[index], dict):
        raise ConfigError(f"there is no creation_rules[{index}]")
    if rules[index].get("key_groups"):
        raise ConfigError(f"creation_rules[{index}] has key groups", hint="add the recipient by hand to one of them")
    return cast(dict[str, Any], rules[index])


def _named(recipients: object) -> list[str]:
    items = recipients if isinstance(recipients, list) else [recipients or ""]
    return [part.strip() for item in items for part in str(item).split(",") if part.strip()]


def _edited(text: str, place: Locator, value: str) -> str | None:
    from leafseal.formats import parse

    try:
        document = parse(text.encode(), "yaml")
        return document.rewrite(document.set_edits(place, value)).decode()
    except LeafsealError:
        return None
