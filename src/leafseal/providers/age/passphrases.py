"""Passphrases: of identity files, and how the user is asked for any of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence

from leafseal import age
from leafseal.age.armor import dearmor, is_armored
from leafseal.age.header import Stanza
from leafseal.keys import Ambient
from leafseal.providers.age.places import ENCRYPTED

TRIES = 3

_WRONG = "the passphrase is wrong"

_NOBODY = "it is protected by a passphrase, and there is nobody to ask for it"

asking = threading.RLock()
"""Held while a user is asked: one question at a time."""


class AskingError(Exception):
    """A passphrase is needed, and there is nobody to ask for it. Says why, and what to do."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


def passphrases(ambient: Ambient, question: str, content: bytes | None = None) -> Generator[str, None, None]:
    """Yield what the user gives, until the caller has enough, the user gives nothing, or three tries are over.

    Without a terminal gpg-agent is asked for the passphrase of `content`, the identity file without its armor. Raises
    `AskingError`.
    """
    if ambient.is_unattended:
        raise AskingError(_NOBODY)
    if ambient.ask is not None:
        for number in range(TRIES):
            if not (passphrase := ambient.ask(f"Wrong passphrase. {question}" if number else question)):
                return
            yield passphrase
        return
    if content is None:
        raise AskingError(
            _NOBODY, "run it in a terminal, or set SOPS_AGE_SSH_PRIVATE_KEY_CMD to a command that prints the key"
        )
    yield from _of_agent(ambient, question, content)


def _of_agent(ambient: Ambient, question: str, content: bytes) -> Generator[str, None, None]:
    from leafseal.providers.age.agent import Agent, AgentError, cache_name, find_agent

    path = find_agent(ambient)
    if path is None:
        raise AskingError(_NOBODY, "run it in a terminal, or start gpg-agent, which asks in a window")
    name, error = cache_name(content), ""
    try:
        with Agent(path, ambient.environ) as agent:
            for _ in range(TRIES):
                passphrase = agent.ask(name, question, error)
                if passphrase:
                    yield passphrase
                    error = _WRONG
                agent.forget(name)
                if not passphrase:
                    return
    except AgentError as failure:
        raise AskingError(f"it is protected by a passphrase, and {failure}") from None


class EncryptedIdentities:
    """An identity file under a passphrase, which is asked for when all other identities have failed, and once."""

    effort = ENCRYPTED

    def __init__(
        self, name: str, data: bytes, ambient: Ambient, parse: Callable[[bytes], Sequence[age.Identity]]
    ) -> None:
        self._name = name
        self._data = data
        self._ambient = ambient
        self._parse = parse
        self._failure = ""
        self.hint: str | None = None
        self._opened: Sequence[age.Identity] | None = None
        self._last: age.Identity | None = None

    @property
    def failure(self) -> str:
        """Why it could not be used, or what is in it."""
        inner = (getattr(identity, "failure", "") for identity in self._opened or ())
        return self._failure or next((failure for failure in inner if failure), "")

    @property
    def is_locked(self) -> bool:
        """Whether it stayed closed."""
        return bool(self._failure)

    def recipients(self) -> list[str] | None:
        """Return the recipients of the identities in the file, as far as they tell; None where it stays closed."""
        found = [getattr(identity, "recipient", None) for identity in self._inner()]
        return None if self._failure else [str(recipient) for recipient in found if recipient]

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when none of the identities in the file opens a stanza."""
        for identity in self._inner():
            self._last = identity
            if (file_key := identity.unwrap(stanzas)) is not None:
                return file_key
        return None

    def blame(self) -> bool:
        """Note, where the plugin of an identity in the file gave a key that is not the file's, that it did."""
        blame = getattr(self._last, "blame", None)
        return blame is not None and bool(blame())

    def _inner(self) -> Sequence[age.Identity]:
        with asking:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> Sequence[age.Identity]:
        try:
            content = dearmor(self._data) if is_armored(self._data) else self._data
            question = f"Enter passphrase for identity '{self._name}':"
            passphrase = _AskedPassphrase(passphrases(self._ambient, question, content))
            try:
                return self._parse(age.decrypt(content, [passphrase], armored=False))
            except age.NoMatchError:
                self._failure = passphrase.failure
        except (age.AgeError, AskingError, ValueError) as error:
            self._failure = str(error)
            self.hint = getattr(error, "hint", None)
        return ()


class _AskedPassphrase:
    """The passphrase of a file that turns out to have one; no other file has the user asked."""

    def __init__(self, given: Generator[str, None, None]) -> None:
        self.failure = "it is encrypted otherwise than with a passphrase"
        self._given = given

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when no passphrase opens the one stanza. Raises `HeaderError`."""
        from leafseal.age.scrypt import TYPE, ScryptIdentity

        if not any(stanza.type == TYPE for stanza in stanzas):
            return None
        self.failure = "no passphrase was given"
        try:
            for passphrase in self._given:
                file_key = ScryptIdentity(passphrase).unwrap(stanzas)
                if file_key is not None:
                    return file_key
                self.failure = _WRONG
        finally:
            self._given.close()  # the connection to an agent, where there is one
        return None
