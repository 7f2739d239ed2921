from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.age.armor import armor, dearmor, is_armored
from leafseal.age.errors import ArmorError

BEGIN, END = b"-----BEGIN AGE ENCRYPTED FILE-----\n", b"-----END AGE ENCRYPTED FILE-----\n"


@given(st.binary(max_size=500))
def test_what_is_armored_comes_back(data: bytes) -> None:
    text = armor(data)
    assert is_armored(text)
    assert dearmor(text) == data
    assert dearmor(text.rstrip(b"\n")) == data
    assert dearmor(b" \r\n\t" + text.replace(b"\n", b"\r\n") + b"\n \t") == data


@given(st.binary(max_size=200))
def test_lines_are_of_64_characters_and_the_last_one_ends(data: bytes) -> None:
    begin, *lines, end, rest = armor(data).split(b"\n")
    assert (begin + b"\n", end + b"\n", rest) == (BEGIN, END, b"")
    assert all(len(line) == 64 for line in lines[:-1])
    assert all(0 < len(line) <= 64 for line in lines)


@given(st.binary(max_size=150), st.data())
def test_any_other_byte_is_noticed_or_changes_the_content(data: bytes, draw: st.DataObject) -> None:
    text = armor(data)
    position = draw.draw(st.integers(0, len(text) - 2))
    other = draw.draw(st.integers(0, 255).filter(lambda byte: byte != text[position]))
    try:
        changed = dearmor(text[:position] + bytes([other]) + text[position + 1 :])
    except ArmorError:
        return
    assert changed != data


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        BEGIN,
        BEGIN + BEGIN,
        END,
        b"x\n" + BEGIN + END,
        BEGIN + END + b"x",
        BEGIN + b"AAAA\n\n" + END,
        BEGIN + b"\nAAAA\n" + END,
        BEGIN + b"AAA\n" + END,
        BEGIN + b"AB==\n" + END,
        BEGIN + b"AAAA\nAAAA\n" + END,
        BEGIN + b"A" * 68 + b"\n" + END,
        BEGIN + b"A-_A\n" + END,
        BEGIN + b"Comment: x\n\nAAAA\n" + END,
    ],
)
def test_what_is_refused(text: bytes) -> None:
    with pytest.raises(ArmorError):
        dearmor(text)
