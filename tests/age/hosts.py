"""A plugin host for tests, and a user who answers what a test says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from leafseal.age import bech32
from leafseal.age.plugin import PluginHost, PluginIdentity, PluginRecipient, parse_identity

RECIPIENT = bech32.encode("age1toy", b"mine")
IDENTITY = bech32.encode("AGE-PLUGIN-TOY-", b"mine")
OTHER = bech32.encode("AGE-PLUGIN-TOY-", b"another")


class User:
    """Answers in order; None where they have run out, as if there were nobody."""

    def __init__(self, *answers: str | bool | None, hears: bool = True) -> None:
        self.answers = list(answers)
        self.hears = hears
        self.told: list[str] = []
        self.asked: list[str] = []

    def _next(self, question: str) -> str | bool | None:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else None

    def tell(self, plugin: str, message: str) -> bool | None:
        self.told.append(f"{plugin}: {message}")
        return True if self.hears else None

    def ask(self, plugin: str, question: str, *, secret: bool) -> str | None:
        answer = self._next(f"{plugin}: {question}{' (secret)' if secret else ''}")
        assert not isinstance(answer, bool)
        return answer

    def confirm(self, plugin: str, question: str, yes: str, no: str | None) -> bool | None:
        answer = self._next(f"{plugin}: {question} {yes}/{no}")
        assert not isinstance(answer, str)
        return answer


def finder(program: Path) -> Callable[[str], str]:
    def find(name: str) -> str:
        assert name == program.name
        return str(program)

    return find


def host_with(program: Path, user: User | None = None, seconds: float = 10.0) -> PluginHost:
    """Return a host that knows one plugin."""
    return PluginHost(finder(program), {"PATH": os.environ["PATH"]}, user or User(hears=False), seconds)


def recipient(program: Path, user: User | None = None, seconds: float = 10.0) -> PluginRecipient:
    """Return a recipient that may be used."""
    return PluginRecipient("toy", RECIPIENT, host_with(program, user, seconds))


def identity(program: Path, user: User | None = None, seconds: float = 10.0, text: str = IDENTITY) -> PluginIdentity:
    """Return an identity that may be used."""
    return parse_identity(text).on(host_with(program, user, seconds))
