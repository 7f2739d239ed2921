"""The user's secret keys in the key ring of GnuPG, without a passphrase and without a card."""

from __future__ import annotations

import os
from collections.abc import Iterator

from leafseal.keys import Ambient
from leafseal.keys.own import OwnKey, Trouble
from leafseal.providers.pgp.gpg import Certificate, Gpg, GpgError


def own_keys(ambient: Ambient) -> tuple[list[OwnKey], list[Trouble]]:
    """Return the keys that decrypt, and why gpg could not be asked; it is not where the ring has no secret key."""
    gpg = Gpg.of(ambient)
    if not gpg.is_chosen and not _has_secrets(os.fspath(gpg.home)):
        return [], []
    try:
        _, certificates = gpg.certificates("", secret=True)
    except GpgError as error:
        return [], [Trouble("gpg", str(error), error.hint)]
    return [key for certificate in certificates for key in _of(certificate, gpg.source)], []


def _has_secrets(home: str) -> bool:
    try:
        return bool(os.listdir(os.path.join(home, "private-keys-v1.d"))) or "secring.gpg" in os.listdir(home)
    except OSError:
        return os.path.exists(os.path.join(home, "secring.gpg"))


def _of(certificate: Certificate, source: str) -> Iterator[OwnKey]:
    usable = [part for part in certificate if "e" in part.capabilities and part.holder != "#"]
    if usable and certificate[0].validity not in ("r", "i"):
        needs = "" if usable[0].holder in ("", "+") else "card"
        names = tuple(part.fingerprint for part in certificate[1:])
        yield OwnKey("pgp", certificate[0].fingerprint, "gpg", source, needs, names)
