"""PGP: master keys in the key ring of GnuPG, where people and machines have them already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from leafseal.display import holds_key
from leafseal.errors import MetadataError, ProviderError, ProviderMissingError
from leafseal.keys import Ambient

if TYPE_CHECKING:
    from leafseal.providers.pgp.gpg import GpgError


@dataclass(frozen=True, slots=True)
class PGPKey:
    """A key of GnuPG, written as its fingerprint, or as the last 16 digits of it.

    With a `!` behind it the fingerprint means that very subkey, else the newest subkey for encryption of the
    certificate that it belongs to. To wrap takes the public key, to unwrap the secret one, in the user's key ring;
    gpg-agent asks for the passphrase. No permission, no network: keys are never fetched.

    The fingerprint plays no part in unwrapping. The message itself says for which keys it is, as for SOPS.
    """

    kind: ClassVar[str] = "pgp"
    needs_network: ClassVar[bool] = False

    fingerprint: str

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `pgp` list. Raises `MetadataError`."""
        fingerprint = fields.get("fp")
        if not isinstance(fingerprint, str) or not fingerprint:
            raise MetadataError("fp: missing, or not a string")
        if not fingerprint.isprintable():
            raise MetadataError("fp: contains control characters")
        return cls(fingerprint)

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of fingerprints, with or without blanks in them. Raises `ProviderError`.

        As with SOPS anything passes for a fingerprint here, so that files and rules can be read and compared. What is
        none does not wrap.
        """
        if not text:
            return []
        return [cls._parse_one("".join(item.split()), number) for number, item in enumerate(text.split(","), 1)]

    @classmethod
    def _parse_one(cls, text: str, number: int) -> Self:
        if not text:
            raise ProviderError(f"pgp: fingerprint {number} is empty", hint="check for an extra comma")
        if not text.isprintable():
            raise ProviderError(f"pgp: fingerprint {number} contains control characters")
        if holds_key(text):
            raise ProviderError(
                f"pgp: fingerprint {number} is a private key", hint="delete it there, and create a new one in its place"
            )
        return cls(text)

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Return an armored message, without a line end behind it. Raises `ProviderError`."""
        # Here, because many files are opened with another of their keys, and programs cost time to be able to run.
        from leafseal.providers.pgp.gpg import Gpg, GpgError
        from leafseal.providers.pgp.messages import encrypt

        gpg = Gpg.of(ambient)
        try:
            return encrypt(gpg, self.fingerprint, part)
        except GpgError as error:
            raise self._error(error, gpg.source) from None

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Return the part in an armored message. Raises `ProviderError`, which says which key ring was used."""
        from leafseal.providers.pgp.gpg import Gpg, GpgError
        from leafseal.providers.pgp.messages import decrypt

        gpg = Gpg.of(ambient)
        try:
            return decrypt(gpg, self.fingerprint, wrapped)
        except GpgError as error:
            raise self._error(error, gpg.source) from None

    def to_metadata(self) -> dict[str, object]:
        """Return the fingerprint's field."""
        return {"fp": self.fingerprint}

    def __str__(self) -> str:
        return self.fingerprint

    def _error(self, error: GpgError, source: str) -> ProviderError:
        kind = ProviderMissingError if error.is_gpg_missing else ProviderError
        return kind(str(error), master_key=str(self), source=source, hint=error.hint)
