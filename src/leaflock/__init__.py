"""leaflock seals the values of configuration files, in SOPS's format, and leaves every other byte where it was.

    import leaflock

    settings = leaflock.load("prod.yaml")

See `docs/api.md`. Importing this package loads nothing but this file; names come when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "SealedFile": "api",
    "decrypt": "api",
    "encrypt": "api",
    "load": "api",
    "loads": "api",
    "open_many": "api",
    "Ambient": "masterkey",
    "MasterKey": "masterkey",
    "Selection": "selection",
    "Timestamp": "scalars",
    "AlreadyEncryptedError": "errors",
    "ConfigError": "errors",
    "ConflictError": "errors",
    "DataKeyError": "errors",
    "FormatError": "errors",
    "IntegrityError": "errors",
    "LeaflockError": "errors",
    "MACMismatchError": "errors",
    "MetadataError": "errors",
    "NotEncryptedError": "errors",
    "PathError": "errors",
    "ProviderError": "errors",
    "RefusedError": "errors",
    "UsageError": "errors",
    "InputError": "errors",
    "MissingFileError": "errors",
    "EmitError": "errors",
    "WriteError": "errors",
}

__all__ = [
    "AlreadyEncryptedError",
    "Ambient",
    "ConfigError",
    "ConflictError",
    "DataKeyError",
    "EmitError",
    "FormatError",
    "InputError",
    "IntegrityError",
    "LeaflockError",
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
    "Timestamp",
    "UsageError",
    "WriteError",
    "decrypt",
    "encrypt",
    "load",
    "loads",
    "open_many",
]

if TYPE_CHECKING:
    from leaflock.api import SealedFile, decrypt, encrypt, load, loads, open_many
    from leaflock.errors import (
        AlreadyEncryptedError,
        ConfigError,
        ConflictError,
        DataKeyError,
        EmitError,
        FormatError,
        InputError,
        IntegrityError,
        LeaflockError,
        MACMismatchError,
        MetadataError,
        MissingFileError,
        NotEncryptedError,
        PathError,
        ProviderError,
        RefusedError,
        UsageError,
        WriteError,
    )
    from leaflock.masterkey import Ambient, MasterKey
    from leaflock.scalars import Timestamp
    from leaflock.selection import Selection


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'leaflock' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"leaflock.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
