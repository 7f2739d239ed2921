"""What somebody may have meant who typed a command or an option that there is none: habits, synonyms, slips."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from leafseal.cli.shared import plain_parser
from leafseal.cli.shared.commands import PROGRAM
from leafseal.cli.shared.declarations import Command
from leafseal.display import for_shell, holds_key

_MEANT: dict[str, str] = {
    **dict.fromkeys(("cat", "dec", "open", "print", "reveal", "show", "unlock", "unseal", "view"), "decrypt"),
    **dict.fromkeys(("enc", "hide", "lock", "protect", "seal"), "encrypt"),
    **dict.fromkeys(("env", "execute", "launch", "run", "start", "with"), "exec"),
    **dict.fromkeys(("materialize", "mount", "template"), "render"),
    **dict.fromkeys(("filestatus", "info", "list", "ls", "recipients", "stat", "status"), "inspect"),
    **dict.fromkeys(("age-keygen", "genkey", "gen-key", "generate", "generate-key", "new-key"), "keygen"),
    **dict.fromkeys(("change", "modify", "open-editor", "vi", "vim"), "edit"),
    **dict.fromkeys(("delete", "del", "remove", "rm"), "unset"),
    **dict.fromkeys(("test", "validate"), "verify"),
    **dict.fromkeys(("add-key", "rekey", "rewrap", "share", "sync", "update-keys", "update"), "updatekeys"),
    **dict.fromkeys(("lint", "scan"), "check"),
    **dict.fromkeys(("fix", "mend", "recover"), "repair"),
    **dict.fromkeys(("re-encrypt", "reencrypt", "renew"), "rotate"),
    **dict.fromkeys(("create", "new", "setup"), "init"),
    **dict.fromkeys(("add", "put", "write"), "set"),
    **dict.fromkeys(("extract", "read"), "get"),
    "completions": "completion",
    "install-sops": "link-sops",
}
"""Commands by words for them that other programs use, sops among them."""

_SOPS_FLAGS = {
    **dict.fromkeys(("-d", "--decrypt"), ("decrypt {}", "-d {}")),
    **dict.fromkeys(("-e", "--encrypt"), ("encrypt {}", "-e {}")),
    **dict.fromkeys(("-r", "--rotate"), ("rotate -i {}", "-r -i {}")),
    **dict.fromkeys(("-s", "--show-master-keys"), ("inspect {}", "-s {}")),
    "--extract": ("get {} PATH", "-d --extract PATH {}"),
    "--set": ("set {} PATH", "set {} PATH VALUE"),
}
"""Options with which sops names its commands: our command, and that of sops."""

_SHOWN = {
    **dict.fromkeys(("version", "-v", "-version"), "--version"),
    **dict.fromkeys(("man", "manual"), "help --man"),
    **dict.fromkeys(("usage", "commands", "?", "-?"), "help"),
}
"""What the program shows of itself, by other words for it."""

_MEANT_OPTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("--inplace", "--replace", "--write", "-w"), ("--in-place",)),
    **dict.fromkeys(("--out", "--out-file", "--dest", "--to"), ("--output",)),
    **dict.fromkeys(("--outdir", "--out-dir"), ("--output-dir",)),
    **dict.fromkeys(("-q", "--silent"), ("--quiet",)),
    **dict.fromkeys(("--format", "--type"), ("--input-type",)),
    **dict.fromkeys(("--filename", "--name", "--stdin-filename"), ("--filename-override",)),
    **dict.fromkeys(("--recipient", "--recipients", "--to-key", "--public-key"), ("--age", "--add-age")),
    **dict.fromkeys(("--gpg", "--fingerprint"), ("--pgp", "--add-pgp")),
    **dict.fromkeys(("--aws", "--aws-kms", "--arn"), ("--kms", "--add-kms")),
    **dict.fromkeys(("--add", "--add-key", "--add-recipient"), ("--add-age",)),
    **dict.fromkeys(("--remove", "--rm", "--remove-key", "--rm-key"), ("--rm-age",)),
    **dict.fromkeys(("--assume-yes", "--no-confirm", "--confirm"), ("--yes",)),
    **dict.fromkeys(("--check", "--diff", "--preview", "-n"), ("--dry-run",)),
    **dict.fromkeys(("--stdin", "--from-stdin"), ("--value-stdin",)),
    **dict.fromkeys(("--file", "--from-file"), ("--value-file", "--config")),
    **dict.fromkeys(("--text", "--raw"), ("--string",)),
    **dict.fromkeys(("--include", "--regex", "--keys"), ("--encrypted-regex", "--only")),
    **dict.fromkeys(("--exclude",), ("--unencrypted-regex",)),
    **dict.fromkeys(("--post-quantum",), ("--pq",)),
    **dict.fromkeys(("--no-mac", "--skip-mac", "--ignore-errors"), ("--ignore-mac",)),
    **dict.fromkeys(("--force", "-f"), ("--force", "--yes", "--allow-tokens")),
    **dict.fromkeys(("--key", "--pubkey"), ("--age", "--add-age")),
    **dict.fromkeys(("--select", "--path"), ("--extract", "--only")),
    **dict.fromkeys(("--recursive", "-R"), ("--all",)),
    **dict.fromkeys(("--clean", "--empty", "--ignore-env"), ("--pristine",)),
    **dict.fromkeys(("--envfile", "--env", "--env-from", "--secrets"), ("--env-file",)),
    **dict.fromkeys(("--overload", "--override", "--overwrite-env", "--precedence"), ("--on-conflict",)),
    **dict.fromkeys(("--separator", "--delimiter", "--nested"), ("--flatten",)),
    **dict.fromkeys(("--name-prefix", "--env-prefix"), ("--prefix",)),
}
"""Options by other words for them: the first of those meant is it that the command has."""

_PRIVATE_KEY = (
    "private keys are read from keys.txt, SOPS_AGE_KEY_FILE or SOPS_AGE_KEY, not from options; "
    f'"{PROGRAM} whoami" shows which are found'
)
_OF_PRIVATE_KEYS = frozenset({"--identity", "--key", "--key-file", "--keyfile", "--private-key"})


def command_hint(name: str, known: Iterable[str], parent: str, arguments: Sequence[str]) -> str:
    """Return what to do in place of a command that there is none; `parent` is what was typed before it."""
    if parent == PROGRAM and name.lower() in _SHOWN:
        return f'run "{PROGRAM} {_SHOWN[name.lower()]}"'
    if parent == f"{PROGRAM} helm" and _is_of_helm(name):
        return f'run "{parent} run {name}"; with the plugins, it is "helm leafseal {name}"'
    meant = (_MEANT.get(name.lower()) if parent == PROGRAM else None) or _nearest(name, known)
    if meant:
        files = _files(arguments[1:])
        rest = [*(f"-e {file}" for file in files or ["FILE"]), "-- PROGRAM"] if meant == "exec" else files
        line = " ".join((parent, meant, *rest))
        return f'run "{line}"; "{parent} --help" lists all commands'
    if parent == PROGRAM and (files := _files((name,))):
        return f'to see it, run "{PROGRAM} decrypt {files[0]}"; to change it, run "{PROGRAM} edit {files[0]}"'
    return f'see "{parent} --help"'


def _is_of_helm(name: str) -> bool:
    from leafseal.deploy.helm.words import WITH_VALUES  # which hardly any slip needs

    return name in WITH_VALUES


def flag_hint(option: str, arguments: Sequence[str]) -> str:
    """Return what to do where an option stands before any command: sops has commands that are options."""
    if option.lower() in _SHOWN:
        return f'run "{PROGRAM} {_SHOWN[option.lower()]}"'
    if option not in _SOPS_FLAGS:
        return f'give a command first; "{PROGRAM} --help" lists them'
    files = _files(arguments)
    file = files[-1] if files else "FILE"
    ours, theirs = (text.format(file) for text in _SOPS_FLAGS[option])
    return f'run "{PROGRAM} {ours}"; {option} is an option of sops: "{PROGRAM} sops {theirs}"'


def _files(words: Iterable[str]) -> list[str]:
    """Return those words that are names of files; others may be values, which no hint repeats."""
    return [for_shell(word) for word in words if not holds_key(word) and os.path.isfile(word)]


def option_hint(option: str, command: Command, path: str, words: Sequence[str]) -> str:
    """Return what to do in place of an option that a command does not have. `words` follow the command's name."""
    if command.separator is not None and "--" not in words:
        at = next((index for index, word in enumerate(words) if word.startswith(option)), 0)
        before = plain_parser.read(command, words[:at])
        if before is not None and before["command"]:
            files = (
                [f"-e {for_shell(name)}" for name in before["env_file"] or ["FILE"]]
                if "env_file" in before
                else [for_shell(before["file"])]
            )
            line = f"{path} {' '.join(files)} -- {for_shell(before['command'][0])}"
            return f'put -- before the program: "{line}", then its options'
    known = [name for one in command.options if not one.is_hidden for name in one.names]
    meant = next((name for name in _MEANT_OPTIONS.get(option, ()) if name in known), None)
    if meant is None and option in _OF_PRIVATE_KEYS:
        return _PRIVATE_KEY
    meant = meant or _nearest(option, [name for name in known if name.startswith("--")])
    return f'use {meant}; "{path} --help" lists all options' if meant else f'see "{path} --help"'


def options_hint(command: Command, path: str) -> str:
    """Return what to do where a command that has only options was given an argument."""
    texts = [f"{one.names[-1]} {one.metavar}" for one in command.options if one.metavar is not None][:3]
    if not texts:
        return f'see "{path} --help"'
    return f'write each after its option, such as {" or ".join(texts)}; see "{path} --help"'


def argument_hint(name: str, path: str, words: Sequence[str]) -> str:
    """Return what to do where an argument is missing; `name` is as the help has it."""
    files = _files(words)
    if name == "PATH" and files:
        return f'to see the paths of its values, run "{PROGRAM} inspect {files[0]}"'
    if name.startswith("-- "):
        program = "PROGRAM {}" if path.endswith("exec-file") else "PROGRAM"  # which gets the path in place of {}
        return f'name a program after --: "{path} {files[0] if files else "FILE"} -- {program}"'
    return f'see "{path} --help"'


def _nearest(word: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # for slips

    near = get_close_matches(word.lower(), list(known), n=1, cutoff=0.7)
    return near[0] if near else None
