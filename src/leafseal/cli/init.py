"""`leafseal init`."""

from __future__ import annotations

import os

from leafseal.cli.shared.declarations import Choice, argument, command, option
from leafseal.config.find import NAMES
from leafseal.config.write import propose_config
from leafseal.errors import RefusedError
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
@option("--config-name", default=".sops.yaml", shows_default=True, type=Choice(NAMES[::-1]),
              help="Name of the configuration file.")  # fmt: skip
@option("--no-identity", is_flag=True, help="Do not create a private key if there is none.")
@argument("folder", default=".", metavar="[FOLDER]")
def init(
    age: tuple[str, ...], kubernetes: bool, values: bool, config_name: str, no_identity: bool, folder: str
) -> None:
    """Create what you need to encrypt files: an age key pair of your own, and a .sops.yaml with your public key.

    Your private key goes where sops looks for it, and only you can read the file. Existing files are not overwritten.

    \b
    leafseal init
    leafseal init --age age1… --kubernetes --values
    """
    if not (kubernetes or values) and terminal.has_terminal():
        kubernetes, values = _yes(_MANIFESTS), _yes(_VALUES)
    make(folder, age, kubernetes=kubernetes, values=values, config_name=config_name, no_identity=no_identity)
    terminal.say('next: run "leafseal encrypt -i FILE", or "leafseal edit FILE" for a new file')
    if _may_commit_leftovers(folder):
        terminal.say(f'if "decrypt -i" is killed, plain text may stay in {_LEFTOVERS}: add this line to .gitignore')


def make(
    folder: str,
    recipients: tuple[str, ...] = (),
    *,
    kubernetes: bool = False,
    values: bool = False,
    config_name: str = ".sops.yaml",
    no_identity: bool = False,
) -> None:
    """Write the configuration, and the identity if there is none. Raises `RefusedError` where one is there."""
    path = os.path.join(folder, config_name)
    for name in NAMES:
        if os.path.lexists(os.path.join(folder, name)):
            raise RefusedError(
                "already exists",
                file=os.path.join(folder, name),
                hint='edit it; if you have no key of your own yet, run "leafseal keygen --append"',
            )
    named = list(recipients) or [_own_recipient(no_identity)]
    text = propose_config(named, kubernetes=kubernetes, values=values)
    files.create(path, text.encode())
    whom = f"{len(named)} recipient{'s' if len(named) > 1 else ''}" if recipients else "you"
    terminal.say(f"created {path}: new files are encrypted for {whom}")


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


def _own_recipient(no_identity: bool) -> str:
    """Return the recipient of the user's own identity; make one where there is none."""
    from leafseal.cli.keygen import own_identity_file

    path = own_identity_file()
    found = recipient_in(path)
    if found is not None:
        terminal.say(f"your private key is in {path}; your public key: {found}")
        return found
    if no_identity:
        raise RefusedError("no private key found, and no recipient given", hint="add --age age1…")
    from leafseal.providers.age import generate_identity, identity_file_text

    identity, recipient = generate_identity()
    files.append_private(path, identity_file_text(identity, recipient))
    terminal.say(f"created your private key: {path}")
    name = os.path.basename(path)
    terminal.warn(f"back up {name} now, and never commit it: without it nobody can decrypt your files")
    terminal.say(f"your public key, to share: {recipient}")
    return recipient


def recipient_in(path: str) -> str | None:
    """Return the recipient of the first identity in a file, None where none can be read."""
    from leafseal.providers.age import recipient_of

    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    identity = next((line for line in lines if line.startswith(("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1"))), None)
    return recipient_of(identity) if identity else None


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
