"""What can go wrong with an age file or an age key.

AgeError
├── HeaderError             the header is not one, or a stanza in it is malformed
├── NoMatchError            no identity opens any stanza
├── HeaderMACError          an identity gave a file key, the header does not verify with it
├── PayloadError            a chunk of the payload does not verify, or chunks are missing
├── ArmorError              the text around a binary age file is not proper armor
└── KeyTextError            a recipient or an identity that is none
    └── UnsupportedKeyError of a type that this version does not know how to use
"""

from __future__ import annotations

from leaflock.errors import LeaflockError


class AgeError(LeaflockError):
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
    """A recipient or an identity of a type that this version does not support. The message names the type."""
