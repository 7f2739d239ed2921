"""`--all`: every encrypted file that Git tracks below the configuration in force."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from leafseal.cli.shared.declarations import FILES, FileName, argument, grouped, make_option
from leafseal.cli.shared.files import distinct, read_one
from leafseal.cli.shared.options import InputOptions
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError, UsageError
from leafseal.system import terminal

F = TypeVar("F", bound=Callable[..., Any])

_GIT_SECONDS = 60.0
_LONGEST_LIST = 1 << 28  # bytes of names


class EveryFile(NamedTuple):
    """Whether all files are meant, and those too that Git does not track."""

    is_all: bool = False
    untracked: bool = False


_options = grouped(
    "every",
    EveryFile,
    make_option(
        "--all",
        "is_all",
        is_flag=True,
        help="Take every encrypted file that Git tracks below .sops.yaml.",
        section=FILES,
    ),
    make_option(
        "--untracked",
        is_flag=True,
        help="With --all: also take files that Git does not track or ignore.",
        section=FILES,
    ),
)


def files_or_all(function: F) -> F:
    """Add the files to work on, or `--all` in their place."""
    return argument("files", is_many=True, metavar="[FILE...]", type=FileName())(_options(function))


def chosen(
    files: Sequence[str], every: EveryFile, reading: InputOptions, limits: Limits, *, config: str | None = None
) -> Sequence[str]:
    """Return the files to work on: those that are named, or all. Raises `UsageError` where neither is said, or both.

    All are those below the configuration that holds in the current folder; without one, or with another one that an
    option names (`config`), below the current folder.
    """
    if every.untracked and not every.is_all:
        raise UsageError("--untracked works with --all only", hint="add --all, or leave out --untracked")
    if every.is_all and files:
        raise UsageError("--all takes the place of files", hint="name files, or add --all, but not both")
    if not every.is_all:
        if not files:
            raise UsageError("no FILE is named", hint="name a FILE, or add --all for all that Git tracks")
        return distinct(files)
    folder = _folder(config)
    found = [name for name in _names(folder, every) if is_encrypted(name, reading, limits)]
    if not found:
        below = f"below {os.path.relpath(folder)}"
        if every.untracked or not _is_in_git(folder):
            terminal.say(f"no encrypted files {below}")
        else:
            terminal.say(f"Git tracks no encrypted files {below}: git add them first, or add --untracked")
    return found


def names_below(folder: str) -> list[str]:
    """Return the files that `--all` would look at below a folder, as seen from the current one."""
    return list(_names(folder, EveryFile(is_all=True)))


def _folder(config: str | None) -> str:
    from leafseal.config.find import find_config

    here = os.getcwd()
    found = find_config(here) if config is None else None
    return here if found is None else os.path.dirname(found)


def _names(folder: str, every: EveryFile) -> Iterator[str]:
    """Yield regular files below a folder, as seen from the current one; what links lead to is there itself, or not."""
    listed = _tracked(folder, every) if _is_in_git(folder) else _walked(folder)
    here = os.getcwd()
    for path in listed:
        if os.path.isfile(path) and not os.path.islink(path):
            yield os.path.relpath(path, here)


def _is_in_git(folder: str) -> bool:
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, child = os.path.dirname(folder), folder
        if folder == child:
            return False
    return True


def _tracked(folder: str, every: EveryFile) -> Iterator[str]:
    from leafseal.git import repository
    from leafseal.system.programs import ProgramError

    untracked = ["--others", "--exclude-standard"] if every.untracked else []
    arguments = ["ls-files", "-z", "--cached", *untracked]
    try:
        listed = repository.ask(folder, arguments, seconds=_GIT_SECONDS, limit=_LONGEST_LIST)
    except ProgramError as error:
        raise UsageError(
            f"Git cannot list its files: {error}",
            hint='see what "git -c safe.bareRepository=explicit ls-files" says; or name the files in place of --all',
        ) from None
    for name in sorted(set(listed.split(b"\0"))):
        if name:
            yield os.path.join(folder, os.fsdecode(name))


def _walked(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not os.path.lexists(os.path.join(parent, name, ".git")))
        for name in sorted(names):
            yield os.path.join(parent, name)


def is_encrypted(name: str, reading: InputOptions, limits: Limits) -> bool:
    """Tell whether a file is an encrypted one, or a broken one: what is wrong with it the command says."""
    from leafseal.formats import ANY_BYTES, format_of
    from leafseal.operations.encrypt import is_encrypted

    # A text whose name shows no format may only speak of sops.
    if_damaged = format_of(name) != ANY_BYTES
    try:
        source = read_one(name, reading, limits).source
    except LeafsealError:
        return if_damaged
    return b"ENC[" in source.data and is_encrypted(source, reading.within(limits), if_damaged=if_damaged)
