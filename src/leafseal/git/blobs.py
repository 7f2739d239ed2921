"""What Git keeps: the files of a revision, what changed between two, and the contents of many files at once.

Contents come from `git cat-file --batch`, one process for as many as there is room for in memory. What the names of
revisions say is never an option: whoever named a branch `--output=x` gets an error.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from leafseal.git.repository import Entry, GitError, Repository, split

_SAFE = "--no-replace-objects"  # a ref below refs/replace would show other contents than those that are fetched
_ROOM = 1 << 25  # bytes of contents that are asked for at once
_HEADER = 100  # bytes of a line that tells of an object, and more


class Version(NamedTuple):
    """A file as a commit of a range left it."""

    entry: Entry
    commit: str
    before: tuple[str, ...] = ()
    """The blobs that the parents of the commit have under its name, of each the id of zeros where there is none."""


def commit_of(repository: Repository, revision: str) -> str:
    """Return the commit that a revision means. Raises `GitError` where there is none in this clone."""
    if revision.startswith("-"):  # before Git sees it, whose older versions know no --end-of-options here
        raise GitError(f"{revision} is not a revision")
    asked = [_SAFE, "rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}"]
    done = repository.exchange(asked)
    if done.status != 0:
        if repository.is_shallow:
            raise GitError(f"this clone does not have {revision}: it is a shallow one", hint=_DEEPEN)
        raise GitError(f"{revision} is not a commit in this clone", hint='see what there is with "git log --oneline"')
    return done.stdout.decode("ascii", "replace").strip()


_DEEPEN = 'run "git fetch --unshallow", or have the CI service fetch all commits: fetch-depth: 0'


def fork_point(repository: Repository, one: str, other: str) -> str:
    """Return the commit from which two commits grew apart. Raises `GitError` where this clone has none."""
    found = fork_points(repository, one, other)
    if not found:
        hint = "name two commits with a common history"
        raise GitError("the two revisions have no common commit in this clone", hint=hint)
    return found[0]


def fork_points(repository: Repository, one: str, other: str) -> list[str]:
    """Return the commits from which two grew apart: several where they had been merged both ways, none if unrelated.

    Raises `GitError` where a shallow clone has none.
    """
    done = repository.exchange([_SAFE, "merge-base", "--all", one, other])
    if done.status != 0 and repository.is_shallow:
        raise GitError("the two revisions have no common commit in this clone", hint=_DEEPEN)
    return done.stdout.decode("ascii", "replace").split()


def parents_of(repository: Repository, commit: str) -> list[str]:
    """Return the parents of a commit. Raises `GitError` where a shallow clone may lack them."""
    told = repository.ask([_SAFE, "rev-list", "--parents", "--max-count=1", commit, "--"])
    parents = told.decode("ascii", "replace").split()[1:]
    if not parents and repository.is_shallow:
        raise GitError("this clone does not have the parents of the commit: it is a shallow one", hint=_DEEPEN)
    return parents


def first_parent(repository: Repository, commit: str) -> str | None:
    """Return the first parent of a commit, None where it has none in this clone."""
    done = repository.exchange([_SAFE, "rev-parse", "--quiet", "--verify", f"{commit}^1"])
    return done.stdout.decode("ascii", "replace").strip() if done.status == 0 else None


def head_of(repository: Repository) -> str | None:
    """Return the last commit, None where there is none yet."""
    done = repository.exchange([_SAFE, "rev-parse", "--quiet", "--verify", "HEAD^{commit}"])
    return done.stdout.decode("ascii", "replace").strip() if done.status == 0 else None


def files_of(repository: Repository, commit: str) -> list[Entry]:
    """Return all files of a commit; links and submodules too."""
    return [_listed(line) for line in split(repository.ask([_SAFE, "ls-tree", "-r", "-z", "--full-tree", commit]))]


def _listed(line: str) -> Entry:
    fields, _, name = line.partition("\t")
    mode, _, blob = fields.split(" ")
    return Entry(name, int(mode, 8), blob, 0)


def staged_names(repository: Repository) -> list[str]:
    """Return the names of files that the next commit adds or changes."""
    base = head_of(repository) or empty_tree(repository)
    asked = [_SAFE, "diff-index", "--cached", "--no-renames", "-z", "--name-only", "--diff-filter=d", base]
    return split(repository.ask(asked))


def empty_tree(repository: Repository) -> str:
    """Return the id of the tree that has no files, which stands for the commit before the first."""
    return repository.ask(["hash-object", "-t", "tree", "--stdin"]).decode().strip()


def changed_names(repository: Repository, before: str, after: str) -> list[str]:
    """Return the names of files that a commit has and another one has not, or with other contents."""
    asked = [_SAFE, "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=d", before, after]
    return split(repository.ask(asked))


def versions_between(repository: Repository, before: str, after: str) -> Iterator[Version]:
    """Yield the files as each commit left them that one revision can reach and another cannot, the newest first.

    Of a merge it is what is in none of its parents.
    """
    listed = repository.ask([_SAFE, "rev-list", after, f"^{before}"])
    asked = [_SAFE, "diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "-z", "--no-renames", "--no-abbrev"]
    words = iter(split(repository.ask(asked, listed)))
    commit = ""
    for word in words:
        if not word.startswith(":"):
            commit = word
            continue
        parents = len(word) - len(word.lstrip(":"))
        fields = word[parents:].split(" ")
        entry = Entry(next(words), int(fields[parents], 8), fields[-2], 0)
        if entry.mode:  # else it was deleted
            yield Version(entry, commit, tuple(fields[parents + 1 : -2]))


@contextmanager
def with_index_of(repository: Repository, commit: str) -> Iterator[Repository]:
    """Give a repository whose index, in a file of our own, is that of a commit: some answers Git has only by one."""
    from leafseal.system.private import private_directory  # hardly anybody asks

    with private_directory() as folder:
        other = repository.with_index(os.path.join(folder, "index"))
        other.ask([_SAFE, "read-tree", commit])
        yield other


def blob_id(data: bytes, *, is_sha256: bool) -> str:
    """Return the id that Git gives to the contents of a file, in a repository of SHA-1 or of SHA-256."""
    digest = (hashlib.sha256 if is_sha256 else hashlib.sha1)(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


class Contents:
    """The contents of objects of a repository, those that are larger than `largest` bytes left out."""

    def __init__(self, repository: Repository, largest: int) -> None:
        self._repository = repository
        self.largest = largest

    def sizes(self, blobs: Iterable[str]) -> dict[str, int | None]:
        """Return the sizes of blobs by their ids; None for those that this clone does not have."""
        wanted = list(dict.fromkeys(blobs))
        told = self._batch("--batch-check", wanted, limit=_HEADER * len(wanted)).decode("ascii", "replace")
        found: dict[str, int | None] = {}
        for blob, line in zip(wanted, told.splitlines(), strict=True):
            fields = line.split(" ")
            found[blob] = int(fields[2]) if len(fields) == 3 and fields[1] == "blob" else None
        return found

    def read(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield ids and contents of the blobs that this clone has and that are not too large."""
        part: list[str] = []
        room = _ROOM
        for blob, size in self.sizes(blobs).items():
            if size is None or size > self.largest:
                continue
            if part and size > room:
                yield from self._read(part, _ROOM + self.largest)
                part, room = [], _ROOM
            part.append(blob)
            room -= size
        if part:
            yield from self._read(part, _ROOM + self.largest)

    def _read(self, blobs: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
        told = memoryview(self._batch("--batch", blobs, limit=limit + _HEADER * len(blobs)))
        position = 0
        for blob in blobs:
            end = position + bytes(told[position : position + _HEADER]).index(b"\n")
            size = int(bytes(told[position:end]).rpartition(b" ")[2])
            yield blob, bytes(told[end + 1 : end + 1 + size])
            position = end + 1 + size + 1

    def _batch(self, how: str, blobs: Sequence[str], *, limit: int) -> bytes:
        if not blobs:
            return b""
        asked = [_SAFE, "cat-file", how, "--buffer"]
        return self._repository.ask(asked, "".join(f"{blob}\n" for blob in blobs).encode(), limit=limit)
