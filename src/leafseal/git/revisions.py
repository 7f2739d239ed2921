"""Files as revisions have them: `HEAD~1:secrets.yaml`, and which of them a folder had."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from leafseal.display import visible
from leafseal.document.limits import Limits
from leafseal.errors import MissingFileError, UsageError
from leafseal.git.repository import GitError, Repository, split


class Revision(NamedTuple):
    """A file of a revision. Its path is from the top of the repository; an empty revision is the index."""

    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.revision}:{self.path}"


def parse_revision(word: str) -> Revision | None:
    """Read `REV:PATH`; None for the name of a file. A file of that very name comes first."""
    revision, colon, path = word.partition(":")
    if not colon or not path or word.startswith("-") or os.path.lexists(word):
        return None
    return Revision(revision, path)


def at_top(repository: Repository, path: str) -> str:
    """Return the path of a revision's file from the top: `./x` and `../x` are from the current folder, as in Git."""
    if not path.startswith(("./", "../")):
        return path
    name = repository.inside(path)
    if name is None:
        raise UsageError(f"{visible(path)} is outside of the repository", hint="name a file in it")
    return name


def check_revision(repository: Repository, revision: str) -> None:
    """Raise `UsageError` for what is no revision."""
    if not revision:
        return
    if not revision.startswith("-"):
        found = repository.exchange(["rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}"])
        if found.status == 0:
            return
    raise UsageError(f"no revision {visible(revision)}", hint='see "git log" for those that are there')


def read_revision(repository: Repository, file: Revision, limits: Limits) -> bytes | None:
    """Return the bytes of a revision's file, None where it has no such file. Raises `UsageError`, `GitError`."""
    check_revision(repository, file.revision)
    found = repository.exchange(["cat-file", "blob", str(file)], limit=limits.file_bytes)
    return found.stdout if found.status == 0 else None


def require(data: bytes | None, file: Revision) -> bytes:
    """Return the bytes of a file. Raises `MissingFileError` where there are none."""
    if data is None:
        name = file.revision or "the index"
        raise MissingFileError(f"{visible(name)} has no such file", file=file.path)
    return data


def names_of(repository: Repository, revisions: Iterable[str | None], paths: Sequence[str]) -> list[str]:
    """Return the names, from the top, of all files below paths in any of the revisions; None is the work tree.

    Raises `MissingFileError` for a path at which nothing is in any of them.
    """
    known: set[str] = set()
    for revision in revisions:
        if revision is None:
            known.update(repository.names(untracked=True))
        elif not revision:
            known.update(repository.names())
        else:
            check_revision(repository, revision)
            known.update(split(repository.ask(["ls-tree", "-r", "-z", "--name-only", "--full-tree", revision])))
    found: dict[str, None] = {}
    for path in paths:
        name = repository.inside(path)
        below = sorted(one for one in known if name is not None and _is_below(one, name))
        if not below:
            raise MissingFileError("no such file in any of the revisions", file=path)
        found.update(dict.fromkeys(below))
    return list(found)


def _is_below(name: str, folder: str) -> bool:
    return folder == "." or name == folder or name.startswith(f"{folder}/")


def has_commit(repository: Repository) -> bool:
    """Tell whether there is a commit yet."""
    try:
        repository.ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
    except GitError:
        return False
    return True
