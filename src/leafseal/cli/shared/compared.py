"""Which files `leafseal diff` compares: by their names, those of revisions, or all that a folder had."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from leafseal.cli.shared.files import is_stream, read_one
from leafseal.cli.shared.options import InputOptions
from leafseal.display import for_shell
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError, MissingFileError, UsageError
from leafseal.formats import recognize
from leafseal.git.blobs import empty_tree
from leafseal.git.repository import Repository, find_repository
from leafseal.git.revisions import (
    Revision,
    at_top,
    changed_files,
    check_revision,
    has_commit,
    parse_revision,
    read_revision,
    require,
)
from leafseal.operations.open import Source


class Pair(NamedTuple):
    """Two files to compare, None where there is none, under one name; or why they cannot be."""

    name: str
    one: Source | None = None
    other: Source | None = None
    error: LeafsealError | None = None
    revisions: Mapping[str | None, str] = {}
    """The revisions of those of the two that only Git has, by their names in messages."""

    def explained(self, error: LeafsealError) -> LeafsealError:
        """Return an error about one of the two; where only Git has it, no command mends it in place."""
        if error.file not in self.revisions or error.hint is None or ' FILE"' not in error.hint:
            return error
        log = "git log -p " + " ".join(
            for_shell(word) for word in (self.revisions[error.file], "--", self.name) if word
        )
        if '"git log -p FILE"' in error.hint:
            return error.with_hint(error.hint.replace("git log -p FILE", log))
        return error.with_hint(f'see what was changed with "{log}"')


def pairs_of(
    words: Sequence[str], after: int | None, is_staged: bool, reading: InputOptions, limits: Limits
) -> Sequence[Pair]:
    """Return what the words of a command line name; `after` is how many of them follow `--`. Raises `LeafsealError`."""
    count = _leading_revisions(words) if after is None else len(words) - after
    if after is not None or is_staged or count or not words:
        return list(_of_revisions(words[:count], words[count:], is_staged, reading, limits))
    if len(words) > 2:
        raise UsageError("more than two files", hint=_HINT)
    if len(words) == 1:
        return [_with_other(words[0], reading, limits)]
    if words[0] == words[1] == "-":
        raise UsageError("standard input can be read only once", hint="give - only once")
    one, other = (_read(word, reading, limits) for word in words)
    name = one.name if one.name == other.name else f"{one.name} -> {other.name}"
    return [Pair(name, one, other)]


_HINT = 'name one file or two, or revisions and files, such as "leafseal diff HEAD~1 HEAD -- FILE"'


def _leading_revisions(words: Sequence[str]) -> int:
    """Return how many of the first words are revisions, and no files."""
    count = 0
    while count < len(words) and ":" not in words[count] and not os.path.lexists(words[count]):
        if words[count] == "-" or not _is_revision(words[count]):
            break
        count += 1
    return count


def _read(word: str, reading: InputOptions, limits: Limits) -> Source:
    """Read a file of a folder or of a revision."""
    file = parse_revision(word)
    if file is None:
        return _work_source(word, reading, limits)
    repository = find_repository()
    file = file._replace(path=at_top(repository, file.path))
    return _source(word, file.path, require(read_revision(repository, file, limits), file), reading)


def _work_source(word: str, reading: InputOptions, limits: Limits) -> Source:
    try:
        return read_one(word, reading, limits).source
    except MissingFileError as error:
        raise MissingFileError("no such file or revision", hint=error.hint, file=word) from None


def _is_revision(word: str) -> bool:
    one, _, other = word.partition("..")
    try:
        repository = find_repository()
        for revision in (one, other):
            check_revision(repository, revision)
    except LeafsealError:
        return False
    return True


def _source(name: str, path: str, data: bytes, reading: InputOptions) -> Source:
    named = reading.filename_override or path
    return Source(name, data, reading.input_type or recognize(named, data), path)


def _with_other(word: str, reading: InputOptions, limits: Limits) -> Pair:
    """Return a file beside that of the last commit; one of a revision beside that of the working tree."""
    if is_stream(word):
        raise UsageError("standard input needs a file to be compared with", hint="name a second FILE")
    file = parse_revision(word)
    repository = find_repository(os.path.dirname(word) or "." if file is None else ".")
    if file is None:
        source = _work_source(word, reading, limits)
        name = repository.inside(word)
        before = None
        if name is not None and has_commit(repository):
            before = read_revision(repository, Revision("HEAD", name), limits)
        return Pair(word, None if before is None else _source(word, word, before, reading), source)
    path = at_top(repository, file.path)
    before = require(read_revision(repository, file._replace(path=path), limits), file)
    here = os.path.join(repository.top, path)
    return Pair(path, _source(path, path, before, reading), _work_file(here, path, reading, limits))


def _work_file(here: str, name: str, reading: InputOptions, limits: Limits) -> Source | None:
    try:
        source = read_one(here, reading, limits).source
    except MissingFileError:
        return None
    return source._replace(name=name)


def _of_revisions(
    revisions: Sequence[str], paths: Sequence[str], is_staged: bool, reading: InputOptions, limits: Limits
) -> Iterator[Pair]:
    """Yield the files below paths, or all, that differ between revisions, the index and the working tree."""
    if len(revisions) == 1 and ".." in revisions[0]:
        revisions = [one or "HEAD" for one in revisions[0].split("..", 1)]
    if len(revisions) > (1 if is_staged else 2):
        raise UsageError(f"too many revisions{' for --staged' if is_staged else ''}", hint=_HINT)
    repository = find_repository()
    one, other = _sides(repository, revisions, is_staged)
    for name, before, now, error in changed_files(repository, one, other, paths, limits):
        sides: list[Source | None] = []
        committed: dict[str | None, str] = {}
        for revision, data in ((one, before), (other, now)):
            shown = name if revision is None else f"{revision}:{name}"
            where = os.path.join(repository.top, name) if revision is None else name
            sides.append(None if data is None else _source(shown, where, data, reading))
            if revision is not None:
                committed[shown] = revision
        yield Pair(name, sides[0], sides[1], error, committed)


def _sides(repository: Repository, revisions: Sequence[str], is_staged: bool) -> tuple[str, str | None]:
    """Return what is compared: revisions, an empty text for the index, None for the working tree."""
    if not is_staged:
        one, other = (*revisions, None, None)[:2]
        return one or "", other
    before = revisions[0] if revisions else "HEAD" if has_commit(repository) else empty_tree(repository)
    return before, ""
