"""Where the files are that are checked: on the disk, in the index of a repository, or in a revision of it.

Names are relative to the root, with `/`. No link is followed out of the root, and no submodule is entered.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from leafseal.document.limits import Limits
from leafseal.errors import InputError, MissingFileError, RefusedError
from leafseal.git.blobs import Contents, Version, with_index_of
from leafseal.git.repository import LINK, SUBMODULE, Entry, Repository
from leafseal.system.inside import read_below

_MOST_LINKS = 5
_LARGEST_CONFIG = 1 << 20


class File(NamedTuple):
    """A file to be checked: its content, or why that is not to be had."""

    name: str
    data: bytes = b""
    problem: str = ""
    commit: str = ""


class Tree(Protocol):
    """Files under one root."""

    root: str
    """The absolute path of the folder that names are relative to."""

    skipped: list[tuple[str, str]]
    """Names that were not looked into, and why: `link`, `submodule`, `repository`, `large`, `unreadable`, `missing`,
    `sparse`."""

    @property
    def count(self) -> int:
        """How many files there are about."""
        ...

    def files(self) -> Iterator[File]:
        """Yield the files that are to be checked."""
        ...

    def look(self, name: str) -> bytes | None:
        """Return the content of any file of the tree; None where there is none. Raises `LeafsealError`."""
        ...

    def attributes(self, names: Collection[str], attribute: str) -> Mapping[str, str]:
        """Return what `.gitattributes` say of files."""
        ...


class Disk:
    """Files on the disk: those of a work tree, or of a folder that is in no repository."""

    def __init__(self, root: str, names: Sequence[str], limits: Limits, repository: Repository | None = None) -> None:
        self.root = root
        self.skipped: list[tuple[str, str]] = []
        self.names = names
        self._limits = limits
        self._repository = repository

    @property
    def count(self) -> int:
        """How many names there are."""
        return len(self.names)

    def files(self) -> Iterator[File]:
        """Yield the files that are there; what Git knows and is not there is nothing, or left out by the user."""
        absent: list[str] = []
        for name in self.names:
            path = os.path.join(self.root, name)
            try:
                status = os.lstat(path)
            except (OSError, ValueError):
                absent.append(name)
                continue
            if stat.S_ISLNK(status.st_mode):
                self.skipped.append((name, "link"))
            elif stat.S_ISDIR(status.st_mode):
                self.skipped.append((name.rstrip("/"), "repository"))
            elif status.st_size > self._limits.file_bytes:
                self.skipped.append((name, "large"))
                yield File(name, problem=f"it is larger than {self._limits.file_bytes} bytes")
            else:
                try:
                    yield File(name, self._read(name, self._limits))
                except MissingFileError:
                    continue
                except RefusedError:
                    self.skipped.append((name, "link"))  # a folder on the way is one, and leads elsewhere
                except InputError as error:
                    self.skipped.append((name, "unreadable"))
                    yield File(name, problem=error.message)
        if absent and self._repository is not None:
            left_out = self._repository.names_left_out()
            self.skipped += [(name, "sparse") for name in absent if name in left_out]

    def look(self, name: str) -> bytes | None:
        """Return the content of a file; links are followed while they stay below the root."""
        try:
            return self._read(name, Limits(file_bytes=_LARGEST_CONFIG))
        except MissingFileError:
            return None
        except RefusedError:
            raise InputError("is a link that leads out of the repository") from None

    def _read(self, name: str, limits: Limits) -> bytes:
        return read_below(self.root, name, limits).data

    def attributes(self, names: Collection[str], attribute: str) -> Mapping[str, str]:
        """Ask Git, where there is a repository."""
        if self._repository is None or not names:
            return {}
        told = self._repository.attributes(names, [attribute])
        return {name: found[attribute] for name, found in told.items()}


class Kept:
    """Files that Git keeps: in the index, or in a revision. `listing` is all of it, `chosen` what is checked."""

    def __init__(
        self,
        repository: Repository,
        listing: Iterable[Entry],
        chosen: Collection[str] | None,
        limits: Limits,
        *,
        commit: str = "",
        older: Sequence[Version] = (),
    ) -> None:
        self.root = repository.top
        self.skipped: list[tuple[str, str]] = []
        self._repository = repository
        self._listing: dict[str, Entry] = {}
        self.unmerged: set[str] = set()
        for entry in listing:
            if entry.stage:
                self.unmerged.add(entry.name)
            if entry.stage != 1:  # of a conflict ours is looked at, else theirs
                self._listing.setdefault(entry.name, entry)
        self._chosen = chosen
        self._contents = Contents(repository, limits.file_bytes)
        self._small = Contents(repository, _LARGEST_CONFIG)
        self._commit = commit
        self._older = older

    def listing(self) -> Iterable[Entry]:
        """Return all files, whether they are checked or not."""
        return self._listing.values()

    @property
    def count(self) -> int:
        """How many files and older versions there are."""
        return len(self._listing if self._chosen is None else self._chosen) + len(self._older)

    def files(self) -> Iterator[File]:
        """Yield the files, those with the same content one after another."""
        named: dict[str, list[tuple[str, str]]] = {}
        for entry in self._listing.values():
            if self._chosen is None or entry.name in self._chosen:
                self._sort_in(entry, "", named)
        last = {(entry.name, entry.blob) for entry in self._listing.values()}
        for entry, commit, _ in self._older:
            if (entry.name, entry.blob) not in last:
                last.add((entry.name, entry.blob))
                self._sort_in(entry, commit, named)
        for blob, data in self._contents.read(named):
            for name, commit in named.pop(blob):
                yield File(name, data, commit=commit)
        sizes = self._contents.sizes(named)
        for blob, names in named.items():
            is_large = sizes[blob] is not None
            problem = f"it is larger than {self._contents.largest} bytes" if is_large else _NOT_HERE
            for name, commit in names:
                self.skipped.append((name, "large" if is_large else "missing"))
                yield File(name, problem=problem, commit=commit)

    def _sort_in(self, entry: Entry, commit: str, named: dict[str, list[tuple[str, str]]]) -> None:
        if entry.mode == LINK:
            self.skipped.append((entry.name, "link"))
        elif entry.mode == SUBMODULE:
            self.skipped.append((entry.name, "submodule"))
        else:
            named.setdefault(entry.blob, []).append((entry.name, commit))

    def look(self, name: str) -> bytes | None:
        """Return the content of a file of the listing; a link counts as what it leads to in there."""
        for _ in range(_MOST_LINKS):
            entry = self._listing.get(name)
            if entry is None or entry.mode == SUBMODULE:
                return None
            found = dict(self._small.read([entry.blob]))
            if entry.blob not in found:
                raise InputError("it is not in this clone, or too large")
            data = found[entry.blob]
            if entry.mode != LINK:
                return data
            name = posixpath.normpath(posixpath.join(posixpath.dirname(name), os.fsdecode(data)))
        raise InputError("too many links")

    def attributes(self, names: Collection[str], attribute: str) -> Mapping[str, str]:
        """Ask Git of the index, or of one that is made of the revision."""
        if not names:
            return {}
        told = (
            attributes_of(self._repository, self._commit, names, [attribute])
            if self._commit
            else self._repository.attributes(names, [attribute], is_cached=True)
        )
        return {name: found[attribute] for name, found in told.items()}


_NOT_HERE = "its content is not in this clone"


def attributes_of(
    repository: Repository, commit: str, names: Collection[str], attributes: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return the attributes that files have in a commit, as its `.gitattributes` say. Raises `GitError`."""
    with with_index_of(repository, commit) as other:
        return other.attributes(names, attributes, is_cached=True)


def walked(root: str, below: Sequence[str], skipped: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the files among `below`, and all files below the folders among them; other repositories are not entered."""
    for start in below:
        path = os.path.join(root, start)
        if not os.path.isdir(path) or os.path.islink(path):
            yield start
            continue
        for parent, folders, files in os.walk(path):
            relative = os.path.relpath(parent, root)
            inner = [name for name in folders if os.path.lexists(os.path.join(parent, name, ".git"))]
            skipped += [(_joined(relative, name), "repository") for name in sorted(inner)]
            links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
            skipped += [(_joined(relative, name), "link") for name in sorted(links)]
            folders[:] = sorted(set(folders) - {*inner, *links, ".git"})
            for name in sorted(files):
                yield _joined(relative, name)


def _joined(folder: str, name: str) -> str:
    return name if folder == os.curdir else os.path.join(folder, name).replace(os.sep, "/")
