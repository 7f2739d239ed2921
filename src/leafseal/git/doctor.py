"""What a clone lacks to show, merge and protect encrypted files, and what Git keeps of them that it should not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from leafseal.display import counted, first_of, for_shell
from leafseal.errors import LeafsealError
from leafseal.git import attributes, drivers, guard
from leafseal.git.attributes import DRIVER, KEPT
from leafseal.git.known_rules import unread_rules
from leafseal.git.repository import SUBMODULE, Repository, find_repository
from leafseal.git.wanted import OURS, encrypted_files

_SET_UP = "leafseal git setup"
_PROTECT = "leafseal git setup --protect"


class Finding(NamedTuple):
    """Something that is missing or wrong in a clone. Its code never changes."""

    code: str
    message: str
    command: str
    """What mends it, for a shell; empty where no one command does."""

    files: tuple[str, ...] = ()


class Diagnosis(NamedTuple):
    """What was found, and what it is about."""

    encrypted: int
    """How many encrypted files the index has."""

    is_guarded: bool
    findings: list[Finding]


def diagnose(repository: Repository) -> Diagnosis:
    """Look at a clone. Nothing in it is changed."""
    names = list(encrypted_files(repository))
    given = repository.attributes(names, ["diff", "merge", "filter"]) if names else {}
    filters = {name: one["filter"] for name, one in given.items()}
    guarded = [name for name in names if filters[name] in (DRIVER, KEPT)]
    has_guard = any(drivers.sections(repository, drivers.GUARDS))
    # The one sets up what the other does, too: nobody is to run both.
    set_up = _PROTECT if guarded and not has_guard else _SET_UP
    findings = [
        *_program(),
        *_of_drivers(repository, set_up),
        *_of_configurations(repository),
        *_of_attributes(repository, given, set_up),
        *_of_cache(repository, set_up),
        *(_of_guard(repository, names, guarded) if has_guard else _without_guard(guarded)),
        *_of_submodules(repository),
    ]
    return Diagnosis(len(names), has_guard, findings)


def _program() -> Iterator[Finding]:
    if shutil.which(DRIVER) is None:
        yield Finding("not-on-path", f"{DRIVER} is not on PATH, where Git looks for it", "")


def _of_drivers(repository: Repository, set_up: str) -> Iterator[Finding]:
    own = drivers.own_settings(repository)
    changes = drivers.changes(repository, drivers.DRIVERS)
    if not any(drivers.sections(repository, drivers.SECTIONS)):
        message = "this clone has no drivers: Git shows ciphertext, and merges it line by line"
        yield Finding("no-drivers", message, set_up)
    elif f"merge.{DRIVER}.driver" not in own and any(name.startswith(f"merge.{DRIVER}.") for name in own):
        message = f"merge.{DRIVER} has no driver in this clone: every merge of an encrypted file ends with an error"
        yield Finding("half-a-driver", message, set_up)
    elif changes:
        names = first_of([change.name for change in changes])
        yield Finding("other-drivers", f"settings of this clone are not those of this version: {names}", set_up)


def _of_configurations(repository: Repository) -> Iterator[Finding]:
    for name, why in unread_rules(repository).items():
        path = os.path.relpath(os.path.join(repository.top, name))
        yield Finding("invalid-configuration", why.spoken, f"leafseal config check {for_shell(path)}", (name,))


def _of_attributes(repository: Repository, given: dict[str, dict[str, str]], set_up: str) -> Iterator[Finding]:
    without = tuple(name for name, one in given.items() if DRIVER not in (one["diff"], one["merge"]))
    other = tuple(name for name, one in given.items() if name not in without and one["diff"] != one["merge"])
    union = tuple(name for name, one in given.items() if one["merge"] == "union")
    if union:
        message = "Git merges them with merge=union, which mixes the encrypted values of both sides"
        yield Finding("union-merge", message, "", union)
    if without := tuple(name for name in without if name not in union):
        message = f"{attributes.NAME} gives them no driver, so Git shows ciphertext and merges it line by line"
        yield Finding("no-attributes", message, set_up, without)
    if other := tuple(name for name in other if name not in union):
        message = f"their diff or merge attribute is not {DRIVER}: a later line of {attributes.NAME} changes it"
        yield Finding("other-attributes", message, f"git check-attr -a -- {for_shell(other[0])}", other)
    if attributes.load(repository.top).lines is not None and attributes.NAME not in repository.names():
        message = f"{attributes.NAME} is not in Git, so that other clones do not have it"
        yield Finding("attributes-not-added", message, f"git add :/{attributes.NAME}")


def _of_cache(repository: Repository, set_up: str) -> Iterator[Finding]:
    if (repository.config(drivers.CACHE) or "").lower() in ("true", "yes", "on", "1"):
        yield Finding("caches-plaintext", f"{drivers.CACHE} is on: Git keeps the plain text that it shows", set_up)
    if drivers.has_cached_plaintext(repository):
        message = f"Git keeps plain text of encrypted files in {drivers.NOTES}, and a mirror push sends it along"
        yield Finding("cached-plaintext", message, drivers.FORGET)


def _without_guard(guarded: Sequence[str]) -> Iterator[Finding]:
    if guarded:
        message = f"{attributes.NAME} asks for the guard of plain text, and this clone has none"
        yield Finding("no-guard", message, _PROTECT, tuple(guarded))


def _of_guard(repository: Repository, names: Sequence[str], guarded: Sequence[str]) -> Iterator[Finding]:
    if drivers.changes(repository, guard.FILTERS) or not guard.is_placed(repository):
        yield Finding("other-guard", "the guard of this clone is not that of this version", _PROTECT)
    elif repository.git_dir == repository.common_dir and not guard.knows_rules(repository):
        message = "the guard knows other rules than these, and starts leafseal for each plain file until it does"
        yield Finding("other-guard", message, _PROTECT)
    elif names and not guarded:
        yield Finding("guards-nothing", f"{attributes.NAME} gives the guard to no encrypted file", _PROTECT)
    elif guarded:
        yield from _self_test(repository, guarded[0])


_PLAIN = b"leafseal: this is a test of the guard\n"


def _self_test(repository: Repository, name: str) -> Iterator[Finding]:
    """Have Git filter plain text and the file itself, as it does to add them, and keep neither."""
    asked = ["hash-object", f"--path={name}", "--stdin"]
    if repository.exchange(asked, _PLAIN).status == 0:
        message = "the guard let plain text pass in place of an encrypted file"
        yield Finding("guard-fails", message, f"git check-attr -a -- {for_shell(name)}", (name,))
        return
    ours = max(repository.entries([name]), key=lambda entry: entry.stage in (0, OURS))
    sealed = repository.ask(["cat-file", "blob", ours.blob])
    done = repository.exchange(asked, sealed)
    if done.status != 0 or done.stdout != repository.ask(["hash-object", "--no-filters", "--stdin"], sealed):
        yield Finding("guard-fails", "the guard does not let an encrypted file pass as it is", _PROTECT, (name,))


def _of_submodules(repository: Repository) -> Iterator[Finding]:
    missing = []
    for entry in repository.entries():
        path = os.path.join(repository.top, entry.name)
        if entry.mode == SUBMODULE and os.path.lexists(os.path.join(path, ".git")):
            try:
                inner = find_repository(path)
                if any(encrypted_files(inner)) and not any(drivers.sections(inner, drivers.SECTIONS)):
                    missing.append(entry.name)
            except LeafsealError:
                continue
    if missing:
        message = f"{counted(len(missing), 'submodule')} with encrypted files and without drivers"
        yield Finding("submodule", message, f"cd {for_shell(missing[0])} && {_SET_UP}", tuple(missing))
