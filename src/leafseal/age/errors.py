"""What can go wrong with an age file or an age key.

AgeError
├── HeaderError             the header is not one, or a stanza in it is malformed
├── NoMatchError            no identity opens any stanza
├── HeaderMACError          an identity gave a file key, the header does not verify with it
├── PayloadError            a chunk of the payload does not verify, or chunks are missing
├── ArmorError              the text around a binary age file is not proper armor
├── PluginError             a plugin could not be started, failed, or does not keep to the protocol
└── KeyTextError            a recipient or an identity that is none
    ├── UnsupportedKeyError of a type that cannot be used here, for want of a library
    └── PassphraseError     a private key that needs a passphrase, or another one than was given
"""

from __future__ import annotations

from leafseal.errors import LeafsealError


class AgeError(LeafsealError):
    """Base of what the age file format raises."""


class HeaderError(AgeError):
    """The header of an age file is malformed."""


class NoMatchError(AgeError):
    """None of the identities opens the file."""


class HeaderMACError(AgeError):
    """The header was changed after the file key was wrapped."""


class PayloadError(AgeError):
    """The payload was changed, cut short or lengthened."""


class ArmorError(AgeError):
    """The armor of an age file is malformed."""


class KeyTextError(AgeError):
    """The text of a recipient or of an identity is malformed. Never says what the text was: it may be a secret."""


class UnsupportedKeyError(KeyTextError):
    """A recipient or an identity of a type that cannot be used here. The message says what is missing."""


class PassphraseError(KeyTextError):
    """A private key is encrypted, and no passphrase was given or a wrong one."""


class PluginError(AgeError):
    """A plugin did not do its part. `is_final` tells that it would not do so the next time either."""

    def __init__(self, message: str, *, is_final: bool = True, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.is_final = is_final
