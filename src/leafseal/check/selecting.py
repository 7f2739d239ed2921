"""Which files are checked: those of the work tree, of the index, of a revision or of a range of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from leafseal.check.past import Past, before_commit, before_index, before_work_tree, in_range
from leafseal.check.rules import Configurations
from leafseal.check.trees import Disk, Kept, Tree, walked
from leafseal.config.find import NAMES, find_configs
from leafseal.document.limits import Limits
from leafseal.errors import InputError, MissingFileError, UsageError
from leafseal.git.blobs import changed_names, commit_of, files_of, fork_point, staged_names, versions_between
from leafseal.git.repository import (
    BareRepositoryError,
    Entry,
    NotARepositoryError,
    Repository,
    find_bare_repository,
    find_repository,
)

_DECIDING = frozenset({*NAMES, ".gitattributes"})
"""Files that decide what is wrong with others."""


class Selected(NamedTuple):
    """The files, the configurations that they are judged by, those of the revision before, and what Git had before."""

    tree: Tree
    configurations: Configurations
    before: Configurations | None = None
    past: Past | None = None


def in_work_tree(files: Sequence[str], limits: Limits, config: str | None) -> Selected:
    """Select files on the disk: those named, and all below folders that are named; without any, all of the repository.

    Of a repository those count that Git tracks, or would add. Raises `LeafsealError`.
    """
    try:
        repository: Repository | None = find_repository()
    except BareRepositoryError:
        raise _bare_error() from None
    except NotARepositoryError:
        repository = None
    root = os.path.realpath(repository.top if repository else os.curdir)
    named = [_below(name, root) for name in files]
    for name, below in zip(files, named, strict=True):
        if not os.path.lexists(os.path.join(root, below)):
            raise MissingFileError("no such file", file=name)
    tree = Disk(root, (), limits, repository)
    if repository is None:
        names: Iterable[str] = list(walked(root, named or [""], tree.skipped))
        above = [path for path in find_configs(root) if os.path.dirname(path) != root]
    else:
        known = repository.names(untracked=True)
        # A file that is named is meant, whether Git knows it or not.
        names = {*_within(known, named), *(name for name in named if not os.path.isdir(os.path.join(root, name)))}
        above = []
    tree.names = sorted(names)
    past = Past(repository, limits, lambda: before_work_tree(repository)) if repository else None
    return Selected(tree, Configurations(root, tree.look, explicit=config, above=above), past=past)


def in_index(files: Sequence[str], limits: Limits, config: str | None, *, only_named: bool = False) -> Selected:
    """Select files of the index: those named; without any, what the next commit adds or changes.

    If a configuration or `.gitattributes` is among them, so are the files below it. `only_named` selects nothing where
    no file is named. Raises `LeafsealError`.
    """
    try:
        repository = find_repository()
    except BareRepositoryError:
        raise _bare_error() from None
    listing = list(repository.entries())
    every = {entry.name for entry in listing}
    if files or only_named:
        chosen = set(_named_in(every, files, repository, "is not in the index", "add it with git add"))
    else:
        chosen = set(staged_names(repository)) | {entry.name for entry in listing if entry.stage}
    tree = Kept(repository, listing, _with_governed(chosen, every), limits)
    past = Past(repository, limits, lambda: before_index(repository))
    return Selected(tree, Configurations(tree.root, tree.look, explicit=config), past=past)


def in_revision(revision: str, files: Sequence[str], limits: Limits, config: str | None) -> Selected:
    """Select files of a commit, or with `A..B` those that commits of a range added or changed.

    A range has every version of a file that its commits left: what a later one removes stays in the history. `A...B`
    begins where the two grew apart. A bare repository will do. Raises `LeafsealError`.
    """
    try:
        repository = find_repository()
    except BareRepositoryError:
        repository = find_bare_repository()
    first, dots, last = _parted(revision)
    commit = commit_of(repository, last)
    listing = files_of(repository, commit)
    every = {entry.name for entry in listing}
    if not dots:
        chosen = _named_in(every, files, repository, "is not in that commit", "name a file of it") if files else None
        tree = Kept(repository, listing, chosen, limits, commit=commit)
        past = Past(repository, limits, lambda: before_commit(repository, commit))
        return Selected(tree, Configurations(tree.root, tree.look, explicit=config), past=past)
    start = commit_of(repository, first)
    if dots == "...":
        start = fork_point(repository, start, commit)
    older = list(versions_between(repository, start, commit))
    changed = _with_governed({*changed_names(repository, start, commit)}, every)
    if files:
        known = every | {version.entry.name for version in older}
        meant = set(_named_in(known, files, repository, "is not in that commit", "name a file of it"))
        changed &= meant
        older = [version for version in older if version.entry.name in meant]
    tree = Kept(repository, listing, changed, limits, commit=commit, older=older)
    listing = files_of(repository, start)
    earlier = Kept(repository, listing, set(), limits, commit=start)
    before = Configurations(tree.root, earlier.look) if config is None and _differ(earlier, tree) else None
    past = Past(repository, limits, lambda: in_range(start, listing, older))
    return Selected(tree, Configurations(tree.root, tree.look, explicit=config), before, past)


def _parted(revision: str) -> tuple[str, str, str]:
    for dots in ("...", ".."):
        first, found, last = revision.partition(dots)
        if found:
            return first or "HEAD", dots, last or "HEAD"
    return "", "", revision


def _differ(one: Kept, other: Kept) -> bool:
    """Tell whether the configurations of two trees differ."""
    return _configs_of(one) != _configs_of(other)


def _configs_of(tree: Kept) -> set[Entry]:
    return {entry for entry in tree.listing() if os.path.basename(entry.name) in NAMES}


def _bare_error() -> UsageError:
    return UsageError(
        "this is a bare repository, which has no work tree", hint="check what is committed: add --revision HEAD"
    )


def _below(name: str, root: str) -> str:
    """Return a name as seen from the root; empty for the root itself. Raises `InputError` for what lies elsewhere."""
    parent, base = os.path.split(os.path.abspath(name))
    path = os.path.relpath(os.path.join(os.path.realpath(parent), base), root)
    if path == os.curdir:
        return ""
    if path == os.pardir or path.startswith(os.pardir + os.sep):
        raise InputError("is outside of what is checked", hint="change to its repository first", file=name)
    return path.replace(os.sep, "/")


def _within(names: Iterable[str], below: Sequence[str]) -> Iterator[str]:
    """Return those names that are among others, or in folders among those; all of them where there are none."""
    wanted = set(below)
    return (name for name in names if not below or _is_below(name, wanted))


def _is_below(name: str, wanted: Collection[str]) -> bool:
    while name and name not in wanted:
        name = name.rpartition("/")[0]
    return name in wanted


def _named_in(
    known: Collection[str], files: Sequence[str], repository: Repository, message: str, hint: str
) -> list[str]:
    named = [_below(name, os.path.realpath(repository.top)) for name in files]
    found = list(_within(known, named)) if named else []
    there = {"", *found} | {folder for name in found for folder in _folders_of(name)}
    for name, below in zip(files, named, strict=True):
        if below not in there:
            raise MissingFileError(message, hint=hint, file=name)
    return found


def _folders_of(name: str) -> Iterator[str]:
    while name:
        name = name.rpartition("/")[0]
        yield name


def _with_governed(chosen: set[str], every: Collection[str]) -> set[str]:
    """Return names, and all that are below a configuration or `.gitattributes` among them."""
    folders = [os.path.dirname(name) for name in chosen if os.path.basename(name) in _DECIDING]
    return {*chosen, *_within(every, folders)} if folders else chosen
