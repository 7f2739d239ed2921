"""What `--watch` does after changes: what fails for a moment is no failure, and what fails for longer is told once."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from leafseal.cli.shared import keeping_up
from leafseal.errors import LeafsealError


class Over(Exception):
    """The end of what is to happen."""


class Desk:
    """Files that change at certain times, and may be read or not at others; time passes where somebody waits."""

    def __init__(self, changes: Sequence[float], failures: Sequence[tuple[float, float, str]], end: float) -> None:
        self._now = 0.0
        self._changes = list(changes)
        self._failures = failures
        self._end = end
        self.attempts: list[tuple[float, bool]] = []
        self.told: list[tuple[float, list[str]]] = []

    def wait(self, seconds: float | None) -> bool:
        over = self._now + (self._end if seconds is None else seconds)
        if self._changes and self._changes[0] <= over:
            self._now = self._changes.pop(0)
            return True
        self._now = over
        if self._now >= self._end:
            raise Over
        return False

    def attempt(self, was_told: bool) -> list[LeafsealError]:
        self.attempts.append((round(self._now, 1), was_told))
        return [LeafsealError(text) for start, end, text in self._failures if start <= self._now < end]

    def run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeping_up, "time", SimpleNamespace(monotonic=lambda: 1000 + self._now))
        watcher: Any = self
        with pytest.raises(Over):
            keeping_up.keep_up(
                watcher, self.attempt, lambda errors: self.told.append((round(self._now, 1), list(map(str, errors))))
            )


def test_a_moment_without_the_file_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """As while Git checks it out."""
    desk = Desk([5.0, 6.7], [(5.0, 6.7, "no such file")], end=100)
    desk.run(monkeypatch)
    assert desk.told == []
    assert desk.attempts[-1] == (6.7, False)


def test_what_fails_for_longer_is_told_once_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk([5.0], [(5.0, 90.0, "no such file")], end=200)
    desk.run(monkeypatch)
    assert desk.told == [(7.0, ["no such file"])]
    late = [attempt for attempt in desk.attempts if attempt[0] > 7.0]
    assert late == [(37.0, True), (67.0, True), (97.0, True)]


def test_a_change_is_given_time_again_and_another_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk([5.0, 20.0], [(5.0, 20.0, "no such file"), (20.0, 60.0, "is not encrypted")], end=200)
    desk.run(monkeypatch)
    assert desk.told == [(7.0, ["no such file"]), (22.0, ["is not encrypted"])]
    assert desk.attempts[-1] == (82.0, True)
