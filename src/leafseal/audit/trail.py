"""The logs that get every event: those of the policies, and the databases of sops's file."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from leafseal.audit.event import Event
from leafseal.errors import AuditError, LeafsealError
from leafseal.keys import Ambient
from leafseal.keys.audit_settings import Log
from leafseal.keys.policy import policy_of
from leafseal.system.directories import has_policy


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
                _sink(log).write(event, data)
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
                _sink(log).write(undone, undone.as_data())
        raise failed


def trail_of(ambient: Ambient) -> Trail | None:
    """Return where events go; None where nobody wants any. Raises `ConfigError` for a policy that cannot be read."""
    trail = ambient.once(Trail, lambda: _find(ambient))
    return trail if trail.logs or trail.requires_reason else None


def _find(ambient: Ambient) -> Trail:
    if not has_policy(ambient.environ, ambient.home_text):
        return Trail((), ambient.warn)
    policy = policy_of(ambient)
    return Trail(policy.audit, ambient.warn, policy.require_reason)


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
    raise LeafsealError(f"no audit log of the kind {log.kind}")
