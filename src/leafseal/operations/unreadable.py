"""Why an encrypted file cannot be read, and what to do about it. Imported where one cannot."""

from __future__ import annotations

import re

from leafseal.document.limits import ReadOptions
from leafseal.errors import FormatError, MetadataError, NotEncryptedError
from leafseal.formats import ANY_BYTES, FORMATS, parse
from leafseal.formats.recognition import by_content

_TOKEN = b"ENC[AES256_GCM,data:"


def with_way_out(error: FormatError, data: bytes, format_name: str, read: ReadOptions) -> FormatError:
    """Return an error about the text of a file with what to do where the file is, or was, an encrypted one."""
    prefix = FORMATS[format_name].reserved_prefix
    if _TOKEN in data and re.search(rb"(?m)^<{7,} ", data):
        return error  # which says that already
    if not read.allow_duplicates and _is_read_with_duplicates(data, format_name, read):
        return error.with_hint(_DUPLICATES_HINT)
    if _TOKEN in data and (b"sops" not in data or _ends_early(data)):
        return error.with_hint(_CUT_HINT)
    if error.repeated == "sops" or (prefix and error.repeated and error.repeated.startswith(prefix)):
        return error.with_hint(_TWO_BLOCKS_HINT)
    if (own := by_content(data)) not in (None, format_name) and format_name != ANY_BYTES:
        return error.with_hint(f"this is an encrypted {own} file: add --input-type {own}")
    return error


_CUT_HINT = 'restore the file from Git: it is an encrypted one that was cut off; "git log -p FILE" shows where'
_TWO_BLOCKS_HINT = 'delete the one that does not belong to the values, then run "leafseal repair FILE"'
_DUPLICATES_HINT = (
    'to keep one of them, run "leafseal repair FILE"; to read both values, run '
    '"leafseal decrypt --allow-duplicates --ignore-mac FILE"'
)


def _ends_early(data: bytes) -> bool:
    """Tell whether the end of a file is missing: the brace of JSON, the line break of others."""
    return not (data.rstrip().endswith(b"}") if data.lstrip().startswith(b"{") else data.endswith(b"\n"))


def _is_read_with_duplicates(data: bytes, format_name: str, read: ReadOptions) -> bool:
    """Tell whether a key that stands twice is all that keeps an encrypted file from being read."""
    try:
        return parse(data, format_name, read._replace(allow_duplicates=True), sealed=True).metadata() is not None
    except (FormatError, MetadataError):
        return False


def not_encrypted_error(data: bytes) -> NotEncryptedError:
    """Return the error for a file without metadata: whoever lost it must not encrypt the file once more."""
    if _TOKEN in data:
        return NotEncryptedError(
            "damaged: it contains encrypted values, but no sops metadata, without which nobody can decrypt them",
            hint='restore a version that has the metadata; "git log -p FILE" shows where it was lost',
        )
    return NotEncryptedError("not encrypted (it has no sops metadata)", hint=_ENCRYPT_HINT)


_ENCRYPT_HINT = 'encrypt it with "leafseal encrypt -i FILE"'


def with_restoring(error: MetadataError) -> MetadataError:
    """Return an error about metadata with what to do, unless it says that itself."""
    return error if error.hint else error.with_hint(_METADATA_HINT)


_METADATA_HINT = 'the sops metadata was changed or cut off: restore it from Git; "git log -p FILE" shows where'
