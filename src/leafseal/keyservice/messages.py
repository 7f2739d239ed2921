"""The messages of the key service protocol (sops-format §4.8): proto3, of strings and bytes only.

They are written and read here, and not by generated classes: those pin the versions of protobuf that an installation
may have, and the kinds of keys are a table that we have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS, MAPS, Kind

_BY_NUMBER = {kind.service_number: kind for kind in KINDS.values()}

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


class MessageError(ValueError):
    """The bytes are not such a message."""


class Request(NamedTuple):
    """A kind of key, its fields, and what is to be wrapped or unwrapped. Without a key `kind` is empty."""

    kind: str
    fields: dict[str, object]
    data: bytes


def is_known(kind: str) -> bool:
    """Tell whether the protocol has a message for keys of this kind."""
    return kind in KINDS


def write_request(key: MasterKey, data: bytes) -> bytes:
    """Return an `EncryptRequest` or `DecryptRequest`; both look alike."""
    kind = KINDS[key.kind]
    fields = key.to_metadata()
    body = b"".join(_write_field(position, name, fields.get(name)) for position, name in enumerate(kind.fields, 1))
    return _delimited(1, _delimited(kind.service_number, body)) + _text(2, data)


def read_request(message: bytes) -> Request:
    """Read what `write_request` wrote. Raises `MessageError`."""
    key, data = b"", b""
    for number, value in _fields(message):
        if number == 1:
            key = value
        elif number == 2:
            data = value
    name, fields = "", dict[str, object]()
    for number, value in _fields(key):
        if number in _BY_NUMBER:
            name, fields = _BY_NUMBER[number].name, _read_key(value, _BY_NUMBER[number])
    return Request(name, fields, data)


def write_response(data: bytes) -> bytes:
    """Return an `EncryptResponse` or `DecryptResponse`."""
    return _text(1, data)


def read_response(message: bytes) -> bytes:
    """Read what `write_response` wrote. Raises `MessageError`."""
    return next((value for number, value in _fields(message) if number == 1), b"")


def _write_field(number: int, name: str, value: object) -> bytes:
    if name not in MAPS:
        return _text(number, str(value or "").encode())
    pairs = value.items() if isinstance(value, Mapping) else ()
    return b"".join(
        _delimited(number, _text(1, str(key).encode()) + _text(2, str(text).encode())) for key, text in pairs
    )


def _read_key(message: bytes, kind: Kind) -> dict[str, object]:
    fields: dict[str, object] = {name: "" for name in kind.fields if name not in MAPS}
    maps: dict[str, dict[str, str]] = {}
    for number, value in _fields(message):
        if not 1 <= number <= len(kind.fields):
            continue
        name = kind.fields[number - 1]
        if name in MAPS:
            pair = dict(_fields(value))
            maps.setdefault(name, {})[_decoded(pair.get(1, b""))] = _decoded(pair.get(2, b""))
        else:
            fields[name] = _decoded(value)
    return {**fields, **maps}


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise MessageError("a text is not UTF-8") from None


# -- the wire format: a field is its number and type, then its value


def _text(number: int, value: bytes) -> bytes:
    return _delimited(number, value) if value else b""  # what is empty is left out


def _delimited(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields that hold bytes, and pass over the others: they are of versions to come."""
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        kind = tag & 7
        if kind == _VARINT:
            _, position = _read_varint(message, position)
            continue
        size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
        if kind == _BYTES:
            size, position = _read_varint(message, position)
        if size is None or position + size > len(message):
            raise MessageError("not a message of the key service protocol")
        if kind == _BYTES:
            yield tag >> 3, message[position : position + size]
        position += size


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(message):
            break
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise MessageError("not a message of the key service protocol")
