"""An event is one line, whatever the names in it, and holds no private key."""

from __future__ import annotations

import json
import os
import re

from hypothesis import given
from hypothesis import strategies as st

from leafseal.audit.event import Event, as_line, clean, new_id, principal
from leafseal.audit.journald import entry
from leafseal.audit.syslog import message
from leafseal.testing import throwaway_identity

TEXTS = st.text(st.characters(codec=None), max_size=40)  # also halves of surrogates, which names of files may have


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_the_texts_it_is_one_line_that_says_the_same(file: str, path: str, reason: str) -> None:
    event = Event(new_id(), "leafseal get", "get", "denied", file, (path,), (), reason)
    data = event.as_data()
    line = as_line(data)
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)
    assert told == data
    for text, shown in ((file, told["secret"]["file"]), (path, told["secret"]["paths"][0]), (reason, told["reason"])):
        assert shown == text.encode("utf-8", "backslashreplace").decode()
    assert message(event, data).count(b"\n") == 0
    names = re.findall(rb"(?m)^([A-Z_]+)(?==)", entry(event, data))
    assert b"LEAFSEAL_RESULT" in names


def test_the_user_is_that_of_the_system() -> None:
    assert principal() not in ("", None)
    before = principal()
    os.environ.update(USER="mallory", LOGNAME="mallory", HOME=os.environ["HOME"])
    try:
        assert principal() == before
    finally:
        del os.environ["USER"], os.environ["LOGNAME"]


def test_a_private_key_is_hidden() -> None:
    me = throwaway_identity()
    assert me.identity not in as_line(Event("1", "x", "get", "allowed", me.identity, (me.identity,)).as_data())


def test_a_long_text_is_cut_in_the_middle() -> None:
    text = clean("a" * 5000 + "b" * 5000)
    assert len(text) == 4097
    assert text.startswith("aaa")
    assert text.endswith("bbb")
