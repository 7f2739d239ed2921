"""Plugins of age as the provider uses them: which may be started, what they see, and how they reach the user.

**Who names a plugin decides.** Whoever can write to a repository can write any recipient into a file, and to wrap for
`age1NAME1…` starts the program `age-plugin-NAME`. So an `AgeKey` knows whether it was read from a file's metadata
(`AgeKey.from_file`); one that was parsed from an option, a variable, a configuration or a call of the library was named
by the user. To wrap for a key of a file starts a plugin only if the user's policy lists it; with such a list, no other
is started to wrap, whoever names the recipient. A command that
wraps again for the keys of a file, such as `rotate`, first puts in their place those equal ones that the configuration
or an option names (`leafseal.keys.changes.prefer_configured`); there is no other way in which one becomes the other.

To unwrap never looks at the recipient: it starts the plugins of the identities that the user has where identities are
looked for, and no others.

A plugin that failed for good in this run, or three times, is not started again for the same side of its work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from leafseal import age
from leafseal.age.errors import PluginError
from leafseal.age.header import Stanza
from leafseal.age.plugin import PluginHost, PluginIdentity, PluginRecipient
from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.age.passphrases import asking
from leafseal.providers.age.places import OF_PLUGINS
from leafseal.system.environment import helper_environment

T = TypeVar("T")

TIMEOUT_VARIABLE = "LEAFSEAL_PLUGIN_TIMEOUT"

_SECONDS = 120.0
_FAILURES = 3
_CHOICES = 3


class Plugins:
    """The plugins that are used with one `Ambient`, and what went wrong with them."""

    @classmethod
    def of(cls, ambient: Ambient) -> Plugins:
        """Return those that belong to `ambient`."""
        return ambient.once(cls, lambda: cls(ambient))

    def __init__(self, ambient: Ambient) -> None:
        self._ambient = ambient
        self._failures: Counter[str] = Counter()
        self._given_up: dict[str, tuple[str, str | None]] = {}

    def wrap(self, part: bytes, recipient: PluginRecipient) -> bytes:
        """Return an age file for a recipient. Raises `PluginError`."""
        bound = PluginRecipient(recipient.name, recipient.text, self._host())
        return self._watched(f"wrap {recipient.name}", lambda: age.encrypt(part, [bound], armor=True))

    def unwrap(self, identity: PluginIdentity, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None where the plugin opens none of the stanzas. Raises `PluginError`."""
        if self._ambient.is_unattended:
            raise PluginError(f"the program age-plugin-{identity.name} is not started here: it may ask you something")
        return self._watched(f"unwrap {identity.name}", lambda: identity.on(self._host()).unwrap(stanzas))

    def _watched(self, work: str, use: Callable[[], T]) -> T:
        # One at a time: two devices that wait to be touched are one too many.
        with asking:
            if work in self._given_up:
                message, hint = self._given_up[work]
                raise PluginError(message, hint=hint)
            try:
                return use()
            except PluginError as error:
                self._failures[work] += 1
                if error.is_final or self._failures[work] == _FAILURES:
                    self._given_up[work] = error.message, error.hint
                raise

    def _host(self) -> PluginHost:

        environ = helper_environment(self._ambient.environ)
        return PluginHost(self._find, environ, _User(self._ambient), self._seconds())

    def _find(self, program: str) -> str:
        from leafseal.system import executables

        found = executables.locate(program, self._ambient.environ)
        if found is None:
            raise PluginError(f"{program} was not found on PATH", hint=f"install {program}")
        return found

    def _seconds(self) -> float:
        text = self._ambient.environ.get(TIMEOUT_VARIABLE)
        if not text:
            return _SECONDS
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise PluginError(f"{TIMEOUT_VARIABLE} is not a number of seconds")
        return seconds


class UsablePlugin:
    """An identity of the user's, and its plugin, which is started when the identities at hand have failed."""

    effort = OF_PLUGINS

    def __init__(self, identity: PluginIdentity, plugins: Plugins) -> None:
        self.failure = ""
        self.hint: str | None = None
        self._identity = identity
        self._plugins = plugins

    @property
    def name(self) -> str:
        """The name of the plugin."""
        return self._identity.name

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None where the plugin opens none of the stanzas, or fails; `failure` tells."""
        self.failure, self.hint = "", None
        try:
            return self._plugins.unwrap(self._identity, stanzas)
        except PluginError as error:
            self.failure, self.hint = error.message, error.hint
            return None

    def blame(self) -> bool:
        """Note that what it gave is not the file's key, and that others are to be tried."""
        self.failure = f"the {self._identity.name} plugin: it gave a key that is not the file's"
        return True


class _User:
    """The user behind an `Ambient`, as plugins reach them."""

    def __init__(self, ambient: Ambient) -> None:
        self._ambient = ambient

    def tell(self, plugin: str, message: str) -> bool | None:
        if self._ambient.tell is None:
            return None
        self._ambient.tell(f"{plugin} plugin: {message}")
        return True

    def ask(self, plugin: str, question: str, *, secret: bool) -> str | None:
        if self._ambient.ask is None:
            return None
        answer = self._ambient.ask(f"{plugin} plugin: {question}")
        # An empty answer may be that of a terminal that went away; a device counts wrong ones.
        return answer or (None if secret else "")

    def confirm(self, plugin: str, question: str, yes: str, no: str | None) -> bool | None:
        if self._ambient.ask is None:
            return None
        choice = f"[1] {yes}" if no is None else f"[1] {yes} or [2] {no}"
        for _ in range(_CHOICES):
            answer = self._ambient.ask(f"{plugin} plugin: {question} {choice}").strip()
            if answer == "1" or (answer == "2" and no is not None):
                return answer == "1"
        return None


def check_start(recipient: PluginRecipient, ambient: Ambient, *, from_file: bool) -> None:
    """Refuse to start a plugin that the policy does not list, or that, without a list, only a file names.

    Raises `ProviderError`.
    """
    from leafseal.keys.policy import check_use, policy_of
    from leafseal.system.directories import policy_file

    if policy_of(ambient).plugins is not None:
        check_use("plugins.allow", recipient.name, ambient, recipient.text)
    elif from_file:
        path = policy_file(ambient.environ, ambient.home)
        raise ProviderError(
            f"only the file names this recipient, for which the program age-plugin-{recipient.name} would be started",
            master_key=recipient.text,
            hint=f'name it in your configuration, or put under [plugins] in {path}: allow = ["{recipient.name}"]',
        )
