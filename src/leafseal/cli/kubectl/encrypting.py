"""Encrypting a Secret that a command made, into a file or to standard output."""

from __future__ import annotations

import os
from functools import partial

from leafseal.cli.shared import told
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import warn_of_clear_text
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.plan import plan
from leafseal.cli.shared.recipients import Recipients
from leafseal.cli.shared.rule import RuleOptions
from leafseal.deploy.kubectl.new_secret import to_yaml
from leafseal.deploy.manifests import Manifest
from leafseal.errors import UsageError, naming
from leafseal.formats import recognize
from leafseal.operations.encrypt import encrypt
from leafseal.system import files, terminal

VALUES_ONLY = "^(data|stringData)$"
_ADVICE = f"to encrypt only data and stringData, add encrypted_regex: {VALUES_ONLY} to its rule in .sops.yaml"
_FORMATS = ("json", "yaml", "name", "wide")  # what -o is followed by for kubectl


def refuse_output(output: str | None) -> None:
    """Raise `LeafsealError` for a file that exists, and for a format of kubectl's. Nothing has been done then."""
    if output in _FORMATS:
        raise UsageError(
            f"-o names the encrypted file here, and {output} is a format", hint="add an ending, such as -o secret.yaml"
        )
    if output is not None:
        if recognize(output) != "yaml":
            raise UsageError("the file is written in YAML", hint="choose a name that ends in .yaml")
        files.refuse_existing(output)


def write_encrypted(
    manifest: Manifest, output: str | None, recipients: Recipients, threshold: int, config: str | None
) -> None:
    """Encrypt a Secret, for the recipients that options or the rule for `output` name, and write it there.

    Where no rule says what is encrypted, it is `data` and `stringData`. Raises `LeafsealError`.
    """
    has_rules = output is not None or config is not None
    if not (has_rules or recipients):
        raise UsageError(
            "without the name of a file no rule says who can decrypt it",
            hint="add -o FILE, or a recipient, such as --age age1…",
        )
    configuration = Configuration(config if has_rules else os.devnull)
    name = output or "secret.yaml"
    configured = configuration.guarding_rule(name)
    # As `init --kubernetes` has it: a label that a tool adds then breaks no MAC.
    own = RuleOptions(encrypted_regex=VALUES_ONLY, mac_only_encrypted=True)
    rule = RuleOptions() if configured is not None else own
    wanted = plan(name, "yaml", configuration, recipients, rule, threshold)
    with naming(name):
        product = encrypt(
            to_yaml(manifest),
            "yaml",
            wanted.groups,
            wanted.threshold,
            wanted.selection,
            current_ambient(),
            indent=wanted.indent or 2,
            allow_tokens=True,  # whatever looks so is a value
            review=partial(warn_of_clear_text, name, None, advice=_ADVICE),
            name=name,
            path=output,
        )
        if output is None:
            terminal.write_result(product.data)
            return
        files.create(output, product.data, verify=product.check)
        terminal.note(lambda: f"{os.fspath(output)}: {told.encrypted(product)}")
