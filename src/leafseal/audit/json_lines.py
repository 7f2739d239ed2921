"""Events as lines of JSON in a file that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from leafseal.audit.event import Event, as_line
from leafseal.errors import AuditError
from leafseal.system import log_file
from leafseal.system.directories import home


class JsonLines:
    """A file that grows by a line with each event, and gets a new name when it is full."""

    def __init__(self, path: str, most: int, keep: int) -> None:
        self.path = path
        self.most = most
        self.keep = keep

    def write(self, event: Event, data: Mapping[str, Any]) -> None:
        """Append an event, and wait until it is on the disk. Raises `AuditError`."""
        _refuse_checkout(self.path, event.file)
        log_file.append(self.path, f"{as_line(dict(data))}\n".encode("ascii"), most=self.most, keep=self.keep)


def _refuse_checkout(path: str, file: str | None) -> None:
    """Raise `AuditError` for a log in the Git working tree of what is read, or of where we stand.

    Whoever writes to the repository could change it.
    """
    real = os.path.realpath(os.path.dirname(path))
    here = None if file is None else os.path.dirname(file)
    if any(tree is not None and _is_within(real, tree) for tree in (_working_tree("."), here and _working_tree(here))):
        raise AuditError(
            "the audit log is in a Git working tree, whose writers could change it",
            hint='name a file outside of it as audit.file in the policy; "leafseal policy show" names the policy',
            file=path,
        )


def _working_tree(folder: str) -> str | None:
    """Return the Git working tree that a folder is in, None where there is none, or it has all that is the user's."""
    try:
        folder = os.path.realpath(folder)
    except OSError:  # it was deleted
        return None
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, child = os.path.dirname(folder), folder
        if folder == child:
            return None
    return None if _is_within(os.path.realpath(home()), folder) else folder


def _is_within(path: str, folder: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(folder, ""))
