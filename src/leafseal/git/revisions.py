"""Files as revisions have them: `HEAD~1:secrets.yaml`, and which of them a folder had."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from leafseal.display import visible
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError, MissingFileError, UsageError
from leafseal.git.blobs import Contents, blob_id, files_of
from leafseal.git.compared import is_encrypted
from leafseal.git.repository import LINK, SUBMODULE, GitError, Repository, has_sha256, split
from leafseal.system.reading import read


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
    if found.status == 0:
        return found.stdout
    has_name, is_here = (
        repository.exchange([*asked, str(file)]).status == 0
        for asked in (["rev-parse", "--verify", "--quiet"], ["cat-file", "-e"])
    )
    if has_name and not is_here:
        raise GitError("Git lacks this version of the file: this clone has not fetched it")
    return None


def require(data: bytes | None, file: Revision) -> bytes:
    """Return the bytes of a file. Raises `MissingFileError` where there are none."""
    if data is None:
        name = file.revision or "the index"
        raise MissingFileError(f"{visible(name)} has no such file", file=file.path)
    return data


class Changed(NamedTuple):
    """A file that differs between two sides: its bytes, None where a side has no such file, or what is wrong."""

    name: str
    before: bytes | None = None
    now: bytes | None = None
    error: LeafsealError | None = None

    def __repr__(self) -> str:
        return f"Changed({self.name!r})"


def changed_files(
    repository: Repository, one: str, other: str | None, paths: Sequence[str], limits: Limits
) -> Iterator[Changed]:
    """Yield the files below paths that differ between a revision and another one, or the work tree (None).

    They are those that are encrypted on a side. Without paths they are all, those of the work tree apart that Git does
    not know. What cannot be read comes with its error where it is known to be one, or is named itself. Links are left
    out. Raises `MissingFileError` for a path at which nothing is on either side.
    """
    before = _Committed(repository, one, limits)
    now: _Side
    if other is None:
        now = _WorkTree(repository, limits, untracked=bool(paths))
    else:
        now = _Committed(repository, other, limits)
    known = before.names | now.names
    names, named = _below(repository, known, paths) if paths else (sorted(known), set[str]())
    changed = [name for name in names if name not in now.absent and before.id_of(name) != now.id_of(name)]
    encrypted = before.encrypted(changed) | now.encrypted(changed)
    for name in changed:
        if name not in encrypted and name not in named:
            continue  # also what cannot be read: nothing says that it is encrypted
        try:
            found = Changed(name, before.data(name), now.data(name))
        except LeafsealError as error:
            yield Changed(name, error=error)
        else:
            if any(data is not None and is_encrypted(data) for data in (found.before, found.now)):
                yield found


def _below(repository: Repository, known: set[str], paths: Sequence[str]) -> tuple[list[str], set[str]]:
    """Return the names, from the top, of all files below paths, and those of paths that are files themselves."""
    found: dict[str, None] = {}
    named: set[str] = set()
    for path in paths:
        name = repository.inside(path)
        below = sorted(one for one in known if name is not None and _is_below(one, name))
        if not below:
            raise MissingFileError("no such file in any of the revisions", file=path)
        found.update(dict.fromkeys(below))
        named.update({name} & known if name is not None else ())
    return list(found), named


def _is_below(name: str, folder: str) -> bool:
    return folder == "." or name == folder or name.startswith(f"{folder}/")


class _Committed:
    """The files of a revision, or of the index for an empty one: ours, where they are unmerged."""

    absent: Set[str] = frozenset()

    def __init__(self, repository: Repository, revision: str, limits: Limits) -> None:
        check_revision(repository, revision)
        entries = files_of(repository, revision) if revision else repository.entries()
        is_file = (one for one in entries if one.stage in (0, 2) and one.mode not in (LINK, SUBMODULE))
        self._ids = {one.name: one.blob for one in is_file}
        self._repository = repository
        self._limits = limits
        self._encrypted: dict[str, bytes] = {}

    @property
    def names(self) -> set[str]:
        return set(self._ids)

    def id_of(self, name: str) -> str | None:
        return self._ids.get(name)

    def encrypted(self, names: Iterable[str]) -> set[str]:
        """Return those of the files that are encrypted, and keep them."""
        blobs = {self._ids[name]: name for name in names if name in self._ids}
        read = Contents(self._repository, self._limits.file_bytes).read(blobs)
        self._encrypted = {blob: data for blob, data in read if is_encrypted(data)}
        return {name for name in names if self._ids.get(name) in self._encrypted}

    def data(self, name: str) -> bytes | None:
        blob = self._ids.get(name)
        if blob is None or blob in self._encrypted:
            return None if blob is None else self._encrypted[blob]
        return self._repository.ask(["cat-file", "blob", blob], limit=self._limits.file_bytes)


class _WorkTree:
    """The files of the work tree, without those that Git ignores; a sparse checkout leaves out what is `absent`."""

    def __init__(self, repository: Repository, limits: Limits, *, untracked: bool) -> None:
        self.names = set(repository.names(untracked=untracked))
        self.absent: Set[str] = frozenset(
            word.removeprefix("S ") for word in split(repository.ask(["ls-files", "-z", "-t"])) if word[:2] == "S "
        )
        self._repository = repository
        self._limits = limits
        self._encrypted: set[str] = set()
        self._has_sha256 = has_sha256()

    def id_of(self, name: str) -> str | None:
        """Return the id that Git would give a file; one of no file for what cannot be read."""
        try:
            data = self.data(name)
        except LeafsealError:
            return ""
        if data is None:
            return None
        if is_encrypted(data):
            self._encrypted.add(name)
        return blob_id(data, is_sha256=self._has_sha256)

    def encrypted(self, names: Iterable[str]) -> set[str]:
        return self._encrypted.intersection(names)

    def data(self, name: str) -> bytes | None:
        path = os.path.join(self._repository.top, name)
        if not os.path.isfile(path) or os.path.islink(path):
            return None
        return read(path, self._limits).data


_Side = _Committed | _WorkTree


def has_commit(repository: Repository) -> bool:
    """Tell whether there is a commit yet."""
    try:
        repository.ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
    except GitError:
        return False
    return True
