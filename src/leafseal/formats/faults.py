"""What a file is that does not parse: half of a merge, a template, or nothing of ours. Imported where one does not."""

from __future__ import annotations

import re

from leafseal.document.frozen import NamedTuple
from leafseal.errors import FormatError

_CONFLICT = re.compile(rb"^(?:<{7,}|>{7,}|\|{7,})(?= |\r?$)|^={7,}\r?$", re.MULTILINE)
_TEMPLATE = re.compile(rb"^[ \t]*(?:- )?\{\{|\{%|[\[{,:=][ \t]*\{\{")
_IN_QUOTES = re.compile(rb"""\"[^"]*"|'[^']*'""")


_TOKEN = b"ENC[AES256_GCM,"
_RESOLVE = 'the file has conflict markers of a merge: run "leafseal resolve FILE"'
_BY_HAND = "keep one of the two versions and delete the lines with <<<<<<<, ======= and >>>>>>>"


class _Kind(NamedTuple):
    begins: bytes
    message: str
    hint: str


_KINDS = (
    _Kind(rb"version https://git-lfs\.github\.com/", "a Git LFS pointer, not an encrypted file",
          'fetch the file itself with "git lfs pull"'),
    _Kind(rb"\$ANSIBLE_VAULT;", "encrypted with ansible-vault, and not an encrypted file of SOPS",
          'decrypt it with "ansible-vault decrypt", then encrypt it'),
    _Kind(rb"\0GITCRYPT\0", "encrypted with git-crypt, and not an encrypted file of SOPS",
          'decrypt it with "git-crypt unlock", then encrypt it'),
    _Kind(rb"age-encryption\.org/v1|-----BEGIN AGE ENCRYPTED FILE", "encrypted with age as a whole, not by SOPS",
          'decrypt it with "age -d", then encrypt it'),
    _Kind(rb"-----BEGIN PGP MESSAGE", "encrypted with PGP as a whole, and not an encrypted file of SOPS",
          'decrypt it with "gpg -d", then encrypt it'),
    _Kind(rb"(?i)\s*<(?:!doctype html|html)[\s>]", "an HTML page, not an encrypted file",
          "download the file itself; this may be the page of an error or a login"),
    _Kind(rb"\xff\xfe|\xfe\xff", "UTF-16 text", "save the file as UTF-8"),
)  # fmt: skip
"""What people take for a file of ours, by how it begins."""


def explained(error: FormatError, data: bytes) -> FormatError:
    """Return an error that names what the file is, the one given where nothing is known of it."""
    if conflict := half_merged(data):
        return conflict
    for kind in _KINDS:
        if re.match(kind.begins, data):
            return FormatError(kind.message, hint=kind.hint)
    if line := _template_line(data, error.line or 0):
        return FormatError(
            "a template ({{ … }} or {% … %}) is where a key or a value should be",
            line=line,
            hint="put templates in quotes, as values; or add --input-type binary to encrypt the file as one value",
        )
    return error


def half_merged(data: bytes) -> FormatError | None:
    """Return the error for a text with conflict markers, None for one without."""
    conflict = _CONFLICT.search(data)
    if conflict is None:
        return None
    marker = conflict[0].rstrip().decode()
    hint = _RESOLVE if _TOKEN in data else _BY_HAND
    return FormatError(f"unresolved Git conflict ({marker})", line=_line(data, conflict.start()), hint=hint)


def _template_line(data: bytes, line: int) -> int | None:
    """Return the line of a template, if it is the one of an error, or the one before it."""
    lines = data.split(b"\n", line)[max(line - 2, 0) : line]
    found = [bool(_TEMPLATE.search(_IN_QUOTES.sub(b"", text))) for text in lines]
    return line - found[::-1].index(True) if any(found) else None


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
