"""The header of an age file: stanzas, each with the file key wrapped once, and a MAC over them."""

from __future__ import annotations

import hmac
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator

from leafseal.age.errors import HeaderError, HeaderMACError
from leafseal.age.wrapping import derive_key
from leafseal.document.frozen import NamedTuple

_VERSION = "age-encryption.org/v1"
_COLUMNS = 64
_MAC_BYTES = 32
_STANZA = re.compile(r"->((?: [!-~]+)+)")

HEADER_LIMIT = 64 * 2**10
STANZA_LIMIT = 1024


class Stanza(NamedTuple):
    """One recipient's way to the file key."""

    type: str
    args: tuple[str, ...]
    body: bytes


class Header(NamedTuple):
    """A parsed header; nothing in it is verified before `verify`."""

    stanzas: tuple[Stanza, ...]
    mac: bytes
    signed: bytes  # what the MAC covers: everything up to and including the three dashes


def parse(data: bytes) -> tuple[Header, bytes]:
    """Split an age file into its header and its payload. Raises `HeaderError`."""
    dashes = data.find(b"\n---", 0, HEADER_LIMIT)
    end = data.find(b"\n", dashes + 1, HEADER_LIMIT)
    if dashes < 0 or end < 0:
        raise HeaderError(f"has no age header that ends within {HEADER_LIMIT // 1024} KiB")
    version, *lines = _ascii(data[:dashes]).split("\n")
    if version != _VERSION:
        raise HeaderError("is not an age file of version 1")
    mac_line = _ascii(data[dashes + 4 : end])
    if not mac_line.startswith(" "):
        raise HeaderError("the header has no MAC")
    header = Header(tuple(_stanzas(lines)), from_base64(mac_line[1:], _MAC_BYTES), data[: dashes + 4])
    if not 0 < len(header.stanzas) <= STANZA_LIMIT:
        raise HeaderError(f"has no stanza, or more than {STANZA_LIMIT}")
    return header, data[end + 1 :]


def write(stanzas: Iterable[Stanza], file_key: bytes) -> bytes:
    """Return the header that gives `file_key` to whoever opens one of `stanzas`."""
    lines = [_VERSION]
    for stanza in stanzas:
        lines.append(" ".join(["->", stanza.type, *stanza.args]))
        body = to_base64(stanza.body)
        # The last line is shorter than the others, and empty where the body fills the lines before it.
        lines += [body[start : start + _COLUMNS] for start in range(0, len(body) + 1, _COLUMNS)]
    signed = "\n".join([*lines, "---"]).encode("ascii")
    return signed + f" {to_base64(_mac(signed, file_key))}\n".encode("ascii")


def verify(header: Header, file_key: bytes) -> None:
    """Raise `HeaderMACError` unless `header` was made by somebody who has `file_key`."""
    if not hmac.compare_digest(_mac(header.signed, file_key), header.mac):
        raise HeaderMACError("the age header was changed: its MAC does not verify")


def to_base64(data: bytes) -> str:
    """Return base64 without padding, as headers have it."""
    return b2a_base64(data, newline=False).rstrip(b"=").decode("ascii")


def from_base64(text: str, size: int | None = None) -> bytes:
    """Return what `text` holds, of `size` bytes where that is given.

    Raises `HeaderError` for padding and for anything else that `to_base64` does not write.
    """
    try:
        data = a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        raise HeaderError("the age header contains something that is not base64") from None
    if to_base64(data) != text:
        raise HeaderError("the age header contains base64 that is not canonical")
    if size is not None and len(data) != size:
        raise HeaderError("the age header contains a value of a wrong length")
    return data


def _mac(signed: bytes, file_key: bytes) -> bytes:
    return hmac.digest(derive_key(file_key, b"", b"header"), signed, "sha256")


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise HeaderError("the age header contains something that is not ASCII") from None


def _stanzas(lines: list[str]) -> Iterator[Stanza]:
    position = 0
    while position < len(lines):
        match = _STANZA.fullmatch(lines[position])
        if match is None:
            raise HeaderError("the age header has a line that begins no stanza")
        name, *args = match[1][1:].split(" ")
        start = end = position + 1
        while end < len(lines) and len(lines[end]) == _COLUMNS:
            end += 1
        if end == len(lines) or len(lines[end]) > _COLUMNS:
            raise HeaderError("a stanza's body does not end with a short line")
        yield Stanza(name, tuple(args), from_base64("".join(lines[start : end + 1])))
        position = end + 1
