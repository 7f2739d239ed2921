"""Keys that need neither a network nor anybody's hand: what Git's own commands open files with."""

from __future__ import annotations

import os
from typing import Self

from leafseal.keys import Ambient
from leafseal.keys.ring import FailedAttempt, KeyRing, OpenedPart, WrappedKey
from leafseal.system.directories import home

_GPG_SECONDS = "8"  # before the ten of textconv are over, so that no gpg is left behind


class LocalRing(KeyRing):
    """The keys at hand. A private key under a passphrase is none, nor is one of a plugin or a service."""

    @classmethod
    def of_process(cls) -> Self:
        """Return the keys that the environment and the home folder of this process name."""
        environ = {"LEAFSEAL_GPG_TIMEOUT": _GPG_SECONDS, **os.environ}
        return cls(Ambient(environ, home(), is_unattended=True))

    def is_immediate(self, wrapped: WrappedKey) -> bool:
        """Say that no key is waited for."""
        return True

    def unwrap(self, wrapped: WrappedKey) -> OpenedPart | FailedAttempt:
        """Ask a master key for its part, unless it is one of a service."""
        if wrapped.master_key.needs_network:
            return FailedAttempt(wrapped.master_key, "services are not asked here")
        return super().unwrap(wrapped)
