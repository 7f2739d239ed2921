"""One file that Git, or a tool like it, has merged: what is encrypted by value, everything else by Git itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import ReadOptions
from leafseal.errors import DataKeyError, LeafsealError
from leafseal.formats import recognize
from leafseal.git.sides import SideError, State, Version, broken_side, open_sides, plain_side, state_of
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import read_metadata
from leafseal.operations.product import Product

if TYPE_CHECKING:
    from leafseal.git.keys import Configured

MARKERS = 7
"""How many signs a conflict marker has, where nobody says otherwise."""

MOST_LINES = 100
"""Lines about the conflicts of one file; the file remembers all of them."""

_SECONDS = 60.0
_LONGEST = 1 << 28  # bytes


class NotMergedError(LeafsealError):
    """The versions cannot be merged; ours stays as it is."""


class Merge(NamedTuple):
    """A merge that was asked for: of what, under which name, and how it ends."""

    base: Version
    ours: Version
    theirs: Version
    name: str
    """The path of the file, which tells its format and rule."""

    marker_size: int = MARKERS
    is_virtual: bool = False


class Outcome(NamedTuple):
    """The bytes to be written, what checks them, and what is said; `is_clean` where nothing is left to be decided."""

    data: bytes
    check: Callable[[bytes], None]
    is_clean: bool
    conflicts: list[tuple[str, str]]
    """Pointers, and why."""

    told: list[str]


def merge_files(
    asked: Merge, ring: KeyRing, read: ReadOptions, configured: Callable[[], Configured | None] = lambda: None
) -> Outcome:
    """Merge three versions of a file. Raises `LeafsealError` where ours is to stay as it is."""
    try:
        return _merged(asked, ring, read, configured)
    except LeafsealError as error:
        if not asked.is_virtual:
            raise
        # Ours in the place of the ancestor would make ours, or theirs, look unchanged: the other was taken silently.
        told = [] if isinstance(error, DataKeyError) else [f"its common ancestors cannot be merged: {error.message}"]
        return Outcome(b"", Product.exactly(b""), False, [], told)


def _merged(asked: Merge, ring: KeyRing, read: ReadOptions, configured: Callable[[], Configured | None]) -> Outcome:
    if os.environ.get("LEAFSEAL_MERGE") == "0":
        return merge_text(asked)
    versions = asked.base, asked.ours, asked.theirs
    format_name = recognize(asked.name, next((one.data for one in (asked.ours, asked.theirs) if one.data), b""))
    states = [state_of(version.data, format_name, read) for version in versions]
    if "encrypted" not in states:
        return merge_text(asked)
    _refuse_mixture(versions, states)
    base, ours, theirs = versions
    if ours.data == theirs.data or (base.data == theirs.data and ours.data):
        return _as_it_is(ours, format_name, read)
    if base.data == ours.data and theirs.data:
        return _as_it_is(theirs, format_name, read)
    from leafseal.git.merge import How, merge_opened  # what is not encrypted needs none of it

    told: list[str] = []
    try:
        sides = open_sides(versions, asked.name, format_name, ring, read, told.append)
    except DataKeyError as error:
        if asked.is_virtual:
            raise
        return _without_key(versions, format_name, read, error)
    how = How(ring, configured, asked.is_virtual, lambda: _blob_ids(base.data, theirs.data))
    result = merge_opened(sides, how)
    conflicts = [(found.pointer, found.what) for found in result.conflicts]
    product = result.product
    return Outcome(product.data, product.check, not conflicts, conflicts, told + result.told)


def _blob_ids(base: bytes, theirs: bytes) -> tuple[str, str]:
    """Return the ids that Git has for two files; empty for none."""
    from leafseal.git.blobs import blob_id  # most merges have no conflict
    from leafseal.git.repository import has_sha256

    is_sha256 = has_sha256()
    one, other = (blob_id(data, is_sha256=is_sha256) if data else "" for data in (base, theirs))
    return one, other


def _without_key(
    versions: tuple[Version, Version, Version], format_name: str, read: ReadOptions, error: DataKeyError
) -> Outcome:
    """Merge what can be merged without a key. Raises `error` where nothing can."""
    from leafseal.git.keyless import merge_without_key
    from leafseal.git.recipients import told_of

    merged = merge_without_key(versions, format_name, read)
    if merged is None:
        raise error
    told = ["merged without a key, not verified", *told_of(merged.added, merged.removed)]
    return Outcome(merged.data, Product.exactly(merged.data), True, [], told)


def _as_it_is(version: Version, format_name: str, read: ReadOptions) -> Outcome:
    """Return a version that alone was changed, to the byte. Raises `SideError` for what is no encrypted file."""
    try:
        read_metadata(version.data, format_name, read)
    except LeafsealError as error:
        raise broken_side(version, format_name, error) from error
    return Outcome(version.data, Product.exactly(version.data), True, [], [])


def _refuse_mixture(versions: tuple[Version, Version, Version], states: list[State]) -> None:
    """Raise `SideError` where one side is encrypted and the other is not. A plain base is none (`open_sides`)."""
    for version, state in zip(versions[1:], states[1:], strict=True):
        if state == "plain":
            raise plain_side(version)
        if state == "absent":
            raise SideError(version, "is empty", "decide whether to keep the file or to delete it")


def merge_text(asked: Merge) -> Outcome:
    """Have Git merge what is not encrypted, with markers where it conflicts. Raises `NotMergedError`."""
    from leafseal.system.environment import helper_environment
    from leafseal.system.programs import ProgramError, exchange

    ours, base, theirs = asked.ours, asked.base, asked.theirs
    labels = [word for version in (ours, base, theirs) for word in ("-L", version.label)]
    arguments = ["merge-file", "-p", "-q", f"--marker-size={asked.marker_size}", *labels, "--"]
    files = [version.path or os.devnull for version in (ours, base, theirs)]
    environ = helper_environment(os.environ)
    try:
        done = exchange(["git", *arguments, *files], environ, data=b"", seconds=_SECONDS, limit=_LONGEST)
    except ProgramError as error:
        raise NotMergedError(f"not encrypted, and git merge-file cannot be used: {error}") from None
    if not 0 <= done.status < 128:
        raise NotMergedError("not encrypted, and not text that Git can merge", hint="take one of the two files whole")
    conflicts = [("", "conflict markers were written")] if done.status else []
    return Outcome(done.stdout, Product.exactly(done.stdout), not conflicts, conflicts, [])
