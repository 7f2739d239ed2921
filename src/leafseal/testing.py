"""For tests of programs that use leafseal: keys that protect nothing, and surroundings that hold no others.

    from leafseal.testing import throwaway_identity

    me = throwaway_identity()
    path = me.write(tmp_path / "prod.yaml", "port: 5432\n")    # encrypted
    leafseal.load(path, ambient=me.ambient())                  # only this identity, not the real home and environment
    with me.in_process():                                      # for code that takes no `ambient`
        my_program.start(path)

`MemoryKey` is a master key without any cryptography, for tests of what happens around wrapping: it counts its calls,
and fails where it is told to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, ClassVar

from leafseal.errors import ProviderError
from leafseal.keys import Ambient

if TYPE_CHECKING:
    from leafseal.rules.selection import Selection

__all__ = ["NOWHERE", "MemoryKey", "RemoteMemoryKey", "ThrowawayIdentity", "ambient_with", "throwaway_identity"]

NOWHERE = Path("/nonexistent/leafseal-testing")


@dataclass(frozen=True, slots=True)
class ThrowawayIdentity:
    """An age identity that was made for a test and protects nothing."""

    identity: str = field(repr=False)
    recipient: str

    def ambient(self, home: Path = NOWHERE) -> Ambient:
        """Return surroundings in which this is the only identity."""
        return ambient_with(self, home=home)

    def environ(self, home: Path = NOWHERE) -> dict[str, str]:
        """Return this process's environment, with this as the only age identity, for programs that a test starts.

        Variables of SOPS are left out, and the home folder is `home`. Credentials of clouds stay what they are.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SOPS_")}
        homes = dict.fromkeys(_HOMES, str(home))
        return {**kept, **homes, "XDG_CONFIG_HOME": str(home / ".config"), "SOPS_AGE_KEY": self.identity}

    @contextmanager
    def in_process(self, home: Path = NOWHERE) -> Iterator[None]:
        """Give this process that environment within a block, for code that takes no `ambient`.

        All threads see it: tests that run at the same time in one process get in each other's way.
        """
        before = dict(os.environ)
        try:
            _become(self.environ(home))
            yield
        finally:
            _become(before)

    def write(self, path: str | os.PathLike[str], text: str | bytes, *, selection: Selection | None = None) -> Path:
        """Encrypt a text for this identity into a file, whose name tells the format. Return the path.

        Raises what `leafseal.encrypt` raises.
        """
        from leafseal.api.functions import encrypt
        from leafseal.formats import recognize
        from leafseal.operations.product import Product
        from leafseal.system.files import replace

        target = Path(path)
        data = encrypt(text, format=recognize(target.name), recipients=[self.recipient], selection=selection)
        replace(target, data, verify=Product.exactly(data))
        return target


_HOMES = ("HOME", "USERPROFILE")


def _become(environ: dict[str, str]) -> None:
    """Make the environment of this process another, one variable at a time: others may hold the object."""
    for name in [name for name in os.environ if name not in environ]:
        del os.environ[name]
    os.environ.update(environ)


def throwaway_identity() -> ThrowawayIdentity:
    """Make a new age identity."""
    from leafseal.providers.age import generate_identity

    return ThrowawayIdentity(*generate_identity())


def ambient_with(*identities: ThrowawayIdentity, home: Path = NOWHERE) -> Ambient:
    """Return surroundings that hold these identities and nothing else."""
    if not identities:
        return Ambient({}, home)
    return Ambient({"SOPS_AGE_KEY": "\n".join(one.identity for one in identities)}, home)


@dataclass(frozen=True, slots=True)
class MemoryKey:
    """A master key that keeps in memory what it wrapped, and gives it back for the token that stands for it.

    `failure` is why it refuses, `seconds` how long it takes. `calls` lists what it was asked to do.
    """

    kind: ClassVar[str] = "memory"
    needs_network: ClassVar[bool] = False

    name: str
    failure: str = ""
    seconds: float = 0.0
    calls: list[str] = field(default_factory=list, compare=False, repr=False)
    parts: dict[bytes, bytes] = field(default_factory=dict, compare=False, repr=False)

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Keep `part`, and return a token for it."""
        self._answer("wrap")
        token = f"{self.name}:{len(self.parts)}".encode()
        self.parts[token] = part
        return token

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Return what was kept for a token."""
        self._answer("unwrap")
        if wrapped not in self.parts:
            raise ProviderError("this token is unknown", master_key=self.name)
        return self.parts[wrapped]

    def to_metadata(self) -> dict[str, object]:
        """Return the name."""
        return {"name": self.name}

    def __str__(self) -> str:
        return self.name

    def _answer(self, call: str) -> None:
        self.calls.append(call)
        sleep(self.seconds)
        if self.failure:
            raise ProviderError(self.failure, master_key=self.name)


@dataclass(frozen=True, slots=True)
class RemoteMemoryKey(MemoryKey):
    """The same, taken for a key that needs the network."""

    kind: ClassVar[str] = "remote"
    needs_network: ClassVar[bool] = True
