"""The identities that systemd hands a service: a credential, in the folder that `CREDENTIALS_DIRECTORY` names."""

from __future__ import annotations

import os

from leafseal.providers.age.places import CREDENTIALS_VARIABLE, SIZE_LIMIT, Absent, Failed, named_file

FILE = "leafseal.agekey"
"""The name of the credential, as in `LoadCredential=leafseal.agekey:PATH`."""


def path_of(folder: str) -> str:
    """Return where the credential is below the folder of all credentials."""
    return os.path.join(folder, FILE)


def read_credential(folder: str) -> tuple[str, bytes] | Absent | Failed:
    """Return the name of the place and what is in it.

    systemd makes the folder, and decides who can read it: nobody is warned of its mode, which shows rights that a list
    of the file system takes away again. It makes no links, so none is followed.
    """
    place = named_file(CREDENTIALS_VARIABLE, path_of(folder), "name a folder there, and put the key into SOPS_AGE_KEY")
    if not isinstance(place, str):
        return place
    if not os.path.isabs(folder):
        return Failed(place, "is not an absolute path")
    try:
        with open(path_of(folder), "rb", opener=_without_links) as file:
            return place, file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        return Absent(place)
    except (OSError, ValueError) as error:
        return Failed(place, (getattr(error, "strerror", None) or "cannot be read").lower())


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
