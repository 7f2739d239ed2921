"""Google Cloud KMS: symmetric keys that never leave the service, used by whoever IAM lets (sops-format §4.2)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from leafseal.errors import MetadataError, ProviderError, ProviderMissingError
from leafseal.keys import PART_SIZES, Ambient
from leafseal.providers.gcp.messages import Answer
from leafseal.providers.wrapped import decode

__all__ = ["GCPKMSKey", "crc32c"]

_ID = re.compile(r"projects/([^/]+)/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_FORM = "it is written as projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"
_LONGEST_BLOB = 48 * 1024  # the metadata takes 64 KiB of base64


@dataclass(frozen=True, slots=True)
class GCPKMSKey:
    """A symmetric key, written as its resource id: `projects/P/locations/L/keyRings/R/cryptoKeys/K`.

    To wrap takes the permission cloudkms.cryptoKeyVersions.useToEncrypt, to unwrap
    cloudkms.cryptoKeyVersions.useToDecrypt. Credentials are those of `GOOGLE_CREDENTIALS`, `GOOGLE_OAUTH_ACCESS_TOKEN`
    or the application default credentials: see `leafseal.providers.gcp.credentials`.
    """

    kind: ClassVar[str] = "gcp_kms"
    needs_network: ClassVar[bool] = True

    resource_id: str

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `gcp_kms` list. Raises `MetadataError`."""
        found = fields.get("resource_id")
        if not isinstance(found, str) or not found:
            raise MetadataError("resource_id: missing, or not a string")
        return cls(found)

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of resource ids. As in SOPS they are looked at when they are used."""
        return [cls(item) for item in text.replace(" ", "").split(",") if item]

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Have the service encrypt a part; return it in base64. Raises `ProviderError`."""
        answer = self._ask("encrypt", part, ambient)
        if not answer.verified:
            raise self._error("Google Cloud KMS did not say that what was to be encrypted reached it intact")
        if not _is_version_of(self.resource_id, answer.name):
            raise self._error("Google Cloud KMS answered for another key than the one that was asked")
        if not 0 < len(answer.data) <= _LONGEST_BLOB:
            raise self._error("the answer of Google Cloud KMS contains no ciphertext")
        return base64.b64encode(answer.data)

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Have the service decrypt a part. Raises `ProviderError`, which says whose credentials were tried."""
        part = self._ask("decrypt", decode(wrapped, str(self)), ambient).data
        if len(part) not in PART_SIZES:
            raise self._error("what Google Cloud KMS decrypted is no part of a data key")
        return part

    def to_metadata(self) -> dict[str, object]:
        """Return the entry's fields."""
        return {"resource_id": self.resource_id}

    def __str__(self) -> str:
        return self.resource_id

    def _ask(self, operation: str, data: bytes, ambient: Ambient) -> Answer:
        """Ask the service, and check that its answer is what left it. Raises `ProviderError`."""
        match = _ID.fullmatch(self.resource_id)
        if match is None:
            raise self._error("this is not the id of a key", _FORM)
        from leafseal.keys import policy
        from leafseal.system import libraries

        policy.check_use("gcp.projects", match[1], ambient, str(self))
        try:
            with libraries.quiet_imports():
                from leafseal.providers.gcp import connections
            answer = connections.ask(operation, self.resource_id, data, crc32c(data), ambient)
        except ImportError as error:
            raise ProviderMissingError(
                "Google Cloud KMS keys need a library that is not installed",
                master_key=str(self),
                hint="pip install 'leafseal[gcp]'",
            ) from error
        if answer.checksum != crc32c(answer.data):
            raise self._error("the answer of Google Cloud KMS does not match its checksum", "try again")
        return answer

    def _error(self, message: str, hint: str | None = None) -> ProviderError:
        return ProviderError(message, master_key=str(self), hint=hint)


def _is_version_of(asked: str, told: str) -> bool:
    """Tell whether the version of a key that an answer names is one of the key that was asked.

    A project goes by its id and by its number: whoever asks by one may be answered with the other.
    """
    key, _, version = told.partition("/cryptoKeyVersions/")
    if not version or _ID.fullmatch(key) is None:
        return False
    one, other = asked.split("/", 2), key.split("/", 2)
    return one[2] == other[2] and (one[1] == other[1] or one[1].isdecimal() != other[1].isdecimal())


def crc32c(data: bytes) -> int:
    """Return the checksum that Google uses (Castagnoli's polynomial)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
