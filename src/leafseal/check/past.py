"""Which plain files Git had encrypted before: nothing else tells where a rule is for all files, as that of `init` is.

Only versions of the same name are looked at. Those that differ from the plain one are read in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

from leafseal.check.exposed import is_encrypted_otherwise, is_lfs_pointer
from leafseal.check.findings import Finding
from leafseal.check.trees import File
from leafseal.document.limits import Limits
from leafseal.git.blobs import Contents, Version, blob_id, files_of, first_parent, head_of
from leafseal.git.repository import SUBMODULE, Entry, GitError, Repository

_SHOWN = 12  # digits of a commit


class Earlier(NamedTuple):
    """A version of a file before one that is checked."""

    name: str
    revision: str
    """What has it, as people are told."""

    blob: str
    after: str = ""
    """Of a range of revisions: the blob that came after it. Empty where it was before the last version only."""


class Past:
    """What Git had before of the files that are checked. `versions` is asked when the first plain file is there."""

    def __init__(self, repository: Repository, limits: Limits, versions: Callable[[], Iterable[Earlier]]) -> None:
        self.missing: list[str] = []
        """Names of files of which this clone does not have an earlier version."""
        self._repository = repository
        self._contents = Contents(repository, limits.file_bytes)
        self._versions = versions
        self._noted: list[tuple[File, list[Earlier]]] = []
        self._plain: set[str] = set()

    @cached_property
    def _by_name(self) -> dict[str, list[Earlier]]:
        found: dict[str, list[Earlier]] = {}
        for one in self._versions():
            found.setdefault(one.name, []).append(one)
        return found

    def note(self, file: File) -> None:
        """Remember a file that is not encrypted, or an older version of one."""
        earlier = self._by_name.get(file.name)
        if not earlier or not file.data.strip() or is_encrypted_otherwise(file.data) or is_lfs_pointer(file.data):
            return
        own = blob_id(file.data, is_sha256=len(earlier[0].blob) == 64)
        self._plain.add(own)
        if before := [one for one in earlier if one.blob != own and (one.after == own or not file.commit)]:
            self._noted.append((file._replace(data=b""), before))

    def findings(self, is_encrypted: Callable[[File], bool]) -> Iterator[Finding]:
        """Yield a finding for each noted file that an earlier version of has encrypted."""
        names = {one.blob: one.name for _, before in self._noted for one in before if one.blob not in self._plain}
        encrypted = {blob for blob, data in self._read(names) if is_encrypted(File(names[blob], data))}
        for file, before in self._noted:
            revision = next((one.revision for one in before if one.blob in encrypted), None)
            if revision is not None:
                message = f"Git had this file encrypted (in {revision}), and this is plain text"
                yield Finding("was-encrypted", file.name, message, commit=file.commit)

    def _read(self, names: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        unread = dict(names)
        try:
            for blob, data in self._contents.read(names):
                del unread[blob]
                yield blob, data
            self.missing += [names[blob] for blob, size in self._contents.sizes(unread).items() if size is None]
        except GitError:
            if not any(one.name.endswith(".promisor") for one in self._repository.settings()):
                raise
            self.missing += unread.values()  # in a partial clone, Git 2.39 ends at the first that is not there


def before_work_tree(repository: Repository) -> Iterator[Earlier]:
    """Yield what the last commit and the index have."""
    yield from before_index(repository)
    yield from _listed("the index", repository.entries())


def before_index(repository: Repository) -> Iterator[Earlier]:
    """Yield what the last commit has, where there is one."""
    head = head_of(repository)
    if head is not None:
        yield from _listed("HEAD", files_of(repository, head))


def before_commit(repository: Repository, commit: str) -> Iterator[Earlier]:
    """Yield what the first parent of a commit has, if it is in this clone."""
    with suppress(GitError):  # a clone without the trees of older commits can check this one nevertheless
        parent = first_parent(repository, commit)
        if parent is not None:
            yield from _listed(parent[:_SHOWN], files_of(repository, parent))


def in_range(start: str, listing: Iterable[Entry], versions: Sequence[Version]) -> Iterator[Earlier]:
    """Yield what the first commit of a range has, and what each commit after it changed, and left."""
    yield from _listed(start[:_SHOWN], listing)
    for entry, commit, before in versions:
        for number, blob in enumerate(before, start=1):
            if blob.strip("0"):
                parent = f"{commit[:_SHOWN]}^{number if number > 1 else ''}"
                yield Earlier(entry.name, parent, blob, entry.blob)
        yield Earlier(entry.name, commit[:_SHOWN], entry.blob)


def _listed(revision: str, listing: Iterable[Entry]) -> Iterator[Earlier]:
    return (Earlier(entry.name, revision, entry.blob) for entry in listing if entry.mode != SUBMODULE)
