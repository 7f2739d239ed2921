"""SSH keys as age identities: the places where SOPS looks for them (sops-format §4.6).

They are looked at only when a stanza is for an SSH key, so that no other file has to do with the keys in `~/.ssh`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from leafseal import age
from leafseal.age.header import Stanza
from leafseal.keys import Ambient
from leafseal.providers.age.passphrases import AskingError, asking, passphrases
from leafseal.providers.age.places import Absent, Failed, Loaded, Place, named_file, output_of_variable, read_file

_FILE = "SOPS_AGE_SSH_PRIVATE_KEY_FILE"
_COMMAND = "SOPS_AGE_SSH_PRIVATE_KEY_CMD"
_SIZE_LIMIT = 64 * 2**10


class SSHKeys:
    """The SSH keys that one `Ambient` offers."""

    def __init__(self, ambient: Ambient) -> None:
        self._ambient = ambient
        self._files: list[Place] | None = None
        self._by_command: dict[str, Place] = {}

    def unwrap(self, stanzas: Sequence[Stanza], recipient: str) -> bytes | None:
        """Return the file key, None when no stanza is for any of the keys. Raises `HeaderError`.

        The recipient is what a command is told.
        """
        places = self.load(recipient)
        identities = [identity for place in places if isinstance(place, Loaded) for identity in place.identities]
        # The same key may stand elsewhere without a passphrase.
        identities.sort(key=lambda identity: isinstance(identity, EncryptedSSHKey))
        found = (identity.unwrap(stanzas) for identity in identities)
        return next((file_key for file_key in found if file_key is not None), None)

    def load(self, recipient: str) -> list[Place]:
        """Look at all places, and return them in SOPS's order."""
        with asking:
            self.files()
            if recipient not in self._by_command:
                self._by_command[recipient] = _from_command(self._ambient, recipient)
            named, *others = self.files()
            return [named, self._by_command[recipient], *others]

    def files(self) -> list[Place]:
        """Look at all places but the command, which may ask for something."""
        if self._files is None:
            self._files = [_from_variable(self._ambient), *(_default(path, self._ambient) for path in self._paths())]
        return self._files

    def places(self, recipient: str) -> list[Place]:
        """Return what was found where; without a look at keys that were not needed."""
        if recipient in self._by_command:
            return self.load(recipient)
        set_ = [Place(name) if name in self._ambient.environ else Absent(name) for name in (_FILE, _COMMAND)]
        return set_ + [Place(str(path)) if os.path.exists(path) else Absent(str(path)) for path in self._paths()]

    def _paths(self) -> list[Path]:
        return [self._ambient.home / ".ssh" / name for name in ("id_ed25519", "id_rsa")]


class EncryptedSSHKey:
    """A private key under a passphrase, which is asked for when a stanza names the key, and once."""

    def __init__(self, name: str, data: bytes, public: object, ambient: Ambient) -> None:
        self.failure = ""
        self.hint: str | None = None
        self._name = name
        self._data = data
        self._public = public
        self._ambient = ambient
        self._opened: age.Identity | None = None

    @property
    def recipient(self) -> str:
        """The line of the public key."""
        return str(self._public)

    @property
    def is_locked(self) -> bool:
        """Whether it stayed closed although a stanza is for it."""
        return bool(self.failure)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when no stanza is for this key, or it stays closed. Raises `HeaderError`."""
        from leafseal.age.ssh import stanzas_for
        from leafseal.age.ssh_keys import PublicKey

        assert isinstance(self._public, PublicKey)
        if not stanzas_for(self._public, stanzas):
            return None
        with asking:
            if self._opened is None and not self.failure:
                self._open()
        return self._opened.unwrap(stanzas) if self._opened is not None else None

    def _open(self) -> None:
        from leafseal.age.errors import PassphraseError
        from leafseal.age.ssh import identity_of
        from leafseal.age.ssh_keys import public_of, read_private

        self.failure = "no passphrase was given"
        try:
            for passphrase in passphrases(self._ambient, f'Enter passphrase for "{self._name}":'):
                try:
                    key = read_private(self._data, passphrase.encode("utf-8", "surrogateescape"))
                except PassphraseError:
                    self.failure = "the passphrase is wrong"
                    continue
                if public_of(key) != self._public:
                    raise age.KeyTextError("its public half belongs to another key")
                self._opened, self.failure = identity_of(key), ""
                return
        except (age.KeyTextError, AskingError) as error:
            self.failure = str(error)
            self.hint = getattr(error, "hint", None)


def _from_variable(ambient: Ambient) -> Place:
    value = ambient.environ.get(_FILE)
    if value is None:
        return Absent(_FILE)
    place = named_file(_FILE, value, f"write the key into a file that only you can read, and its name into {_FILE}")
    return place if isinstance(place, Place) else _from_file(place, Path(value), ambient)


def _default(path: Path, ambient: Ambient) -> Place:
    return _from_file(str(path), path, ambient) if os.path.exists(path) else Absent(str(path))


def _from_file(name: str, path: Path, ambient: Ambient) -> Place:
    data = read_file(name, path, _SIZE_LIMIT, ambient)
    return data if isinstance(data, Place) else _read(name, data, ambient, path)


def _from_command(ambient: Ambient, recipient: str) -> Place:
    data = output_of_variable(_COMMAND, ambient, recipient, _SIZE_LIMIT)
    return data if isinstance(data, Place) else _read(_COMMAND, data, ambient, None)


def _read(name: str, data: bytes, ambient: Ambient, path: Path | None) -> Place:
    """Read a key; `path` is where it stands in a file, so that a passphrase may be asked for."""
    from leafseal.age.errors import PassphraseError
    from leafseal.age.ssh import identity_of
    from leafseal.age.ssh_keys import clear_half, read_private, read_public

    try:
        try:
            return Loaded(name, [identity_of(read_private(data))])
        except PassphraseError:
            if path is None:
                return Failed(name, "is protected by a passphrase; only a file may be")
            public = clear_half(data) or read_public(_public_line(path))
            return Loaded(name, [EncryptedSSHKey(str(path), data, public, ambient)])
    except age.KeyTextError as error:
        return Failed(name, error.message)


def _public_line(path: Path) -> str:
    """Return the public key beside a private one of the older format, which does not tell it. Raises `KeyTextError`."""
    data = read_file("", Path(f"{path}.pub"), _SIZE_LIMIT)
    if isinstance(data, Place):
        raise age.KeyTextError(f"does not tell its public half, and {path}.pub cannot be read")
    return data.decode("utf-8", "replace").strip()
