"""The files below a folder that leafseal is needed for: encrypted ones, and configurations of its generator."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from leafseal.deploy.leftovers import has_tokens
from leafseal.document.limits import DEFAULT_LIMITS, DEFAULT_READ
from leafseal.errors import LeafsealError
from leafseal.formats import ANY_BYTES, recognize
from leafseal.operations.open import read_metadata
from leafseal.system.reading import read

MANIFESTS = (".yaml", ".yml", ".json")
_GROUP = re.compile(rb"""(?m)^apiVersion:[ ]*["']?(?:viaduct\.ai|leafseal)/""")
_KIND = re.compile(rb"""(?m)^kind:[ ]*["']?(?:ksops|SecretGenerator)\b""")


def files_below(folder: str = ".") -> Iterator[str]:
    """Yield the regular files below a folder, in order; nothing hidden, and nothing that a link leads to."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.normpath(os.path.join(parent, name))
            if not name.startswith(".") and os.path.isfile(path) and not os.path.islink(path):
                yield path


def is_marked(path: str) -> bool:
    """Tell whether leafseal is needed for a file. Raises `InputError` for one that cannot be read.

    A damaged encrypted file counts: whoever renders it without us would deploy what is encrypted in it.
    """
    if os.path.getsize(path) > DEFAULT_LIMITS.file_bytes:
        return False
    data = read(path).data
    if _GROUP.search(data) and _KIND.search(data):
        return True
    return has_tokens(data) and _is_encrypted(path, data)


def _is_encrypted(path: str, data: bytes) -> bool:
    """Tell whether a file is encrypted, or was and is damaged; a text that only mentions such values is not."""
    format_name = recognize(path, data)
    try:
        read_metadata(data, format_name, DEFAULT_READ)
    except LeafsealError:
        return format_name != ANY_BYTES and not path.lower().endswith(_TEXTS)
    return True


_TEXTS = (".md", ".txt", ".rst")
