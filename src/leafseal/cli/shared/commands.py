"""The table of all commands. A command's module is imported when the command is run, or asked for help."""

from __future__ import annotations

import importlib
from typing import cast

from leafseal.cli.shared.declarations import Declaration

PROGRAM = "leafseal"

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("leafseal.cli.init:init", "make an age identity and a configuration"),
    "keygen": ("leafseal.cli.keygen:keygen", "make an age identity"),
    "encrypt": ("leafseal.cli.encrypt:encrypt", "seal the values of files"),
    "decrypt": ("leafseal.cli.decrypt:decrypt", "verify files and give them back"),
    "edit": ("leafseal.cli.edit:edit", "edit an encrypted file in an editor"),
    "get": ("leafseal.cli.get:get", "print one value"),
    "set": ("leafseal.cli.set:set_", "store one value"),
    "unset": ("leafseal.cli.unset:unset", "remove one value"),
    "exec-env": ("leafseal.cli.exec_env:exec_env", "start a program with the values in its environment"),
    "inspect": ("leafseal.cli.inspect:inspect", "show recipients, rule, sealed and clear values; needs no key"),
    "verify": ("leafseal.cli.verify:verify", "check every tag and the MAC, show no value"),
    "rotate": ("leafseal.cli.rotate:rotate", "seal everything anew under a new data key"),
    "updatekeys": ("leafseal.cli.updatekeys:updatekeys", "give files the recipients of the configuration"),
    "groups": ("leafseal.cli.groups:groups", "add and remove key groups"),
    "repair-context": ("leafseal.cli.repair_context:repair_context", "repair old files that AWS KMS does not open"),
    "keyservice": ("leafseal.cli.keyservice:keyservice", "wrap and unwrap data keys for others"),
    "sops": ("leafseal.cli.sops:sops", "be sops: its command line, on the same files"),
    "link-sops": ("leafseal.cli.link_sops:link_sops", "make a link named sops, for programs that start it"),
    "completion": ("leafseal.cli.completion:completion", "print a completion script for a shell"),
}
"""Where each command is, and its one-line help, in the order in which help lists them."""


def load(name: str) -> Declaration:
    """Return the declaration of a command of the table."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    return cast(Declaration, getattr(importlib.import_module(module), attribute))
