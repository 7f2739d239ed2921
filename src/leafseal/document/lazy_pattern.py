"""Regular expressions that are compiled when they are first used.

Compiling those with large character classes takes a millisecond each: more than reading a small file does.
"""

from __future__ import annotations

import re
from typing import Any


class LazyPattern:
    """Stands for `re.compile(source, flags)`, and becomes it at the first use of a method."""

    def __init__(self, source: str, flags: int = 0) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, value)  # from now on without this detour
        return value
