from __future__ import annotations

import time

import pytest

from leafseal.document.scalars import Timestamp
from leafseal.system import clock


def test_it_is_utc_to_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "gmtime", lambda: time.gmtime(1_700_000_000.9))
    assert clock.now() == "2023-11-14T22:13:20Z"


def test_it_is_a_time_as_files_have_it() -> None:
    text = clock.now()
    assert str(Timestamp.parse(text)) == text
