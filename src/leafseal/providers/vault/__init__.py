"""HashiCorp Vault and OpenBao: keys of the transit engine, which never leave it (sops-format §4.4)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self
from urllib.parse import quote, urlsplit

from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import PART_SIZES, Ambient
from leafseal.providers.wrapped import read_base64

__all__ = ["VaultKey"]

_FORM = "it is written as https://HOST[:PORT]/v1/ENGINE/keys/KEY"
_PATH = re.compile(r"/v[0-9]+/[^/]+/[^/]+/[^/]+")
_PREFIXED = re.compile(r"/[^/]+/v[0-9]+/[^/]+/[^/]+/[^/]+")
_CIPHERTEXT = re.compile(rb"vault:v[0-9]{1,9}:[A-Za-z0-9+/]+=*")
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class VaultKey:
    """A key of a transit engine, written as its URL: `https://vault.example.org:8200/v1/transit/keys/shop`.

    To wrap takes `update` on `ENGINE/encrypt/KEY`, to unwrap `update` on `ENGINE/decrypt/KEY`. The token is that of
    `VAULT_TOKEN` or `~/.vault-token`, or comes from a login by AppRole or as a Kubernetes service account. It goes only
    to servers that the user names: see `leafseal.providers.vault.requests`.
    """

    kind: ClassVar[str] = "hc_vault"
    needs_network: ClassVar[bool] = True

    address: str
    engine: str
    name: str

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `hc_vault` list. Raises `MetadataError`."""
        found: list[str] = []
        for field in ("vault_address", "engine_path", "key_name"):
            value = fields.get(field)
            if not isinstance(value, str) or not value:
                raise MetadataError(f"{field}: missing, or not a string")
            found.append(value)
        return cls(*found)

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of URLs. Raises `ProviderError`, which says which of them is wrong."""
        return [cls._parse_one(item, f"key {number}") for number, item in enumerate(text.split(","), 1) if item]

    @classmethod
    def _parse_one(cls, item: str, label: str) -> Self:
        try:
            parts = urlsplit(item)
            host = parts.hostname
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https"):
            raise ProviderError(f"hc_vault: {label} is not the URL of a key", hint=_FORM)
        wanted = parts.path + (f"?{parts.query}" if parts.query else "")
        if not _PATH.search(wanted) or _PREFIXED.search(wanted):
            raise ProviderError(f"hc_vault: {label} does not name a key of a transit engine", hint=_FORM)
        steps = wanted.strip("/").split("/")
        return cls(f"{parts.scheme}://{parts.netloc}", "/".join(steps[1:-2]), steps[-1])

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Have the engine encrypt a part. Raises `ProviderError`."""
        sent = base64.b64encode(part).decode()
        text = self._ask("encrypt", {"plaintext": sent}, "ciphertext", ambient)
        if len(text) > _LONGEST or not _CIPHERTEXT.fullmatch(text):
            raise self._error("the answer of Vault contains no ciphertext")
        return text

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Have the engine decrypt a part. Raises `ProviderError`, which says where the token came from."""
        text = wrapped.strip()
        if len(text) > _LONGEST or not _CIPHERTEXT.fullmatch(text):
            raise self._error("the encrypted data key is damaged: it is not what a transit engine returns")
        answer = self._ask("decrypt", {"ciphertext": text.decode()}, "plaintext", ambient)
        part = read_base64(answer)
        if len(part) not in PART_SIZES:
            raise self._error("what Vault decrypted is no part of a data key")
        return part

    def to_metadata(self) -> dict[str, object]:
        """Return the entry's fields."""
        return {"engine_path": self.engine, "key_name": self.name, "vault_address": self.address}

    def __str__(self) -> str:
        return f"{self.address}/v1/{self.engine}/keys/{self.name}"

    def _ask(self, verb: str, content: Mapping[str, str], wanted: str, ambient: Ambient) -> bytes:
        from leafseal.providers.vault import requests  # it brings a library

        path = f"{self.engine}/{verb}/{self.name}"
        if any(step in ("", ".", "..") for step in path.split("/")):
            raise self._error("its path is not that of a key of a transit engine")
        data = requests.ask(self.address, quote(path, safe="/"), content, ambient, str(self))
        found = data.get(wanted)
        if not isinstance(found, str):
            raise self._error(f"the answer of Vault contains no {wanted}")
        return found.encode("utf-8", "replace")

    def _error(self, message: str) -> ProviderError:
        return ProviderError(message, master_key=str(self))
