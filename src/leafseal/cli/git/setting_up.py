"""`leafseal git setup` and `git unsetup`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping

from leafseal.display import first_of, for_shell
from leafseal.git import attributes, drivers, guard, wanted
from leafseal.git.repository import SUBMODULE, Repository, find_repository
from leafseal.system import terminal


def set_up(*, protect: bool) -> None:
    """Write the lines of `.gitattributes` and the settings of this clone, and tell what was written."""
    repository = find_repository()
    was_cached = repository.config(drivers.CACHE) == "true"
    block = attributes.load(repository.top)
    found = wanted.wanted(repository, guards=protect)
    changed = False
    for path in guard.place(repository) if protect else ():
        changed = True
        terminal.say_done(f"wrote {os.path.relpath(path)}")
    changed |= _write_settings(repository, {**drivers.DRIVERS, **(guard.FILTERS if protect else {})})
    planned = attributes.planned(block, found.lines, keeps_strict=bool(found.problems))
    is_new = _write_attributes(repository, block, planned)
    for note in found.notes:
        terminal.say(note)
    for problem in found.problems:
        until = "until then, the guard refuses plain files below it; " if protect else ""
        terminal.warn(f"{problem}; {until}mend it, and run this again")
    if was_cached:
        terminal.say(f"{drivers.CACHE} is off now: it made Git keep plain text in the repository")
    if drivers.has_cached_plaintext(repository):
        terminal.warn(f'Git keeps plain text of encrypted files: delete it with "{drivers.FORGET}"')
    if shutil.which(attributes.DRIVER) is None:
        terminal.warn(f"{attributes.DRIVER} is not on PATH, where Git looks for it")
    if parts := [entry.name for entry in repository.entries() if entry.mode == SUBMODULE]:
        terminal.say(f"submodules are repositories of their own: run this in each too: {first_of(parts)}")
    if os.path.isdir(os.path.join(repository.top, ".jj")):
        terminal.say('jj runs no drivers: "leafseal git jj" prints what to add to its configuration')
    if is_new:
        asks_guard = any(one.startswith("filter=") for line in planned for one in line.attributes)
        run = f"leafseal git setup{' --protect' if asks_guard else ''}"
        terminal.say_done(f'commit {attributes.NAME}; in each clone of the repository, run "{run}" once')
    elif not changed:
        terminal.say_done("everything is set up already")


def _write_attributes(repository: Repository, block: attributes.Block, planned: list[attributes.Line]) -> bool:
    before = block.lines or ()
    if planned == list(before):
        return False
    attributes.save(repository.top, attributes.written(block, planned))
    where = _path(repository, attributes.NAME)
    _tell(where, (f"+ {line}" for line in planned if line not in before))
    _tell(where, (f"- {line}" for line in before if line not in planned))
    return True


def _write_settings(repository: Repository, settings: Mapping[str, str]) -> bool:
    changes = drivers.changes(repository, settings)
    drivers.write(repository, changes)
    _tell("git config --local", (f"{one.name} {for_shell(one.new)}" for one in changes))
    return bool(changes)


def _path(repository: Repository, name: str) -> str:
    return os.path.relpath(os.path.join(repository.top, name))


def _tell(where: str, lines: Iterator[str]) -> None:
    for line in lines:
        terminal.say_done(f"{where}: {line}")


def remove(*, protect: bool, shared: bool) -> None:
    """Remove the settings of this clone, of the guard alone with `protect`; with `shared` our lines for everybody."""
    repository = find_repository()
    names = drivers.GUARDS if protect else (*drivers.SECTIONS, *drivers.GUARDS)
    removed = list(drivers.sections(repository, names))
    for section in removed:
        drivers.remove(repository, section)
        terminal.say_done(f"git config --local: removed section {section}")
    guard.displace(repository)
    if shared:
        _remove_lines(repository, protect=protect)
    elif not removed:
        terminal.say_done("nothing is set up in this clone")
    elif os.path.lexists(os.path.join(repository.top, attributes.NAME)):
        terminal.say_done(
            f"{attributes.NAME} stays: other clones have it too, and without a driver Git ignores its lines"
        )


def _remove_lines(repository: Repository, *, protect: bool) -> None:
    block = attributes.load(repository.top)
    if block.lines is not None:
        lines = [_without_guard(line) for line in block.lines] if protect else []
        attributes.save(repository.top, attributes.written(block, lines))
        what = "the guard's attributes" if protect else "the lines of leafseal"
        terminal.say_done(f"{_path(repository, attributes.NAME)}: removed {what}")


def _without_guard(line: attributes.Line) -> attributes.Line:
    return attributes.Line(line.pattern, tuple(one for one in line.attributes if not one.startswith("filter=")))
