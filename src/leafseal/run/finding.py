"""Finding the program that gets the secrets, and starting it, as `env` does.

`os.execvpe` goes on searching after errors that end a search, so that another program of the name may run, and knows no
script without `#!`.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

from leafseal.display import for_shell
from leafseal.errors import CommandError, system_text

T = TypeVar("T")

Attempt = Callable[[str, list[str]], T]
"""Starts the program at a path, with its arguments. Raises `OSError`."""


def start(argv: Sequence[str], environ: Mapping[bytes, bytes], attempt: Attempt[T]) -> T:
    """Start the program that `argv` names, by way of `attempt`, and return what that returns.

    A name without `/` is looked for in the `PATH` of the environment that the program gets. A file that the system
    cannot run is a script for `/bin/sh`, unless its beginning is no text.

    Raises `CommandError`: with 127 for a program that does not exist, also for one whose interpreter does not, with 126
    for one that cannot be run.
    """
    name = argv[0]
    denied: OSError | None = None
    is_orphan = False
    for path in _paths(name, environ):
        try:
            return _begin(path, argv, attempt)
        except OSError as error:
            if error.errno == errno.ENOENT:
                is_orphan = is_orphan or os.path.exists(path)
            elif error.errno == errno.EACCES:
                denied = error
            elif error.errno != errno.ENOTDIR or "/" in name:
                _refuse(argv, environ, error)
        except ValueError:
            raise CommandError(f"cannot run {name}: it has an argument that no program can get") from None
    if denied is not None:
        _refuse(argv, environ, denied)
    if is_orphan:
        raise CommandError(
            f"cannot run {name}: the interpreter in its first line does not exist",
            hint="install it, or correct the line that begins with #!; it must not end in CR",
        )
    hint = "to run a command line, name a shell: -- sh -c 'COMMAND LINE'" if " " in name else None
    if os.path.isfile(name):
        hint = f"to run the file in this folder, write ./{for_shell(name)}"
    raise CommandError(f"command not found: {name}", hint=hint)


def _paths(name: str, environ: Mapping[bytes, bytes]) -> Iterator[str]:
    if os.name == "nt":
        from leafseal.system.executables import locate

        yield (name if os.path.dirname(name) else locate(name, os.environ, trust_here=True)) or name
    elif "/" in name:
        yield name
    elif name:
        for folder in os.fsdecode(environ.get(b"PATH", b"/bin:/usr/bin")).split(":"):
            yield os.path.join(folder or ".", name)


def _begin(path: str, argv: Sequence[str], attempt: Attempt[T]) -> T:
    try:
        return attempt(path, list(argv))
    except OSError as error:
        if error.errno != errno.ENOEXEC or _is_binary(path):
            raise
    return attempt("/bin/sh", ["/bin/sh", path, *argv[1:]])


def _is_binary(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            beginning = file.read(128)
    except OSError:
        return False  # the shell says so
    return b"\0" in beginning or beginning.startswith(b"\x7fELF")


def _refuse(argv: Sequence[str], environ: Mapping[bytes, bytes], error: OSError) -> NoReturn:
    if error.errno == errno.E2BIG:
        raise _too_big_error(argv, environ) from None
    hint = "to run it, make it executable with chmod +x" if _is_no_program(argv[0], error) else None
    raise CommandError(f"cannot run {argv[0]}: {system_text(error)}", found=True, hint=hint) from error


def _is_no_program(name: str, error: OSError) -> bool:
    return error.errno == errno.EACCES and "/" in name and os.path.isfile(name) and not os.access(name, os.X_OK)


def _too_big_error(argv: Sequence[str], environ: Mapping[bytes, bytes]) -> CommandError:
    """Return what to say where the system takes no more arguments and variables; the lengths of values stay ours."""
    most = 32 * os.sysconf("SC_PAGE_SIZE")  # for one string, its end included; Linux has no name for it
    hint = 'hand large values to the program in files: "leafseal exec -e FILE --file KEY=NAME -- PROGRAM"'
    if any(len(os.fsencode(word)) >= most for word in argv):
        return CommandError(f"cannot run {argv[0]}: an argument is longer than {most // 1024} KiB", found=True)
    sizes = {os.fsdecode(name): len(name) + len(value) + 2 for name, value in environ.items()}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    if over := [name for name in largest if sizes[name] > most and sys.platform == "linux"]:
        what = f"a variable can have {most // 1024} KiB with its name, and these are longer: {', '.join(over)}"
    else:
        what = f"arguments and environment are too large together; the largest variables are {', '.join(largest)}"
    return CommandError(f"cannot run {argv[0]}: {what}", found=True, hint=hint)
