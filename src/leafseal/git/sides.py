"""The three versions of a file that a merge has: whether they are encrypted, and what each holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import ReadOptions
from leafseal.errors import (
    DataKeyError,
    FormatError,
    IntegrityError,
    LeafsealError,
    MACMismatchError,
    MetadataError,
    NotEncryptedError,
)
from leafseal.formats import parse
from leafseal.formats.recognition import by_content
from leafseal.keys.groups import DataKey
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
    """Where the bytes are, if they are in a file."""

    file: str | None = None
    """What messages and the audit log call it, where that is not the name of the merged file."""

    @property
    def called(self) -> str:
        """What messages call it: its part, and its name where it has one."""
        return self.part if self.label in ("", self.part) else f"{self.part} ({visible(self.label)})"

    def __repr__(self) -> str:
        return f"Version({self.part!r}, {len(self.data)} bytes)"


def state_of(data: bytes, format_name: str, read: ReadOptions) -> State:
    """Tell whether a version is encrypted, by its content. One that does not parse is if it looks as if it had been."""
    if not data:
        return "absent"
    if _TOKEN in data:
        return "encrypted"
    if b"sops" not in data:
        return "plain"
    try:
        if parse(data, format_name, read._replace(allow_duplicates=True), sealed=True).metadata() is not None:
            return "encrypted"
    except MetadataError:
        return "encrypted"
    except FormatError:
        return "encrypted" if re.search(_BLOCK, data) else "plain"
    return "plain"


class SideError(LeafsealError):
    """A side of a merge cannot be used; the message names it. The hint is for a side that is a file of its own."""

    def __init__(self, version: Version, message: str, hint: str | None) -> None:
        super().__init__(f"{version.called} {message}", hint=hint, file=version.file)
        self.version = version


def plain_side(version: Version) -> SideError:
    """Return the error for a side that is not encrypted, while others are; it says what the side is, where known."""
    from leafseal.formats.faults import explained  # hardly any side is plain

    known = explained(FormatError(""), version.data)
    if known.message:
        return SideError(version, f"is not encrypted: {known.message}", known.hint)
    return SideError(version, "is not encrypted, and the other side is", _PLAIN)


_PLAIN = "encrypt that version, or decide which of them is right, then merge again"


class DoesNotOpenError(SideError):
    """A side of a merge cannot be used, for the reason that is told by the error it has."""

    def __init__(self, version: Version, error: LeafsealError) -> None:
        said = str(error).removeprefix(f"{error.file}: ")
        super().__init__(version, f"cannot be merged: {said}", error.hint)
        self.error = error


def broken_side(version: Version, format_name: str, error: LeafsealError) -> SideError:
    """Return the error for a side that cannot be read or verified; one of another format is nothing worse."""
    if isinstance(error, FormatError | NotEncryptedError):
        own = by_content(version.data)
        if own not in (None, format_name):
            what = f"is an encrypted {own} file, and {format_name} is merged"
            command = f"leafseal decrypt --input-type {own} --output-type {format_name} FILE"
            return SideError(version, what, hint=f'convert it with "{command}", then encrypt it')
    return DoesNotOpenError(version, error)


def hint_in_git(error: SideError) -> str:
    """Return what to do about a side that only Git has."""
    if not error.version.data:
        return 'decide with "leafseal resolve FILE" whether to keep the file or to delete it'
    part = error.version.part
    if part == "theirs" and isinstance(error, DoesNotOpenError) and isinstance(error.error, MACMismatchError):
        return _IGNORING
    other = "ours" if part == "theirs" else "theirs"
    return (
        f"correct it on its branch and merge again; or, to have {other},"
        f' run "git checkout --{other} FILE", then "git add FILE"'
    )


_IGNORING = (
    "correct it on its branch and merge again; or, if you know who changed it and why, run"
    ' "leafseal resolve --ignore-mac theirs FILE"'
)


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
    """Open the three versions of a file and verify all of each. Raises `DataKeyError`, `SideError`.

    A base that cannot be used counts as none, which is told.
    """
    base, ours, theirs = versions
    opening = _Opening(name, format_name, ring, read)
    return opening.sides(ours, theirs)._replace(base=opening.base(base, tell))


class _Opening:
    """Opens versions of one file. Whoever joins has no key for what is older, and has its data key by what is newer."""

    def __init__(self, name: str, format_name: str, ring: KeyRing, read: ReadOptions) -> None:
        self._name = name
        self._format = format_name
        self._ring = ring
        self._read = read
        self._known: list[DataKey] = []

    def sides(self, ours: Version, theirs: Version) -> Sides:
        try:
            mine = self.open(ours)
        except DataKeyError as error:
            other = self._unless_locked(theirs, error)
            return Sides(None, self.open(ours), other)
        return Sides(None, mine, self.open(theirs))

    def _unless_locked(self, version: Version, reason: DataKeyError) -> Opened:
        """Open a version; if no key does, what another one said of it is the reason."""
        try:
            return self.open(version)
        except DataKeyError:
            raise reason from None

    def open(self, version: Version) -> Opened:
        try:
            opened = self._open(version)
        except LeafsealError as error:
            if isinstance(error, DataKeyError):
                error.side = version.called
                raise
            raise broken_side(version, self._format, error) from error
        self._known.append(opened.data_key)
        return opened

    def _open(self, version: Version) -> Opened:
        source = Source(self._name, version.data, self._format, version.file or self._name)
        try:
            return open_file(source, self._ring, self._read)
        except DataKeyError:
            for key in self._known:
                try:
                    return open_file(source, self._ring, self._read, find_key=lambda *_, key=key: key)
                except MACMismatchError:
                    raise
                except IntegrityError:
                    continue  # it has another data key
            raise

    def base(self, version: Version, tell: Callable[[str], None]) -> Opened | None:
        if not version.data:
            return None
        try:
            return self.open(version)
        except SideError as error:
            tell(f"{error.message}; what both sides have counts as added by both")
            return None
