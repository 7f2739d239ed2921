"""The table of all commands. A command's module is imported when the command is run, or asked for help."""

from __future__ import annotations

import importlib
import os
from typing import cast

from leafseal.cli.shared.declarations import Declaration
from leafseal.system.directories import home, is_watched

PROGRAM = "leafseal"

COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("leafseal.cli.init:init", "create a key and a .sops.yaml (start here)", "Start"),
    "help": ("leafseal.cli.help:help_", "show this help, or the help of a command", "Start"),
    "completion": ("leafseal.cli.completion:completion", "print a completion script for a shell", "Start"),
    "encrypt": ("leafseal.cli.encrypt:encrypt", "encrypt files", "Every day"),
    "decrypt": ("leafseal.cli.decrypt:decrypt", "decrypt files", "Every day"),
    "edit": ("leafseal.cli.edit:edit", "edit an encrypted file in your editor", "Every day"),
    "get": ("leafseal.cli.get:get", "print one decrypted value", "Every day"),
    "set": ("leafseal.cli.set:set_", "set one value", "Every day"),
    "unset": ("leafseal.cli.unset:unset", "delete one value", "Every day"),
    "inspect": ("leafseal.cli.inspect:inspect", "show recipients and what is encrypted (no key needed)", "Every day"),
    "verify": ("leafseal.cli.verify:verify", "check that files decrypt and pass the integrity check", "Every day"),
    "check": ("leafseal.cli.check:check", "find plain text that should be encrypted (no key needed)", "Every day"),
    "repair": ("leafseal.cli.repair:repair", "show and mend what is wrong with encrypted files", "Every day"),
    "exec": ("leafseal.cli.exec:exec_", "run a program with the values of encrypted files", "Programs and containers"),
    "exec-env": (
        "leafseal.cli.exec_env:exec_env",
        "run a program with the secrets as environment variables",
        "Programs and containers",
    ),
    "exec-file": ("leafseal.cli.exec_file:exec_file", "run a program with a decrypted file", "Programs and containers"),
    "render": (
        "leafseal.cli.render:render",
        "write decrypted values to files in a folder in memory",
        "Programs and containers",
    ),
    "compose": (
        "leafseal.cli.compose:compose",
        "give Docker Compose the values of encrypted files",
        "Programs and containers",
    ),
    "ci": ("leafseal.cli.ci:ci", "give jobs of CI services the values of encrypted files", "Programs and containers"),
    "kubectl": ("leafseal.cli.kubectl:kubectl", "use encrypted manifests with kubectl", "Kubernetes"),
    "helm": ("leafseal.cli.helm:helm", "use encrypted value files with Helm", "Kubernetes"),
    "krm": ("leafseal.cli.krm:krm", "generate Secrets for kustomize from encrypted files", "Kubernetes"),
    "argocd": ("leafseal.cli.argocd:argocd", "be a config management plugin of Argo CD", "Kubernetes"),
    "flux": ("leafseal.cli.flux:flux", "give Flux the key that it decrypts with", "Kubernetes"),
    "digest": ("leafseal.cli.digest:digest", "print a digest of values that tells when they change", "Kubernetes"),
    "copy-to": ("leafseal.cli.copy_to:copy_to", "copy leafseal to a folder for another container", "Kubernetes"),
    "git": ("leafseal.cli.git:git", "show, compare and merge encrypted files in Git", "Git"),
    "resolve": ("leafseal.cli.resolve:resolve", "decide the conflicts that a merge left in encrypted files", "Git"),
    "diff": ("leafseal.cli.diff:diff", "show which values of files differ, and for whom they are encrypted", "Git"),
    "merge": ("leafseal.cli.merge:merge", "merge two versions of an encrypted file by value", "Git"),
    "keygen": ("leafseal.cli.keygen:keygen", "create an age key pair", "Keys and teams"),
    "whoami": ("leafseal.cli.whoami:whoami", "show your public keys and which files they decrypt", "Keys and teams"),
    "rotate": ("leafseal.cli.rotate:rotate", "re-encrypt files with a new data key", "Keys and teams"),
    "updatekeys": (
        "leafseal.cli.updatekeys:updatekeys",
        "apply the recipients in .sops.yaml to existing files",
        "Keys and teams",
    ),
    "team": ("leafseal.cli.team:team", "show and change the recipients in .sops.yaml", "Keys and teams"),
    "groups": ("leafseal.cli.groups:groups", "manage key groups (several keys needed to decrypt)", "Keys and teams"),
    "config": ("leafseal.cli.config:config", "check and explain .sops.yaml", "Keys and teams"),
    "policy": (
        "leafseal.cli.policy:policy",
        "restrict what files may make leafseal do on this machine",
        "Keys and teams",
    ),
    "keyservice": (
        "leafseal.cli.keyservice:keyservice",
        "let other machines use this machine's keys",
        "Keys and teams",
    ),
    "sops": ("leafseal.cli.sops:sops", "use sops's command line", "In place of sops"),
    "link-sops": (
        "leafseal.cli.link_sops:link_sops",
        "install a `sops` command that runs leafseal",
        "In place of sops",
    ),
}
"""Where each command is, its one-line help, and its heading in the list of commands, in the order of that list."""


def load(name: str) -> Declaration:
    """Return the declaration of a command of the table."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    declared = cast(Declaration, getattr(importlib.import_module(module), attribute))
    if not is_watched(os.environ, home()):
        return declared
    from leafseal.cli.shared.auditing import audited  # most people have no audit log

    return audited(name, declared)
