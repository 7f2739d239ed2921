"""ASCII armor: an age file as lines of base64 between two marker lines."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from leafseal.age.errors import ArmorError

_BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
_END = b"-----END AGE ENCRYPTED FILE-----"
_COLUMNS = 64
_BLANKS = b" \t\r\n"


def armor(data: bytes) -> bytes:
    """Return `data` in armor, a line end at its end."""
    body = b2a_base64(data, newline=False)
    lines = [body[start : start + _COLUMNS] for start in range(0, len(body), _COLUMNS)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def is_armored(data: bytes) -> bool:
    """Tell whether `data` means to be armored."""
    return data.lstrip(_BLANKS).startswith(b"-----BEGIN AGE")


def dearmor(data: bytes) -> bytes:
    """Return what the armor holds. Blanks around it are ignored, blanks in it are not. Raises `ArmorError`."""
    lines = data.strip(_BLANKS).replace(b"\r\n", b"\n").split(b"\n")
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise ArmorError("does not begin and end as an armored age file does")
    *full, last = lines[1:-1] or [b"A" * _COLUMNS]
    if any(len(line) != _COLUMNS for line in full) or not 0 < len(last) <= _COLUMNS:
        raise ArmorError(f"the armor has a line that is not {_COLUMNS} characters long")
    return _from_base64(b"".join(lines[1:-1]))


def _from_base64(body: bytes) -> bytes:
    try:
        data = a2b_base64(body, strict_mode=True)
    except Error:
        raise ArmorError("the armor contains something that is not base64") from None
    if b2a_base64(data, newline=False) != body:
        raise ArmorError("the armor contains base64 that is not canonical")
    return data
