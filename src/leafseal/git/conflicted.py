"""A file with a conflict: where its base, ours and theirs are, and what it was when the merge left it.

They are looked for in the index, then in what the index remembers after `git add`, in conflict markers, and in what the
file itself remembers (`sops.leafseal.unresolved`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from leafseal.display import visible
from leafseal.document.limits import ReadOptions
from leafseal.errors import LeafsealError
from leafseal.git.blobs import commit_of, fork_points, parents_of
from leafseal.git.markers import has_markers, split_markers
from leafseal.git.repository import LINK, SUBMODULE, GitError, Repository, split
from leafseal.git.sides import Version
from leafseal.metadata import unresolved
from leafseal.operations.open import read_metadata


class NothingToResolveError(LeafsealError):
    """A file has no conflict, as far as Git, the file and its text know."""


class Conflicted(NamedTuple):
    """The versions that were merged; one without bytes is none. There is no base where nobody knows what it was.

    `left` are the bytes that the merge left in the working tree, None where nobody knows them. `places` are the only
    places in question, where the file itself says so; None for all that both sides changed. `is_unmerged` is false
    where the index says that somebody has decided already; `is_over` is true for a merge of the past, to be decided
    again. `is_emptied` tells of a side without bytes that it has the file, as an empty one, and `is_of_text` that the
    sides are what is between conflict markers.
    """

    base: Version | None
    ours: Version
    theirs: Version
    left: bytes | None = None
    places: frozenset[str] | None = None
    is_unmerged: bool = True
    is_over: bool = False
    is_emptied: bool = False
    is_of_text: bool = False

    @property
    def missing(self) -> Version | None:
        """The side that deleted the file, or emptied it; None where both have it."""
        return next((side for side in (self.ours, self.theirs) if not side.data), None)

    @property
    def versions(self) -> tuple[Version, Version, Version]:
        """The versions in the order of a merge; a base that nobody knows is none."""
        return self.base or _base(b""), self.ours, self.theirs


def _base(data: bytes) -> Version:
    return Version("base", "base", data)


def find(
    repository: Repository | None, name: str | None, data: bytes, format_name: str, read: ReadOptions
) -> Conflicted:
    """Return the sides of a conflicted file. Raises `NothingToResolveError`, `MarkersError`, `GitError`."""
    if repository is not None and name is not None:
        entries = [entry for entry in repository.entries([name]) if entry.stage]
        if entries:
            return _of_stages(repository, name, {entry.stage: entry.blob for entry in entries})
        if stages := _resolve_undo(repository, name):
            return _of_stages(repository, name, stages)._replace(is_unmerged=False)
    if has_markers(data):
        return _of_markers(repository, name, data)
    found = _remembered(repository, data, format_name, read)
    if found is None:
        raise NothingToResolveError("has no conflict", hint=ANOTHER)
    return found


ANOTHER = 'to decide a merge of the past again, name its commit: "leafseal resolve --merge REV FILE"'


def of_merge(repository: Repository, revision: str, name: str) -> Conflicted:
    """Return the sides that a merge of the past had. Raises `GitError`, `NothingToResolveError`."""
    commit = commit_of(repository, revision)
    parents = parents_of(repository, commit)
    if len(parents) != 2:
        raise NothingToResolveError(f"{visible(revision)} is no merge of two branches", hint='see "git log --merges"')
    labels = f"{revision}^1", f"{revision}^2"
    left = _blob(repository, f"{commit}:{name}")
    return _of_commits(repository, parents, labels, name, left)._replace(is_over=True)


def _of_commits(
    repository: Repository, commits: Sequence[str], labels: Sequence[str], name: str, left: bytes | None
) -> Conflicted:
    ours, theirs = commits
    befores = {_file_of(repository, commit, name) for commit in fork_points(repository, ours, theirs)}
    return Conflicted(
        # Of several the merge made one of its own, which no commit has.
        _base(befores.pop() if befores else b"") if len(befores) < 2 else None,
        Version("ours", labels[0], _file_of(repository, ours, name)),
        Version("theirs", labels[1], _file_of(repository, theirs, name)),
        left,
    )


def _resolve_undo(repository: Repository, name: str) -> dict[int, str]:
    """Return the stages that a file had before `git add`, as long as there was no commit."""
    told = repository.ask(["--literal-pathspecs", "ls-files", "-z", "--resolve-undo", "--", name])
    fields = [line.partition("\t")[0].split(" ") for line in split(told)]
    return {int(stage): blob for _mode, blob, stage in fields}


def _of_stages(repository: Repository, name: str, stages: dict[int, str]) -> Conflicted:
    base, ours, theirs = (_blob(repository, stages[stage]) if stage in stages else b"" for stage in (1, 2, 3))
    if None in (base, ours, theirs):
        raise _not_fetched_error()
    ours_name, theirs_name = _names(repository)
    return Conflicted(
        _base(base or b""),
        Version("ours", ours_name, ours or b""),
        Version("theirs", theirs_name, theirs or b""),
        _blob(repository, f"AUTO_MERGE:{name}"),
        is_emptied=any(stage in stages and not data for stage, data in ((2, ours), (3, theirs))),
    )


def refuse_others(repository: Repository, name: str) -> None:
    """Raise `NothingToResolveError` for a conflict of what is no file: a link, or a submodule."""
    kinds = {LINK: "a symbolic link", SUBMODULE: "a submodule"}
    for entry in repository.entries([name]):
        if entry.stage and entry.mode in kinds:
            ours, theirs = _names(repository)
            side = {1: "the base", 2: f"ours ({visible(ours)})", 3: f"theirs ({visible(theirs)})"}[entry.stage]
            raise NothingToResolveError(f"{side} has {kinds[entry.mode]} there, which has no values", hint=_IN_GIT)


_IN_GIT = 'decide it with Git: "git status" lists what is unmerged, and how to go on'


def _names(repository: Repository) -> tuple[str, str]:
    """Return what to call the two sides: of a rebase, ours is the branch that it goes onto, as Git has it."""
    for head in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"):
        if _exists(repository, head):
            found = repository.exchange(["name-rev", "--name-only", "--no-undefined", "--always", head])
            name = found.stdout.decode("utf-8", "replace").strip().removeprefix("remotes/")
            return _branch(repository), name or head
    return _branch(repository), "theirs"


def _branch(repository: Repository) -> str:
    found = repository.exchange(["symbolic-ref", "--quiet", "--short", "HEAD"])
    return found.stdout.decode("utf-8", "replace").strip() if found.status == 0 else "HEAD"


def _of_markers(repository: Repository | None, name: str | None, data: bytes) -> Conflicted:
    """Return the sides of a file with markers: of the commits that were merged, else of the text itself.

    What Git has merged without a conflict is in the text of both sides. Then neither is what it was, and does not
    verify; so the commits come first.
    """
    marked = split_markers(data)
    ours, theirs = marked.our_name or "ours", marked.their_name or "theirs"
    if repository is not None and name is not None and (commits := _merged_commits(repository, name)):
        found = _of_commits(repository, commits, (ours, theirs), name, data)
        if found.missing is None:
            return found
    return Conflicted(
        None if marked.base is None else _base(marked.base),
        Version("ours", ours, marked.ours),
        Version("theirs", theirs, marked.theirs),
        data,
        is_of_text=True,
    )


def _merged_commits(repository: Repository, name: str) -> list[str]:
    """Return the two commits of the merge that is going on, or of the last one that left markers in a file."""
    if _exists(repository, "MERGE_HEAD"):
        return ["HEAD", "MERGE_HEAD"]
    arguments = ["--literal-pathspecs", "rev-list", "--parents", "--merges", "--max-count=1", "HEAD", "--", name]
    told = repository.exchange(arguments)
    words = told.stdout.decode("ascii", "replace").split() if told.status == 0 else []
    return words[1:] if len(words) == 3 and has_markers(_blob(repository, f"{words[0]}:{name}") or b"") else []


def _remembered(repository: Repository | None, data: bytes, format_name: str, read: ReadOptions) -> Conflicted | None:
    """Return the sides of which the file knows the names; None where it knows no conflict."""
    known = unresolved.read(read_metadata(data, format_name, read._replace(allow_duplicates=True))[1])
    if not known:
        return None
    theirs = _blob(repository, known.theirs) if repository is not None and known.theirs else None
    if theirs is None:
        raise NothingToResolveError("remembers conflicts, and the versions that were merged are not here", hint=BY_HAND)
    base = _blob(repository, known.base) if repository is not None and known.base else None
    return Conflicted(
        None if base is None else _base(base),
        Version("ours", "this file", data),
        Version("theirs", "theirs", theirs),
        data,
        frozenset(known.places),
    )


BY_HAND = 'set the right value of each place, such as with "leafseal edit FILE"'


def _blob(repository: Repository, name: str) -> bytes | None:
    found = repository.exchange(["cat-file", "blob", name])
    return found.stdout if found.status == 0 else None


def _file_of(repository: Repository, commit: str, name: str) -> bytes:
    """Return a file of a commit, nothing where it has none. Raises `GitError` where this clone lacks the file."""
    data = _blob(repository, f"{commit}:{name}")
    if data is None and _exists(repository, f"{commit}:{name}"):
        raise _not_fetched_error()
    return data or b""


def _not_fetched_error() -> GitError:
    return GitError("Git lacks a version that was merged: this clone has not fetched it")


def _exists(repository: Repository, name: str) -> bool:
    """Tell whether Git knows what a name means, though this clone may not have fetched it."""
    return repository.exchange(["rev-parse", "--verify", "--quiet", name]).status == 0
