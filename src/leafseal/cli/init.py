"""`leafseal init`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leafseal.cli.shared.declarations import Choice, argument, command, option
from leafseal.cli.shared.identity_files import own_recipient
from leafseal.cli.shared.manifests import ADVICE, look_around
from leafseal.cli.shared.rule import RuleOptions
from leafseal.config.find import NAMES, find_config
from leafseal.config.write import propose_config
from leafseal.display import first_of
from leafseal.errors import RefusedError, UsageError
from leafseal.git.repository import user_name
from leafseal.system import files, terminal

_MANIFESTS = (
    "Add a rule for Kubernetes manifests? It encrypts only data and stringData, and leaves the rest out of the MAC, so "
    "that tools can change it. [y/N]"
)
_VALUES = (
    "Add a rule for Helm values? It encrypts only values whose key names look like secrets. All others stay in plain "
    "text. [y/N]"
)


@command("init")
@option("-a", "--age", metavar="AGE1…", is_multiple=True, help="Encrypt for this public key instead of your own.")
@option("--kubernetes", is_flag=True, help="Add a rule for Kubernetes manifests: encrypt only data and stringData.")
@option(
    "--values",
    is_flag=True,
    help="Add a rule for Helm values: encrypt only values whose key names look like secrets.",
)
@option("--encrypted-regex", default="", metavar="REGEX",
              help="Encrypt only values under key names that match, at any level.")  # fmt: skip
@option("--config-name", default=".sops.yaml", shows_default=True, type=Choice(NAMES[::-1]),
              help="Name of the configuration file.")  # fmt: skip
@option("--no-identity", is_flag=True, help="Do not create a private key if there is none.")
@argument("folder", default=".", metavar="[FOLDER]")
def init(
    age: tuple[str, ...],
    kubernetes: bool,
    values: bool,
    encrypted_regex: str,
    config_name: str,
    no_identity: bool,
    folder: str,
) -> None:
    """Create what you need to encrypt files: an age key pair of your own, and a .sops.yaml with your public key.

    Your private key goes where sops looks for it, and only you can read the file. Existing files are not overwritten:
    if a .sops.yaml is in force already, init creates your key pair and says who must add you.

    \b
    leafseal init
    leafseal init --age age1… --kubernetes --values
    leafseal init --encrypted-regex 'password|token'
    """
    if not os.path.isdir(folder):
        raise UsageError("there is no such folder", file=folder, hint="create it first")
    named = _checked(age)
    _check_pattern(encrypted_regex)
    config = _config_of(folder)
    if config is not None:
        if named or kubernetes or values or encrypted_regex:
            raise RefusedError(
                "already exists, and init changes no configuration",
                file=config,
                hint='add recipients with "leafseal team add NAME RECIPIENT", then run "leafseal updatekeys --all"',
            )
        from leafseal.cli.shared.joining import join

        join(config, no_identity=no_identity)
        return
    kinds = look_around(folder)
    secrets = kinds.secrets
    if not (kubernetes or values) and terminal.has_terminal():
        found = f"There are Kubernetes Secrets here: {first_of(secrets, 3)}. " if secrets else ""
        kubernetes = bool(secrets or kinds.has_manifests) and _yes(found + _MANIFESTS)
        values = kinds.has_helm_values and _yes(_VALUES)
    make(
        folder,
        named,
        kubernetes=kubernetes,
        values=values,
        secrets=secrets if kubernetes else (),
        encrypted_regex=encrypted_regex,
        config_name=config_name,
        no_identity=no_identity,
    )
    if secrets and not (kubernetes or encrypted_regex):
        what = "is a Kubernetes Secret" if len(secrets) == 1 else "are Kubernetes Secrets"
        terminal.warn(f"{first_of(secrets, 3)} {what}, and every value of it would be encrypted; {ADVICE}")
    terminal.say('next: run "leafseal encrypt -i FILE", or "leafseal edit FILE" for a new file')
    if _may_commit_leftovers(folder):
        terminal.say(f'if "decrypt -i" is killed, plain text may stay in {_LEFTOVERS}: add this line to .gitignore')


def make(
    folder: str,
    recipients: Sequence[str] = (),
    *,
    kubernetes: bool = False,
    values: bool = False,
    secrets: Sequence[str] = (),
    encrypted_regex: str = "",
    config_name: str = ".sops.yaml",
    no_identity: bool = False,
) -> None:
    """Write the configuration, and the identity if there is none. `secrets` are manifests that the rule for them names.

    Raises `RefusedError` where a file of that name is there.
    """
    path = os.path.join(folder, config_name)
    files.refuse_existing(path)
    named = list(recipients) or [own_recipient(no_identity=no_identity)]
    text = propose_config(
        named,
        kubernetes=kubernetes,
        values=values,
        manifests=secrets,
        encrypted_regex=encrypted_regex,
        owner="" if recipients else user_name(folder) or "",
    )
    files.create(path, text.encode())
    whom = f"{len(named)} recipient{'s' if len(named) > 1 else ''}" if recipients else "you"
    terminal.say(f"created {path}: new files are encrypted for {whom}")


def _checked(recipients: Sequence[str]) -> list[str]:
    """Return the recipients that options name, each once. Raises `ProviderError`, which says what is wrong with one."""
    if not recipients:
        return []
    from leafseal.keys.registry import parse_recipients

    return list(dict.fromkeys(str(key) for text in recipients for key in parse_recipients("age", text)))


def _check_pattern(text: str) -> None:
    if not text.isprintable():
        raise UsageError("--encrypted-regex contains control characters", hint="write the pattern on one line")
    if text:
        RuleOptions(encrypted_regex=text).over(None)


def _config_of(folder: str) -> str | None:
    """Return the configuration in force in a folder, as seen from the current one."""
    found = find_config(folder, warn=terminal.warn)
    if found is None:
        return None
    shown = os.path.relpath(found)
    return found if shown.startswith(os.path.join(*[os.pardir] * 3)) else shown


_LEFTOVERS = ".*.leafseal"
"""What matches the files that a write leaves behind when it is killed, as Git's list of ignored files has it."""


def _may_commit_leftovers(folder: str) -> bool:
    """Tell whether a folder is in a Git working tree whose lists of ignored files do not name what may be left."""
    here = os.path.abspath(folder)
    while True:
        try:
            with open(os.path.join(here, ".gitignore"), encoding="utf-8", errors="replace") as file:
                if _LEFTOVERS in file.read().split():
                    return False
        except OSError:
            pass
        if os.path.lexists(os.path.join(here, ".git")):
            return True
        here, below = os.path.dirname(here), here
        if here == below:
            return False


def offer(name: str) -> bool:
    """Ask, on a terminal, whether to write a configuration for a file now; tell whether one was written."""
    folder = os.path.dirname(os.path.abspath(name))
    question = (
        f"No .sops.yaml found. Create {os.path.join(folder, NAMES[1])} with your key as the only recipient? [y/N]"
    )
    if not _yes(question):
        return False
    make(folder)
    return True


def _yes(question: str) -> bool:
    answer = terminal.ask(question)
    return answer is not None and answer.strip().lower() in ("y", "yes")
