"""The messages that hold data keys: made for one public key of the key ring, opened with whatever secret one fits."""

from __future__ import annotations

import re

from leafseal.keys import PART_SIZES
from leafseal.providers.pgp.failures import (
    GpgLockedError,
    decryption_error,
    encryption_error,
    no_public_key_error,
    unusable_key_error,
)
from leafseal.providers.pgp.gpg import Answer, Gpg, GpgError

_MAX_BYTES = 64 * 1024
_BEGIN, _END = b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----"

# SOPS demands as much, through --trusted-key: 8 digits or a user ID may mean anybody's key.
_FINGERPRINT = re.compile(r"(?:0x)?([0-9A-F]{16}|[0-9A-F]{40}|[0-9A-F]{64})(!?)", re.IGNORECASE)
_ALL_DIGITS = "give all 40 digits, as gpg --fingerprint shows them"

# These are what the user's gpg.conf must not decide: who can read it, where it goes, and what text stands in the armor.
_ENCRYPT = (
    "--no-default-recipient", "--no-encrypt-to", "--no-comments", "--no-emit-version", "--output", "-", "--armor",
    "--encrypt", "--recipient",
)  # fmt: skip
_DECRYPT = ("--no-use-embedded-filename", "--max-output", "1024", "--output", "-", "--decrypt")
_ASKING_NOBODY = ("--pinentry-mode", "cancel")


def encrypt(gpg: Gpg, fingerprint: str, part: bytes) -> bytes:
    """Return an armored message for the key that a fingerprint means. Raises `GpgError`."""
    answer = gpg.run(*_ENCRYPT, _recipient(gpg, fingerprint), data=part)
    if answer.status != 0 or not answer.has("END_ENCRYPTION"):
        raise encryption_error(gpg, answer)
    message = answer.output.strip()
    if not _is_message(message):
        raise GpgError("gpg gave something else than an armored message")
    return message


def _is_message(text: bytes) -> bool:
    return text.startswith(_BEGIN) and text.endswith(_END) and text.isascii() and len(text) <= _MAX_BYTES


def _recipient(gpg: Gpg, name: str) -> str:
    if name not in gpg.recipients:
        gpg.recipients[name] = _find_recipient(gpg, name)
    return gpg.recipients[name]


def _find_recipient(gpg: Gpg, name: str) -> str:
    """Return the full fingerprint of the key that `name` means, once it is sure that it is one and may be used."""
    match = _FINGERPRINT.fullmatch(name.replace(" ", ""))
    if match is None:
        raise GpgError("this is not a fingerprint", _ALL_DIGITS)
    digits, pin = match[1].upper(), match[2]
    answer, certificates = gpg.certificates(digits)
    found = [(one, part) for one in certificates for part in one if part.is_named(digits)]
    if not found:
        raise no_public_key_error(gpg) if answer.status == 0 else encryption_error(gpg, answer)
    if len(found) > 1:
        raise GpgError(f"{digits} means {len(found)} keys of {gpg.source}", _ALL_DIGITS)
    [(certificate, part)] = found
    if reason := unusable_key_error(certificate, part, pinned=bool(pin)):
        raise reason
    return part.fingerprint + pin


def decrypt(gpg: Gpg, fingerprint: str, message: bytes) -> bytes:
    """Return the part that an armored message holds. Raises `GpgError`.

    Where nobody unlocked the key of this fingerprint before, nobody is asked a second time.
    """
    if not _is_message(message.strip()):
        raise GpgError("the encrypted data key is damaged: it is no armored PGP message")
    with gpg.lock:
        quietly = _ASKING_NOBODY if gpg.asks_nobody or fingerprint in gpg.refused else ()
        try:
            return _part(gpg, gpg.ask(*quietly, *_DECRYPT, data=message))
        except GpgLockedError as error:
            if error.was_asked:
                gpg.refused.setdefault(fingerprint, error)
            raise gpg.refused.get(fingerprint, error) from None


def _part(gpg: Gpg, answer: Answer) -> bytes:
    if answer.status != 0 or not answer.has("DECRYPTION_OKAY"):
        raise decryption_error(gpg, answer)
    if len(answer.output) not in PART_SIZES:
        raise GpgError(f"gpg gave {len(answer.output)} bytes where {PART_SIZES[0]} or {PART_SIZES[1]} were expected")
    return answer.output
