"""A sealed file that was tampered with is refused, or holds what it held; and no error tells a value."""

from __future__ import annotations

import re
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import NamedTuple

import pytest

from leaflock import operations
from leaflock.errors import (
    FormatError,
    IntegrityError,
    LeaflockError,
    MACMismatchError,
    MetadataError,
    NotEncryptedError,
)
from leaflock.formats import parse
from leaflock.keygroups import DataKey
from leaflock.operations import Opened
from leaflock.providers import parse_recipients
from leaflock.sealing import Sealer, TokenError, parse_token
from leaflock.selection import Selection
from leaflock.testing import Ambient, ambient_with, throwaway_identity
from leaflock.tree import Comment

from .oracles import assert_silent
from .whole_files import AMBIENT, FORMATS, KEYS, ME, SPLICED, TOKEN, Value, comments, open_, seal, tokens, values

SECRET, REMARK, CLEAR, SECOND = "cnry-sealed-5b1d", "cnry-remark-9e77", "cnry-clear-c0f3", "cnry-second-é-41aa"
CANARIES = [SECRET, REMARK, CLEAR, SECOND]

PLAIN = {
    "yaml": f"""# {REMARK}
db:
    password: {SECRET}
    port: 5432
    list: [one, '{SECOND}']
host_unencrypted: {CLEAR}
empty: ""
nothing: null
none: {{}}
""",
    "json": f"""{{
  "db": {{"password": "{SECRET}", "port": 5432, "list": ["one", "{SECOND}"]}},
  "host_unencrypted": "{CLEAR}",
  "empty": "",
  "nothing": null,
  "none": {{}}
}}
""",
    "dotenv": f"# {REMARK}\nPASSWORD={SECRET}\nPORT=5432\nSECOND={SECOND}\nHOST_unencrypted={CLEAR}\nEMPTY=\n",
    "ini": f"; {REMARK}\npassword = {SECRET}\nport = 5432\n\n[more]\nsecond = {SECOND}\nhost_unencrypted = {CLEAR}\nempty =\n",
    "binary": f"{SECRET}\n{SECOND}",
}

# What the format protects in no way: names of clear and of empty values, and the marks that make a comment one.
UNPROTECTED = re.compile(
    rb"\"?(host_unencrypted|empty|nothing|none)\"?(?= *[:=])|(?:HOST_unencrypted|EMPTY)(?==)|[#;] ?(?:ENC\[AES256_GCM,)?",
    re.IGNORECASE,
)


class Fixture(NamedTuple):
    """A sealed file, what it holds, and where a change of it can go unnoticed."""

    format: str
    data: bytes
    values: list[Value]
    comments: list[str]
    unprotected: frozenset[int]

    @property
    def sealed(self) -> list[Value]:
        """The values that are neither clear nor empty."""
        clear = ("host_unencrypted", "HOST_unencrypted")
        return [value for value in self.values if value.type and value.data and value.locator[-1] not in clear]


@cache
def fixture(format_name: str) -> Fixture:
    data = seal(PLAIN[format_name].encode(), format_name)
    opened = open_(data, format_name)
    body = data.find(b"sops")  # in what is before, for in the metadata everything is checked
    spans = [match.span() for match in UNPROTECTED.finditer(data, 0, body if format_name != "ini" else data.find(b"[sops]"))]
    # A change beside a mark can take it along: a blank before it, the line break behind a name.
    offsets = frozenset(offset for start, end in spans for offset in range(start - 1, end + 1))
    return Fixture(format_name, data, values(opened), comments(opened), offsets)


@pytest.fixture(autouse=True)
def _no_network_and_no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a tampered file made us ask somebody else")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)


# -- every byte ------------------------------------------------------------------------------------------------------


class Mutation(NamedTuple):
    offset: int
    kind: int  # the bit that is flipped, or: 8 removes the byte, 9 doubles it, 10 puts a NUL before it

    def apply(self, data: bytes) -> bytes:
        before, byte, behind = data[: self.offset], data[self.offset], data[self.offset + 1 :]
        if self.kind < 8:
            return before + bytes([byte ^ 1 << self.kind]) + behind
        return before + [b"", bytes([byte, byte]), bytes([0, byte])][self.kind - 8] + behind


def check_mutation(original: Fixture, mutation: Mutation) -> str:
    """Return what came of it: refused, identical, or an exception that is allowed at this place."""
    try:
        opened = open_(mutation.apply(original.data), original.format)
        assert opened.plaintext() is not None
    except LeaflockError as error:
        assert_silent(error, CANARIES)
        return "refused"
    if values(opened) == original.values and comments(opened) == original.comments:
        return "identical"
    assert mutation.offset in original.unprotected, (mutation, original.data[mutation.offset - 20 :][:40])
    assert [value for value in values(opened) if value in original.sealed] == original.sealed
    return "unprotected"


def mutations(data: bytes) -> Iterator[Mutation]:
    return (Mutation(offset, kind) for offset in range(len(data)) for kind in range(11))


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_sample_of_all_changes_of_a_byte(format_name: str) -> None:
    original = fixture(format_name)
    sample = Random(format_name).sample(list(mutations(original.data)), 400)
    found = Counter(check_mutation(original, mutation) for mutation in sample)
    assert found["refused"] > 250
    assert found["unprotected"] < 40


@pytest.mark.campaign
@pytest.mark.parametrize("format_name", FORMATS)
def test_all_changes_of_a_byte(format_name: str) -> None:
    original = fixture(format_name)
    found = Counter(check_mutation(original, mutation) for mutation in mutations(original.data))
    assert found["unprotected"] <= 600
    print(format_name, dict(found))
