"""Events as lines of JSON in a file that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from leafseal.audit.event import Event, as_line
from leafseal.errors import AuditError
from leafseal.system import log_file
from leafseal.system.working_tree import is_within, working_tree


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
    folders = {".", *(os.path.dirname(name) for name in (file, file and os.path.realpath(file)) if name)}
    if any(tree is not None and is_within(real, tree) for tree in map(working_tree, folders)):
        raise AuditError(
            "the audit log is in a Git working tree, whose writers could change it",
            hint='name a file outside of it as audit.file in the policy; "leafseal policy show" names the policy',
            file=path,
        )
