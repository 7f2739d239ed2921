"""Bytes that must not be seen by accident.

Python cannot wipe memory, and we do not claim to. What a `Secret` prevents is the accident: it shows nothing in a
traceback, a log line or a debugger's summary, is not pickled, not hashed, and compared without telling where it
differs.
"""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Bytes that only `reveal` gives back."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = bytes(data)

    def reveal(self) -> bytes:
        """Return the bytes, for the call that needs them and for nothing else."""
        return self._data

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, hidden>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._data, other._data)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not copied or pickled")
