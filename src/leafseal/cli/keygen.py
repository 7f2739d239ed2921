"""`leafseal keygen`."""

from __future__ import annotations

import os
import sys

from leafseal.cli.shared.declarations import command, option
from leafseal.display import holds_key
from leafseal.errors import UsageError
from leafseal.system import files, terminal
from leafseal.system.directories import home, identity_file


@command("keygen")
@option("-o", "--output", metavar="FILE", help="Write the key pair to a new file that only you can read.")
@option(
    "--append", is_flag=True, help="Add the key pair to keys.txt (or SOPS_AGE_KEY_FILE); create the file if needed."
)
@option("--pq", is_flag=True, help="Create a post-quantum key pair (AGE-SECRET-KEY-PQ-1…, age1pq1…).")
def keygen(output: str | None, append: bool, pq: bool) -> None:
    """Create a private key that decrypts files, and print the public key to encrypt them for.

    The private key goes to standard output unless you add -o or --append. Keep it secret; share the public key.
    --pq makes a post-quantum key, meant to withstand quantum computers. Its public key is 1959 characters long;
    it needs age 1.3, sops 3.12 or newer.

    \b
    leafseal keygen --append
    leafseal keygen -o ci.agekey
    leafseal keygen --pq -o long-lived.agekey
    """
    if output is not None and append:
        raise UsageError("-o and --append contradict each other", hint="use only one of them")
    from leafseal.providers.age import generate_identity, identity_file_text

    identity, recipient = generate_identity(post_quantum=pq)
    text = identity_file_text(identity, recipient)
    if append:
        path = own_identity_file()
        files.append_private(path, text)
        terminal.say(f"added to {path}")
    elif output is not None:
        files.create(output, text.encode(), private=True)
    else:
        terminal.write_result(text.encode())
    if append or output is not None or not sys.stdout.isatty():
        terminal.say(f"public key: {recipient}")


def own_identity_file() -> str:
    """Return the file of identities that the environment names, or else the one that is read without being named.

    Raises `UsageError` where the environment names a folder that is not absolute, or holds a key in place of a name.
    """
    if named := os.environ.get("SOPS_AGE_KEY_FILE"):
        if holds_key(named):
            raise UsageError(
                "SOPS_AGE_KEY_FILE holds a key, not the name of a file",
                hint="put the key into SOPS_AGE_KEY, and the name of a file into SOPS_AGE_KEY_FILE",
            )
        return named
    return identity_file(os.environ, home())
