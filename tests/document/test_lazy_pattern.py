from __future__ import annotations

import re

import pytest

from leafseal.document.lazy_pattern import LazyPattern


def test_it_is_compiled_at_its_first_use_and_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    real = re.compile
    monkeypatch.setattr(re, "compile", lambda source, flags: compiled.append(source) or real(source, flags))
    pattern = LazyPattern("[a-c]+", re.IGNORECASE)
    assert compiled == []
    assert pattern.fullmatch("aBc")
    assert not pattern.fullmatch("d")
    assert compiled == ["[a-c]+"]


def test_it_has_what_a_pattern_has() -> None:
    pattern = LazyPattern("(?P<x>a)")
    assert pattern.groups == 1
    assert pattern.sub("b", "aa") == "bb"
    with pytest.raises(AttributeError):
        _ = pattern.nothing_of_this_name
