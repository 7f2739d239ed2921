"""Which logs get an event, and how long they may take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from leafseal.audit import trail
from leafseal.audit.event import Event
from leafseal.audit.trail import Trail
from leafseal.errors import AuditError
from leafseal.keys.audit_settings import Log

EVENT = Event("id", "leafseal", "decrypt", "allowed", "/srv/a.yaml")
LOG = Log("syslog", "/run/slow")


class Slow:
    """A log that needs its time to say that it does not work."""

    is_well = False

    def __init__(self) -> None:
        self.now = 1000.0
        self.tries = 0

    def write(self, event: Event, data: Mapping[str, Any]) -> None:
        self.tries += 1
        if not self.is_well:
            self.now += 2
            raise AuditError("nobody reads the socket", hint="look", file="/run/slow")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    one = Slow()
    monkeypatch.setitem(trail._sinks, LOG, one)
    monkeypatch.setattr("leafseal.audit.trail.time.monotonic", lambda: one.now)
    yield one
    trail._left_alone.clear()


def test_a_log_that_sleeps_is_waited_for_once(slow: Slow) -> None:
    """A command with many files would wait for each of them."""
    for _ in range(50):
        with pytest.raises(AuditError, match="nobody reads the socket") as caught:
            Trail((LOG,), None).write(EVENT)
        assert (caught.value.hint, caught.value.file) == ("look", "/run/slow")
    assert (slow.tries, slow.now) == (1, 1002)


def test_it_is_tried_again_later(slow: Slow) -> None:
    with pytest.raises(AuditError):
        Trail((LOG,), None).write(EVENT)
    slow.is_well = True
    slow.now += 11
    Trail((LOG,), None).write(EVENT)
    Trail((LOG,), None).write(EVENT)
    assert slow.tries == 3


def test_warnings_come_for_each_event_where_it_is_not_required(slow: Slow) -> None:
    said: list[str] = []
    log = LOG._replace(required=False)
    trail._sinks[log] = slow
    for _ in range(3):
        Trail((log,), said.append).write(EVENT)
    del trail._sinks[log]
    assert len(said) == 3
    assert slow.tries == 1
