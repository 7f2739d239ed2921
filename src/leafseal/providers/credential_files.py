"""Files in which users keep credentials for a service."""

from __future__ import annotations

from pathlib import Path

from leafseal.errors import ProviderError, system_text

_LONGEST = 1 << 20  # bytes


def read_credentials(path: Path, source: str) -> bytes:
    """Return what is in a file of the user's. Raises `ProviderError`, which names the file as `source`."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise ProviderError(f"{source}: {system_text(error)}", source=source) from None
    if len(data) > _LONGEST:
        raise ProviderError(f"{source}: too large for credentials", source=source)
    return data
