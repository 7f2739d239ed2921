"""`leafseal link-sops`."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator

from leafseal.cli.shared.commands import PROGRAM
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.display import for_shell
from leafseal.errors import CommandError, LeafsealError, MissingFileError, RefusedError
from leafseal.system import files, owners, terminal

_NAME = "sops"


@command("link-sops")
@option("--force", is_flag=True, help="Replace an existing file or link, and hide another sops on PATH.")
@argument("folder", metavar="DIR")
def link_sops(folder: str, force: bool) -> None:
    """Create a link named sops in DIR, so that programs and people who start sops run leafseal.

    Under that name it has the command line of sops 3.13.2. Without --force, nothing that exists is replaced.

    \b
    leafseal link-sops ~/.local/bin
    leafseal link-sops --force /usr/local/bin
    """
    if os.name == "nt":
        raise LeafsealError("cannot create links to programs on Windows", hint='use "leafseal sops" instead of "sops"')
    if not os.path.isdir(folder):
        raise MissingFileError("no such folder", hint=f"mkdir -p {for_shell(folder)}", file=folder)
    program, link = find_own_program(), os.path.join(os.path.abspath(folder), _NAME)
    if is_link_to(link, program):
        terminal.say(f"{link} already points to {program}")
    else:
        if not force:
            _refuse_what_is_there(link)
            _refuse_to_hide_another(folder, program)
        make_link(link, program)
        terminal.say(f"created {link}, which runs {program}")
    _tell_of_path(folder, program)


def find_own_program() -> str:
    """Return the absolute path of the program that was started, or of the one that belongs to this Python."""
    for path in _candidates():
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise CommandError(
        f"the program {PROGRAM}, to which the link would point, was not found",
        hint=f'install {PROGRAM} with pipx, uv or pip, and run "{PROGRAM} link-sops" of that installation',
    )


def _candidates() -> Iterator[str]:
    if os.path.basename(sys.argv[0]) == PROGRAM:
        yield sys.argv[0]
    yield os.path.join(os.path.dirname(sys.executable), PROGRAM)
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        yield os.path.join(sysconfig.get_path("scripts", scheme), PROGRAM)


def is_link_to(link: str, program: str) -> bool:
    """Tell whether a link leads to a program, over whatever other links."""
    return os.path.islink(link) and os.path.realpath(link) == os.path.realpath(program)


def make_link(link: str, program: str) -> None:
    """Put a link in the place of what is there, in one step. Raises `WriteError`."""
    beside = os.path.join(os.path.dirname(link), f".{_NAME}.{owners.tag()}.leafseal")
    try:
        os.symlink(program, beside)
        try:
            os.replace(beside, link)
        except OSError:
            os.unlink(beside)
            raise
    except OSError as error:
        raise files.write_error(error, link) from error


def _refuse_what_is_there(link: str) -> None:
    if os.path.lexists(link):
        what = f"is a link to {os.readlink(link)}" if os.path.islink(link) else "already exists"
        raise RefusedError(what, hint="add --force to replace it, or choose another folder", file=link)


def _refuse_to_hide_another(folder: str, program: str) -> None:
    before, after = others_on_path(folder, program)
    if after and not before:
        raise RefusedError(
            f"{os.path.join(folder, _NAME)} would hide {after[0]} on PATH",
            hint="to create it anyway, add --force; programs that start sops then run leafseal",
        )


def others_on_path(folder: str, program: str) -> tuple[list[str], list[str]]:
    """Return the other programs named sops on PATH, those before a folder and those behind it.

    Where the folder is not on PATH, all come before it.
    """
    before: list[str] = []
    after: list[str] = []
    found = before
    for entry in filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep)):
        if os.path.realpath(entry) == os.path.realpath(folder):
            found = after
            continue
        path = os.path.join(entry, _NAME)
        if os.path.isfile(path) and os.access(path, os.X_OK) and os.path.realpath(path) != os.path.realpath(program):
            found.append(path)
    return before, [] if found is before else after


def _tell_of_path(folder: str, program: str) -> None:
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if not any(os.path.realpath(entry) == os.path.realpath(folder) for entry in entries if os.path.isabs(entry)):
        terminal.say(f"{os.path.abspath(folder)} is not on PATH: add it, so that programs find the link")
        return
    before, _ = others_on_path(folder, program)
    if before:
        terminal.say(f"{before[0]} comes first on PATH, so it is what still runs")
