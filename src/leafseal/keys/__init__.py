"""The joint that every provider fits: a master key wraps and unwraps a part of a data key."""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock  # not threading, which every decryption would wait for
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar, cast, runtime_checkable

from leafseal.document.frozen import Frozen
from leafseal.system import directories

if TYPE_CHECKING:
    from _thread import LockType
    from pathlib import Path

T = TypeVar("T")

PART_SIZES = (32, 33)
"""Bytes of what a master key wraps: the whole data key, or a share of it, which has one byte more."""


class _Kept:
    """An object that is made once, and the lock that lets one thread make it."""

    __slots__ = ("lock", "object")

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.object: object = None


class Ambient(Frozen):
    """What a provider may consult beyond its arguments.

    `ask` puts a question to the user without echoing the answer; None where nobody can be asked. `tell` shows the user
    something that needs no answer, such as that a device waits to be touched. `services` are asked for what the
    providers of this process do not give, or in their place without `asks_providers`. `names_host` lets a service be
    told the name of this machine where sops tells it. `warn` shows the user what is unsafe about a key of theirs. With
    `is_unattended` nothing is started that may have the user do something: no plugin, no dialog of an agent.
    """

    __slots__ = (
        "_kept", "_lock", "ask", "asks_providers", "environ", "home_text", "is_unattended", "names_host", "services",
        "tell", "warn",
    )  # fmt: skip

    environ: Mapping[str, str]
    home_text: str
    ask: Callable[[str], str] | None
    services: tuple[KeyService, ...]
    asks_providers: bool
    tell: Callable[[str], None] | None
    names_host: bool
    warn: Callable[[str], None] | None
    is_unattended: bool
    _kept: dict[object, _Kept]
    _lock: LockType

    def __init__(
        self,
        environ: Mapping[str, str],
        home: str | os.PathLike[str],
        ask: Callable[[str], str] | None = None,
        services: tuple[KeyService, ...] = (),
        asks_providers: bool = True,
        tell: Callable[[str], None] | None = None,
        names_host: bool = False,
        warn: Callable[[str], None] | None = None,
        is_unattended: bool = False,
    ) -> None:
        self._set(environ=environ, home_text=os.fspath(home), ask=ask, services=services)
        self._set(asks_providers=asks_providers, tell=tell, names_host=names_host, warn=warn)
        self._set(is_unattended=is_unattended)
        self._set(_kept={}, _lock=allocate_lock())

    @property
    def home(self) -> Path:
        """The home folder."""
        from pathlib import Path  # hardly anybody asks

        return Path(self.home_text)

    def __repr__(self) -> str:
        """Return all but the environment, which may hold an identity."""
        return f"Ambient(home={self.home!r}, services={self.services!r}, asks_providers={self.asks_providers!r})"

    @classmethod
    def of_process(cls, ask: Callable[[str], str] | None = None) -> Ambient:
        """Return the environment and home directory of this process; whom `ask` reaches is told on standard error."""
        return cls(os.environ, directories.home(), ask, tell=None if ask is None else _tell)

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Return the object kept under `key`, made when it is first asked for: identities, clients, sessions.

        Threads that ask for the same one wait for it, and those that ask for another do not. What `make` raises is
        raised, and nothing kept. Keys are classes, alone or first in a tuple, so that providers do not get in each
        other's way.
        """
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
        with kept.lock:
            if kept.object is None:
                kept.object = make()
            return cast(T, kept.object)


def _tell(text: str) -> None:
    from leafseal.display import visible  # rarely needed

    if sys.stderr is not None:
        print(f"leafseal: {visible(text)}", file=sys.stderr, flush=True)


@runtime_checkable
class MasterKey(Protocol):
    """A key outside the file. Implementations are frozen values that name a key and hold no secret."""

    kind: ClassVar[str]
    """The key's list in the metadata: "age", "kms", "gcp_kms", "azure_kv", …"""

    needs_network: ClassVar[bool]
    """Keys of a group that need no network are tried first."""

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Return the on-disk `enc` text for a part, of `PART_SIZES` bytes. Raises `ProviderError`."""
        ...

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Return the part that `wrap` was given. Raises `ProviderError`."""
        ...

    def to_metadata(self) -> dict[str, object]:
        """Return the entry's fields other than `enc` and `created_at`."""
        ...

    def __str__(self) -> str:
        """Return the identifier that messages and comparisons use: the ARN, the recipient."""
        ...


@runtime_checkable
class Resolvable(Protocol):
    """What a master key offers as well if it can be named without all that a file must say of it, such as its version.

    Whoever has the key has all versions of it: they count as one recipient.
    """

    @property
    def general(self) -> MasterKey:
        """The same key, with that left open."""
        ...

    def resolve(self, ambient: Ambient) -> MasterKey:
        """Return the key as it is to stand in a file; it is asked for before it wraps. Raises `ProviderError`."""
        ...


class KeyService(Protocol):
    """Somebody elsewhere who wraps and unwraps with master keys (sops-format §4.8). `str()` gives its address."""

    def wrap(self, key: MasterKey, part: bytes) -> bytes:
        """Return the on-disk `enc` text for a part. Raises `ProviderError`."""
        ...

    def unwrap(self, key: MasterKey, wrapped: bytes) -> bytes:
        """Return the part that an `enc` text holds. Raises `ProviderError`."""
        ...
