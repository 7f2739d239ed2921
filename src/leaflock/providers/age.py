"""age: master keys that are files or hardware of the people who use them, without any service."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from leaflock import age
from leaflock.age.keys import MODULES, recipient_type
from leaflock.errors import MetadataError, ProviderError
from leaflock.masterkey import Ambient
from leaflock.providers.age_identities import (
    Absent,
    EncryptedIdentities,
    Failed,
    Identities,
    IdentityError,
    Loaded,
    Place,
    SSHKey,
)
from leaflock.providers.age_identities import default_identity_file as _default_identity_file

__all__ = ["AgeKey", "default_identity_file", "generate_identity", "recipient_of"]

_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class AgeKey:
    """An age recipient.

    It is written as `age1…`. To wrap takes nothing but the recipient; to unwrap takes an identity from one of the
    places that `leaflock.providers.age_identities` lists. No permission, no network.

    Recipients of SSH keys, plugins and post-quantum keys are recognised and kept; asked to wrap or unwrap they say
    that this version does not support them.
    """

    kind: ClassVar[str] = "age"
    needs_network: ClassVar[bool] = False

    recipient: str

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `age` list. Raises `MetadataError`."""
        recipient = fields.get("recipient")
        if not isinstance(recipient, str) or not recipient.strip():
            raise MetadataError("recipient: missing, or not a string")
        if not recipient.strip().isprintable():
            raise MetadataError("recipient: holds control characters")
        return cls(recipient.strip())

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of recipients. Raises `ProviderError`, which says which of them is wrong."""
        if not text:
            return []
        return [cls._parse_one(item.strip(), f"recipient {n}") for n, item in enumerate(text.split(","), 1)]

    @classmethod
    def _parse_one(cls, text: str, label: str) -> Self:
        if not text:
            raise ProviderError(f"age: {label} is empty", hint="is there a comma too many?")
        try:
            age.parse_recipient(text)
        except age.UnsupportedKeyError:
            pass
        except age.KeyTextError as error:
            # The text is not shown: people take the identity, which is secret, for the recipient.
            hint = "this is the secret identity; give its recipient, which begins with age1"
            hint = hint if text.upper().startswith("AGE-") else "a recipient begins with age1 or ssh-"
            raise ProviderError(f"age: {label} {error.message}", hint=hint) from None
        return cls(text)

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Return an armored age file, its last line end included. Raises `ProviderError`."""
        self._check_supported()
        try:
            return age.encrypt(part, [age.parse_recipient(self.recipient)], armor=True)
        except age.AgeError as error:
            raise ProviderError(f"the recipient {error.message}", master_key=str(self)) from None

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Return the part in an armored age file. Raises `ProviderError`, which says where identities came from."""
        identities = _identities_of(ambient)
        self._check_supported(identities)
        try:
            return age.decrypt(wrapped, identities.candidates(self.recipient), armored=True)
        except age.NoMatchError:
            raise self._no_match(identities.places(self.recipient)) from None
        except age.AgeError as error:
            raise ProviderError(f"the wrapped key is damaged: {error.message}", master_key=str(self)) from None

    def to_metadata(self) -> dict[str, object]:
        """Return the recipient's field."""
        return {"recipient": self.recipient}

    def __str__(self) -> str:
        return self.recipient

    def _check_supported(self, identities: Identities | None = None) -> None:
        name = recipient_type(self.recipient)
        if name is None:
            raise ProviderError("this is not an age recipient", master_key=str(self))
        if name not in MODULES:
            reason = f"{name} recipients of age are not supported by this version"
            if name == "SSH" and identities is not None and (keys := identities.ssh_keys()):
                reason += f", nor the keys in {', '.join(keys)}"
            raise ProviderError(reason, master_key=str(self), hint="use another key of the file, or sops")

    def _no_match(self, places: list[Place]) -> ProviderError:
        with_some = [place for place in places if isinstance(place, Loaded) and place.identities]
        count = sum(len(place.identities) for place in with_some)
        source = ", ".join(place.name for place in with_some) or None
        if source is None:
            reasons = ["no age identity found"]
        elif count == 1:
            reasons = [f"the identity from {source} does not open it"]
        else:
            reasons = [f"none of the {count} identities from {source} opens it"]
        reasons += _failures(places)
        if empty := _empty(places):
            reasons.append(f"no keys in {', '.join(empty)}")
        hint = "name the file with the identity of this recipient in SOPS_AGE_KEY_FILE"
        return ProviderError("; ".join(reasons), master_key=str(self), source=source, hint=hint)


def _failures(places: list[Place]) -> list[str]:
    """Say what went wrong where."""
    said: list[str] = []
    for place in places:
        if isinstance(place, Failed):
            said.append(f"{place.name}: {place.reason}")
        elif isinstance(place, SSHKey) and place.chosen:  # the others are there for other things than this
            said.append(f"{place.name}: SSH keys are not supported by this version")
        for identity in place.identities if isinstance(place, Loaded) else ():
            if isinstance(identity, EncryptedIdentities) and identity.failure:
                said.append(f"{place.name}: {identity.failure}")
            elif isinstance(identity, age.UnsupportedIdentity):
                said.append(f"{place.name}: {identity.type_name} identities are not supported by this version")
    return list(dict.fromkeys(said))


def _empty(places: list[Place]) -> list[str]:
    """Return the places without identities in SOPS's order; what was set and held nothing comes last."""
    *others, default = places
    absent = [place.name for place in others if isinstance(place, Absent)]
    loaded = [place for place in places if isinstance(place, Loaded)]
    if isinstance(default, Absent) and not loaded:
        absent.append(default.name)
    return absent + [place.name for place in loaded if not place.identities]


def _identities_of(ambient: Ambient) -> Identities:
    with _loading:
        found = ambient.memory.get(Identities)
        if not isinstance(found, Identities):
            found = ambient.memory[Identities] = Identities(ambient)
        return found


def default_identity_file(ambient: Ambient) -> Path:
    """Return the file in which identities are looked for without further settings. Raises `ProviderError`."""
    try:
        return _default_identity_file(ambient)
    except IdentityError as error:
        raise ProviderError(f"there is no default identity file: {error}") from None


def generate_identity() -> tuple[str, str]:
    """Return a new identity, which is the secret, and its recipient."""
    from leaflock.age.x25519 import X25519Identity

    identity = X25519Identity.generate()
    return identity.to_text(), str(identity.recipient)


def recipient_of(identity: str) -> str:
    """Return the recipient of an identity `AGE-SECRET-KEY-1…`. Raises `ProviderError`, without the text in it."""
    from leaflock.age.x25519 import X25519Identity

    try:
        parsed = age.parse_identity(identity)
    except age.KeyTextError as error:
        raise ProviderError(f"the text {error.message}") from None
    if not isinstance(parsed, X25519Identity):
        raise ProviderError("identities of this type do not tell their recipient")
    return str(parsed.recipient)
