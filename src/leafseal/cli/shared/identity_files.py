"""The user's own file of age identities: which it is, what is in it, and what may be added to it."""

from __future__ import annotations

import os

from leafseal.display import holds_key
from leafseal.errors import RefusedError, UsageError, WriteError
from leafseal.keys import Ambient
from leafseal.keys.own import OwnKey, Trouble
from leafseal.system import files, terminal
from leafseal.system.directories import home, identity_file


def own_identity_file() -> str:
    """Return the file of identities that the environment names, or else the one that is read without being named.

    Raises `UsageError` where the environment names a folder that is not absolute, or holds a key in place of a name.
    """
    if named := os.environ.get("SOPS_AGE_KEY_FILE"):
        if holds_key(named):
            raise UsageError(
                "SOPS_AGE_KEY_FILE contains a key, not the name of a file",
                hint="put the key into SOPS_AGE_KEY, and the name of a file into SOPS_AGE_KEY_FILE",
            )
        return named
    return identity_file(os.environ, home())


_ELSEWHERE = 'write the key pair to a file of its own with "leafseal keygen -o FILE", and name it in SOPS_AGE_KEY_FILE'


def own_keys(ambient: Ambient) -> tuple[list[OwnKey], list[Trouble]]:
    """Return the user's own keys of all kinds that are on this machine, and the places where none could be read."""
    from leafseal.providers.age import own as age
    from leafseal.providers.pgp import own as pgp

    keys, troubles = age.own_keys(ambient)
    more, further = pgp.own_keys(ambient)
    return [*keys, *more], [*troubles, *further]


def recipients_in(path: str, ambient: Ambient | None = None, *, asks: bool = False) -> list[str] | None:
    """Return the recipients of the identities in a file: none where it does not exist, None under a passphrase.

    With `asks` the user of `ambient` is asked for the passphrase. Raises `RefusedError` for a file of which no identity
    can be read.
    """
    from leafseal.providers.age.identities import from_file
    from leafseal.providers.age.passphrases import EncryptedIdentities
    from leafseal.providers.age.places import Failed, Loaded

    if not os.path.lexists(path):
        return []
    if not os.path.isfile(path) and not os.path.isdir(path):
        what = "is not a regular file" if os.path.exists(path) else "is a link that leads nowhere"
        raise RefusedError(what, file=path, hint=_ELSEWHERE)
    place = from_file(path, path, ambient or Ambient(os.environ, home()))
    if isinstance(place, Failed):
        raise RefusedError(place.reason, file=path, hint=place.hint or _ELSEWHERE)
    identities = place.identities if isinstance(place, Loaded) else ()
    for identity in identities:
        if isinstance(identity, EncryptedIdentities):
            return identity.recipients() if asks else None
    found = [getattr(identity, "recipient", None) for identity in identities]
    return [str(recipient) for recipient in found if recipient]


def own_recipient(*, no_identity: bool, warns: bool = True) -> str:
    """Return the recipient of the user's own identity; make one where there is none. Raises `RefusedError`.

    The identity is the first in their own file, else in `SOPS_AGE_KEY`. Without `warns` nobody is told that others can
    read the file.
    """
    path = own_identity_file()
    ambient = Ambient(os.environ, home(), terminal.passphrase_asker(), warn=terminal.warn if warns else None)
    found = recipients_in(path, ambient, asks=True)
    if found is None:
        raise RefusedError(
            "is protected by a passphrase, so its public key is not known", file=path, hint="add it with --age age1…"
        )
    for place, recipients in ((path, found), ("SOPS_AGE_KEY", _in_variable())):
        if recipients:
            terminal.say(f"your private key is in {place}; your public key: {recipients[0]}")
            return recipients[0]
    if no_identity:
        raise RefusedError("no private key found, and no recipient given", hint="add --age age1…")
    from leafseal.providers.age import generate_identity, identity_file_text

    identity, recipient = generate_identity()
    append(path, identity_file_text(identity, recipient))
    terminal.say(f"created your private key: {path}")
    name = os.path.basename(path)
    terminal.warn(f"back up {name} now, and never commit it: without it nobody can decrypt your files")
    terminal.say(f"your public key, to share: {recipient}")
    return recipient


def _in_variable() -> list[str]:
    from leafseal.providers.age import own as age

    own, _ = age.own_keys(Ambient({"SOPS_AGE_KEY": os.environ.get("SOPS_AGE_KEY", "")}, os.devnull))
    return [key.recipient for key in own if key.recipient]


def append(path: str, text: str) -> None:
    """Add text to the user's own file. Raises `WriteError`, with a way out where the folder is not theirs."""
    try:
        files.append_private(path, text)
    except WriteError as error:
        if isinstance(error.__cause__, PermissionError | NotADirectoryError) or _is_read_only(error.__cause__):
            raise error.with_hint(_ELSEWHERE) from error.__cause__
        raise


def _is_read_only(cause: BaseException | None) -> bool:
    import errno

    return isinstance(cause, OSError) and cause.errno == errno.EROFS


def check_appendable(path: str, *, is_protected: bool) -> None:
    """Raise `RefusedError` where an identity cannot be added to a file, or not one under a passphrase."""
    if recipients_in(path) is None:
        raise RefusedError("is protected by a passphrase: nothing can be added to it", file=path, hint=_ELSEWHERE)
    if is_protected and os.path.lexists(path) and os.path.getsize(path):
        raise RefusedError(
            "exists: a private key with a passphrase needs a file of its own", file=path, hint=_ELSEWHERE
        )


def protected(text: str) -> str:
    """Return an identity file under a passphrase that the user is asked for, twice. Raises `RefusedError`."""
    from leafseal import age
    from leafseal.age.scrypt import ScryptRecipient

    passphrase = terminal.ask_secret("Enter a passphrase for the new private key")
    if passphrase is None:
        raise RefusedError(
            "cannot ask for a passphrase without a terminal", hint="run it in a terminal, or leave out --passphrase"
        )
    if not passphrase:
        raise RefusedError("no passphrase was given", hint="type one, or leave out --passphrase")
    if terminal.ask_secret("Enter it again") != passphrase:
        raise RefusedError("the two passphrases differ; nothing was written", hint="run it again")
    return age.encrypt(text.encode(), [ScryptRecipient(passphrase)], armor=True).decode("ascii")
