"""Decrypted copies of encrypted files, by their names: `x.dec.yaml`, `x.yaml.decrypted`, what an editor keeps."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

_SURE = re.compile(r"(?i)\.(?:decrypted|plaintext)(?=\.|$)")
_MAYBE = re.compile(r"(?i)[._-](?:dec|plain|clear|decrypted|plaintext|unencrypted)(?=\.|$)")
_COPY = re.compile(r"(?i)(?:~|\.(?:bak|backup|orig|old|save|tmp|swp|swo))$")
_SEALED = ("enc", "encrypted", "sops", "sealed")


def is_suspect(name: str) -> bool:
    """Tell whether the name of a file may be that of a decrypted copy."""
    base = os.path.basename(name)
    return bool(_MAYBE.search(base) or _COPY.search(base))


def is_surely(name: str) -> bool:
    """Tell whether the name of a file says by itself that it is a decrypted copy."""
    return _SURE.search(os.path.basename(name)) is not None


def origins(name: str) -> Iterator[str]:
    """Yield the names that the encrypted file may have of which a file is the decrypted copy."""
    folder, base = os.path.split(name)
    found: dict[str, None] = {}
    if _COPY.search(base):
        plain = _COPY.sub("", base)
        found[plain] = None
        found[plain.removeprefix(".")] = None  # .x.yaml.swp
    for match in _MAYBE.finditer(base):
        before, after = base[: match.start()], base[match.end() :]
        found[before + after] = None
        for word in _SEALED:
            found[f"{before}{match[0][0]}{word}{after}"] = None
            found[f"{before}{after}.{word}"] = None
    for origin in found:
        if origin and origin != base:
            yield os.path.join(folder, origin)
