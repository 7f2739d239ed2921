"""Opening sealed files, and what sops says of those that it cannot open (sops-cli §4.2)."""

from __future__ import annotations

from collections.abc import Callable

from leafseal.errors import DataKeyError, FormatError, LeafsealError, MetadataError, NotEncryptedError
from leafseal.formats import FORMATS
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import paused_collector
from leafseal.operations.open import Opened
from leafseal.operations.open import open_sealed as open_strictly
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import READ


def open_sealed(
    data: bytes, format_name: str, keys: KeyRing, notice: Callable[[str], None], *, ignore_mac: bool
) -> Opened:
    """Open a sealed file. Raises `LeafsealError`; of a file that does not parse the exit code is 1."""
    try:
        with paused_collector():
            return open_strictly(data, format_name, keys, READ._replace(ignore_mac=ignore_mac))
    except DataKeyError as error:
        garbled = _open_garbled(data, format_name, keys)
        if garbled is None:
            error.file = None
            raise
        notice("opened with another encryption context than the file names: leafseal repair-context repairs it")
        return garbled
    except FormatError as error:
        if not data and FORMATS[format_name].needs_document:
            raise NotEncryptedError("sops metadata not found") from None
        raise Failure(str(error), 1, hint=error.hint) from error
    except LeafsealError as error:
        error.file = None  # sops names no file in these
        raise


def _open_garbled(data: bytes, format_name: str, keys: KeyRing) -> Opened | None:
    """Open a file of SOPS before 3.3.0 that AWS KMS does not open as it stands: sops does so, for this run."""
    from leafseal.operations import context_repair  # hardly any file gets this far

    try:
        return context_repair.open_garbled(data, format_name, keys, READ)
    except (MetadataError, DataKeyError):
        return None
