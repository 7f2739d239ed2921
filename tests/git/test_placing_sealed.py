"""Encrypted files whose members are put by value: nothing comes out in plain text, and comments stay encrypted."""

from __future__ import annotations

import re
from random import Random

import pytest
from tests.opening import open_sealed, reseal_text

from leafseal.document.values import equal, values_of
from leafseal.formats import parse
from leafseal.git import text
from leafseal.git.merge import How, merge_opened
from leafseal.git.sides import Sides
from leafseal.keys.registry import parse_recipients
from leafseal.keys.ring import KeyRing
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from .layouts.random_yaml import three
from .merged_text import merged

ME = throwaway_identity()
RECIPIENTS = parse_recipients("age", ME.recipient)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rule", [Selection(), Selection(unencrypted_suffix="_plain"), Selection(encrypted_regex="k$")])
def test_comments_and_values_stay_encrypted(seed: int, rule: Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_candidates", lambda _base, ours, _theirs: [ours.text])
    sides, ring = three(Random(seed)), KeyRing(ME.ambient())
    sealed = encrypt(sides.base.encode(), "yaml", [RECIPIENTS], 0, rule, ME.ambient(), allow_nothing=True)
    base = open_sealed(sealed.data, "yaml", ring)
    ours, theirs = (
        reseal_text(base, side.encode()).open() if side != sides.base else base for side in (sides.ours, sides.theirs)
    )
    result = merge_opened(Sides(base, ours, theirs), How(ring))
    opened = open_sealed(result.product.data, "yaml", ring)
    expected = parse(merged(sides.base, sides.ours, sides.theirs).text.encode(), "yaml")
    assert equal(values_of(opened.plain_document()), values_of(expected))
    clear = [one.document.text.partition("\nsops:")[0] for one in (base, ours, theirs)]
    assert _words(opened.document.text.partition("\nsops:")[0]) <= set[str]().union(*map(_words, clear))


def _words(sealed: str) -> set[str]:
    """Return the values and comments that are in plain text."""
    return set(re.findall(r"\b[bot]\d+[vc]\b", sealed))
