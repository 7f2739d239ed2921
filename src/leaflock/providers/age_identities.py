"""Where age identities come from: all the places where SOPS looks, in its order (sops-format §4.6).

Nothing is loaded before a key has to be unwrapped, and then once for all files of a run. A place that cannot be read
matters only when no identity from another place does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from leaflock import age
from leaflock.age.header import Stanza
from leaflock.age.keys import identity_type
from leaflock.masterkey import Ambient

SIZE_LIMIT = 16 * 2**20
_COMMAND_SECONDS = 120.0
_ENCRYPTED = (b"age-encryption", b"-----BEGIN AGE")


# Plain classes: every run pays for making them, and named tuples and dataclasses cost ten times as much.


class Place:
    """Somewhere identities may be, by the name that messages give it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Absent(Place):
    """A place where nothing is."""

    __slots__ = ()


class Failed(Place):
    """A place that is there and could not be used."""

    __slots__ = ("reason",)

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name)
        self.reason = reason


class Loaded(Place):
    """A place that was read; it may hold no identity."""

    __slots__ = ("identities",)

    def __init__(self, name: str, identities: Iterable[age.Identity]) -> None:
        super().__init__(name)
        self.identities = tuple(identities)


class SSHKey(Place):
    """An SSH key, which this version does not use. `chosen` is False for those that every user has."""

    __slots__ = ("chosen",)

    def __init__(self, name: str, chosen: bool) -> None:
        super().__init__(name)
        self.chosen = chosen


class IdentityError(Exception):
    """The text of an identity file that is none. Says where, never what."""


def default_identity_file(ambient: Ambient, platform: str = sys.platform) -> Path:
    """Return the file in which SOPS looks for identities when it is told nothing else.

    Raises `IdentityError` where the environment does not say properly which that is.
    """
    environ, home = ambient.environ, ambient.home
    if platform == "win32":
        folder = Path(environ.get("APPDATA") or environ.get("AppData") or home / "AppData" / "Roaming")
    elif environ.get("XDG_CONFIG_HOME"):
        folder = Path(environ["XDG_CONFIG_HOME"])
        if not folder.is_absolute():
            raise IdentityError("XDG_CONFIG_HOME is not an absolute path")
    else:
        folder = home / "Library" / "Application Support" if platform == "darwin" else home / ".config"
    return folder / "sops" / "age" / "keys.txt"


def parse_identities(text: str, *, several_a_line: bool = False) -> list[age.Identity]:
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
                found.append(_parse_identity(word))
            except age.KeyTextError as error:
                raise IdentityError(f"line {number} {error.message}") from None
    return found


def _parse_identity(text: str) -> age.Identity:
    try:
        return age.parse_identity(text)
    except age.UnsupportedKeyError:
        return age.UnsupportedIdentity(identity_type(text) or "")


class EncryptedIdentities:
    """An identity file under a passphrase, which is asked for when all other identities have failed, and once."""

    def __init__(self, name: str, data: bytes, ambient: Ambient) -> None:
        self.failure = ""
        self._name = name
        self._data = data
        self._ambient = ambient
        self._opened: list[age.Identity] | None = None
        self._lock = threading.Lock()

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when none of the identities in the file opens a stanza."""
        with self._lock:
            if self._opened is None:
                try:
                    self._opened = self._open()
                except (age.AgeError, IdentityError) as error:
                    self._opened = []
                    self.failure = "the passphrase is wrong" if isinstance(error, age.NoMatchError) else str(error)
        keys = (identity.unwrap(stanzas) for identity in self._opened)
        return next((key for key in keys if key is not None), None)

    def _open(self) -> list[age.Identity]:
        from leaflock.age.scrypt import ScryptIdentity

        if self._ambient.ask is None:
            raise IdentityError("it is protected by a passphrase, and there is nobody to ask for it")
        passphrase = self._ambient.ask(f"Enter passphrase for identity '{self._name}':")
        return parse_identities(_text(age.decrypt(self._data, [ScryptIdentity(passphrase)])))


class Identities:
    """The identities that one `Ambient` offers."""

    def __init__(self, ambient: Ambient) -> None:
        self._ambient = ambient
        self._places: list[Place] | None = None
        self._by_command: dict[str, Place] = {}
        self._lock = threading.Lock()
        self._command_lock = threading.Lock()

    def candidates(self, recipient: str) -> Iterator[age.Identity]:
        """Yield identities, the cheap ones first: those at hand, those of a command, those under a passphrase."""
        places = self._load()
        at_hand = [identity for place in places for identity in _identities(place)]
        yield from (identity for identity in at_hand if not isinstance(identity, EncryptedIdentities))
        from_command = _identities(self._command(recipient))
        yield from (identity for identity in from_command if not isinstance(identity, EncryptedIdentities))
        yield from (identity for identity in (*at_hand, *from_command) if isinstance(identity, EncryptedIdentities))

    def places(self, recipient: str) -> list[Place]:
        """Return what was found where, in SOPS's order, once all candidates have been tried."""
        # The command stands behind the variables and before the default file.
        *others, default = self._load()
        return [*others, self._command(recipient), default]

    def ssh_keys(self) -> list[str]:
        """Return where there are SSH keys."""
        return [place.name for place in self._load() if isinstance(place, SSHKey)]

    def _load(self) -> list[Place]:
        with self._lock:
            if self._places is None:
                self._places = _load(self._ambient)
            return self._places

    def _command(self, recipient: str) -> Place:
        # It is told the recipient, so what it says holds for that one only.
        with self._command_lock:
            if recipient not in self._by_command:
                self._by_command[recipient] = _from_command(self._ambient, recipient)
            return self._by_command[recipient]


def _identities(place: Place) -> tuple[age.Identity, ...]:
    return place.identities if isinstance(place, Loaded) else ()


def _load(ambient: Ambient) -> list[Place]:
    ssh_variables = ("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_CMD")
    ssh_files = (ambient.home / ".ssh" / "id_ed25519", ambient.home / ".ssh" / "id_rsa")
    return [
        *(SSHKey(name, True) if name in ambient.environ else Absent(name) for name in ssh_variables),
        *(SSHKey(str(path), False) if os.path.exists(path) else Absent(str(path)) for path in ssh_files),
        _from_variable(ambient),
        _from_named_file(ambient),
        _from_default_file(ambient),
    ]


def _from_variable(ambient: Ambient) -> Place:
    name = "SOPS_AGE_KEY"
    value = ambient.environ.get(name)
    return Absent(name) if value is None else _read(name, value.encode("utf-8", "surrogateescape"), ambient, True)


def _from_named_file(ambient: Ambient) -> Place:
    name = "SOPS_AGE_KEY_FILE"
    value = ambient.environ.get(name)
    if value is None:
        return Absent(name)
    return _from_file(f"{name} ({value})", Path(value), ambient) if value else Failed(name, "is set, and empty")


def _from_default_file(ambient: Ambient) -> Place:
    try:
        path = default_identity_file(ambient)
    except IdentityError as error:
        return Failed("default identity file", str(error))
    return _from_file(str(path), path, ambient) if os.path.lexists(path) else Absent(str(path))


def _from_file(name: str, path: Path, ambient: Ambient) -> Place:
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        return Failed(name, (getattr(error, "strerror", None) or "cannot be opened").lower())
    return _read(name, data, ambient)


def _from_command(ambient: Ambient, recipient: str) -> Place:
    name = "SOPS_AGE_KEY_CMD"
    command = ambient.environ.get(name)
    if command is None:
        return Absent(name)
    import shlex

    from leaflock import programs

    try:
        argv = shlex.split(command)
    except ValueError:
        return Failed(name, "its quotes do not match")
    if not argv:
        return Failed(name, "is set, and empty")
    environ = programs.child_environment(ambient.environ, SOPS_AGE_RECIPIENT=recipient)
    try:
        data = programs.output_of(argv, environ, seconds=_COMMAND_SECONDS, limit=SIZE_LIMIT)
    except programs.ProgramError as error:
        return Failed(name, str(error))
    return _read(name, data, ambient)


def _read(name: str, data: bytes, ambient: Ambient, several_a_line: bool = False) -> Place:
    if len(data) > SIZE_LIMIT:
        return Failed(name, f"larger than {SIZE_LIMIT} bytes")
    if data.startswith(_ENCRYPTED):
        return Loaded(name, (EncryptedIdentities(name, data, ambient),))
    try:
        return Loaded(name, parse_identities(_text(data), several_a_line=several_a_line))
    except IdentityError as error:
        return Failed(name, str(error))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")  # what is not UTF-8 is in a comment, or in a line that is refused anyway
