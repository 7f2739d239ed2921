"""leafseal seals the values of configuration files, in SOPS's format, and leaves every other byte where it was.

    import leafseal

    settings = leafseal.load("prod.yaml")

See `docs/api.md`. Importing this package loads nothing but this file; names come when they are used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # loading `typing` for it would cost more than Python's own start

__version__ = "0.1.0"

_HOMES = {
    "SealedFile": "api.sealed_file",
    "decrypt": "api.functions",
    "encrypt": "api.functions",
    "load": "api.functions",
    "loads": "api.functions",
    "open_many": "api.functions",
    "Ambient": "keys",
    "Consent": "operations.consent",
    "Limits": "document.limits",
    "MasterKey": "keys",
    "Selection": "rules.selection",
    "Timestamp": "document.scalars",
    "AlreadyEncryptedError": "errors",
    "AuditError": "errors",
    "ConfigError": "errors",
    "ConflictError": "errors",
    "DataKeyError": "errors",
    "FormatError": "errors",
    "IntegrityError": "errors",
    "LeafsealError": "errors",
    "MACMismatchError": "errors",
    "MetadataError": "errors",
    "NotEncryptedError": "errors",
    "NothingSealedError": "errors",
    "PathError": "errors",
    "ProviderError": "errors",
    "ProviderMissingError": "errors",
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
    "AuditError",
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
    "Limits",
    "MACMismatchError",
    "MasterKey",
    "MetadataError",
    "MissingFileError",
    "NotEncryptedError",
    "NothingSealedError",
    "PathError",
    "ProviderError",
    "ProviderMissingError",
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
    from leafseal import testing as testing
    from leafseal.api.functions import decrypt, encrypt, load, loads, open_many
    from leafseal.api.sealed_file import SealedFile
    from leafseal.document.limits import Limits
    from leafseal.document.scalars import Timestamp
    from leafseal.errors import (
        AlreadyEncryptedError,
        AuditError,
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
        NothingSealedError,
        PathError,
        ProviderError,
        ProviderMissingError,
        RefusedError,
        StructureMismatchError,
        UnforeseenError,
        UsageError,
        WriteError,
    )
    from leafseal.keys import Ambient, MasterKey
    from leafseal.operations.consent import Consent
    from leafseal.rules.selection import Selection
else:  # so that checkers of types know every name, and no other

    def __getattr__(name):
        import importlib

        if name in _HOMES:
            value = getattr(importlib.import_module(f"leafseal.{_HOMES[name]}"), name)
        elif name == "testing":
            value = importlib.import_module("leafseal.testing")
        else:
            raise AttributeError(f"module 'leafseal' has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__():
        return sorted([*__all__, "testing", *(name for name in globals() if name.startswith("__"))])
