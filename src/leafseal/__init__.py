"""leafseal seals the values of configuration files, in SOPS's format, and leaves every other byte where it was.

    import leafseal

    settings = leafseal.load("prod.yaml")

See `docs/api.md`. Importing this package loads nothing but this file; names come when they are used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # loading `typing` for it would cost more than Python's own start

__version__ = "0.1.0"

_HOMES = {
    "SealedFile": "api",
    "decrypt": "api",
    "encrypt": "api",
    "load": "api",
    "loads": "api",
    "open_many": "api",
    "Ambient": "keys",
    "Consent": "operations.consent",
    "MasterKey": "keys",
    "Selection": "rules.selection",
    "Timestamp": "document.scalars",
    "AlreadyEncryptedError": "errors",
    "ConfigError": "errors",
    "ConflictError": "errors",
    "DataKeyError": "errors",
    "FormatError": "errors",
    "IntegrityError": "errors",
    "LeafsealError": "errors",
    "MACMismatchError": "errors",
    "MetadataError": "errors",
    "NotEncryptedError": "errors",
    "PathError": "errors",
    "ProviderError": "errors",
    "RefusedError": "errors",
    "StructureMismatchError": "errors",
    "UsageError": "errors",
    "InputError": "errors",
    "InvalidValueError": "errors",
    "UnforeseenError": "errors",
    "MissingFileError": "errors",
    "EmitError": "errors",
    "WriteError": "errors",
}

__all__ = [
    "AlreadyEncryptedError",
    "Ambient",
    "ConfigError",
    "ConflictError",
    "Consent",
    "DataKeyError",
    "EmitError",
    "FormatError",
    "InputError",
    "IntegrityError",
    "InvalidValueError",
    "LeafsealError",
    "MACMismatchError",
    "MasterKey",
    "MetadataError",
    "MissingFileError",
    "NotEncryptedError",
    "PathError",
    "ProviderError",
    "RefusedError",
    "SealedFile",
    "Selection",
    "StructureMismatchError",
    "Timestamp",
    "UnforeseenError",
    "UsageError",
    "WriteError",
    "decrypt",
    "encrypt",
    "load",
    "loads",
    "open_many",
]

if TYPE_CHECKING:
    from typing import Any

    from leafseal.api import SealedFile, decrypt, encrypt, load, loads, open_many
    from leafseal.document.scalars import Timestamp
    from leafseal.errors import (
        AlreadyEncryptedError,
        ConfigError,
        ConflictError,
        DataKeyError,
        EmitError,
        FormatError,
        InputError,
        IntegrityError,
        InvalidValueError,
        LeafsealError,
        MACMismatchError,
        MetadataError,
        MissingFileError,
        NotEncryptedError,
        PathError,
        ProviderError,
        RefusedError,
        StructureMismatchError,
        UnforeseenError,
        UsageError,
        WriteError,
    )
    from leafseal.keys import Ambient, MasterKey
    from leafseal.operations.consent import Consent
    from leafseal.rules.selection import Selection


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'leafseal' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"leafseal.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
