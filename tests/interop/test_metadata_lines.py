"""sops reads files in whose metadata only the changed lines are ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.operations.rekey import rewrap, rotate

from ..laws.test_metadata_lines import PLACES, each_layout, parts
from ..opening import set_leaf
from ..whole_files import AMBIENT, KEYS, ME, open_, plain_values
from .test_sops import Sops, program

pytestmark = [pytest.mark.interop, pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")]


@each_layout
def test_sops_opens_what_was_changed_in_place(tmp_path: Path, format_name: str, lay_out: Callable[..., str]) -> None:
    sops = Sops(tmp_path)
    sops.people = [ME]
    opened = open_(lay_out(*parts(format_name)).encode(), format_name)
    changed = set_leaf(opened, PLACES[format_name], "other")
    assert changed.expected is not None
    for product, plain in (
        (changed, changed.expected),
        (rotate(opened, KEYS, 0, AMBIENT), opened.plaintext()),
        (rewrap(opened, KEYS * 2, 0, AMBIENT), opened.plaintext()),
    ):
        status, out, err = sops.decrypt(product.data, format_name)
        assert status == 0, err
        assert plain_values(out, format_name) == plain_values(plain, format_name)
