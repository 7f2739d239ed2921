"""Files of private keys that others than their owner may read, or put another file in the place of."""

from __future__ import annotations

import os
import stat

from leafseal.display import for_shell
from leafseal.providers.age.places import PROTECTED

_SECRETS = (b"SECRET-KEY-", b"PRIVATE KEY-")  # of age, and of what holds an SSH key


def exposure(path: str, status: os.stat_result, content: bytes) -> str | None:
    """Return what to say of who else may read a private key, or replace it; None where nobody may.

    What a passphrase or a device protects may be read, and what belongs to another user is not ours to judge. A folder
    on the way that others cannot enter keeps them from the file, whatever its own mode is.
    """
    if os.name == "nt" or not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        return None
    if content.startswith(PROTECTED) or not any(mark in content for mark in _SECRETS):
        return None
    if readers := _readers(path, status):
        return f'{path}: {readers} can read your private key; to keep it to yourself, run "chmod 600 {for_shell(path)}"'
    folder = os.path.dirname(os.path.realpath(path))
    if writers := _writers(folder):
        return f'{path}: {writers} can replace your private key; to prevent that, run "chmod go-w {for_shell(folder)}"'
    return None


def _readers(path: str, status: os.stat_result) -> str | None:
    others, group = status.st_mode & stat.S_IROTH, status.st_mode & stat.S_IRGRP
    folder = os.path.dirname(os.path.realpath(path))
    while others or group:
        try:
            way = _status(folder)
        except OSError:
            return None
        if not way.st_mode & stat.S_IXOTH:
            others = 0
        if not way.st_mode & (stat.S_IXGRP if way.st_gid == status.st_gid else stat.S_IXOTH):
            group = 0
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            break
    if others:
        return "everybody on this machine"
    return _group(status.st_gid) if group else None


def _writers(folder: str) -> str | None:
    """Return who else can put another file in the place of one in a folder of the user's; in `/tmp`, nobody can."""
    status = _status(folder)
    if status.st_uid != os.geteuid() or status.st_mode & stat.S_ISVTX:
        return None
    if status.st_mode & stat.S_IWOTH:
        return "everybody on this machine"
    return _group(status.st_gid) if status.st_mode & stat.S_IWGRP else None


def _status(folder: str) -> os.stat_result:
    return os.stat(folder)


def _group(number: int) -> str | None:
    """Return the name of a group, None for that of one user alone, which many systems give to each."""
    import grp
    import pwd

    try:
        found, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return f"group {number}"
    if found.gr_gid == user.pw_gid and found.gr_name == user.pw_name and not set(found.gr_mem) - {user.pw_name}:
        return None
    return f"group {found.gr_name}"
