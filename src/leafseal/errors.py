"""What can go wrong, as one tree of exceptions.

LeafsealError                     1   message, hint, exit_code (numbers from SOPS's published table)
├── UnforeseenError               1   a fault of leafseal: type and place of an exception that is not one of these
├── UsageError                    8   options or arguments that do not go together
├── InvalidValueError             7   a value given to be stored is not written as it must be
├── InputError                    2   a file could not be read
│   └── MissingFileError        100   it is not there; a FileNotFoundError too
├── FormatError                   2   the bytes are not that format; line, column
├── NotEncryptedError             1   no metadata to decrypt with
├── AlreadyEncryptedError       203   metadata where none belongs
├── ConfigError                   1   location, such as "creation_rules[2].age"; every fault of the file at once
├── MetadataError                 1   the `sops` block is damaged or contradicts itself
├── PathError                    91   a path expression that does not parse, or leads nowhere; a KeyError too
├── EmitError                     4   a value that the output format cannot contain
├── IntegrityError               25   a leaf's tag does not verify; path
│   └── MACMismatchError         51   each leaf verifies, the whole does not
│       └── StructureMismatchError 51  the MAC verifies, but names, places, types or tags were changed
├── DataKeyError                128   too few groups opened; attempts, one per master key tried
├── RefusedError                220   a guard said no; the flag that allows it is the hint
│   └── NothingSealedError      220   the rule seals nothing in a file that has values
├── ConflictError               221   the target changed since it was read
├── WriteError                    3   the result could not be written; the old file stands
├── AuditError                  223   what was to be done could not be written to the audit log; it was not done
├── EditorError                 201   no editor, or it failed
├── CommandError                127   the command to be run was not found; 126 when it cannot be executed
└── ProviderError                 1   a provider said no; master_key; the SDK's exception as __cause__
    └── ProviderMissingError      1   its SDK is not installed; the hint names the extra

`str(error)` is the complete message: lower case, one line, no full stop, never a value, a key or a digest. What to try
is in `hint`. `file` is set by whoever knows which file was being worked on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, Self

from leafseal.display import without_keys

PENDING = 222
"""The exit code of a command that found something, or would change something, and was only to say so."""


class LeafsealError(Exception):
    """Base of every error that leafseal raises on purpose."""

    exit_code = 1
    limit: str | None = None
    """The field of `Limits` that can be raised, where one is what is wrong."""

    def __init__(self, message: str, *, hint: str | None = None, file: str | None = None) -> None:
        # Users give keys where names of files belong: no message repeats one, nor does the exception hold it.
        self.message = without_keys(message)
        super().__init__(self.message)
        self.hint = hint and without_keys(hint)
        self.file = file and without_keys(file)

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" if self.file else self.message

    def with_hint(self, hint: str) -> Self:
        """Return the same error with another hint, to be raised in its place."""
        again = type(self).__new__(type(self), *self.args)
        again.args = self.args  # which errors of the system do not take from `__new__`
        vars(again).update(vars(self), hint=hint)
        return again

    def over(self, limit: str) -> Self:
        """Return the error, which knows from now on which of the limits it is about."""
        self.limit = limit
        return self

    def noted(self) -> Self:
        """Return the error with its hint where tracebacks and pytest show it, once: as a note."""
        note = f"hint: {self.hint}"
        if self.hint and note not in getattr(self, "__notes__", ()):
            self.add_note(note)
        return self


class UnforeseenError(LeafsealError):
    """A fault of leafseal, or an argument of a type that it does not take. Says the type and the place, no values."""


def memory_error() -> LeafsealError:
    """Return what takes the place of a `MemoryError`: a limit of the machine, and no fault of ours."""
    return LeafsealError("not enough memory: close other programs, or work on fewer files at a time")


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Name the file in errors that come from within, unless a deeper layer already did."""
    try:
        yield
    except LeafsealError as error:
        if error.file is None:
            error.file = without_keys(file)
        raise


class UsageError(LeafsealError):
    """Options or arguments contradict each other."""

    exit_code = 8


class InvalidValueError(LeafsealError):
    """A value that is to be stored is not the JSON it should be, or is nothing a file can hold."""

    exit_code = 7


class InputError(LeafsealError):
    """A file could not be read: no permission, a folder, a device, an error of the disk."""

    exit_code = 2


class MissingFileError(InputError, FileNotFoundError):
    """The file to be read does not exist. It is Python's `FileNotFoundError` as well."""

    exit_code = 100
    errno = 2  # ENOENT, on every system
    strerror = "no such file or directory"

    @property
    def filename(self) -> str | None:
        """The file, as in errors of the system."""
        return self.file


class FormatError(LeafsealError):
    """The bytes are not what their format demands. `line` and `column` count from 1 where they are known."""

    exit_code = 2
    repeated: str | None = None
    """The key that a mapping has twice, where that is what is wrong."""

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, file=file)
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}"
        if place and self.column is not None:
            place += f", column {self.column}"
        return ": ".join(part for part in (self.file, place, self.message) if part)


class NotEncryptedError(LeafsealError):
    """The file has no `sops` metadata."""


class AlreadyEncryptedError(LeafsealError):
    """The file to be encrypted already has `sops` metadata, or uses the reserved name."""

    exit_code = 203


class ConfigError(LeafsealError):
    """A configuration file is wrong. `faults` holds every `(location, message)` that was found in it.

    `hints` has what to do about some of them.
    """

    def __init__(
        self,
        message: str,
        *,
        faults: Sequence[tuple[str, str]] = (),
        hints: Mapping[tuple[str, str], str] | None = None,
        hint: str | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, file=file)
        self.faults = tuple(faults)
        self.hints = dict(hints or {})

    @classmethod
    def of(
        cls, faults: Sequence[tuple[str, str]], file: str, hints: Mapping[tuple[str, str], str] | None = None
    ) -> Self:
        """Return the error for a file with these faults; its message tells how many there are, and the first."""
        location, message = faults[0]
        first = f"{location}: {message}" if location else message
        if len(faults) > 1:
            first = f"{len(faults)} faults, the first is {first}"
        return cls(first, faults=faults, hints=hints, hint=(hints or {}).get(faults[0]), file=file)


class MetadataError(LeafsealError):
    """The metadata block does not hold what it must, or holds it twice."""


class PathError(LeafsealError, KeyError):
    """A path such as `["db"]["password"]` does not parse, or nothing stands there. It is a `KeyError` as well.

    `path` is the path as the library was given it, None elsewhere.
    """

    exit_code = 91

    def __init__(self, message: str, *, path: object = None, hint: str | None = None, file: str | None = None) -> None:
        super().__init__(message, hint=hint, file=file)
        self.path = path


class EmitError(LeafsealError):
    """The output format cannot express a value."""

    exit_code = 4


class IntegrityError(LeafsealError):
    """A sealed leaf does not verify. `path` holds the keys that lead to it, `locator` list positions too.

    `document` is the number of its document, from 0.
    """

    exit_code = 25

    def __init__(
        self,
        message: str,
        *,
        path: Sequence[str] = (),
        locator: Sequence[str | int] = (),
        document: int = 0,
        hint: str | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, file=file)
        self.path = tuple(path)
        self.locator = tuple(locator)
        self.document = document


class MACMismatchError(IntegrityError):
    """Every leaf verifies, the document as a whole does not."""

    exit_code = 51

    HINT: ClassVar = (
        'see what changed with "git log -p"; "leafseal repair FILE" shows what is known, and mends it after asking'
    )


class StructureMismatchError(MACMismatchError):
    """Values and MAC verify, but not what they mean: a name, place, type, tag or empty value was changed by hand.

    Raised also where a digest of the structure is required, and the file has none.
    """


class DataKeyError(LeafsealError):
    """Too few key groups decrypted.

    `attempts` lists what failed, one entry per master key tried. `opened` has the numbers of the groups that did open,
    from 0, of `groups` in all, `needed` of which are required. In a merge, `side` names the version that is meant.
    """

    exit_code = 128
    side = ""

    def __init__(
        self,
        message: str,
        *,
        attempts: Sequence[object] = (),
        groups: int = 1,
        needed: int = 1,
        opened: Sequence[int] = (),
        hint: str | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, file=file)
        self.attempts = tuple(attempts)
        self.groups = groups
        self.needed = needed
        self.opened = tuple(opened)


class RefusedError(LeafsealError):
    """A guard said no. The hint names the flag that allows it."""

    exit_code = 220


class NothingSealedError(RefusedError):
    """A file has values, and its rule would seal none of them."""


class ConflictError(LeafsealError):
    """The target changed between reading and writing."""

    exit_code = 221


class WriteError(LeafsealError):
    """The result could not be written; what stood there before still stands."""

    exit_code = 3


class AuditError(LeafsealError):
    """An event could not be written to an audit log that the policy requires: nothing was decrypted."""

    exit_code = 223


class EditorError(LeafsealError):
    """No editor could be found or started, or it ended with an error, or what it left cannot be read.

    `has_run` says that it ran to its end.
    """

    exit_code = 201

    def __init__(
        self, message: str, *, has_run: bool = False, hint: str | None = None, file: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, file=file)
        self.has_run = has_run


class CommandError(LeafsealError):
    """The command to be run with the secrets could not be started. The codes are those of a shell."""

    def __init__(self, message: str, *, found: bool = False, hint: str | None = None, file: str | None = None) -> None:
        super().__init__(message, hint=hint, file=file)
        self.exit_code = 126 if found else 127


class ProviderError(LeafsealError):
    """A provider could not wrap or unwrap.

    `master_key` names the key, as `str(key)` does. `source` says where the identities or credentials came from that
    were tried. Where they are listed, `own` has the user's keys, by short names, and `causes` what failed beside them.
    """

    own: Sequence[str] = ()
    causes: Sequence[str] | None = None

    def __init__(
        self,
        message: str,
        *,
        master_key: str | None = None,
        source: str | None = None,
        hint: str | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, file=file)
        self.master_key = master_key
        self.source = source

    @classmethod
    def of(cls, master_key: str, message: str, source: str | None = None, hint: str | None = None) -> Self:
        """Return the error for a master key. Its message names the credentials that were tried, if any were."""
        text = f"{message} (credentials: {source})" if source else message
        return cls(text, master_key=master_key, source=source, hint=hint)


class ProviderMissingError(ProviderError):
    """The library that this provider needs is not installed. The hint names the extra."""


def system_text(error: OSError) -> str:
    """Return the system's words for its own error, as they stand in our messages."""
    text = os.strerror(error.errno) if error.errno else "input or output failed"
    return text[:1].lower() + text[1:]
