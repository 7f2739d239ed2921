"""Lists of names in one word, read and written."""

from __future__ import annotations

import pytest

from leafseal.deploy.lists import joined, split
from leafseal.errors import UsageError


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("", []),
        ("a.yaml", ["a.yaml"]),
        ("a.yaml,b c%.yaml", ["a.yaml", "b c%.yaml"]),
        ('"a,b.yaml",c', ["a,b.yaml", "c"]),
        ('"a""b",c', ['a"b', "c"]),
    ],
)
def test_a_record(word: str, names: list[str]) -> None:
    assert split(word) == names
    assert joined(names) == word


def test_a_quotation_mark_that_is_not_closed() -> None:
    with pytest.raises(UsageError, match="not closed"):
        split('"a.yaml')
