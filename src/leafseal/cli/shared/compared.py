"""Which files `leafseal diff` compares: by their names, those of revisions, or all that a folder had."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from leafseal.cli.shared.files import is_stream, read_one
from leafseal.cli.shared.options import InputOptions
from leafseal.display import visible
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError, MissingFileError, UsageError
from leafseal.formats import recognize
from leafseal.git.repository import find_repository
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


def pairs_of(words: Sequence[str], after: int | None, reading: InputOptions, limits: Limits) -> Sequence[Pair]:
    """Return what the words of a command line name; `after` is how many of them follow `--`. Raises `LeafsealError`."""
    if after is not None:
        return list(_of_revisions(words[: len(words) - after], words[len(words) - after :], reading, limits))
    if not 1 <= len(words) <= 2:
        raise UsageError(_NEEDED if not words else "more than two files", hint=_HINT)
    if len(words) == 1:
        return [_with_other(words[0], reading, limits)]
    if words[0] == words[1] == "-":
        raise UsageError("standard input can be read only once", hint="give - only once")
    one, other = (_read(word, reading, limits) for word in words)
    name = one.name if one.name == other.name else f"{one.name} -> {other.name}"
    return [Pair(name, one, other)]


_NEEDED = "no FILE is named"
_HINT = 'name one file or two, or revisions and files, such as "leafseal diff HEAD~1 HEAD -- FILE"'


def _read(word: str, reading: InputOptions, limits: Limits) -> Source:
    """Read a file of a folder or of a revision."""
    file = parse_revision(word)
    if file is None:
        return _work_source(word, reading, limits)
    repository = find_repository()
    file = file._replace(path=at_top(repository, file.path))
    return _source(word, file.path, require(read_revision(repository, file, limits), file), reading)


def _work_source(word: str, reading: InputOptions, limits: Limits) -> Source:
    """Read a file of a folder. Raises `UsageError` for a revision, which needs files."""
    try:
        return read_one(word, reading, limits).source
    except MissingFileError:
        if _is_revision(word):
            raise UsageError(f"{visible(word)} is a revision, and files are missing", hint=_HINT) from None
        raise


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
    revisions: Sequence[str], paths: Sequence[str], reading: InputOptions, limits: Limits
) -> Iterator[Pair]:
    """Yield the files below paths that differ between revisions, or one and the working tree."""
    if len(revisions) == 1 and ".." in revisions[0]:
        revisions = [one or "HEAD" for one in revisions[0].split("..", 1)]
    if len(revisions) > 2 or not paths:
        raise UsageError("before -- belong one or two revisions, after it files", hint=_HINT)
    repository = find_repository()
    one = revisions[0] if revisions else "HEAD"
    other = revisions[1] if len(revisions) > 1 else None
    for name, before, now, error in changed_files(repository, one, other, paths, limits):
        here = name if other is not None else os.path.join(repository.top, name)
        yield Pair(
            name,
            None if before is None else _source(name, name, before, reading),
            None if now is None else _source(name, here, now, reading),
            error,
        )
