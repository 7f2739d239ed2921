"""Sealed files to be tampered with: small, and with a word in every value that no error may tell."""

from __future__ import annotations

import re
import socket
import subprocess
from functools import cache
from typing import NamedTuple

import pytest

from .whole_files import Value, comments, open_, seal, values

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
    "ini": f"""; {REMARK}
password = {SECRET}
port = 5432

[more]
second = {SECOND}
host_unencrypted = {CLEAR}
empty =
""",
    "binary": f"{SECRET}\n{SECOND}",
}

# What the format protects in no way: names of clear and of empty values, what is empty, and the marks of comments.
UNPROTECTED = re.compile(
    rb"\"?(?:host_unencrypted|HOST_unencrypted)\"?(?= *[:=])"
    rb"|\"?(?:empty|EMPTY|nothing|none)\"? *[:=](?: (?:\"\"|null|\{\}))?"
    rb"|[#;] ?(?:ENC\[AES256_GCM,)?"
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
    spans = [
        match.span() for match in UNPROTECTED.finditer(data, 0, body if format_name != "ini" else data.find(b"[sops]"))
    ]
    # A change beside a mark can take it along: a blank before it, the line break behind a name.
    offsets = frozenset(offset for start, end in spans for offset in range(start - 1, end + 1))
    return Fixture(format_name, data, values(opened), comments(opened), offsets)


def ask_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every connection and every program that is started an error."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a tampered file made us ask somebody else")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
