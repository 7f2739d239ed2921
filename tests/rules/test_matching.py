from __future__ import annotations

import pytest

from leafseal.rules.matching import utf8


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", b""),
        ("ü", "ü".encode()),
        (b"", b""),
        ("ü".encode(), "ü".encode()),
        (b"a\xffb", "a\ufffdb".encode()),
        (b"\xc3", "\ufffd".encode()),
        (b"\xff\xfe", "\ufffd\ufffd".encode()),
        ("\udcff", "\ufffd".encode()),
        ("a\ud800", "a\ufffd".encode()),
    ],
)
def test_what_a_pattern_sees(text: str | bytes, seen: bytes) -> None:
    assert utf8(text) == seen
