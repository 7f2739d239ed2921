"""Plugins, `age1NAME1…` and `AGE-PLUGIN-NAME-1…`: types of keys that a program `age-plugin-NAME` knows.

To read a recipient or an identity starts nothing. A plugin is started when one of them is used, and only where a
`PluginHost` says how; without one they refuse.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from leafseal.age import bech32
from leafseal.age.errors import HeaderError, KeyTextError, PluginError
from leafseal.age.header import STANZA_LIMIT, Stanza, from_base64
from leafseal.age.keys import Wrapped
from leafseal.age.plugin_process import Conversation
from leafseal.age.wrapping import FILE_KEY_BYTES
from leafseal.crypto.secret import Secret

NAME = re.compile(r"[a-z0-9+._-]{1,64}")
"""What a plugin may be called. It becomes part of a file name, so it holds no slash."""

_RECIPIENT_PREFIX = "age1"
_IDENTITY_PREFIX = "AGE-PLUGIN-"
_MOST_QUESTIONS = 32  # in one conversation, messages included
_MOST_COMMANDS = 4 * STANZA_LIMIT
_SAID_LENGTH = 200


class PluginUI(Protocol):
    """The user, as a plugin reaches them. Each answer is None where there is nobody."""

    def tell(self, plugin: str, message: str) -> bool | None:
        """Show a message."""
        ...

    def ask(self, plugin: str, question: str, *, secret: bool) -> str | None:
        """Ask for a value."""
        ...

    def confirm(self, plugin: str, question: str, yes: str, no: str | None) -> bool | None:
        """Have the user choose; without `no` there is only one thing to choose."""
        ...


class PluginHost:
    """How plugins are started. Nothing of it is shown: the environment may hold an identity.

    `find` returns the path of a program, and raises `PluginError`. `seconds` is how long a plugin may take in one
    conversation, the time aside in which the user is asked.
    """

    __slots__ = ("environ", "find", "seconds", "ui")

    def __init__(
        self, find: Callable[[str], str], environ: Mapping[str, str], ui: PluginUI, seconds: float = 120.0
    ) -> None:
        self.find = find
        self.environ = environ
        self.ui = ui
        self.seconds = seconds


class PluginRecipient(NamedTuple):
    """A recipient that its plugin understands."""

    name: str
    text: str
    host: PluginHost | None = None

    def __str__(self) -> str:
        return self.text

    def wrap(self, file_key: bytes) -> Wrapped:
        """Have the plugin make stanzas. Raises `PluginError`."""
        stanzas: list[Stanza] = []
        labels: list[frozenset[str]] = []

        def answer(command: Stanza) -> bool:
            if command.type == "recipient-stanza" and len(stanzas) < STANZA_LIMIT:
                stanzas.append(_made_stanza(command))
            elif command.type == "labels" and not labels:
                labels.append(frozenset(command.args))
            else:
                return False
            return True

        exchange = _Exchange(self.name, self.host)
        commands = [
            Stanza("add-recipient", (self.text,), b""),
            _grease(),
            Stanza("wrap-file-key", (), file_key),
            Stanza("extension-labels", (), b""),
        ]
        exchange.run("recipient-v1", commands, answer)
        if not stanzas:
            raise exchange.failure("it encrypted nothing")
        return Wrapped(tuple(stanzas), labels[0] if labels else frozenset())


class PluginIdentity:
    """An identity that its plugin understands. Nothing of it is shown."""

    __slots__ = ("_host", "_text", "name")

    def __init__(self, name: str, text: str, host: PluginHost | None = None) -> None:
        self.name = name
        self._text = Secret(text.encode("ascii"))
        self._host = host

    def on(self, host: PluginHost) -> PluginIdentity:
        """Return the identity as one that may be used."""
        return PluginIdentity(self.name, self._text.reveal().decode("ascii"), host)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Have the plugin look at the stanzas; None where it opens none of them. Raises `PluginError`."""
        file_keys: list[bytes] = []

        def answer(command: Stanza) -> bool:
            if command.type != "file-key":
                return False
            if command.args != ("0",) or file_keys or len(command.body) != FILE_KEY_BYTES:
                raise PluginError("it gave something that is no file key")
            file_keys.append(command.body)
            return True

        exchange = _Exchange(self.name, self._host, self._text)
        commands = [Stanza("add-identity", (self._text.reveal().decode("ascii"),), b""), _grease()]
        commands += [Stanza("recipient-stanza", ("0", stanza.type, *stanza.args), stanza.body) for stanza in stanzas]
        exchange.run("identity-v1", commands, answer)
        if not file_keys and exchange.unanswered:
            raise exchange.failure("it needs an answer")
        return file_keys[0] if file_keys else None


class _Exchange:
    """Both phases of a conversation: what is sent first, then the plugin's commands until it is done."""

    def __init__(self, name: str, host: PluginHost | None, secret: Secret | None = None) -> None:
        if host is None:
            raise PluginError(f"the {name} plugin is not to be started here")
        self.unanswered = False  # the plugin asked the user, and there was nobody
        self._name = name
        self._host = host
        self._secret = secret
        self._questions = 0

    def run(self, machine: str, commands: Iterable[Stanza], answer: Callable[[Stanza], bool]) -> None:
        """Send commands, and answer the plugin's: those that `answer` takes, then those that are for the user."""
        host = self._host
        try:
            program = host.find(f"age-plugin-{self._name}")
            with Conversation(program, machine, host.environ, host.seconds, self._tell_of_waiting) as plugin:
                for command in (*commands, Stanza("done", (), b"")):
                    plugin.send(command)
                self._answer_all(plugin, answer)
        except PluginError as error:
            raise self.failure(error.message, is_final=error.is_final, hint=error.hint) from None

    def failure(self, reason: str, *, is_final: bool = True, hint: str | None = None) -> PluginError:
        """Return an error that names the plugin."""
        end = "; it asked, and nobody answered" if self.unanswered else ""
        return PluginError(f"the {self._name} plugin: {reason}{end}", is_final=is_final, hint=hint)

    def _answer_all(self, plugin: Conversation, answer: Callable[[Stanza], bool]) -> None:
        for _ in range(_MOST_COMMANDS):
            command = plugin.receive()
            if command.type == "done":
                return
            if command.type == "error":
                plugin.send(_OK)
                raise PluginError(self._said(command.body), is_final=self.unanswered)
            plugin.send(_OK if answer(command) else self._ask_user(command))
        raise PluginError("it does not come to an end")

    def _said(self, body: bytes) -> str:
        from leafseal.display import visible  # only for a plugin that fails

        text = " ".join(body.decode("utf-8", "replace").split())
        if self._secret is not None:
            text = text.replace(self._secret.reveal().decode("ascii"), "…")
        return f"it says: {visible(text[:_SAID_LENGTH])}".rstrip(". :")

    def _tell_of_waiting(self) -> None:
        self._host.ui.tell(self._name, "still waiting")

    def _ask_user(self, command: Stanza) -> Stanza:
        """Return the answer to a command that is for the user, and to one that nobody knows."""
        if command.type not in ("msg", "request-secret", "request-public", "confirm"):
            return Stanza("unsupported", (), b"")
        self._questions += 1
        if self._questions > _MOST_QUESTIONS:
            raise PluginError("it sends messages without end")
        said = self._user_says(command)
        if said is None:
            self.unanswered = self.unanswered or command.type != "msg"
            return Stanza("fail", (), b"")
        return said

    def _user_says(self, command: Stanza) -> Stanza | None:
        """Return what the user answers, None where there is nobody to."""
        text, ui = command.body.decode("utf-8", "replace"), self._host.ui
        if command.type == "msg":
            return _OK if ui.tell(self._name, text) else None
        if command.type == "confirm":
            chosen = ui.confirm(self._name, text, *_choices(command))
            return None if chosen is None else Stanza("ok", ("yes" if chosen else "no",), b"")
        value = ui.ask(self._name, text, secret=command.type == "request-secret")
        return None if value is None else Stanza("ok", (), value.encode("utf-8", "surrogateescape"))


_OK = Stanza("ok", (), b"")


def _made_stanza(command: Stanza) -> Stanza:
    if len(command.args) < 2 or command.args[0] != "0":
        raise PluginError("it gave something that is no stanza")
    return Stanza(command.args[1], command.args[2:], command.body)


def _choices(command: Stanza) -> tuple[str, str | None]:
    try:
        texts = [from_base64(arg).decode("utf-8", "replace") for arg in command.args]
    except HeaderError:
        texts = []
    if not 1 <= len(texts) <= 2:
        raise PluginError("it does not keep to the protocol of age plugins")
    return texts[0], texts[1] if len(texts) == 2 else None


def _grease() -> Stanza:
    """Return a command that nobody knows: plugins must ignore such, and learn it by being sent some."""
    return Stanza(f"grease-{secrets.token_hex(4)}", (), b"")


def parse_recipient(text: str) -> PluginRecipient:
    """Read `age1NAME1…`. Raises `KeyTextError`."""
    prefix, _ = bech32.decode(text)
    if not prefix.startswith(_RECIPIENT_PREFIX):
        raise KeyTextError("has a prefix that is not that of a plugin's recipient")
    return PluginRecipient(_checked(prefix.removeprefix(_RECIPIENT_PREFIX)), text)


def parse_identity(text: str) -> PluginIdentity:
    """Read `AGE-PLUGIN-NAME-1…`. Raises `KeyTextError`."""
    prefix, _ = bech32.decode(text)
    if not prefix.startswith(_IDENTITY_PREFIX) or not prefix.endswith("-"):
        raise KeyTextError("has a prefix that is not that of a plugin's identity")
    return PluginIdentity(_checked(prefix.removeprefix(_IDENTITY_PREFIX)[:-1].lower()), text)


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise KeyTextError("names a plugin by what cannot be a name")
    return name
