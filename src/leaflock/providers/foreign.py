"""Master keys of kinds that this version has no provider for.

Their entries are kept as they are, and compared and named as SOPS does (sops-format §4), so that files and rules that
mix kinds can be read. Asked to wrap or unwrap they say which kind is missing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NoReturn, Self

from leaflock.errors import MetadataError, ProviderError
from leaflock.masterkey import Ambient

Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A key that is kept and cannot be used. `fields` is its entry without `enc` and `created_at`."""

    kind: ClassVar[str] = ""
    needs_network: ClassVar[bool] = False  # it answers at once, and always no

    identifier: str
    fields: Fields = field(hash=False)

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Keep an entry. Raises `MetadataError` where what identifies the key is missing."""
        for name in _REQUIRED.get(cls.kind, ()):
            if not isinstance(fields.get(name), str) or not fields[name]:
                raise MetadataError(f"{name}: missing, or not a string")
        return cls(_IDENTIFIERS.get(cls.kind, _any_identifier)(fields), dict(fields))

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of keys, as users write them. Raises `ProviderError`."""
        read = _PARSERS.get(cls.kind)
        if read is None:
            raise ProviderError(f"there are no keys of kind {cls.kind}")
        try:
            return [cls.from_fields(read(item)) for item in text.split(",") if item.strip()]
        except ValueError as error:
            raise ProviderError(f"a {cls.kind} key {error}") from None

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Refuse."""
        self._refuse("take it out of the rule, or encrypt with sops")

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Refuse."""
        self._refuse("decrypt with another key of the file, or with sops")

    def to_metadata(self) -> Fields:
        """Return the entry's fields as they were."""
        return dict(self.fields)

    def __str__(self) -> str:
        return self.identifier

    def _refuse(self, hint: str) -> NoReturn:
        raise ProviderError(f"this version has no provider for {self.kind} keys", master_key=self.identifier, hint=hint)


@functools.cache
def foreign_class(kind: str) -> type[ForeignKey]:
    """Return the class of foreign keys of one kind."""
    return type("ForeignKey", (ForeignKey,), {"kind": kind, "__slots__": (), "__module__": __name__})


_REQUIRED = {
    "azure_kv": ("vault_url", "name"),
    "gcp_kms": ("resource_id",),
    "hckms": ("key_id",),
}


def _any_identifier(fields: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={fields[name]}" for name in sorted(fields))


_IDENTIFIERS: dict[str, Callable[[Mapping[str, object]], str]] = {
    "azure_kv": lambda fields: f"{fields['vault_url']}/keys/{fields['name']}/{fields.get('version') or ''}",
    "gcp_kms": lambda fields: f"{fields['resource_id']}",
    "hckms": lambda fields: f"{fields['key_id']}",
}


def _read_azure(item: str) -> Fields:
    match = re.fullmatch(r"(https://[^/]+)/keys/([^/]+)(?:/([^/]*))?", item.strip())
    if match is None:
        raise ValueError("is not of the form https://VAULT/keys/NAME/VERSION")
    return {"vault_url": match[1], "name": match[2], "version": match[3] or ""}


def _read_hckms(item: str) -> Fields:
    region, _, uuid = item.strip().partition(":")
    if not region.strip() or not uuid.strip():
        raise ValueError("is not of the form REGION:UUID")
    return {"key_id": item.strip()}


_PARSERS: dict[str, Callable[[str], Fields]] = {
    "azure_kv": _read_azure,
    "gcp_kms": lambda item: {"resource_id": item.strip()},
    "hckms": _read_hckms,
}
