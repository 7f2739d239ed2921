"""What commands read: files as sops finds them, standard input, named pipes."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from leafseal.display import visible
from leafseal.document.limits import DEFAULT_LIMITS, ReadOptions
from leafseal.errors import InputError, system_text
from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure
from leafseal.system import reading
from leafseal.system.reading import descriptor_of

LIMITS = DEFAULT_LIMITS._replace(file_bytes=2**30, scalar_bytes=2**30)
"""Sizes that sops takes as well: it has no options to raise a limit with."""

READ = ReadOptions(LIMITS, any_types=True)


def read(path: str) -> reading.Snapshot:
    """Read a file, or standard input for `-`. Raises `Failure` with exit code 2."""
    try:
        return _read_stream(path) if _is_stream(path) else reading.read(path, LIMITS)
    except (InputError, OSError) as error:
        reason = str(error) if isinstance(error, InputError) else f"{path}: {system_text(error)}"
        what = "from stdin" if path == "-" else "file"
        raise Failure(f"Error reading {what}: {reason}", 2, hint=getattr(error, "hint", None)) from error


def as_file(word: str | None) -> str:
    """Return what `read` takes for a word of the command line: without one, standard input; a dash names a file.

    As in sops the path is made absolute first, without a look at links: `f/` and `d/../f` are `f`.
    """
    return "-" if word is None else os.path.abspath(word)


def refuse_missing(path: str) -> None:
    """Raise `Failure` with exit code 100 where there is no file."""
    if is_missing(path):
        raise Failure(f"Error: cannot operate on non-existent file {quoted(os.path.abspath(path))}", 100)


def is_missing(path: str) -> bool:
    """Tell whether there is nothing of that name, or a link that leads nowhere."""
    try:
        os.stat(os.path.abspath(path))
    except FileNotFoundError:
        return True
    except OSError:  # there is something, which reading it will tell
        return False
    return False


def warn_of_more(words: Sequence[str], count: int) -> None:
    """Warn of positional arguments that are ignored."""
    if len(words) <= count:
        return
    talk.warn("CMD", "More than one positional argument provided. Only the first one will be used!")
    flag = next((word for word in words[count:] if word.startswith("-")), None)
    if flag is not None:
        talk.warn(
            "CMD",
            f'Note that one of the ignored positional argument is "{flag}", which looks like a flag. Flags must always '
            "be provided before the first positional argument!",
        )


def quoted(text: str) -> str:
    """Return a name in double quotes, as sops shows it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{visible(escaped)}"'


def _is_stream(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return descriptor_of(path) is None and (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode))


def _read_stream(path: str) -> reading.Snapshot:
    """Read a named pipe or a device to its end, as sops does; it cannot be written back."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0))
    try:
        return reading.Snapshot(path, reading.read_descriptor(descriptor, LIMITS.file_bytes))
    finally:
        os.close(descriptor)
