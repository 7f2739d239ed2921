"""Recipients and identities: what each type offers, and which module knows it.

A type is one module with `parse_recipient(text)` and `parse_identity(text)`, and one line in `MODULES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Protocol, cast, runtime_checkable

from leafseal.age.errors import KeyTextError
from leafseal.age.header import Stanza
from leafseal.document.frozen import NamedTuple

MODULES = {
    "SSH": "leafseal.age.ssh",
    "X25519": "leafseal.age.x25519",
    "plugin": "leafseal.age.plugin",
    "post-quantum": "leafseal.age.hybrid",
    "tag": "leafseal.age.tag",
}
"""Types by name. SSH and tag have no identities of one line, so their modules read recipients only."""

POST_QUANTUM = frozenset({"postquantum"})
"""The labels of types that a quantum computer does not open."""

_IDENTITY_TYPES = {"AGE-SECRET-KEY-1": "X25519", "AGE-SECRET-KEY-PQ-1": "post-quantum", "AGE-PLUGIN-": "plugin"}


class Wrapped(NamedTuple):
    """What a recipient made of a file key. All recipients of a file must give the same labels; most give none."""

    stanzas: tuple[Stanza, ...]
    labels: frozenset[str] = frozenset()


@runtime_checkable
class Recipient(Protocol):
    """The public side: wraps a file key."""

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return the stanzas that give `file_key` to the owner of the identity. Raises `AgeError`."""
        ...


@runtime_checkable
class Identity(Protocol):
    """The secret side: finds its own among a file's stanzas."""

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when no stanza is for this identity.

        Raises `HeaderError` for a malformed stanza of its type, and `PluginError` where a plugin fails.
        """
        ...


class _KeyModule(Protocol):
    def parse_recipient(self, text: str) -> Recipient: ...
    def parse_identity(self, text: str) -> Identity: ...


class UnsupportedIdentity:
    """An identity of a type that cannot be used here: it stands among others and matches nothing."""

    def __init__(self, failure: str) -> None:
        self.failure = failure

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return None."""
        return None


def recipient_type(text: str) -> str | None:
    """Return the name of a recipient's type, None for what is no recipient."""
    if text.startswith("age1pq1"):
        return "post-quantum"
    if text.startswith(("age1tag1", "age1tagpq1")):
        return "tag"
    if text.startswith("age1"):
        # Bech32 has no "1" in its data, so a second one ends the name of a plugin.
        return "plugin" if text.count("1") > 1 else "X25519"
    return "SSH" if text.startswith("ssh-") else None


def identity_type(text: str) -> str | None:
    """Return the name of an identity's type: X25519, post-quantum, plugin; None for what is no identity."""
    return next((name for prefix, name in _IDENTITY_TYPES.items() if text.startswith(prefix)), None)


def parse_recipient(text: str) -> Recipient:
    """Read a recipient. Raises `KeyTextError`, of it `UnsupportedKeyError` where it is fine and cannot be used here."""
    return _module(recipient_type(text), "recipient").parse_recipient(text)


def parse_identity(text: str) -> Identity:
    """Read an identity. Raises `KeyTextError`, of it `UnsupportedKeyError` where it is fine and cannot be used here."""
    return _module(identity_type(text), "identity").parse_identity(text)


def _module(type_name: str | None, role: str) -> _KeyModule:
    if type_name is None:
        raise KeyTextError(f"is not an age {role}")
    return cast(_KeyModule, importlib.import_module(MODULES[type_name]))
