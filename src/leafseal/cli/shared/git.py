"""What Git knows of a folder, asked without starting anything that its configuration names."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leafseal.system.environment import helper_environment
from leafseal.system.programs import ProgramError, output_of

# What a repository's configuration has Git start for a listing is switched off: a monitor of files, and what fetches
# objects that are missing. A bare repository among the files of a checkout has a configuration that anybody can commit.
_ALONE = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")
_NO_FETCH = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}  # the second for a Git that lacks the first

_SECONDS_FOR_NAME = 5.0
_LONGEST_NAME = 1 << 12  # bytes


def ask(folder: str, arguments: Sequence[str], *, seconds: float, limit: int) -> bytes:
    """Return what Git prints of a folder, `limit` bytes at the most. Raises `ProgramError`."""
    environ = {name: value for name, value in helper_environment(os.environ).items() if not name.startswith("GIT_")}
    return output_of(["git", "-C", folder, *_ALONE, *arguments], environ | _NO_FETCH, seconds=seconds, limit=limit)


def user_name(folder: str) -> str | None:
    """Return the name that the user's commits have, None where Git does not know it or is not there."""
    try:
        told = ask(folder, ["config", "--get", "user.name"], seconds=_SECONDS_FOR_NAME, limit=_LONGEST_NAME)
    except ProgramError:
        return None
    return told.decode("utf-8", "replace").strip() or None
