"""The events that the core reports by itself: of every file that is opened, and of every file that is encrypted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from leafseal.audit.event import Event, Result
from leafseal.audit.operation import Operation, current, result_of
from leafseal.audit.trail import trail_of
from leafseal.errors import AuditError, LeafsealError, RefusedError
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.ring import KeyRing, WrappedKey

_MOST_RECIPIENTS = 50
_REASON_HINT = 'set LEAFSEAL_REASON to why you need the values; the leafseal commands also have --reason "TEXT"'


@contextmanager
def opening(name: str, path: str | None, ring: KeyRing) -> Iterator[Callable[[Iterable[WrappedKey]], None]]:
    """Report that a file is opened; yield what is called once its data key is known, before the key is used.

    It is told which keys the file is encrypted for, and returns when the event is written. What goes wrong is reported
    too, under the same id. Raises `AuditError` where a log that is required does not take the event, `RefusedError`
    where the policy wants a reason and there is none.
    """
    ambient = ring.ambient
    if trail_of(ambient) is None:
        yield lambda _wrapped: None
        return
    operation = current("decrypt")
    event = operation.begin(path, ambient)

    def allow(wrapped: Iterable[WrappedKey]) -> None:
        nonlocal event
        opened = tuple(str(one.master_key) for one in wrapped if ring.gave(one))
        event = event._replace(recipient=opened)
        operation.report(name, event, ambient)

    with _failing(operation, name, lambda: event, ambient):
        _check_reason(operation, ambient)
        yield allow


def report_encryption(name: str, path: str | None, groups: Sequence[Sequence[MasterKey]], ambient: Ambient) -> None:
    """Report that a file was encrypted, before the result is let out. Raises `AuditError`."""
    if trail_of(ambient) is None:
        return
    operation = current("encrypt")
    recipients = [str(key) for group in groups for key in group]
    told = recipients[:_MOST_RECIPIENTS]
    if recipients[_MOST_RECIPIENTS:]:
        told.append(f"and {len(recipients) - _MOST_RECIPIENTS} more")
    operation.report(name, operation.begin(path, ambient)._replace(recipient=tuple(told)), ambient)


def check_request(verb: str, ambient: Ambient) -> None:
    """Check that another machine may have a data key decrypted: where the policy wants a reason, this process has one.

    A request has none of its own. Raises `RefusedError`.
    """
    if verb == "decrypt":
        _check_reason(Operation(_SERVICE, verb), ambient)


_SERVICE = "leafseal keyservice"


def report_request(verb: str, key: MasterKey, result: Result, error: LeafsealError | None, ambient: Ambient) -> None:
    """Report that another machine asked for a data key to be encrypted or decrypted. Raises `AuditError`."""
    trail = trail_of(ambient)
    if trail is not None:
        operation = Operation(_SERVICE, verb)
        failed = None if error is None else type(error).__name__
        trail.write(operation.begin(None, ambient)._replace(recipient=(str(key),), result=result, error=failed))


@contextmanager
def _failing(operation: Operation, name: str, event: Callable[[], Event], ambient: Ambient) -> Iterator[None]:
    try:
        yield
    except AuditError:
        raise
    except LeafsealError as error:
        operation.tell(name, event()._replace(result=result_of(error), error=type(error).__name__), ambient)
        raise


def _check_reason(operation: Operation, ambient: Ambient) -> None:
    trail = trail_of(ambient)
    if trail is not None and trail.requires_reason and not operation.reason(ambient.environ):
        raise RefusedError("the policy asks for a reason to open a file, and none is given", hint=_REASON_HINT)
