"""The table of attacks in the threat model: each line names tests that are there, or says that it is not prevented."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from .blocks import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
LINES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## Attacks tried\n")[2].partition("\n## ")[0].splitlines()
    if line.startswith("|")
][2:]


@cache
def functions(path: str) -> set[str]:
    """Return the names of all tests of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_table_is_found() -> None:
    assert len(LINES) > 30
    assert all(len(cells) == 3 for cells in LINES)
    assert len({attack for attack, _, _ in LINES}) == len(LINES)


@pytest.mark.parametrize(("attack", "outcome", "tests"), LINES, ids=[cells[0][:40] for cells in LINES])
def test_each_attack_names_its_tests(attack: str, outcome: str, tests: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
    assert ", ".join(f"`{path}::{name}`" for path, name in named) == tests
    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []
    assert named or re.match(r"not prevented: \w", outcome), f"{attack}: no test, and no reason why not"
