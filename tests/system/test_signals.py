"""Signals as exceptions, as notes, and held back. What is sent here comes to this very process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from leafseal.system import signals

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no such signals on Windows")

ENDING = [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]


@pytest.mark.parametrize("number", ENDING)
def test_what_ends_a_process_is_raised_and_afterwards_is_what_it_was(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # under `nohup` the tests handle HUP
    try:
        with pytest.raises(signals.Ended) as caught, signals.as_exceptions():
            signal.raise_signal(number)
        assert caught.value.number == number
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_what_is_ignored_or_handled_stays_so() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number)), signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.as_exceptions():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGHUP, before[1])
    assert heard == [signal.SIGTERM]


def test_a_signal_waits_until_the_tidying_up_is_done() -> None:
    done: list[str] = []

    def tidy() -> None:
        with signals.as_exceptions():
            with signals.held_back():
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGHUP)
                done.append("tidied")
            done.append("never")

    with pytest.raises(signals.Ended) as caught:
        tidy()
    assert done == ["tidied"]
    assert caught.value.number == signal.SIGTERM  # the first


def test_an_interrupt_waits_too() -> None:
    done: list[str] = []

    def tidy() -> None:
        with signals.held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("tidied")

    with pytest.raises(KeyboardInterrupt):
        tidy()
    assert done == ["tidied"]


def test_notes_are_taken_and_what_nobody_read_is_raised_at_the_end() -> None:
    def work(read: bool) -> None:
        with signals.as_exceptions(), signals.as_notes() as notes:
            signal.raise_signal(signal.SIGTERM)
            if read:
                assert notes.get(timeout=120) == signal.SIGTERM
            notes.put(None)  # the end of a program, which is nothing to be raised

    work(read=True)
    with pytest.raises(signals.Ended):
        work(read=False)


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, signals.Ended)])
def test_a_note_is_raised_as_what_it_would_have_been(number: int, error: type[BaseException]) -> None:
    with pytest.raises(error):
        signals.raise_noted(number)


def test_in_another_thread_nothing_is_changed() -> None:
    faults: list[BaseException] = []

    def work() -> None:
        try:
            with signals.as_exceptions(), signals.held_back(), signals.as_notes() as notes:
                assert notes.empty()
                assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert faults == []


@pytest.mark.parametrize("number", [*ENDING, signal.SIGINT])
def test_a_parent_sees_of_which_signal_a_process_died(number: signal.Signals) -> None:
    code = f"from leafseal.system.signals import die_of; die_of({int(number)})"
    done = subprocess.run([sys.executable, "-c", code], cwd="/", check=False, timeout=120, capture_output=True)
    assert done.returncode == -number
