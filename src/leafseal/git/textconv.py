"""What Git shows of an encrypted file in place of its bytes: its plain text, where that is to be had without anybody.

No configuration is read, nobody is asked, and no service, plugin or editor is started or waited for. Whatever goes
wrong, Git gets the bytes as they are: a `textconv` that fails ends the whole `git log -p`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from leafseal.errors import DataKeyError, FormatError, LeafsealError, NotEncryptedError

SECONDS = 10.0

_SIGN = b"ENC[AES256_GCM,"


def shown_form(path: str, data: bytes, warn: Callable[[str], None], seconds: float = SECONDS) -> bytes:
    """Return the plain text of an encrypted file, and the bytes of any other or of one that does not open.

    `warn` is told of a file that was changed after it was encrypted, and of one whose key does not come in time.
    """
    if _SIGN not in data:
        return data  # of most files, for which nothing more is to be loaded
    from leafseal.system.apart import done_apart

    name = os.path.basename(path)  # the folder is one of Git's own, for a moment
    plain = done_apart(lambda: _plaintext(name, path, data, warn), seconds)
    return data if plain is None else plain


def _plaintext(name: str, path: str, data: bytes, warn: Callable[[str], None]) -> bytes | None:
    try:
        return _opened(name, path, data)
    except (DataKeyError, NotEncryptedError, FormatError):
        return None  # nothing that whoever looks at a difference can do anything about
    except LeafsealError as error:
        warn(f"{name}: shown as it is: {error.message}")
        return None


def _opened(name: str, path: str, data: bytes) -> bytes:
    from leafseal.formats import recognize
    from leafseal.formats.recognition import by_content
    from leafseal.git.local_keys import LocalRing
    from leafseal.operations.open import Source, open_file

    ring = LocalRing.of_process()
    named, own = recognize(name, data), by_content(data)
    try:
        return open_file(Source(name, data, named, path), ring).plaintext()
    except (FormatError, NotEncryptedError):
        if own in (None, named):
            raise
        return open_file(Source(name, data, own, path), ring).plaintext()
