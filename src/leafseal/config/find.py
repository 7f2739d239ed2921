"""Where the configuration of a file is (sops-cli §1.1, and the file's own folder)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator

from leafseal.document.limits import Limits
from leafseal.errors import ConfigError, InputError, system_text
from leafseal.system import directories, reading
from leafseal.system.directories import AnyPath

NAMES = (".sops-style-config.yaml", ".sops.yaml")
"""Names of a configuration file; their contents mean the same."""

MAX_BYTES = 2**20
_LIMITS = Limits(file_bytes=MAX_BYTES)

MISNAMED = ".sops.yml"
"""What some call it; nobody reads that file."""

_MAX_LEVELS = 100


def _say_nothing(message: str) -> None:
    pass


def find_config(
    start: str | os.PathLike[str], *, home: AnyPath | None = None, warn: Callable[[str], None] = _say_nothing
) -> str | None:
    """Look for a configuration in the folder of a file, then upwards.

    `start` is the file, which need not exist, or a folder. The search ends in the folder that holds `.git`, in the home
    directory, and before another file system begins. Raises `ConfigError` where the two names stand side by side with
    different content.
    """
    misnamed: str | None = None
    found: str | None = None
    for folder in _folders(start, home):
        if misnamed is None and os.path.isfile(os.path.join(folder, MISNAMED)):
            misnamed = os.path.join(folder, MISNAMED)
        found = _in_folder(folder)
        if found is not None:
            break
    if misnamed is not None:
        warn(_misnamed_text(misnamed, found))
    if found is not None and _may_be_planted(found):
        warn(f"{found} belongs to another user, and anyone can write to its folder: its recipients may not be yours")
    return found


def _may_be_planted(path: str) -> bool:
    """Tell whether a configuration belongs to another user, in a folder such as `/tmp`."""
    if not hasattr(os, "geteuid"):
        return False
    try:
        return os.lstat(path).st_uid not in (0, os.geteuid()) and bool(os.stat(os.path.dirname(path)).st_mode & 0o002)
    except OSError:
        return False


def find_configs(start: str | os.PathLike[str], *, home: AnyPath | None = None) -> Iterator[str]:
    """Yield the configurations that `find_config` could find, the nearest first."""
    return filter(None, map(_in_folder, _folders(start, home)))


def _folders(named: str | os.PathLike[str], home: AnyPath | None) -> Iterator[str]:
    start, home = os.path.abspath(named), os.fspath(home or directories.home())
    homes = (os.path.normpath(home), os.path.realpath(home))
    folder = start if os.path.isdir(start) else os.path.dirname(start)
    while True:
        yield folder
        if os.path.exists(os.path.join(folder, ".git")) or folder in homes or os.path.ismount(folder):
            return
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _in_folder(folder: str) -> str | None:
    present = [path for name in NAMES if _is_there(path := os.path.join(folder, name))]
    if len(present) == 2 and read_bounded(present[0]) != read_bounded(present[1]):
        raise ConfigError(
            f"{NAMES[0]} and {NAMES[1]} are in the same folder and differ",
            hint="keep one of them, or make one a link to the other",
            file=folder,
        )
    return present[0] if present else None


def _is_there(path: str) -> bool:
    """Tell whether anything has that name. Raises `ConfigError` where that is not to be known.

    Another configuration further up may not do in its place.
    """
    try:
        os.stat(path)
    except PermissionError as error:
        raise _unreadable_error(path, error) from None
    except (OSError, ValueError):
        if os.path.islink(path):
            raise ConfigError("could not read config file: the link leads to no file", file=path) from None
        return False
    return True


def read_bounded(path: str, *, pipes: bool = False) -> bytes:
    """Return the content of a configuration file, as `read_small` does. Raises `ConfigError`."""
    try:
        return read_small(path, pipes=pipes)
    except InputError as error:
        if isinstance(system := error.__context__, OSError):
            raise _unreadable_error(path, system) from system
        raise ConfigError(f"could not read config file: {error.message}", file=path) from None


def read_small(path: str, *, pipes: bool = False) -> bytes:
    """Return the content of a file in which somebody says what is to be done. Raises `InputError`.

    A named pipe, device or folder is refused, and so is what is larger than `MAX_BYTES`. With `pipes` a named pipe is
    read, which waits for whoever writes there.
    """
    if pipes and _is_pipe(path):
        try:
            with open(path, "rb", buffering=0) as pipe:
                return reading.read_descriptor(pipe.fileno(), MAX_BYTES)
        except OSError as error:
            raise InputError(f"cannot read: {system_text(error)}", file=path) from error
    return reading.read(path if path != "-" else os.path.join(os.curdir, path), _LIMITS).data


def _is_pipe(path: str) -> bool:
    """Tell whether a path is that of a named pipe, and not of an open descriptor."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode) and reading.descriptor_of(path) is None
    except (OSError, ValueError):
        return False


def _unreadable_error(path: str, error: OSError) -> ConfigError:
    return ConfigError(f"could not read config file: {error.strerror}", file=path)


def find_config_from_cwd(*, warn: Callable[[str], None] = _say_nothing) -> str | None:
    """Look for `.sops.yaml` as SOPS does: in the current directory, then up to 100 levels above it.

    The path is relative to the current directory.
    """
    misnamed: str | None = None
    for level in range(_MAX_LEVELS):
        above = os.path.join(*[os.pardir] * level) if level else ""
        if misnamed is None and os.path.exists(os.path.join(above, MISNAMED)):
            misnamed = os.path.join(above, MISNAMED)
        path = os.path.join(above, ".sops.yaml")
        if os.path.exists(path):
            if misnamed is not None:
                warn(_misnamed_text(misnamed, path))
            return path
    if misnamed is not None:
        warn(_misnamed_text(misnamed, None))
    return None


def _misnamed_text(misnamed: str, found: str | None) -> str:
    instead = f'; using "{found}" instead' if found else ""
    return f'ignoring "{misnamed}" when searching for config file; the config file must be called ".sops.yaml"{instead}'
