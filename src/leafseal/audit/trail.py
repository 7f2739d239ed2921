"""The logs that get every event: those of the policies, and the databases of sops's file."""

from __future__ import annotations

import os
import time
from _thread import allocate_lock
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from leafseal.audit.event import Event
from leafseal.errors import AuditError
from leafseal.keys import Ambient
from leafseal.keys.audit_settings import Log
from leafseal.keys.policy import policy_of
from leafseal.system import directories


class Sink(Protocol):
    """A log that is open, or is opened with the first event."""

    def write(self, event: Event, data: Mapping[str, Any]) -> None:
        """Write an event and return when it is as safe as this log makes it. Raises `AuditError`."""
        ...


class Trail(NamedTuple):
    """Where events go."""

    logs: tuple[Log, ...]
    warn: Callable[[str], None] | None
    requires_reason: bool = False

    def write(self, event: Event) -> None:
        """Write an event to every log.

        Raises `AuditError` where one that is required does not take it; the others are then told that nothing was done.
        """
        data = event.as_data()
        failed: AuditError | None = None
        taken: list[Log] = []
        for log in self.logs:
            try:
                _write(log, event, data)
                taken.append(log)
            except AuditError as error:
                if log.required:
                    failed = failed or error
                elif self.warn is not None:
                    self.warn(str(error))
        if failed is None:
            return
        undone = event._replace(result="error", error=type(failed).__name__)
        for log in taken:
            with suppress(AuditError):
                _write(log, undone, undone.as_data())
        raise failed


def trail_of(ambient: Ambient) -> Trail | None:
    """Return where events go; None where nobody wants any. Raises `ConfigError` for a policy that cannot be read."""
    trail = ambient.once(Trail, lambda: _find(ambient))
    return trail if trail.logs or trail.requires_reason else None


def _find(ambient: Ambient) -> Trail:
    policy = policy_of(ambient)
    logs = policy.audit
    if os.path.lexists(directories.SOPS_AUDIT_FILE):
        from leafseal.audit.sops_file import logs_of_sops

        logs = (*logs, *logs_of_sops())
    return Trail(logs, ambient.warn, policy.require_reason)


_SLOW = 1.0
_SECONDS_LEFT_ALONE = 10.0
_left_alone: dict[Log, tuple[float, AuditError]] = {}
"""Logs that failed after they took more than `_SLOW` seconds, and until when they are not tried again: a command with
many files would wait for each of them."""


def _write(log: Log, event: Event, data: Mapping[str, Any]) -> None:
    until, failed = _left_alone.get(log, (0.0, None))
    began = time.monotonic()
    if failed is not None and began < until:
        raise AuditError(failed.message, hint=failed.hint, file=failed.file)
    try:
        _sink(log).write(event, data)
    except AuditError as error:
        if (now := time.monotonic()) - began > _SLOW:
            _left_alone[log] = now + _SECONDS_LEFT_ALONE, error
        raise
    _left_alone.pop(log, None)


_sinks: dict[Log, Sink] = {}
_lock = allocate_lock()


def _sink(log: Log) -> Sink:
    """Return what writes to a log, one for the whole process."""
    with _lock:
        if log not in _sinks:
            _sinks[log] = _make(log)
        return _sinks[log]


def _make(log: Log) -> Sink:
    if log.kind == "file":
        from leafseal.audit.json_lines import JsonLines

        return JsonLines(log.target, log.max_bytes, log.keep)
    if log.kind == "syslog":
        from leafseal.audit.syslog import Syslog

        return Syslog(log.target)
    if log.kind == "journald":
        from leafseal.audit.journald import Journald

        return Journald(log.target)
    from leafseal.audit.postgres import Postgres

    return Postgres(log.target, log.place)
