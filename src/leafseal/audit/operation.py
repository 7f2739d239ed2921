"""What is being done, for the events about it: whoever runs a command or a function says so, and the core reports.

What the core sees by itself is enough for an event. This adds the command, the paths that were asked for and the
reason, and what goes wrong outside of the core.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from leafseal.audit.event import EVERYTHING, Event, Result, new_id
from leafseal.audit.trail import trail_of
from leafseal.errors import (
    AuditError,
    ConfigError,
    DataKeyError,
    LeafsealError,
    MissingFileError,
    PathError,
    RefusedError,
    UsageError,
)
from leafseal.keys import Ambient

REASON_VARIABLE = "LEAFSEAL_REASON"

ACTIONS: Mapping[str, str] = {
    "decrypt": "decrypt",
    "get": "get",
    "exec": "exec",
    "exec-env": "exec",
    "exec-file": "exec",
    "compose": "exec",
    "ci": "exec",
    "render": "render",
    "helm": "decrypt",
    "digest": "decrypt",
    "diff": "decrypt",
    "git": "decrypt",
    "kubectl": "deploy",
    "krm": "decrypt",
    "argocd": "decrypt",
    "verify": "verify",
    "encrypt": "encrypt",
    "edit": "edit",
    "set": "set",
    "unset": "unset",
    "merge": "merge",
    "resolve": "resolve",
    "rotate": "rotate",
    "updatekeys": "updatekeys",
    "groups": "groups",
    "repair": "repair",
}
"""The actions of events, by the commands that open or encrypt files."""


class Operation:
    """A command or function that runs: what it is for, and the last event about each of its files."""

    def __init__(
        self, command: str, action: str, paths: tuple[str, ...] = EVERYTHING, reason: str | None = None
    ) -> None:
        self.command = command
        self.action = action
        self.paths = paths
        self.given_reason = reason
        self.events: dict[str, Event] = {}

    def reason(self, environ: Mapping[str, str]) -> str | None:
        """Return why it is done: what was said for this command, else the variable's content."""
        return self.given_reason or environ.get(REASON_VARIABLE) or None

    def report(self, name: str, event: Event, ambient: Ambient) -> Event:
        """Write an event about a file, by the name that messages have for it. Raises `AuditError`."""
        trail = trail_of(ambient)
        self.events[name] = event
        if trail is not None:
            trail.write(event)
        return event

    def begin(self, path: str | None, ambient: Ambient) -> Event:
        """Return the first event about a file, which is not written yet."""
        reason = self.reason(ambient.environ)
        return Event(new_id(), self.command, self.action, "allowed", absolute(path), self.paths, reason=reason)

    def failed(self, error: LeafsealError, ambient: Ambient, file: str | None = None) -> None:
        """Report that something went wrong with a file, unless the event that says so was written already.

        `file` is the one that was worked on where the error does not name it.
        """
        if isinstance(error, AuditError):
            return  # the log is what went wrong
        name = error.file or file
        last = None if name is None else self.events.get(name) or self.events.get(absolute(name) or "")
        asks_nothing = isinstance(error, UsageError | ConfigError)  # for no secret, if that was before the file
        if last is None and (name is None or asks_nothing):
            if len(self.events) != 1:
                return
            [(name, last)] = self.events.items()  # which can only be about this file
        if name is None or (last is not None and last.result != "allowed"):
            return
        event = self.begin(name, ambient) if last is None else last
        self.tell(name, event._replace(result=result_of(error), error=type(error).__name__), ambient)

    def tell(self, name: str, event: Event, ambient: Ambient) -> None:
        """Report what went wrong, where nothing is let out any more: a log that fails then is only warned of."""
        try:
            self.report(name, event, ambient)
        except AuditError as error:
            if ambient.warn is not None:
                ambient.warn(str(error))


def result_of(error: LeafsealError) -> Result:
    """Return the word for what ended an operation."""
    return _RESULTS.get(error.exit_code, "error")


_RESULTS: Mapping[int, Result] = {
    DataKeyError.exit_code: "denied",
    RefusedError.exit_code: "denied",
    MissingFileError.exit_code: "missing",
    PathError.exit_code: "missing",
}


def absolute(path: str | None) -> str | None:
    """Return a path as events have it: absolute; `-` is standard input, and None a text that was no file."""
    if not path or path == "-":
        return path or None
    try:
        return os.path.abspath(path)
    except FileNotFoundError:  # the current folder was deleted
        return path


_current: ContextVar[Operation | None] = ContextVar("leafseal operation", default=None)


def current(action: str) -> Operation:
    """Return the operation that runs; where nobody said what does, one of that action by a program in Python."""
    return _current.get() or Operation("python", action)


@contextmanager
def performing(operation: Operation) -> Iterator[Operation]:
    """Have events say that this operation is what they are about."""
    before = _current.set(operation)
    try:
        yield operation
    finally:
        _current.reset(before)
