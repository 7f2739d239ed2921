"""The Git working tree that a folder is in: what is below it, those can change who write to the repository."""

from __future__ import annotations

import os

from leafseal.system.directories import home


def working_tree(folder: str) -> str | None:
    """Return the Git working tree that a folder is in, None where there is none, or it has all that is the user's."""
    try:
        folder = os.path.realpath(folder)
    except OSError:  # it was deleted
        return None
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, child = os.path.dirname(folder), folder
        if folder == child:
            return None
    return None if is_within(os.path.realpath(home()), folder) else folder


def is_within(path: str, folder: str) -> bool:
    """Tell whether a real path is a folder's, or below it."""
    return os.path.join(path, "").startswith(os.path.join(folder, ""))
