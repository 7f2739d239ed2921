"""Azure Key Vault and Managed HSM: RSA keys that never leave the service (sops-format §4.3)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from leafseal.errors import MetadataError, ProviderError, ProviderMissingError
from leafseal.keys import PART_SIZES, Ambient

__all__ = ["AzureKeyVaultKey"]

_URL = re.compile(r"(https://[^/]+)/keys/([^/]+)(?:/([^/]*))?")
_FORM = "it is written as https://VAULT.vault.azure.net/keys/NAME or …/keys/NAME/VERSION"
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_VERSION = re.compile(r"[0-9A-Za-z]{0,64}")
_BASE64URL = re.compile(r"[0-9A-Za-z_-]+")
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class AzureKeyVaultKey:
    """An RSA key of a vault, written as its identifier: `https://shop.vault.azure.net/keys/sops/1fc42f86…`.

    Without a version it means the newest one; which that is, is looked up when a data key is wrapped, and stands in the
    file. To wrap takes the permission keys/encrypt (and keys/get without a version), to unwrap keys/decrypt.
    `leafseal.providers.azure.credentials` tells where credentials come from. Tokens go to Microsoft's vaults, and to
    those that the user's policy names.
    """

    kind: ClassVar[str] = "azure_kv"
    needs_network: ClassVar[bool] = True

    vault_url: str
    name: str
    version: str = ""

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `azure_kv` list. Raises `MetadataError`."""
        vault_url, name, version = (fields.get(field) for field in ("vault_url", "name", "version"))
        if not isinstance(vault_url, str) or not vault_url:
            raise MetadataError("vault_url: missing, or not a string")
        if not isinstance(name, str) or not name:
            raise MetadataError("name: missing, or not a string")
        if not isinstance(version, str | None):
            raise MetadataError("version: not a string")
        return cls(vault_url, name, version or "")

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of identifiers. Raises `ProviderError`, which says which of them is wrong."""
        items = [item.strip() for item in text.split(",") if item.strip()]
        return [cls._parse_one(item, f"key {number}") for number, item in enumerate(items, 1)]

    @classmethod
    def _parse_one(cls, item: str, label: str) -> Self:
        match = _URL.fullmatch(item)
        if match is None:
            raise ProviderError(f"azure_kv: {label} is not the identifier of a key", hint=_FORM)
        return cls(match[1], match[2], match[3] or "")

    @property
    def general(self) -> Self:
        """The same key, whichever version of it."""
        return replace(self, version="")

    def resolve(self, ambient: Ambient) -> Self:
        """Return the key with its newest version, unless it has one. Raises `ProviderError`."""
        if self.version:
            return self
        told = self._ask("get", None, ambient).get("key")
        version = self._version_of(told.get("kid") if isinstance(told, Mapping) else None)
        return replace(self, version=version)

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Have the service encrypt a part; return it in base64url, without padding. Raises `ProviderError`."""
        blob = self._operate("encrypt", part, ambient)
        if not 0 < len(blob) <= _LONGEST // 2:
            raise self._error("the answer of the vault contains no ciphertext")
        return _encode(blob)

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Have the service decrypt a part. Raises `ProviderError`, which says whose credentials were tried."""
        blob = _decode(wrapped.strip().decode("latin-1"))
        if not blob:
            raise self._error("the encrypted data key is damaged: it is empty, or not base64url without padding")
        part = self._operate("decrypt", blob, ambient)
        if len(part) not in PART_SIZES:
            raise self._error("what the vault decrypted is no part of a data key")
        return part

    def to_metadata(self) -> dict[str, object]:
        """Return the entry's fields."""
        return {"name": self.name, "vault_url": self.vault_url, "version": self.version}

    def __str__(self) -> str:
        return f"{self.vault_url}/keys/{self.name}/{self.version}"

    def _operate(self, operation: str, data: bytes, ambient: Ambient) -> bytes:
        content = {"alg": "RSA-OAEP-256", "value": _encode(data).decode()}
        answer = self._ask(operation, content, ambient)
        version = self._version_of(answer.get("kid"))
        if self.version and version.lower() != self.version.lower():
            raise self._error("the vault answered for another version of the key than the one that was asked")
        value = answer.get("value")
        return _decode(value.rstrip("=")) if isinstance(value, str) else b""

    def _ask(self, operation: str, content: Mapping[str, str] | None, ambient: Ambient) -> Mapping[str, Any]:
        """Ask the vault. Raises `ProviderError`."""
        if not _NAME.fullmatch(self.name) or not _VERSION.fullmatch(self.version):
            raise self._error("this is not the identifier of a key", _FORM)
        from leafseal.providers.azure.vaults import check_vault
        from leafseal.system import libraries

        vault = check_vault(self.vault_url, ambient, str(self))
        try:
            with libraries.quiet_imports():
                from leafseal.providers.azure import connections
        except ImportError as error:
            raise ProviderMissingError(
                "Azure keys need libraries that are not installed",
                master_key=str(self),
                hint="pip install 'leafseal[azure]'",
            ) from error
        # Without a version, and for what is no operation, the path is that of sops.
        path = "/".join(
            ["/keys", self.name, *([self.version] if self.version else []), "" if content is None else operation]
        )
        return connections.ask(vault, operation, path, content, ambient, str(self))

    def _version_of(self, told: object) -> str:
        """Return the version in an identifier that an answer holds. Raises `ProviderError` for that of another key."""
        from leafseal.keys.policy import origin

        match = _URL.fullmatch(told) if isinstance(told, str) else None
        try:
            same = match is not None and origin(match[1]) == origin(self.vault_url)
        except ValueError:
            same = False
        if match is None or not same or match[2].lower() != self.name.lower() or not _VERSION.fullmatch(match[3] or ""):
            raise self._error("the vault answered for another key than the one that was asked")
        if not match[3]:
            raise self._error("the vault did not say which version of the key it used")
        return match[3]

    def _error(self, message: str, hint: str | None = None) -> ProviderError:
        return ProviderError(message, master_key=str(self), hint=hint)


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: str) -> bytes:
    """Return what base64url without padding holds; nothing for any other text."""
    if len(text) > _LONGEST or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        return b""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
