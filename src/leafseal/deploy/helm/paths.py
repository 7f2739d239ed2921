"""The files that a getter may read: what a URL names is written by whoever writes the values of a chart.

On a host that renders charts of many people, such as Argo CD's, a name must not lead out of the folder that is
rendered. So that is refused unless the environment allows it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import InputError, RefusedError, UsageError, naming
from leafseal.system.inside import read_inside
from leafseal.system.reading import Snapshot, read

VARIABLE = "LEAFSEAL_HELM_ALLOW"
"""The environment variable that lists what is allowed, with commas between."""

ABSOLUTE, PARENTS, LINKS = "absolute", "parents", "links"


class Allowed(NamedTuple):
    """What the environment allows; nothing by default."""

    words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Allowed:
        """Return what our variable says. Raises `UsageError` for a word that is not known."""
        words = frozenset(filter(None, (word.strip() for word in environ.get(VARIABLE, "").split(","))))
        if unknown := words - {ABSOLUTE, PARENTS, LINKS}:
            raise UsageError(
                f"{VARIABLE} has the unknown word {visible(min(unknown))}",
                hint=f"use {ABSOLUTE}, {PARENTS} and {LINKS}, separated by commas",
            )
        return cls(words)

    @classmethod
    def of_helm_secrets(cls, environ: Mapping[str, str]) -> Allowed:
        """Return what the variables of helm-secrets say, which allow everything by default."""
        return cls(frozenset(word for word, name in _OF_HELM_SECRETS.items() if environ.get(name, "true") != "false"))


_OF_HELM_SECRETS = {
    ABSOLUTE: "HELM_SECRETS_VALUES_ALLOW_ABSOLUTE_PATH",
    PARENTS: "HELM_SECRETS_VALUES_ALLOW_PATH_TRAVERSAL",
    LINKS: "HELM_SECRETS_VALUES_ALLOW_SYMLINKS",
}


def read_allowed(name: str, allowed: Allowed) -> Snapshot:
    """Read a file that a URL names. Raises `RefusedError` for one that is not allowed, and `InputError`."""
    if "\0" in name:
        raise InputError("no file can have this name", file=name.replace("\0", "?"))
    with naming(name):
        if os.path.isabs(name) or os.path.splitdrive(name)[0]:
            insist(ABSOLUTE, allowed, "an absolute path is not allowed")
        if os.pardir in name.replace("\\", "/").split("/"):
            insist(PARENTS, allowed, ".. in a path is not allowed")
        if LINKS in allowed.words:
            return read(name)
        here, real = os.path.realpath(os.curdir), os.path.realpath(name)
        is_inside = _is_below(real, here)
        is_named_inside = _is_below(os.path.abspath(name), os.path.abspath(os.curdir))
        if is_named_inside and not is_inside:
            insist(LINKS, allowed, "a link leads out of the current folder, which is not allowed")
        if not is_inside:
            if os.path.islink(name):
                insist(LINKS, allowed, "a link is not allowed outside of the current folder")
            return read(name)
        return read_inside(os.path.relpath(real, here))._replace(path=name)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))


def insist(word: str, allowed: Allowed, message: str) -> None:
    """Raise `RefusedError` for what the environment does not allow."""
    if word not in allowed.words:
        words = ",".join(sorted({*allowed.words, word}))
        raise RefusedError(message, hint=f"to allow it for all charts, set {VARIABLE}={words}")
