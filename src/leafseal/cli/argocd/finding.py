"""Finding what leafseal is needed for, of which Argo CD asks first."""

from __future__ import annotations

import os

from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.options import InputOptions
from leafseal.deploy.argocd.discovery import MANIFESTS, files_below, is_marked
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.errors import RefusedError
from leafseal.system import terminal


def discover() -> int:
    """Print what leafseal is needed for: encrypted files, generators, and Secrets that a rule wants encrypted."""
    configuration = Configuration(os.environ.get("SOPS_CONFIG"))
    found = [name for name in files_below() if is_marked(name) or _is_forgotten(name, configuration)]
    terminal.write_result("".join(f"{name}\n" for name in found).encode("utf-8", "surrogateescape"))
    return 0


def _is_forgotten(name: str, configuration: Configuration) -> bool:
    if not name.endswith(MANIFESTS):
        return False
    with open(name, "rb") as file:
        if b"Secret" not in file.read(DEFAULT_LIMITS.file_bytes):
            return False
    rule = configuration.guarding_rule(name)
    if rule is None:
        return False
    from leafseal.deploy.opening import File, refuse_plain
    from leafseal.deploy.secrets import secret_values

    try:
        plain = File(read_one(name, InputOptions(), DEFAULT_LIMITS), None)
        refuse_plain(plain, rule.selection, hint="", among=secret_values)
    except RefusedError:
        return True
    return False
