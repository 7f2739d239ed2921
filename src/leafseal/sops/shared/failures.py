"""Errors as sops tells them: its texts where programs look for them, its exit codes, and nothing it should not tell."""

from __future__ import annotations

from collections.abc import Iterator

from leafseal.display import visible
from leafseal.errors import (
    AlreadyEncryptedError,
    ConfigError,
    ConflictError,
    DataKeyError,
    EditorError,
    EmitError,
    FormatError,
    InputError,
    IntegrityError,
    LeafsealError,
    MACMismatchError,
    NotEncryptedError,
    WriteError,
)

KNOWN_CODES = frozenset(
    (1, 2, 3, 4, 5, 6, 7, 8, 21, 23, 24, 25, 49, 51, 52, 61, 85, 91, 92, 100, 111, 112, 128, 200, 201, 202, 203)
)
"""The exit codes that sops documents (sops-cli §7)."""

_WIDTH = 75

RESERVED = (
    "The file you have provided contains a top-level entry called 'sops', or for flat file formats top-level entries "
    "starting with 'sops_'. This is generally due to the file already being encrypted. SOPS uses a top-level entry "
    "called 'sops' to store the metadata required to decrypt the file. For this reason, SOPS can not encrypt files "
    "that already contain such an entry.\n\nIf this is an unencrypted file, rename the 'sops' entry.\n\nIf this is an "
    "encrypted file and you want to edit it, use the editor mode, for example: `sops edit my_file.yaml`"
)


class Failure(LeafsealError):
    """An error whose text, which may have several lines, and exit code are those of sops."""

    def __init__(self, message: str, code: int = 1, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = code


def as_failure(error: LeafsealError) -> Failure:
    """Return what sops would say of an error that comes from below."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, DataKeyError):
        from leafseal.keys.report import last_hint  # only failures need it

        return Failure(report(error), 128, hint=last_hint(error))
    if isinstance(error, AlreadyEncryptedError):
        return Failure(_filled(RESERVED), 203)
    if isinstance(error, NotEncryptedError):
        return Failure("sops metadata not found", hint=error.hint)
    if isinstance(error, MACMismatchError):
        return Failure(_mac_text(error), 51, hint=error.hint)
    if isinstance(error, ConfigError) and not error.faults:
        return Failure(f"error loading config: {error.message}", 1, hint=error.hint)
    for kind, prefix in _PREFIXES:
        if isinstance(error, kind):
            return Failure(f"{prefix}{error}", _code(error), hint=error.hint)
    return Failure(str(error), _code(error), hint=error.hint)


_PREFIXES: tuple[tuple[type[LeafsealError], str], ...] = (
    (IntegrityError, "Error decrypting tree: "),
    (FormatError, "Error unmarshalling file: "),
    (InputError, "Error reading file: "),
    (EmitError, "Error dumping file: "),
    (ConfigError, "error loading config: "),
    (EditorError, ""),
    (WriteError, "Could not open output file for writing: "),
    (ConflictError, "Could not open output file for writing: "),
)


def _code(error: LeafsealError) -> int:
    code = error.exit_code
    if isinstance(error, InputError):
        return 2  # the commands that must, say 100 themselves
    if isinstance(error, ConflictError):
        return 3
    return code if code in KNOWN_CODES else 1


def _mac_text(error: MACMismatchError) -> str:
    """Return sops's words, without the digests that stand in them."""
    from leafseal.crypto.mac import Verdict  # only failures need these
    from leafseal.operations.open import MAC_FAULTS

    if error.message == MAC_FAULTS[Verdict.MISSING]:
        return "MAC mismatch. File has no MAC, computed (hidden)"
    if error.message == MAC_FAULTS[Verdict.UNREADABLE]:
        return f"Cannot decrypt MAC: {error.message}"
    return "MAC mismatch. File has (hidden), computed (hidden)"


def report(error: DataKeyError) -> str:
    """Return the report on a data key that could not be recovered (sops-cli §5.2)."""
    lines = ["Failed to get the data key required to decrypt the SOPS file.", ""]
    for number in range(error.groups):
        lines += _group(error, number)
    if error.groups == 1:
        conclusion = (
            "Recovery failed because no master key was able to decrypt the file. In order for SOPS to recover the "
            "file, at least one key has to be successful, but none were."
        )
    else:
        conclusion = (
            f"Recovery failed because the file was encrypted with a Shamir threshold of {error.needed}, but only "
            f"{len(error.opened)} part(s) were successfully recovered, one for each successful key group. In order for "
            f"SOPS to recover the file, at least {error.needed} groups have to be successful. In order for a group to "
            "be successful, decryption has to succeed with any of the keys in that key group."
        )
    return "\n".join([*lines, _filled(conclusion)])


def _group(error: DataKeyError, number: int) -> Iterator[str]:
    from leafseal.keys.report import attempts_in_group

    yield f"Group {number}: {'SUCCESS' if number in error.opened else 'FAILED'}"
    for position, told in enumerate(attempts_in_group(error, number)):
        if position:
            yield "  "
        yield f"  {visible(str(told.attempt.master_key))}: FAILED"
        lines = [*_wrapped(told.reason, 60), *_wrapped(f"hint: {told.hint}" if told.hint else "", 60)] or [""]
        yield f"    - | {lines[0]}"
        yield from (f"      | {line}" for line in lines[1:])
    yield ""


def _filled(text: str) -> str:
    return "\n\n".join("\n".join(_wrapped(part, _WIDTH)) for part in text.split("\n\n"))


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap  # only failures need it

    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
