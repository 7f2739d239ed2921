"""How `--extract`, `set` and `unset` read where something stands (sops-cli §5.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.errors import PathError
from leafseal.sops.paths import tree_path

NAMES = st.text(st.characters(exclude_characters="["), min_size=0, max_size=8)
STEPS = st.lists(NAMES | st.integers(0, 2**63 - 1), max_size=6)


def written(step: str | int, quote: str) -> str:
    return f"[{quote}{step}{quote}]" if isinstance(step, str) else f"[{step}]"


@given(STEPS, st.sampled_from("\"'"))
def test_what_is_written_is_read(steps: list[str | int], quote: str) -> None:
    assert tree_path("".join(written(step, quote) for step in steps)) == tuple(steps)


@given(st.text(st.sampled_from("[]\"'a0-+ ."), max_size=12))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        path = tree_path(text)
    except PathError:
        return
    assert all(isinstance(step, str) or step >= 0 for step in path)


@pytest.mark.parametrize("text", ["", "[", "[[["])
def test_the_whole_document(text: str) -> None:
    assert tree_path(text) == ()


@pytest.mark.parametrize(
    "text",
    ["k", '["k"', '["k"]l', '["k"] ', "[k]", "[]", '["]', '["k]', "[-1]", "[1_0]", "[ 1]", "[0x1]", "[٣]", f"[{2**63}]",
     "[" + "9" * 5000 + "]"],
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(PathError):
        tree_path(text)
