"""Places where identities may be, and reading them within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterable

from leafseal import age
from leafseal.display import holds_key
from leafseal.keys import Ambient
from leafseal.system.directories import leads_somewhere

SIZE_LIMIT = 16 * 2**20
_COMMAND_SECONDS = 120.0
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
"""Names the folder in which systemd puts a service's credentials."""

PROTECTED = (b"age-encryption", b"-----BEGIN AGE")
"""How a file of identities begins that is protected by a passphrase."""

_READ_BY_OTHERS, _WRITTEN_BY_OTHERS = 0o044, 0o022  # the bits of a mode for group and others

AT_HAND, OF_PLUGINS, ENCRYPTED = range(3)
"""What it takes to use an identity (its `effort`), in the order in which they are tried."""

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

    __slots__ = ("hint", "reason")

    def __init__(self, name: str, reason: str, hint: str | None = None) -> None:
        super().__init__(name)
        self.reason = reason
        self.hint = hint


class Loaded(Place):
    """A place that was read; it may hold no identity."""

    __slots__ = ("identities",)

    def __init__(self, name: str, identities: Iterable[age.Identity]) -> None:
        super().__init__(name)
        self.identities = tuple(identities)


def named_file(variable: str, value: str, key_hint: str) -> str | Failed:
    """Return the name of the place whose file a variable names, or the place that failed.

    What the variable holds is shown only where it leads to a folder that exists: anything else may be the key itself,
    or another secret, given to the wrong variable. `key_hint` says where a key belongs.
    """
    if not value:
        return Failed(variable, "is set, and empty")
    if holds_key(value):
        return Failed(variable, "contains a key, not the name of a file", key_hint)
    if value[0] in "\"'" and not os.path.exists(value):
        return Failed(variable, "has quotes around the name of the file", f"delete the quotes in {variable}")
    if value[0] == "~" and not os.path.exists(value):
        return Failed(variable, "begins with ~, which only shells replace", f"write $HOME in place of ~ in {variable}")
    return f"{variable} ({value})" if leads_somewhere(value) else variable


def read_file(
    name: str, path: str | os.PathLike[str], limit: int = SIZE_LIMIT, ambient: Ambient | None = None
) -> bytes | Failed:
    """Return the content of a file, or the place that failed; the user of `ambient` is warned of its other readers."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
            if ambient is not None and ambient.warn is not None and _may_be_exposed(path, file.fileno()):
                from leafseal.providers.age.exposed import exposure

                if text := exposure(os.fspath(path), os.fstat(file.fileno()), data):
                    ambient.warn(text)
    except (OSError, ValueError) as error:
        hint = "check the name of the file; a relative one begins in the current folder"
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        return Failed(name, reason, hint if isinstance(error, FileNotFoundError) else None)
    return data if len(data) <= limit else Failed(name, f"larger than {limit} bytes")


def _may_be_exposed(path: str | os.PathLike[str], descriptor: int) -> bool:
    """Tell whether it takes a closer look to know that nobody else reads or replaces a file: for most it takes none."""
    folder = os.path.dirname(os.fspath(path)) or os.curdir
    if os.fstat(descriptor).st_mode & _READ_BY_OTHERS:
        return True
    return os.path.islink(path) or bool(os.stat(folder).st_mode & _WRITTEN_BY_OTHERS)


def output_of_variable(name: str, ambient: Ambient, recipient: str, limit: int = SIZE_LIMIT) -> bytes | Place:
    """Return what the command in a variable prints when it is told a recipient, or the place without one."""
    command = ambient.environ.get(name)
    if command is None:
        return Absent(name)
    import shlex

    from leafseal.system import programs
    from leafseal.system.environment import helper_environment

    try:
        argv = shlex.split(command)
    except ValueError:
        return Failed(name, "its quotes do not match")
    if not argv:
        return Failed(name, "is set, and empty")
    if holds_key(argv[0]):
        return Failed(name, "is a key, not a command")
    environ = helper_environment(ambient.environ, SOPS_AGE_RECIPIENT=recipient)
    try:
        return programs.output_of(argv, environ, seconds=_COMMAND_SECONDS, limit=limit)
    except programs.ProgramError as error:
        return Failed(name, str(error))
