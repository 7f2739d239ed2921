"""Finding programs on `PATH`, and never in a checkout: editors, gpg and other helpers, the command given the secrets.

Apart from `programs`, which starts them: that needs `subprocess`, a fifth of the start of a command that execs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from leafseal.system import directories


def locate(name: str, environ: Mapping[str, str], *, trust_here: bool = False) -> str | None:
    """Return the absolute path of a program, None when there is none that may be run.

    An absolute `name` is taken as it is: whoever wrote it out meant it. A relative one is never run. A bare one is
    looked up in `PATH`, whose entries count only when they are absolute and lie outside the working tree we stand in,
    which may be a checkout of somebody else's; `trust_here` drops that last condition.
    """
    if os.path.isabs(name):
        return name if _is_program(name) else None
    if os.path.dirname(name):
        return None
    here = None if trust_here else _untrusted_folder(environ)
    for folder in _folders(environ, here):
        path = os.path.join(folder, name)
        if here is not None and _is_within(path, here):  # a link
            continue
        for candidate in (path, *(path + suffix for suffix in _suffixes(environ))):
            if _is_program(candidate):
                return candidate
    return None


def trusted_path(environ: Mapping[str, str]) -> str:
    """Return the `PATH` that a helper gets, which looks for programs itself: the folders that `locate` looks in."""
    # An empty one would be the current folder, and none at all whatever the program thinks usual.
    return os.pathsep.join(_folders(environ, _untrusted_folder(environ))) or os.devnull


def _folders(environ: Mapping[str, str], untrusted: str | None) -> Iterator[str]:
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        if os.path.isabs(folder) and (untrusted is None or not _is_within(folder, untrusted)):
            yield folder


def _untrusted_folder(environ: Mapping[str, str]) -> str | None:
    """Return the Git working tree we stand in, else the current folder; None where the home folder lies below that."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        return None
    home = os.path.realpath(environ.get("HOME") or directories.home())
    if _is_within(home, here):
        return None
    folder = here
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, child = os.path.dirname(folder), folder
        if folder == child:
            return here
    return here if _is_within(home, folder) else folder


def _is_within(path: str, folder: str) -> bool:
    real = os.path.realpath(path)
    return any(one == folder or one.startswith(folder.rstrip(os.sep) + os.sep) for one in (real, os.path.abspath(path)))


def _suffixes(environ: Mapping[str, str]) -> list[str]:
    return environ.get("PATHEXT", ".exe").split(";") if os.name == "nt" else []


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
