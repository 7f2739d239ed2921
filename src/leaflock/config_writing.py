"""Writing configuration files: a first one, and one more recipient in an existing one."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leaflock.errors import ConfigError

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_HEAD = """\
# Who can open the encrypted files below this folder, and what is encrypted in them.
# leaflock and sops read this file; the first rule whose path_regex matches a file's path is used for it.
# After a change of recipients run "leaflock updatekeys" on the files that exist already.
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

_EVERYTHING = r"""
  # All other files: every value is encrypted, except below names that end in _unencrypted.
  - path_regex: {path_regex}
{recipients}"""

_ALL_PATHS = r"\.(ya?ml|json|env|ini)$"
_MANIFEST_PATHS = r"(^|/)(k8s|kubernetes|manifests|deploy|base|overlays|clusters)/.*\.ya?ml$"
_VALUES_PATHS = r"(^|/)(secrets|values)[^/]*\.ya?ml$"


def propose_config(recipients: Sequence[str], *, kubernetes: bool = False, values: bool = False) -> str:
    """Return the text of a new configuration file for age recipients.

    `kubernetes` adds a rule for manifests, `values` one for Helm values; the last rule is for all other files.
    """
    if not recipients:
        raise ConfigError("no recipients", hint="give at least one age recipient: age1…")
    listed = _listed(recipients)
    rules = []
    if values:
        rules.append(_VALUES.format(path_regex=_VALUES_PATHS, recipients=listed))
    if kubernetes:
        rules.append(_KUBERNETES.format(path_regex=_MANIFEST_PATHS, recipients=listed))
    rules.append(_EVERYTHING.format(path_regex=_ALL_PATHS, recipients=listed))
    return _HEAD + "".join(rules).removeprefix("\n")


def _listed(recipients: Sequence[str]) -> str:
    for recipient in recipients:
        if not re.fullmatch(r"(age1|ssh-)[\x21-\x7e][\x20-\x7e]*", recipient) or " #" in recipient:
            raise ConfigError("not an age recipient", hint="recipients begin with age1 or ssh-")
    return "    age:\n" + "".join(f"      - {recipient.strip()}\n" for recipient in recipients)


def add_recipient(text: str, recipient: str, rule_index: int) -> str:
    """Return a configuration with an age recipient added to one creation rule; layout and comments stay.

    The text comes back as it is when the rule names the recipient already. Raises `ConfigError` where the rule is not
    there, or has key groups: then it must be said by hand which group is meant.
    """
    _listed([recipient])
    yaml = _round_trip(text)
    tree = yaml.load(text)
    rules = tree.get("creation_rules") if isinstance(tree, dict) else None
    if not isinstance(rules, list) or not 0 <= rule_index < len(rules) or not isinstance(rules[rule_index], dict):
        raise ConfigError(f"there is no creation_rules[{rule_index}]")
    rule = rules[rule_index]
    if rule.get("key_groups"):
        raise ConfigError(
            f"creation_rules[{rule_index}] has key groups", hint="add the recipient by hand to the group it belongs to"
        )
    if not _append(rule, recipient):
        return text
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def _append(rule: Any, recipient: str) -> bool:
    present = rule.get("age")
    if isinstance(present, list):
        names = [part.strip() for item in present for part in str(item).split(",")]
        if recipient in names:
            return False
        _append_item(present, recipient)
        return True
    names = [part.strip() for part in str(present or "").split(",") if part.strip()]
    if recipient in names:
        return False
    rule["age"] = ",".join([*names, recipient])
    return True


def _append_item(items: Any, recipient: str) -> None:
    # ruamel.yaml keeps what follows the last item, blank lines and comments, with that item: it moves to the new one.
    last = len(items) - 1
    items.append(recipient)
    comment = items.ca.items.pop(last, None)
    if comment is not None:
        items.ca.items[last + 1] = comment


def _round_trip(text: str) -> YAML:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    dash = re.search(r"^( *)-( +)\S", text, re.MULTILINE)
    offset = len(dash[1]) if dash else 2
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml
