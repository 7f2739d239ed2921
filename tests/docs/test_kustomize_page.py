"""docs/kustomize.md: its files are those of the example, and its fields those that are read."""

from __future__ import annotations

import re

from leafseal.deploy.krm import configuration

from .blocks import ROOT, blocks

PAGE = ROOT / "docs" / "kustomize.md"


def test_the_page_shows_the_example() -> None:
    shown = {block.remark.removeprefix("copy: "): block.text for block in blocks(PAGE) if "copy: " in block.remark}
    assert len(shown) == 2
    for name, text in shown.items():
        assert text == (ROOT / name).read_text()


def test_the_page_has_every_field() -> None:
    named = set(re.findall(r"^\| `(\w+)", PAGE.read_text(), re.MULTILINE))
    fields = configuration._FIELDS | configuration._OWN_FIELDS | configuration._SECRET_FIELDS
    fields |= configuration._OWN_SECRET_FIELDS
    assert fields - {"apiVersion", "kind"} <= named | {"files"}
