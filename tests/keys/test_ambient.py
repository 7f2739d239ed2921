"""What an `Ambient` keeps: each object is made once, and threads wait for their own alone."""

import threading
from pathlib import Path

import pytest

from leafseal.keys import Ambient


def surroundings() -> Ambient:
    return Ambient({"SOPS_AGE_KEY": "secret"}, Path("/nonexistent"))


def test_an_object_is_made_once() -> None:
    ambient = surroundings()
    made = [ambient.once((list, number), list) for number in (1, 1, 2)]
    assert made[0] is made[1]
    assert made[0] is not made[2]
    assert surroundings().once((list, 1), list) is not made[0]


def test_what_could_not_be_made_is_tried_again() -> None:
    ambient = surroundings()
    with pytest.raises(ZeroDivisionError):
        ambient.once(float, lambda: 1 / 0)
    assert ambient.once(float, lambda: 1.5) == 1.5


def test_threads_wait_for_their_own_object_alone() -> None:
    ambient, begun, go_on = surroundings(), threading.Event(), threading.Event()
    found: list[object] = []

    def slowly() -> object:
        begun.set()
        assert go_on.wait(120)
        return object()

    threads = [threading.Thread(target=lambda: found.append(ambient.once("slow", slowly))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(120)
    assert ambient.once("quick", lambda: "made while the other is waited for")
    go_on.set()
    for thread in threads:
        thread.join(120)
    assert len(found) == 2
    assert found[0] is found[1]


def test_nothing_kept_is_shown() -> None:
    ambient = surroundings()
    ambient.once(str, lambda: "secret")
    assert "secret" not in repr(ambient)
