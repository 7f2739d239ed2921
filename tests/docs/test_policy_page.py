"""The table of the policy's settings has all of them, and so has the list of what restricts which service."""

from __future__ import annotations

import re
from textwrap import dedent

from leafseal.cli.shared.policy_settings import SETTINGS
from leafseal.keys.policy import Policy, parse_policy

from .blocks import ROOT

SERVICES = ("aws", "gcp", "azure", "huawei", "endpoints")


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = re.search(r"(?m)(^\|.*\n)+", text)
    assert lines
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[0].splitlines()][2:]


def test_every_setting_is_in_the_table() -> None:
    named = [cells[0].strip("`") for cells in rows("configuration.md", "Policy")]
    assert sorted(named) == sorted(one.key for one in SETTINGS)


def test_every_list_of_services_is_in_the_threat_model() -> None:
    named = {cells[2].strip("`") for cells in rows("threat-model.md", "What a file can have asked")} - {""}
    assert named == {one.key for one in SETTINGS if one.key.startswith(SERVICES)}


PAGES = ("configuration.md", *(f"providers/{path.name}" for path in sorted((ROOT / "docs" / "providers").glob("*.md"))))


def test_every_example_is_a_policy() -> None:
    count = 0
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for block in re.findall(r"(?ms)^ *```toml\n(.*?)^ *```", text):
            count += 1
            assert parse_policy(dedent(block).encode(), page) != Policy(), page
    assert count >= 8
