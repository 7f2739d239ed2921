"""Opening sealed files, and what sops says of those that it cannot open (sops-cli §4.2)."""

from __future__ import annotations

from collections.abc import Callable

from leafseal.document.limits import ReadOptions
from leafseal.errors import DataKeyError, FormatError, MetadataError, NotEncryptedError
from leafseal.formats import FORMATS
from leafseal.keys.ring import KeyRing
from leafseal.operations import open as operations
from leafseal.operations.open import Opened, Source
from leafseal.sops.shared.failures import Failure


def open_file(source: Source, ring: KeyRing, read: ReadOptions, notice: Callable[[str], None]) -> Opened:
    """Open a sealed file. Raises `LeafsealError`; of a file that does not parse the exit code is 1."""
    try:
        return operations.open_file(source, ring, read)
    except DataKeyError:
        garbled = _open_garbled(source, ring, read)
        if garbled is None:
            raise
        notice("decrypted under another encryption context than the file names; fix it with: leafseal repair")
        return garbled
    except FormatError as error:
        if not source.data and FORMATS[source.format].needs_document:
            raise NotEncryptedError("sops metadata not found") from None
        raise Failure(str(error), 1, hint=error.hint) from error


def _open_garbled(source: Source, ring: KeyRing, read: ReadOptions) -> Opened | None:
    """Open a file of SOPS before 3.3.0 that AWS KMS does not open as it stands: sops does so, for this run."""
    from leafseal.operations import context_repair  # hardly any file gets this far

    try:
        return context_repair.open_garbled(source, ring, read._replace(ignore_mac=False))
    except (MetadataError, DataKeyError):
        return None
