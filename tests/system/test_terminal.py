"""What is said at terminals."""

from __future__ import annotations

import os
import sys

import pytest

from leafseal.system import terminal

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/ptmx"), reason="no /dev/ptmx")


@pytest.mark.parametrize("is_raw", [False, True])
def test_each_line_begins_at_the_margin_even_if_a_program_has_the_terminal(
    monkeypatch: pytest.MonkeyPatch, is_raw: bool
) -> None:
    import tty

    ours, theirs = os.openpty()
    if is_raw:
        tty.setraw(theirs)
    with open(ours, "rb", buffering=0) as shown, open(theirs, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        terminal.say("one")
        terminal.say("two")
        text = b""
        while text.count(b"\n") < 2:
            text += shown.read(100)
    assert text == b"leafseal: one\r\nleafseal: two\r\n"


def test_a_warning_that_was_given_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    given: set[str] = set()
    for text in ("one", "one", "two"):
        with terminal.warning_once(given):
            terminal.warn(text)
    terminal.warn("two")
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["one", "two", "two"]
