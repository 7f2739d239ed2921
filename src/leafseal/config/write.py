"""Writing a first configuration file; `team` changes one that exists."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leafseal.config.people import is_plain
from leafseal.errors import ConfigError

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
    owner: str = "",
) -> str:
    """Return the text of a new configuration file for age recipients; `owner` is the name of the only one, if known.

    `kubernetes` adds a rule for manifests in the usual folders, and one for those that `manifests` names; `values` adds
    one for Helm values; the last rule is for all other files, of which `encrypted_regex` says what is encrypted.
    """
    if not recipients:
        raise ConfigError("no recipients", hint="give at least one age recipient: age1…")
    listed = _listed(recipients, owner if len(recipients) == 1 else "")
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


def _listed(recipients: Sequence[str], owner: str) -> str:
    for recipient in recipients:
        if not re.fullmatch(r"(age1|ssh-)[\x21-\x7e][\x20-\x7e]*", recipient) or " #" in recipient:
            raise ConfigError("not an age recipient", hint="recipients begin with age1 or ssh-")
    comment = f"  # {owner}" if is_plain(owner) else ""
    return "    age:\n" + "".join(f"      - {recipient.strip()}{comment}\n" for recipient in recipients)
