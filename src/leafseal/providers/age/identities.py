"""Where age identities come from: all the places where SOPS looks, in its order (sops-format §4.6), and systemd.

Nothing is loaded before a key has to be unwrapped, and then once for all files of a run. A place that cannot be read
matters only when no identity from another place does.
"""

from __future__ import annotations

import os
from _thread import allocate_lock  # not threading, which every decryption would wait for
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from leafseal import age
from leafseal.age.header import Stanza
from leafseal.age.keys import identity_type
from leafseal.errors import UsageError
from leafseal.keys import Ambient
from leafseal.providers.age.places import (
    AT_HAND,
    CREDENTIALS_VARIABLE,
    ENCRYPTED,
    OF_PLUGINS,
    PROTECTED,
    SIZE_LIMIT,
    Absent,
    Failed,
    Loaded,
    Place,
    named_file,
    output_of_variable,
    read_file,
)
from leafseal.system.directories import identity_file

if TYPE_CHECKING:
    from leafseal.providers.age.ssh import SSHKeys  # imported where a stanza is for one: it brings more cryptography


class IdentityError(ValueError):
    """The text of an identity file that is none. Says where, never what, and what to do."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


def parse_identities(text: str, ambient: Ambient, *, several_a_line: bool = False) -> list[age.Identity]:
    """Read an identity file: one identity a line, blank lines and those that begin with `#` aside.

    `several_a_line` takes white space between identities too, as in a variable. Raises `IdentityError` for any line
    that is none of that.
    """
    found: list[age.Identity] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line or line.startswith("#"):
            continue
        for word in line.split() if several_a_line else [line]:
            try:
                found.append(_parse_identity(word, ambient))
            except age.KeyTextError as error:
                raise _error_of(number, word, error.message) from None
    if not found and "SECRET-KEY" in text:
        from leafseal.providers.age.unusable import flaw_of_comments

        if flaw := flaw_of_comments(text):
            raise IdentityError(flaw.reason, flaw.hint)
    return found


def _error_of(number: int, text: str, reason: str) -> IdentityError:
    from leafseal.providers.age.unusable import flaw_of_line

    flaw = flaw_of_line(text)
    return IdentityError(f"line {number} {flaw.reason if flaw else reason}", flaw and flaw.hint)


def _parse_identity(text: str, ambient: Ambient) -> age.Identity:
    name = identity_type(text)
    if name == "plugin":
        from leafseal.age.plugin import parse_identity
        from leafseal.providers.age.plugins import Plugins, UsablePlugin

        return UsablePlugin(parse_identity(text), Plugins.of(ambient))
    try:
        return age.parse_identity(text)
    except age.UnsupportedKeyError as error:
        return age.UnsupportedIdentity(f"a {name} identity {error.message}")


class Identities:
    """The identities that one `Ambient` offers."""

    @classmethod
    def of(cls, ambient: Ambient) -> Identities:
        """Return those that belong to `ambient`."""
        return ambient.once(cls, lambda: cls(ambient))

    def __init__(self, ambient: Ambient) -> None:
        self._ambient = ambient
        self._places: list[Place] | None = None
        self._by_command: dict[str, Place] = {}
        self._ssh: SSHKeys | None = None
        self._lock = allocate_lock()
        self._command_lock = allocate_lock()

    def candidates(self, recipient: str) -> Iterator[age.Identity]:
        """Yield identities, the cheap ones first: at hand, of a command, of plugins, under a passphrase."""
        at_hand = [identity for place in self._load() for identity in _identities(place)]
        yield from (identity for identity in at_hand if _effort(identity) == AT_HAND)
        yield _LazySSH(self, recipient)
        from_command = _identities(self._command(recipient))
        yield from (identity for identity in from_command if _effort(identity) == AT_HAND)
        for effort in (OF_PLUGINS, ENCRYPTED):
            yield from (identity for identity in (*at_hand, *from_command) if _effort(identity) == effort)

    def places(self, recipient: str) -> list[Place]:
        """Return what was found where, in SOPS's order, once all candidates have been tried."""
        # The command stands behind the variables and before the default file.
        *others, default = self._load()
        return [*self.ssh_keys().places(recipient), *others, self._command(recipient), default]

    def at_hand(self) -> list[Place]:
        """Return the variable, the file that one names, a credential of systemd if there is a folder of them, and the
        default file, without what a command would print."""
        return self._load()

    def ssh_keys(self) -> SSHKeys:
        """Return the SSH keys; none of them has been looked at for that."""
        from leafseal.providers.age.ssh import SSHKeys

        with self._lock:
            if self._ssh is None:
                self._ssh = SSHKeys(self._ambient)
            return self._ssh

    def _load(self) -> list[Place]:
        with self._lock:
            if self._places is None:
                ambient = self._ambient
                credential = [_from_credential(ambient)] if ambient.environ.get(CREDENTIALS_VARIABLE) else []
                named = [_from_variable(ambient), _from_named_file(ambient)]
                self._places = [*named, *credential, _from_default_file(ambient)]
            return self._places

    def _command(self, recipient: str) -> Place:
        # It is told the recipient, so what it says holds for that one only.
        with self._command_lock:
            if recipient not in self._by_command:
                self._by_command[recipient] = _from_command(self._ambient, recipient)
            return self._by_command[recipient]


class _LazySSH:
    """All SSH keys, of which nothing is loaded, not even our code for them, before a stanza asks for one."""

    def __init__(self, identities: Identities, recipient: str) -> None:
        self._identities = identities
        self._recipient = recipient

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        if not any(stanza.type.startswith("ssh-") for stanza in stanzas):
            return None
        return self._identities.ssh_keys().unwrap(stanzas, self._recipient)


def _effort(identity: age.Identity) -> int:
    return getattr(identity, "effort", AT_HAND)


def _identities(place: Place) -> tuple[age.Identity, ...]:
    return place.identities if isinstance(place, Loaded) else ()


def _from_variable(ambient: Ambient) -> Place:
    name = "SOPS_AGE_KEY"
    value = ambient.environ.get(name)
    return Absent(name) if value is None else _read(name, value.encode("utf-8", "surrogateescape"), ambient, True)


def _from_named_file(ambient: Ambient) -> Place:
    name = "SOPS_AGE_KEY_FILE"
    value = ambient.environ.get(name)
    if value is None:
        return Absent(name)
    place = named_file(name, value, f"put the key into SOPS_AGE_KEY, and the name of a file into {name}")
    return place if isinstance(place, Place) else from_file(place, value, ambient)


def _from_credential(ambient: Ambient) -> Place:
    from leafseal.providers.age.credential import read_credential

    found = read_credential(ambient.environ[CREDENTIALS_VARIABLE])
    return found if isinstance(found, Place) else _read(*found, ambient)


def _from_default_file(ambient: Ambient) -> Place:
    try:
        path = identity_file(ambient.environ, ambient.home_text)
    except UsageError as error:
        return Failed("default identity file", error.message)
    return from_file(path, path, ambient) if os.path.lexists(path) else Absent(path)


def from_file(name: str, path: str, ambient: Ambient) -> Place:
    """Return what is in a file of identities; `name` is what messages call it."""
    data = read_file(name, path, ambient=ambient)
    return data if isinstance(data, Place) else _read(name, data, ambient)


def _from_command(ambient: Ambient, recipient: str) -> Place:
    name = "SOPS_AGE_KEY_CMD"
    data = output_of_variable(name, ambient, recipient)
    return data if isinstance(data, Place) else _read(name, data, ambient)


def _read(name: str, data: bytes, ambient: Ambient, several_a_line: bool = False) -> Place:
    if len(data) > SIZE_LIMIT:
        return Failed(name, f"larger than {SIZE_LIMIT} bytes")
    if data.startswith(PROTECTED):
        from leafseal.providers.age.passphrases import EncryptedIdentities

        # Decrypted it is an identity file, wherever it stood.
        inner = EncryptedIdentities(name, data, ambient, lambda content: parse_identities(_text(content), ambient))
        return Loaded(name, (inner,))
    try:
        return Loaded(name, parse_identities(_text(data), ambient, several_a_line=several_a_line))
    except IdentityError as error:
        return Failed(name, str(error), error.hint)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")  # what is not UTF-8 is in a comment, or in a line that is refused anyway
