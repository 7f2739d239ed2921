"""The format of a file whose name SOPS takes for that of a binary one: known by more of its name, or by its content."""

from __future__ import annotations

import re

from leafseal.formats import ANY_BYTES, FORMATS

_WRAPPED = re.compile(r"(.+)\.(?:enc|encrypted|sops|dec|decrypted|bak|orig|example|sample|dist)", re.IGNORECASE)
_OTHER_CONTENT = re.compile(
    r".*(?:\.(?:age|gpg|pgp|asc|zip|gz|tgz|tar|swp|[cm]?js|ts|py|rb|php|sh|ps1|toml|xml|md|j2|tmpl|tpl)|~)",
    re.IGNORECASE | re.DOTALL,
)
"""What begins as a dotenv file's name does, and is a program or an archive."""

_SIGN = re.compile(rb"ENC\[AES256_GCM,")
_SIGNS = {
    "dotenv": re.compile(rb"(?m)^sops_(?:mac|version)="),
    "ini": re.compile(rb"(?m)^\[sops\][ \t\r]*$"),
    "yaml": re.compile(rb"""(?m)^(?:\xef\xbb\xbf)?["']?sops["']?[ \t]*:"""),
}
"""How the metadata of an encrypted file begins, where it is no JSON."""

_BINARY = re.compile(rb'\s*\{\s*"data"\s*:\s*"ENC\[AES256_GCM,[^"]*"\s*,\s*"sops"\s*:')


def by_name(name: str) -> str:
    """Return the format that a name tells to people: `.env.production`, `x.YAML`, `secrets.env.sops`."""
    base = re.split(r"[/\\]", name)[-1]
    while True:
        small = base.lower()
        for one in FORMATS.values():
            if one.suffixes and small.endswith(one.suffixes):
                return one.name
        if wrapped := _WRAPPED.fullmatch(base):
            base = wrapped[1]
            continue
        for one in FORMATS.values():
            if one.prefixes and small.startswith(one.prefixes) and not _OTHER_CONTENT.fullmatch(base):
                return one.name
        return ANY_BYTES


def by_content(data: bytes) -> str | None:
    """Return the format of an encrypted file, None for what is none, or no longer one."""
    if not _SIGN.search(data):
        return None
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_or_binary(data)
    return next((name for name, sign in _SIGNS.items() if sign.search(data)), None)


def _json_or_binary(data: bytes) -> str | None:
    """Tell JSON from a binary file, which is JSON with the one value `data`; None where it is neither."""
    if _BINARY.match(data):
        return ANY_BYTES
    import json  # a file of ours is told by the pattern

    try:
        members = json.loads(data)
    except (ValueError, RecursionError):
        return None  # YAML in braces, or damaged
    if "sops" not in members:
        return None
    return ANY_BYTES if members.keys() == {"data", "sops"} else FORMATS[ANY_BYTES].tree_format
