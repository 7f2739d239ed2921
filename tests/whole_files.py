"""What the tests of whole files share: a key, random files of every format, and what is looked at in a sealed file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from leafseal.document import Leaf, Locator
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.document.scalars import Empty, Scalar, to_bytes, type_word
from leafseal.document.tree import Comment
from leafseal.formats import parse
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from .generators.flat_files import dotenv_file, ini_file
from .generators.json_files import JSONWriter
from .generators.yaml_files import YAMLWriter
from .opening import open_sealed

ME = throwaway_identity()
AMBIENT = ME.ambient()
KEYS = [parse_recipients("age", ME.recipient)]
DEFAULT = Selection()

TOKEN = re.compile(rb"ENC\[AES256_GCM,data:([^,\]]+),iv:([^,\]]+),tag:([^,\]]+),type:(\w+)\]")

GENERATORS: dict[str, Callable[[Random], bytes]] = {
    "yaml": lambda random: YAMLWriter(random).file().encode(),
    "json": lambda random: JSONWriter(random).file().encode(),
    "dotenv": dotenv_file,
    "ini": ini_file,
    "binary": lambda random: random.randbytes(random.choice([0, 1, 100, 5000])),
}
FORMATS = tuple(GENERATORS)
SPLICED = ("yaml", "json", "dotenv", "ini")  # all but binary: those with paths, rules and neighbours
SUFFIXES = {"yaml": ".yaml", "json": ".json", "dotenv": ".env", "ini": ".ini"}
PASSWORD = {"yaml": "db.password", "json": "db.password", "dotenv": "PASSWORD", "ini": "db.password"}
"""The path of the password, in the files of several tests."""


def random_file(format_name: str, seed: int) -> bytes:
    """Return one of the files of a format, always the same for a seed."""
    return GENERATORS[format_name](Random(seed))


def seal(data: bytes, format_name: str, selection: Selection = DEFAULT, read: ReadOptions = DEFAULT_READ) -> bytes:
    """Encrypt a file for the one key of these tests."""
    return encrypt(data, format_name, KEYS, 0, selection, AMBIENT, allow_nothing=True, read=read).data


def seal_in(folder: Path, data: bytes, format_name: str) -> Path:
    """Write an encrypted file into a folder."""
    path = folder / f"secrets{SUFFIXES[format_name]}"
    path.write_bytes(seal(data, format_name))
    return path


WITHOUT_STRUCTURE = ReadOptions(omit_structure=True)
"""Has a file written as SOPS writes it, with nothing that covers its structure."""


def open_(data: bytes, format_name: str, read: ReadOptions = DEFAULT_READ) -> Opened:
    """Open a file of these tests, MAC and all."""
    return open_sealed(data, format_name, AMBIENT, read)


class Value(NamedTuple):
    """A value as it is compared: in Python 1 == 1.0 == True, in a file they are three values."""

    document: int
    locator: Locator
    type: str
    data: bytes


def values(opened: Opened) -> list[Value]:
    """Return what an opened file holds, comments apart."""
    return [
        as_value(leaf, value)
        for leaf, value in opened.leaves.values
        if leaf.locator and not leaf.is_comment and not isinstance(value, Comment)
    ]


def plain_values(data: bytes, format_name: str) -> list[Value]:
    """Return what a plain file holds, comments apart."""
    leaves = parse(data, format_name).leaves()
    return [as_value(leaf, leaf.value) for leaf in leaves if leaf.locator and not leaf.is_comment]


def as_value(leaf: Leaf, value: Scalar | Empty | None) -> Value:
    """Return the value of a leaf in the form that is compared."""
    if value is None or isinstance(value, Empty):
        return Value(leaf.document, leaf.locator, "", str(value).encode())
    return Value(leaf.document, leaf.locator, type_word(value), to_bytes(value))


def comments(opened: Opened) -> list[str]:
    """Return the comments of an opened file."""
    return [str(value) for _, value in opened.leaves.values if isinstance(value, Comment)]


def tokens(opened: Opened) -> dict[tuple[int, Locator], str]:
    """Return the tokens of an opened file by where they stand, comments apart."""
    items = opened.leaves.sealed
    return {(item.leaf.document, item.leaf.locator): str(item.leaf.value) for item in items if item.word != "comment"}


def comment_tokens(opened: Opened) -> list[str]:
    """Return the tokens of the comments, in file order."""
    return [str(item.leaf.value) for item in opened.leaves.sealed if item.word == "comment"]


def without_mac(data: bytes) -> bytes:
    """Return a sealed file with the three fields blanked that every write renews."""
    return re.sub(rb'(\b|_)(mac|lastmodified|structure1_t[0-9a-f]{16})("?\s*[:=]\s*)("[^"]*"|[^\r\n]*)', rb"\3", data)


def tokens_in(data: bytes) -> list[bytes]:
    """Return every token in a file, those of the metadata too; not that of the structure, which new keys renew."""
    return [match[0] for match in TOKEN.finditer(re.sub(rb'structure1_t[0-9a-f]{16}"?\s*[:=][^\r\n}]*', b"", data))]
