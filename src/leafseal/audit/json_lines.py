"""Events as lines of JSON in a file that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from leafseal.audit.event import Event, as_line
from leafseal.errors import AuditError
from leafseal.system import log_file


class JsonLines:
    """A file that grows by a line with each event, and gets a new name when it is full."""

    def __init__(self, path: str, most: int, keep: int) -> None:
        self.path = path
        self.most = most
        self.keep = keep

    def write(self, event: Event, data: Mapping[str, Any]) -> None:
        """Append an event, and wait until it is on the disk. Raises `AuditError`."""
        _refuse_checkout(self.path)
        log_file.append(self.path, f"{as_line(dict(data))}\n".encode("ascii"), most=self.most, keep=self.keep)


def _refuse_checkout(path: str) -> None:
    """Raise `AuditError` for a file in the Git working tree that we stand in, whose writers could change it."""
    tree = _working_tree()
    real = os.path.join(os.path.realpath(os.path.dirname(path)), "")
    if tree is not None and real.startswith(os.path.join(tree, "")):
        raise AuditError(
            "the audit log is in this Git working tree, whose writers could change it",
            hint='name a file outside of it as audit.file in the policy; "leafseal policy show" names the policy',
            file=path,
        )


def _working_tree() -> str | None:
    """Return the Git working tree that we stand in, None where there is none."""
    try:
        folder = os.path.realpath(os.getcwd())
    except OSError:
        return None
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, child = os.path.dirname(folder), folder
        if folder == child:
            return None
    return folder
