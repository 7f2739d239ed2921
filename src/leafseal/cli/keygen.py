"""`leafseal keygen`."""

from __future__ import annotations

import os
import sys

from leafseal.cli.shared.declarations import command, option
from leafseal.errors import UsageError
from leafseal.system import files, terminal
from leafseal.system.directories import home, identity_file


@command("keygen")
@option("-o", "--output", metavar="FILE", help="Write to a new file that only you may read.")
@option("--append", is_flag=True, help="Add to the file where identities are looked for, and make it if need be.")
@option("--pq", is_flag=True, help="Make a post-quantum identity (AGE-SECRET-KEY-PQ-1..., age1pq1...).")
def keygen(output: str | None, append: bool, pq: bool) -> None:
    """Make an age identity, by which files are opened, and show its public key, for which they are sealed.

    The identity goes to standard output unless -o or --append is given. Keep it secret; share the public key. With
    --pq not even a quantum computer opens what is sealed for it; the public key is long then, and older tools do not
    know it.

    \b
    leafseal keygen --append
    leafseal keygen -o ci.agekey
    leafseal keygen --pq -o long-lived.agekey
    """
    if output is not None and append:
        raise UsageError("-o and --append do not go together", hint="choose one")
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

    Raises `UsageError` where the environment names a folder that is not absolute.
    """
    if named := os.environ.get("SOPS_AGE_KEY_FILE"):
        return named
    return str(identity_file(os.environ, home()))
