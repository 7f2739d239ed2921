"""Huawei Cloud KMS: symmetric keys that never leave the service, used by whoever IAM lets (sops-format §4.5)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from leafseal.errors import MetadataError, ProviderError, ProviderMissingError
from leafseal.keys import PART_SIZES, Ambient
from leafseal.providers.wrapped import read_base64

__all__ = ["HuaweiKMSKey"]

_FORM = "it is written as REGION:KEY-ID"
_CIPHERTEXT = re.compile(rb"[0-9A-Za-z+/]+={0,2}")
_LONGEST = 64 * 1024
_ALGORITHM = "SYMMETRIC_DEFAULT"


@dataclass(frozen=True, slots=True)
class HuaweiKMSKey:
    """A symmetric key, written as its region and its id: `tr-west-1:0d0466b0-e727-4d9c-b35d-f84bb474a37f`.

    To wrap takes the permission kms:cmk:encryptData, to unwrap kms:cmk:decryptData. Credentials are an access key in
    the environment or in a file, or those of the machine: see `leafseal.providers.huawei.credentials`.
    """

    kind: ClassVar[str] = "hckms"
    needs_network: ClassVar[bool] = True

    key_id: str

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `hckms` list. Raises `MetadataError`."""
        found = fields.get("key_id")
        if not isinstance(found, str) or not found:
            raise MetadataError("key_id: missing, or not a string")
        if not all(_halves(found)):
            raise MetadataError("key_id: not a region and the id of a key", hint=_FORM)
        return cls(found)

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of keys. Raises `ProviderError`, which says which of them is wrong."""
        items = [item.strip() for item in text.split(",") if item.strip()]
        for number, item in enumerate(items, 1):
            if not all(_halves(item)):
                raise ProviderError(f"hckms: key {number} is not a region and the id of a key", hint=_FORM)
        return [cls(item) for item in items]

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Have the service encrypt a part; return the text that it answers with. Raises `ProviderError`."""
        sent = {"plain_text": base64.b64encode(part).decode()}
        text = self._ask("encrypt", sent, "cipher_text", ambient).encode("utf-8", "replace")
        if len(text) > _LONGEST or not _CIPHERTEXT.fullmatch(text):
            raise self._error("the answer of Huawei Cloud KMS contains no ciphertext")
        return text

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Have the service decrypt a part. Raises `ProviderError`, which says whose credentials were tried."""
        text = wrapped.strip()
        if len(text) > _LONGEST or not _CIPHERTEXT.fullmatch(text):
            raise self._error("the encrypted data key is damaged: it is not what Huawei Cloud KMS returns")
        answer = self._ask("decrypt", {"cipher_text": text.decode()}, "plain_text", ambient)
        part = read_base64(answer)
        if len(part) not in PART_SIZES:
            raise self._error("what Huawei Cloud KMS decrypted is no part of a data key")
        return part

    def to_metadata(self) -> dict[str, object]:
        """Return the entry's fields."""
        return {"key_id": self.key_id}

    def __str__(self) -> str:
        return self.key_id

    def _ask(self, operation: str, content: Mapping[str, str], wanted: str, ambient: Ambient) -> str:
        """Ask the service for this key, and check that it answered for this key. Raises `ProviderError`."""
        region, key = _halves(self.key_id)
        try:
            from leafseal.providers.huawei import connections
        except ImportError as error:
            raise ProviderMissingError(
                "Huawei Cloud KMS keys need a library that is not installed",
                master_key=str(self),
                hint="pip install 'leafseal[huawei]'",
            ) from error
        content = {"key_id": key, "encryption_algorithm": _ALGORITHM, **content}
        answer = connections.ask(operation, region, content, ambient, str(self))
        if answer.get("key_id") != key:
            raise self._error("Huawei Cloud KMS did not answer for the key that was asked")
        found = answer.get(wanted)
        if not isinstance(found, str):
            raise self._error(f"the answer of Huawei Cloud KMS contains no {wanted}")
        return found

    def _error(self, message: str) -> ProviderError:
        return ProviderError(message, master_key=str(self))


def _halves(key_id: str) -> tuple[str, str]:
    """Return region and id, of which one is empty in what is no key."""
    region, _, key = key_id.partition(":")
    return region.strip(), key.strip()
