"""The table of all commands. A command's module is imported when the command is run, or asked for help."""

from __future__ import annotations

import importlib
from typing import cast

from leafseal.cli.shared.declarations import Declaration

PROGRAM = "leafseal"

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("leafseal.cli.init:init", "create a key and a .sops.yaml (start here)"),
    "keygen": ("leafseal.cli.keygen:keygen", "create an age key pair"),
    "encrypt": ("leafseal.cli.encrypt:encrypt", "encrypt files"),
    "decrypt": ("leafseal.cli.decrypt:decrypt", "decrypt files"),
    "edit": ("leafseal.cli.edit:edit", "edit an encrypted file in your editor"),
    "get": ("leafseal.cli.get:get", "print one decrypted value"),
    "set": ("leafseal.cli.set:set_", "set one value"),
    "unset": ("leafseal.cli.unset:unset", "delete one value"),
    "exec-env": ("leafseal.cli.exec_env:exec_env", "run a program with the secrets as environment variables"),
    "inspect": ("leafseal.cli.inspect:inspect", "show recipients and what is encrypted (no key needed)"),
    "verify": ("leafseal.cli.verify:verify", "check that files decrypt and pass the integrity check"),
    "repair": ("leafseal.cli.repair:repair", "show and mend what is wrong with encrypted files"),
    "rotate": ("leafseal.cli.rotate:rotate", "re-encrypt files with a new data key"),
    "updatekeys": ("leafseal.cli.updatekeys:updatekeys", "apply the recipients in .sops.yaml to existing files"),
    "groups": ("leafseal.cli.groups:groups", "manage key groups (several keys needed to decrypt)"),
    "policy": ("leafseal.cli.policy:policy", "restrict what files may make leafseal do on this machine"),
    "keyservice": ("leafseal.cli.keyservice:keyservice", "let other machines use this machine's keys"),
    "sops": ("leafseal.cli.sops:sops", "use sops's command line"),
    "link-sops": ("leafseal.cli.link_sops:link_sops", "install a `sops` command that runs leafseal"),
    "completion": ("leafseal.cli.completion:completion", "print a completion script for a shell"),
}
"""Where each command is, and its one-line help, in the order in which help lists them."""


def load(name: str) -> Declaration:
    """Return the declaration of a command of the table."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    return cast(Declaration, getattr(importlib.import_module(module), attribute))
