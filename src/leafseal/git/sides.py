"""The three versions of a file that a merge has: whether they are encrypted, and what each holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import ReadOptions
from leafseal.errors import FormatError, IntegrityError, LeafsealError, MetadataError
from leafseal.formats import parse
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Opened, Source, open_file

State = Literal["absent", "plain", "encrypted"]

_TOKEN = b"ENC[AES256_GCM,"
_BLOCK = rb'(?m)^(sops(:|_)|\[sops\])|"sops"\s*:'


class Version(NamedTuple):
    """One version of a file: its part in the merge, its name in messages, its bytes, empty for none."""

    part: str  # "base", "ours" or "theirs"
    label: str
    data: bytes
    path: str | None = None

    def __repr__(self) -> str:
        return f"Version({self.part!r}, {len(self.data)} bytes)"


def state_of(data: bytes, format_name: str, read: ReadOptions) -> State:
    """Tell whether a version is encrypted, by its content. One that does not parse is if it looks as if it had been."""
    if not data:
        return "absent"
    if b"sops" not in data and _TOKEN not in data:
        return "plain"
    try:
        if parse(data, format_name, read._replace(allow_duplicates=True), sealed=True).metadata() is not None:
            return "encrypted"
    except MetadataError:
        return "encrypted"
    except FormatError:
        return "encrypted" if _TOKEN in data or re.search(_BLOCK, data) else "plain"
    return "encrypted" if _TOKEN in data else "plain"


class DoesNotOpenError(LeafsealError):
    """A side of a merge cannot be used: its name is in the message, and the reason is that of the error it has."""

    def __init__(self, version: Version, error: LeafsealError) -> None:
        what = f"{version.part} ({version.label})" if version.label != version.part else version.part
        super().__init__(
            f"{what} cannot be merged: {error.message}",
            hint="remove its conflict markers, or restore it from Git"
            if isinstance(error, FormatError)
            else error.hint,
            file=error.file,
        )
        self.version = version
        self.error = error


class Sides(NamedTuple):
    """The versions, opened and verified. There is no base where there was none, or it could not be used."""

    base: Opened | None
    ours: Opened
    theirs: Opened


def open_sides(
    versions: tuple[Version, Version, Version],
    name: str,
    format_name: str,
    ring: KeyRing,
    read: ReadOptions,
    tell: Callable[[str], None],
) -> Sides:
    """Open the three versions of a file and verify all of each. Raises `DoesNotOpenError`.

    A base that does not verify counts as none, which is told.
    """
    base, ours, theirs = versions
    opened = [_open(version, name, format_name, ring, read) for version in (ours, theirs)]
    return Sides(_open_base(base, name, format_name, ring, read, tell), *opened)


def _open(version: Version, name: str, format_name: str, ring: KeyRing, read: ReadOptions) -> Opened:
    try:
        return open_file(Source(name, version.data, format_name), ring, read)
    except LeafsealError as error:
        raise DoesNotOpenError(version, error) from error


def _open_base(
    base: Version, name: str, format_name: str, ring: KeyRing, read: ReadOptions, tell: Callable[[str], None]
) -> Opened | None:
    if not base.data:
        return None
    try:
        return _open(base, name, format_name, ring, read)
    except DoesNotOpenError as error:
        if not isinstance(error.error, IntegrityError):
            raise
        tell(f"the base cannot be used: {error.error.message}; what both sides have counts as added by both")
        return None
