"""age: master keys that are files or hardware of the people who use them, without any service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from leafseal import age
from leafseal.age.keys import recipient_type
from leafseal.document.frozen import Frozen
from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import PART_SIZES, Ambient
from leafseal.providers.age.identities import Identities
from leafseal.system.clock import now

__all__ = ["AgeKey", "generate_identity", "identity_file_text", "recipient_of"]


class AgeKey(Frozen):
    """An age recipient.

    It is written as `age1…`. To wrap takes nothing but the recipient; to unwrap takes an identity from one of the
    places that `leafseal.providers.age.identities` lists. No permission, no network.

    It is also written as `age1pq1…` (post-quantum), `ssh-ed25519 …`, `ssh-rsa …`, `age1tag1…` and `age1tagpq1…` (keys
    in hardware), and `age1NAME1…`, which the program `age-plugin-NAME` knows. `from_file` says that nobody but a file
    names it: then no program is started to wrap for it, unless the policy allows it (`leafseal.providers.age.plugins`).
    """

    __slots__ = ("from_file", "recipient")

    kind: ClassVar[str] = "age"
    needs_network: ClassVar[bool] = False

    recipient: str
    from_file: bool

    def __init__(self, recipient: str, from_file: bool = False) -> None:
        self._set(recipient=recipient, from_file=from_file)

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same key, whoever named it."""
        return self.recipient == other.recipient if isinstance(other, AgeKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.recipient)

    def __reduce__(self) -> tuple[type[AgeKey], tuple[str, bool]]:
        return AgeKey, (self.recipient, self.from_file)

    def __repr__(self) -> str:
        return f"AgeKey({self.recipient!r})"

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `age` list, as it stands in a file. Raises `MetadataError`."""
        recipient = fields.get("recipient")
        if not isinstance(recipient, str) or not recipient.strip():
            raise MetadataError("recipient: missing, or not a string")
        if not recipient.strip().isprintable():
            raise MetadataError("recipient: contains control characters")
        return cls(recipient.strip(), from_file=True)

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of recipients. Raises `ProviderError`, which says which of them is wrong."""
        if not text:
            return []
        return [cls._parse_one(item.strip(), f"recipient {n}") for n, item in enumerate(text.split(","), 1)]

    @classmethod
    def _parse_one(cls, text: str, label: str) -> Self:
        if not text:
            raise ProviderError(f"age: {label} is empty", hint="check for an extra comma")
        try:
            age.parse_recipient(text)
        except age.UnsupportedKeyError:
            pass
        except age.KeyTextError as error:
            # The text is not shown: people take the identity, which is secret, for the recipient.
            from leafseal.providers.age.mistakes import recipient_hint

            raise ProviderError(f"age: {label} {error.message}", hint=recipient_hint(text)) from None
        return cls(text)

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Return an armored age file, its last line end included. Raises `ProviderError`."""
        kind = self._type()
        try:
            recipient = age.parse_recipient(self.recipient)
            if kind == "plugin":
                return self._wrap_by_plugin(part, recipient, ambient)
            return age.encrypt(part, [recipient], armor=True)
        except age.KeyTextError as error:
            raise ProviderError(f"the recipient {error.message}", master_key=str(self), hint=error.hint) from None
        except age.AgeError as error:
            raise ProviderError(error.message, master_key=str(self), hint=error.hint) from None

    def _wrap_by_plugin(self, part: bytes, recipient: age.Recipient, ambient: Ambient) -> bytes:
        from leafseal.age.plugin import PluginRecipient
        from leafseal.providers.age.plugins import Plugins, check_start

        assert isinstance(recipient, PluginRecipient)
        check_start(recipient, ambient, from_file=self.from_file)
        return Plugins.of(ambient).wrap(part, recipient)

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Return the part in an armored age file. Raises `ProviderError`, which says where identities came from."""
        self._type()
        identities = Identities.of(ambient)
        tried = _Tried(identities.candidates(self.recipient))
        try:
            part = _decrypt(wrapped, tried)
        except age.NoMatchError:
            from leafseal.providers.age.report import no_match_error

            raise no_match_error(str(self), identities.places(self.recipient)) from None
        except age.AgeError as error:
            raise self._damaged_error(error.message) from None
        if len(part) not in PART_SIZES:
            raise self._damaged_error("it is not the key of a file")
        return part

    def _damaged_error(self, reason: str) -> ProviderError:
        from leafseal.providers.wrapped import damaged_error

        return damaged_error(reason, str(self))

    def to_metadata(self) -> dict[str, object]:
        """Return the recipient's field."""
        return {"recipient": self.recipient}

    def __str__(self) -> str:
        return self.recipient

    def _type(self) -> str:
        name = recipient_type(self.recipient)
        if name is None:
            raise ProviderError("this is not an age recipient", master_key=str(self))
        return name


class _Tried:
    """Identities one after the other, and which of them was the last."""

    def __init__(self, candidates: Iterator[age.Identity]) -> None:
        self._candidates = candidates
        self.last: age.Identity | None = None

    def __iter__(self) -> Iterator[age.Identity]:
        for identity in self._candidates:
            self.last = identity
            yield identity


def _decrypt(wrapped: bytes, tried: _Tried) -> bytes:
    """Decrypt with the first identity that opens a stanza; what a plugin says of that is not the last word."""
    while True:
        try:
            return age.decrypt(wrapped, tried, armored=True)
        except age.HeaderMACError:
            blame = getattr(tried.last, "blame", None)
            if blame is None or not blame():
                raise


def generate_identity(*, post_quantum: bool = False) -> tuple[str, str]:
    """Return a new identity, which is the secret, and its recipient. Raises `ProviderError`."""
    try:
        if post_quantum:
            from leafseal.age.hybrid import HybridIdentity

            hybrid = HybridIdentity.generate()
            return hybrid.to_text(), str(hybrid.recipient)
        from leafseal.age.x25519 import X25519Identity

        identity = X25519Identity.generate()
        return identity.to_text(), str(identity.recipient)
    except age.UnsupportedKeyError as error:
        raise ProviderError(f"a post-quantum identity {error.message}") from None


def identity_file_text(identity: str, recipient: str) -> str:
    """Return an identity as it is written into a file: when it was made, and for whom it opens, in comments."""
    return f"# created: {now()}\n# public key: {recipient}\n{identity}\n"


def recipient_of(identity: str) -> str:
    """Return the recipient of an identity `AGE-SECRET-KEY-…1…`. Raises `ProviderError`, without the text in it."""
    try:
        parsed = age.parse_identity(identity)
    except age.KeyTextError as error:
        raise ProviderError(f"the text {error.message}") from None
    recipient = getattr(parsed, "recipient", None)
    if recipient is None:
        raise ProviderError("identities of plugins do not tell their recipient")
    return str(recipient)
