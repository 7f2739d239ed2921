"""Why gpg did not do what it was asked for, said better than it says it itself.

gpg answers "No secret key" also when the passphrase was not given, the smart card is out or gpg-agent does not run, and
"Unusable public key" for keys that have expired, were revoked or cannot encrypt. So once it has failed, its listings
are asked.
"""

from __future__ import annotations

import os
import time

from leafseal.providers.pgp.gpg import PROGRAM_VARIABLE, Answer, Certificate, Gpg, GpgError, Part

# Numbers of libgpg-error.
_NO_PUBLIC_KEY = 9
_UNUSABLE = 53
_NOT_UNLOCKED = {11, 62, 99, 198}  # wrong passphrase, no time, canceled
_NO_PINENTRY = {85, 86}
_NO_AGENT = {77, 78, 80, 81, 260}

_HIDDEN = "0" * 16  # of a message that does not say for whom it is
_MAX_LOOKS = 4
_LONG_HOME = 80

_RENEW = "import a renewed key with gpg --import, or take it out of the configuration"
_BY_HAND = "see what it says by hand: echo x | gpg -r FINGERPRINT -e | gpg -d"


class GpgLockedError(GpgError):
    """The secret key is there, and was not used. `was_asked` tells whether somebody had the chance to unlock it."""

    def __init__(self, message: str, hint: str | None = None, *, was_asked: bool = True) -> None:
        super().__init__(message, hint)
        self.was_asked = was_asked


def unusable_key_error(certificate: Certificate, part: Part, *, pinned: bool) -> GpgError | None:
    """Return why a key cannot be encrypted for, None when it can. Pinned, it has to be this very part of it."""
    primary = certificate[0]
    if reason := _state(primary):
        return GpgError(f"the key {reason}", _RENEW)
    if "D" in primary.capabilities:
        return GpgError("the key is disabled in this key ring", f"gpg --edit-key {primary.fingerprint} enable save")
    encrypting = [one for one in ((part,) if pinned else certificate) if "e" in one.capabilities]
    if not encrypting:
        reason = "the subkey that the ! asks for does not encrypt" if pinned else "the key has no subkey for encryption"
        return GpgError(reason, "name another key, or add a subkey with gpg --quick-add-key")
    states = [_state(one) for one in encrypting]
    return GpgError(f"its subkey for encryption {states[-1]}", _RENEW) if all(states) else None


def _state(part: Part) -> str | None:
    if part.validity == "e":
        return f"has expired{_date(part.expires)}"
    return {"r": "was revoked", "d": "is disabled in this key ring", "i": "is not valid"}.get(part.validity)


def _date(seconds: str) -> str:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return ""
    return time.strftime(", on %Y-%m-%d", time.gmtime(int(seconds)))


def encryption_error(gpg: Gpg, answer: Answer) -> GpgError:
    """Return why nothing was encrypted."""
    if _NO_PUBLIC_KEY in answer.codes():
        return no_public_key_error(gpg)
    if _UNUSABLE in answer.codes():
        return GpgError("gpg refuses the key to encrypt with", _BY_HAND)
    if answer.status == 0:
        return GpgError("gpg did not confirm that it encrypted")
    return _unforeseen_error(gpg, answer)


def no_public_key_error(gpg: Gpg) -> GpgError:
    """Return that there is no such key."""
    return GpgError(f"its public key is not in {gpg.source}", "import it with gpg --import")


def decryption_error(gpg: Gpg, answer: Answer) -> GpgError:
    """Return why a message was not decrypted."""
    key_ids = [line[0] for line in answer.all("ENC_TO") if line]
    if answer.status == 0:
        return GpgError("gpg did not confirm what it decrypted", "update gpg: a newer one may have made the message")
    # Of armor with a wrong checksum gpg says nothing at all.
    if answer.status == 2 and (answer.has("DECRYPTION_KEY") or answer.has("NODATA") or not answer.lines):
        return GpgError("the encrypted data key is damaged")
    if answer.status != 2 or not key_ids:
        return _unforeseen_error(gpg, answer)
    return _not_unlocked_error(answer) or _no_secret_key_error(gpg, key_ids)


def _not_unlocked_error(answer: Answer) -> GpgError | None:
    """Return why a passphrase was not had, None where it was not asked for."""
    codes = set(answer.codes())
    for launch in answer.all("PINENTRY_LAUNCHED"):
        if launch[3:4] == ("-",) and launch[5:6] == ("-",):
            hint = "set GPG_TTY with: export GPG_TTY=$(tty); or unlock the key first, by decrypting something with gpg"
            return GpgLockedError("the passphrase was not asked for: pinentry had neither terminal nor display", hint)
    if answer.has("PINENTRY_LAUNCHED") or codes & _NOT_UNLOCKED:
        return GpgLockedError("the passphrase of the secret key was not given, or was wrong")
    if answer.has("NEED_PASSPHRASE"):
        hint = "gpg.conf says pinentry-mode loopback: take it out, or name a passphrase-file there"
        return GpgLockedError("the passphrase was not asked for: gpg itself would have to ask, and may not", hint)
    if codes & _NO_PINENTRY:
        hint = "install one, or correct pinentry-program in gpg-agent.conf"
        return GpgLockedError("the passphrase was not asked for: gpg-agent has no pinentry that runs", hint)
    return None


def _no_secret_key_error(gpg: Gpg, key_ids: list[str]) -> GpgError:
    """Return what is the matter with the secret keys that a message is for."""
    for key_id in key_ids[:_MAX_LOOKS]:
        answer, certificates = gpg.certificates("" if key_id == _HIDDEN else key_id, secret=True)
        if _NO_AGENT & set(answer.codes()):
            return _no_agent_error(gpg)
        for part in (part for certificate in certificates for part in certificate):
            if (part.key_id == key_id or key_id == _HIDDEN) and part.holder != "#":
                return _not_used_error(part if part.key_id == key_id else None)
    names = " or ".join("an unnamed key" if key_id == _HIDDEN else key_id for key_id in key_ids[:_MAX_LOOKS])
    hint = "import it with gpg --import, or name the folder of your key ring in GNUPGHOME"
    return GpgError(f"the secret key for {names} is not in {gpg.source}", hint)


def _not_used_error(part: Part | None) -> GpgError:
    if part is None:
        return GpgError("the message does not say for which key it is, and none of the secret keys decrypts it")
    if part.holder not in ("", "+"):
        return GpgLockedError(f"the smart card with the secret key {part.key_id} did not decrypt it", "insert the card")
    hint = "check that a pinentry is installed, and the right one named in gpg-agent.conf; or " + _BY_HAND
    message = f"gpg-agent has the secret key {part.key_id} and did not decrypt with it"
    return GpgLockedError(message, hint, was_asked=False)


def _no_agent_error(gpg: Gpg) -> GpgError:
    hint = "start it with gpgconf --launch gpg-agent"
    if os.name != "nt" and len(str(gpg.home)) > _LONG_HOME:
        hint = "the path in GNUPGHOME is too long for its sockets: use a shorter one"
    return GpgError("gpg-agent does not run and could not be started", hint)


def _unforeseen_error(gpg: Gpg, answer: Answer) -> GpgError:
    if any(line[:1] == ("add_keyblock_resource",) for line in answer.all("ERROR")):
        return GpgError(f"the key ring in {gpg.source} cannot be read")
    how = f"was ended by signal {-answer.status}" if answer.status < 0 else f"failed with exit status {answer.status}"
    hint = f"check that {PROGRAM_VARIABLE} is GnuPG's program; or {_BY_HAND}" if gpg.is_chosen else _BY_HAND
    return GpgError(f"gpg {how}", hint)
