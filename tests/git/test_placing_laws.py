"""What holds for every merge of texts: values, comments of ours and of what theirs added, and sides that are equal."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal.git import text

from .layouts.random_yaml import Three, three
from .merged_text import MergedText, merged

RANDOMS = st.integers(0, 2**32).map(Random)


def comments(written: str) -> set[str]:
    return set(re.findall(r"# ([bot]\d+c)\b", written))


@settings(max_examples=80)
@given(RANDOMS)
def test_lines_and_values(random: Random) -> None:
    sides = three(random)
    _check(sides, merged(sides.base, sides.ours, sides.theirs))
    assert merged(sides.base, sides.base, sides.theirs).text == sides.theirs
    assert merged(sides.base, sides.ours, sides.base).text == sides.ours


@settings(max_examples=80)
@given(RANDOMS)
def test_values_alone(random: Random) -> None:
    """Nothing is merged by lines: all that theirs changed is put into ours."""
    sides = three(random)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_candidates", lambda _base, ours, _theirs: [ours.text])
        _check(sides, merged(sides.base, sides.ours, sides.theirs))


def _check(sides: Three, found: MergedText) -> None:
    base, ours, theirs, result = map(comments, (sides.base, sides.ours, sides.theirs, found.text))
    told = {str(leaf.value).strip() for lost in found.lost for leaf in lost}
    # What is lost of ours is told: comments in what theirs removed.
    assert (ours - base) - result <= told
    assert (base & ours & theirs) - result <= told
    for one in sides.added:
        if one.is_in(found.text) and not found.conflicts:
            lost = (set(one.comments()) & theirs) - result
            assert lost <= (told if one.name is None else set())  # an element can be taken for one that was changed
    for comment in result - base:
        assert len(re.findall(rf"# {comment}\b", found.text)) == 1
