"""`leafseal keygen`."""

from __future__ import annotations

import sys

from leafseal.cli.shared.declarations import command, option
from leafseal.errors import UsageError
from leafseal.system import files, terminal


@command("keygen")
@option("-o", "--output", metavar="FILE", help="Write the key pair to a new file that only you can read.")
@option(
    "--append", is_flag=True, help="Add the key pair to keys.txt (or SOPS_AGE_KEY_FILE); create the file if needed."
)
@option("--pq", is_flag=True, help="Create a post-quantum key pair (AGE-SECRET-KEY-PQ-1…, age1pq1…).")
@option(
    "--passphrase", is_flag=True, help="Protect the private key with a passphrase, which is asked for on the terminal."
)
def keygen(output: str | None, append: bool, pq: bool, passphrase: bool) -> None:
    """Create a private key that decrypts files, and print the public key to encrypt them for.

    The private key goes to standard output unless you add -o or --append. Keep it secret; share the public key.
    --pq makes a post-quantum key, meant to withstand quantum computers. Its public key is 1959 characters long;
    it needs age 1.3, sops 3.12 or newer.
    --passphrase writes what `age -p` does. Each command that decrypts then asks for the passphrase.

    \b
    leafseal keygen --append
    leafseal keygen -o ci.agekey
    leafseal keygen --pq -o long-lived.agekey
    leafseal keygen --passphrase -o ann.agekey
    """
    if output is not None and append:
        raise UsageError("-o and --append contradict each other", hint="use only one of them")
    from leafseal.cli.shared.identity_files import append as append_to
    from leafseal.cli.shared.identity_files import check_appendable, own_identity_file, protected
    from leafseal.providers.age import generate_identity, identity_file_text

    path = own_identity_file() if append else ""
    if append:
        check_appendable(path, is_protected=passphrase)
    elif output is not None:
        files.refuse_existing(output)
    identity, recipient = generate_identity(post_quantum=pq)
    text = identity_file_text(identity, recipient)
    if passphrase:
        text = protected(text)
    if append:
        append_to(path, text)
        terminal.say(f"added to {path}")
    elif output is not None:
        files.create(output, text.encode(), private=True)
    else:
        terminal.write_result(text.encode())
    if append or output is not None or not sys.stdout.isatty():
        terminal.say(f"public key: {recipient}")
