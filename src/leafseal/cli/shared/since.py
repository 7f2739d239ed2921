"""What changed in files since a revision that is trusted, as `verify --against` prints it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from leafseal.cli.shared import reports
from leafseal.cli.shared.differences import metadata_fields
from leafseal.display import escape_line, first_of, visible
from leafseal.document.limits import ReadOptions
from leafseal.errors import LeafsealError, UsageError
from leafseal.git.repository import find_repository
from leafseal.git.trusted import CHANGED, DECRYPTED, DELETED, Changes, Trusted
from leafseal.keys.short_names import in_full
from leafseal.operations.open import Source

_SIGNS = {"+": "added", "-": "removed", ">": "moved"}
_OTHERS = {
    DELETED: "was there in {}, and is deleted",
    DECRYPTED: "was encrypted in {}, and is not encrypted now",
    CHANGED: "was changed since {}",
}


class Since(NamedTuple):
    """What changed since a revision: in files by the names that the user gave, and in others."""

    revision: str
    files: Mapping[str, Changes]
    others: Sequence[tuple[str, str]]

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.others or any(self.files.values()))

    def lines_of(self, name: str) -> Iterator[str]:
        """Yield what changed in a file."""
        if name in self.files:
            yield from (f"since {escape_line(self.revision)}: {line}" for line in _lines(self.files[name]))

    def lines(self) -> Iterator[str]:
        """Yield what changed in other files."""
        for name, state in self.others:
            yield f"{escape_line(name)}: {_OTHERS[state].format(escape_line(self.revision))}"


def since(
    revision: str, sources: Sequence[Source], read: ReadOptions, *, is_all: bool
) -> tuple[Since, list[LeafsealError]]:
    """Compare files with what they were in a revision; with `is_all` also look for those that are no longer encrypted.

    Raises `LeafsealError` where there is no repository, or no such revision in it.
    """
    repository = find_repository()
    trusted = Trusted(repository, revision, read._replace(allow_duplicates=True))
    names: dict[str, Source] = {}
    for source in sources:
        name = repository.inside(source.path or source.name)
        if name is None or source.path is None:
            raise UsageError("is not in this repository", hint="name files of it", file=source.name)
        names[name] = source
    found = trusted.changes(names)
    errors = [one for one in found.values() if isinstance(one, LeafsealError)]
    files = {names[name].name: one for name, one in found.items() if isinstance(one, Changes)}
    below = repository.inside(os.curdir) if is_all else None
    others = [] if below is None else list(trusted.others(names, "" if below == os.curdir else below))
    shown = [(os.path.relpath(os.path.join(repository.top, name)), state) for name, state in others]
    return Since(revision, files, shown), errors


def _lines(changes: Changes) -> Iterator[str]:
    about = changes.comparison
    if changes.is_new:
        yield "there was no such encrypted file"
    else:
        for word, keys in (("added", about.recipients.added), ("removed", about.recipients.removed)):
            yield from (f"recipient {word}: {in_full(key)}" for key in keys)
    pairs = {"rule": about.rule, "threshold": about.threshold, "structure digest": about.structure}
    yield from (f"{word}: {visible(pair[0])} -> {visible(pair[1])}" for word, pair in pairs.items() if pair)
    for sign in dict.fromkeys(sign for sign, _ in changes.places):
        places = [visible(place) for one, place in changes.places if one == sign]
        yield f"values {_SIGNS.get(sign, sign)}: {first_of(places)}"
    yield from (f".gitattributes: {name}: {visible(was)} -> {visible(now)}" for name, was, now in changes.attributes)


def as_data(changes: Changes | None) -> dict[str, Any] | None:
    """Return what changed in a file, as data."""
    if changes is None:
        return None
    about = changes.comparison
    recipients = () if changes.is_new else about.recipients.added
    return {
        "state": "new" if changes.is_new else "changed" if changes else "unchanged",
        "recipients_added": [reports.recipient(key, 0) for key in recipients],
        "recipients_removed": [reports.recipient(key, 0) for key in about.recipients.removed],
        **metadata_fields("a", about.one),
        **metadata_fields("b", about.other),
        "moves": [{"change": _SIGNS.get(sign, sign), "path": place} for sign, place in changes.places],
        "attributes": [{"attribute": name, "before": was, "after": now} for name, was, now in changes.attributes],
    }
