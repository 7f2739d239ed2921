"""A folder in place of another one."""

from __future__ import annotations

import os


def exchange(new: str, target: str, old: str) -> None:
    """Move what is at `target` to `old`, and `new` to `target`; where that fails, what was there comes back."""
    if os.path.lexists(target):
        os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        if os.path.lexists(old):
            os.rename(old, target)
        raise
