"""`leafseal init`."""

from __future__ import annotations

import os

from leafseal.cli.shared.declarations import Choice, argument, command, option
from leafseal.config.find import NAMES
from leafseal.config.write import propose_config
from leafseal.errors import RefusedError
from leafseal.system import files, terminal

_MANIFESTS = (
    "Will there be Kubernetes manifests? Then only data and stringData of them are sealed, so that tools can read and "
    "change the rest; the MAC does not cover the rest then. [y/N]"
)
_VALUES = (
    "Will there be Helm values files? Then only values with secret-like names in them are sealed; a secret under "
    "another name stays clear. [y/N]"
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
                "exists already", file=os.path.join(folder, name), hint="edit it, or remove it to begin anew"
            )
    named = list(recipients) or [_own_recipient(no_identity)]
    text = propose_config(named, kubernetes=kubernetes, values=values)
    files.create(path, text.encode())
    terminal.say(f"wrote {path}, which names {len(named)} recipient{'s' if len(named) > 1 else ''}")
    terminal.say('next: "leafseal encrypt -i FILE", or "leafseal edit FILE" for a new one')


def _own_recipient(no_identity: bool) -> str:
    """Return the recipient of the user's own identity; make one where there is none."""
    from leafseal.cli.keygen import own_identity_file

    path = own_identity_file()
    found = _recipient_in(path)
    if found is not None:
        terminal.say(f"your identity is in {path}: {found}")
        return found
    if no_identity:
        raise RefusedError("there is no age identity, and no recipient was named", hint="name one with --age age1…")
    from leafseal.providers.age import generate_identity, identity_file_text

    identity, recipient = generate_identity()
    files.append_private(path, identity_file_text(identity, recipient))
    terminal.say(f"made an age identity in {path}")
    terminal.warn("without this file nobody can open what is encrypted for it: back it up now, and never commit it")
    terminal.say(f"its public key, for your team: {recipient}")
    return recipient


def _recipient_in(path: str) -> str | None:
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
        f"no configuration says for whom to encrypt. Write {os.path.join(folder, NAMES[1])} now, for yourself? [y/N]"
    )
    if not _yes(question):
        return False
    make(folder)
    return True


def _yes(question: str) -> bool:
    answer = terminal.ask(question)
    return answer is not None and answer.strip().lower() in ("y", "yes")
