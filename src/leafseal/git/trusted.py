"""What changed since a revision that is trusted: who can decrypt files, their rules, and what is encrypted in them.

No key is needed for that, and values are not compared: those change every day.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from leafseal.config.find import NAMES
from leafseal.document.limits import ReadOptions
from leafseal.errors import LeafsealError, naming
from leafseal.formats import recognize
from leafseal.git.blobs import Contents, commit_of, files_of, with_index_of
from leafseal.git.compared import Side, as_it_is, is_encrypted, no_file
from leafseal.git.comparison import ADDED, MOVED, REMOVED, Comparison, compare
from leafseal.git.repository import LINK, SUBMODULE, Entry, Repository
from leafseal.operations.open import Source

ATTRIBUTES = ("diff", "filter", "merge")
"""The attributes by which Git starts a program for a file, or merges it."""

DELETED, DECRYPTED, CHANGED = "deleted", "decrypted", "changed"


class Changes(NamedTuple):
    """What changed in an encrypted file. `comparison` has the earlier version first."""

    comparison: Comparison
    attributes: Sequence[tuple[str, str, str]]
    """Names of attributes, and what they were and are."""

    @property
    def is_new(self) -> bool:
        """Tell whether the revision had no such file, or not an encrypted one."""
        return self.comparison.one.metadata is None

    @property
    def places(self) -> list[tuple[str, str]]:
        """The places that came, went, moved or are not encrypted any more: a sign, and a pointer."""
        found = []
        for one in () if self.is_new else self.comparison.values:
            if one.change in (ADDED, REMOVED, MOVED):
                found.append((one.change, one.pointer))
            elif one.one and one.other and one.one.is_encrypted != one.other.is_encrypted:
                found.append(("encrypted" if one.other.is_encrypted else "decrypted", one.pointer))
        return found

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        about = self.comparison
        pairs = (about.rule, about.threshold, about.structure)
        return bool(
            self.is_new or about.recipients.added or about.recipients.removed or any(pairs) or self.places
        ) or bool(self.attributes)


class Trusted:
    """The files of a revision, to compare those of now with. Raises `GitError`."""

    def __init__(self, repository: Repository, revision: str, read: ReadOptions) -> None:
        self._repository = repository
        self._commit = commit_of(repository, revision)
        self._files = {one.name: one for one in files_of(repository, self._commit) if one.mode not in (LINK, SUBMODULE)}
        self._contents = Contents(repository, read.limits.file_bytes)
        self._read = read

    def changes(self, sources: Mapping[str, Source]) -> dict[str, Changes | LeafsealError]:
        """Return what changed in files, by their names from the top of the repository."""
        data = self._data(sources)
        attributes = self._attributes(list(sources))
        found: dict[str, Changes | LeafsealError] = {}
        for name, source in sources.items():
            try:
                with naming(source.name):
                    now = as_it_is(source, self._read)
                    comparison = compare(self._side(name, data.get(name), now), now)
            except LeafsealError as error:
                found[name] = error
            else:
                found[name] = Changes(comparison, attributes.get(name, ()))
        return found

    def _side(self, name: str, data: bytes | None, now: Side) -> Side:
        if data is None or not is_encrypted(data):
            return no_file(name, now.format)
        return as_it_is(Source(now.name, data, recognize(name, data)), self._read)

    def _data(self, names: Collection[str]) -> dict[str, bytes]:
        entries = [self._files[name] for name in names if name in self._files]
        blobs = dict(self._contents.read(entry.blob for entry in entries))
        return {entry.name: blobs[entry.blob] for entry in entries if entry.blob in blobs}

    def _attributes(self, names: Sequence[str]) -> dict[str, list[tuple[str, str, str]]]:
        if not names:
            return {}
        with with_index_of(self._repository, self._commit) as earlier:
            before = earlier.attributes(names, ATTRIBUTES, is_cached=True)
        now = self._repository.attributes(names, ATTRIBUTES)
        return {
            name: [
                (attribute, before[name][attribute], now[name][attribute])
                for attribute in ATTRIBUTES
                if before[name][attribute] != now[name][attribute]
            ]
            for name in names
        }

    def others(self, compared: Collection[str], below: str) -> Iterator[tuple[str, str]]:
        """Yield the other files below a folder that changed: those encrypted in the revision and not now, and rules.

        `deleted` and `decrypted` are encrypted files, `changed` and `deleted` configurations.
        """
        start = f"{below}/" if below else ""
        entries = [one for one in self._files.values() if one.name.startswith(start) and one.name not in compared]
        for name, was in sorted(self._contents_of(entries)):
            now = self._now(name)
            if os.path.basename(name) in NAMES:
                if now != was:
                    yield name, DELETED if now is None else CHANGED
            elif is_encrypted(was) and b"sops" in was and (now is None or not is_encrypted(now)):
                yield name, DELETED if now is None else DECRYPTED

    def _contents_of(self, entries: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
        names: dict[str, list[str]] = {}
        for entry in entries:
            names.setdefault(entry.blob, []).append(entry.name)
        for blob, data in self._contents.read(names):
            if is_encrypted(data) or any(os.path.basename(name) in NAMES for name in names[blob]):
                yield from ((name, data) for name in names[blob])

    def _now(self, name: str) -> bytes | None:
        from leafseal.system.inside import read_below

        try:
            return read_below(self._repository.top, name, self._read.limits).data
        except LeafsealError:
            return None
