"""The user's age identities and SSH keys, without a passphrase, a touch, or the start of a program."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from leafseal import age
from leafseal.keys import Ambient
from leafseal.keys.own import OwnKey, Trouble
from leafseal.providers.age.credential import path_of
from leafseal.providers.age.identities import Identities
from leafseal.providers.age.passphrases import EncryptedIdentities
from leafseal.providers.age.places import CREDENTIALS_VARIABLE, Failed, Loaded, Place, read_file
from leafseal.providers.age.plugins import UsablePlugin
from leafseal.providers.age.ssh import EncryptedSSHKey

_COMMANDS = ("SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_CMD")
_PLUGIN_LINE = re.compile(r"AGE-PLUGIN-([0-9A-Z+._-]+?)-1")
_RECIPIENT = re.compile(r"\bage1[0-9a-z+._-]+\b")


def own_keys(ambient: Ambient) -> tuple[list[OwnKey], list[Trouble]]:
    """Return age identities and then SSH keys of all places, and the places that could not be used.

    A command is listed and not run: it may ask for a passphrase, or the network.
    """
    identities = Identities.of(ambient)
    ssh = identities.ssh_keys().files()
    variable, file, *credentials, default = identities.at_hand()
    text = ambient.environ.get("SOPS_AGE_KEY", "")
    found = [*_of_place(variable, "variable", text)]
    found += _of_place(file, "file", _text_of(ambient.environ.get("SOPS_AGE_KEY_FILE", ""), file))
    for place in credentials:
        text = _text_of(path_of(ambient.environ[CREDENTIALS_VARIABLE]), place)
        found += _of_place(place, "credential", text)
    found += _of_place(default, "file", _text_of(default.name, default))
    found += [key for place in ssh for key in _of_place(place, "ssh", "")]
    commands = [name for name in _COMMANDS if ambient.environ.get(name)]
    found += [OwnKey("age", None, "command", name, "command") for name in commands]
    places = [variable, file, *credentials, default, *ssh]
    return found, [Trouble(place.name, place.reason, place.hint) for place in places if isinstance(place, Failed)]


def _text_of(path: str, place: Place) -> str:
    """Return the text of a file with identities of plugins, whose recipients are in comments only."""
    if not any(isinstance(identity, UsablePlugin) for identity in _identities(place)) or not os.path.isfile(path):
        return ""
    data = read_file("", path)
    return "" if isinstance(data, Place) else data.decode("utf-8", "replace")


def _identities(place: Place) -> Sequence[age.Identity]:
    return place.identities if isinstance(place, Loaded) else ()


def _of_place(place: Place, source: str, text: str) -> Iterator[OwnKey]:
    plugins = iter(_named_in_comments(text))
    for identity in _identities(place):
        if isinstance(identity, UsablePlugin):
            yield OwnKey("age", next(plugins, None), source, place.name, f"age-plugin-{identity.name}")
        elif isinstance(identity, EncryptedIdentities):
            yield OwnKey("age", None, source, place.name, "passphrase")
        elif recipient := getattr(identity, "recipient", None):
            needs = "passphrase" if isinstance(identity, EncryptedSSHKey) else ""
            yield OwnKey("age", str(recipient), source, place.name, needs)


def _named_in_comments(text: str) -> Iterator[str | None]:
    """Yield for each identity of a plugin the recipient in the comments above it, which its program wrote there."""
    above: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            above += _RECIPIENT.findall(line)
        elif match := _PLUGIN_LINE.match(line):
            beginnings = (f"age1{match[1].lower()}1", "age1tag1", "age1tagpq1")
            yield next((recipient for recipient in reversed(above) if recipient.startswith(beginnings)), None)
            above = []
        elif line.strip():
            above = []
