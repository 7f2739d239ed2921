"""docs/exit-codes.md has every exit code of both command lines, and what reports call the errors behind it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from leafseal import errors
from leafseal.cli.shared.reports import CODES
from leafseal.sops.shared.failures import KNOWN_CODES

from .blocks import ROOT

PAGE = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
OURS, _, SOPS = PAGE.partition("## The sops command line")
ENDS = {0, 130, 141, errors.PENDING}
"""Codes without an error: all is well, an interruption, a reader that went away, findings."""


def test_the_table_is_that_of_the_errors() -> None:
    wanted: dict[int, set[str]] = defaultdict(set)
    for kind, code in CODES.items():
        for number in (126, 127) if kind is errors.CommandError else (kind.exit_code,):
            wanted[number].add(code)
    rows = re.findall(r"^\| (\d+) \| [^|]+ \|([^|]*)\|$", OURS, re.MULTILINE)
    told = {int(number): set(re.findall(r"`([a-z-]+)`", codes)) for number, codes in rows}
    assert told == {**wanted, **{number: set() for number in ENDS}}
    assert [int(number) for number, _ in rows] == sorted(told)


def test_the_table_of_sops_has_every_number_that_its_commands_give() -> None:
    given = set()
    for path in (ROOT / "src" / "leafseal" / "sops").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Failure", "BrokenTextError"):
                given |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and type(arg.value) is int}
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value == 255:
                given.add(255)
    told = {int(number) for number in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert given - told == set()
    own = {int(number) for number in re.findall(r"^\| (\d+) \|", SOPS, re.MULTILINE)}
    assert own - {255} <= KNOWN_CODES
    assert own >= given - {int(number) for number in re.findall(r"^\| (\d+) \|", OURS, re.MULTILINE)}


def test_the_tree_in_the_module_has_the_same_numbers() -> None:
    rows = re.findall(r"^\W*(\w+Error) +(\d+) ", errors.__doc__ or "", re.MULTILINE)
    kinds = {name: getattr(errors, name).exit_code for name, _ in rows}
    assert {name: 127 if name == "CommandError" else code for name, code in kinds.items()} == {
        name: int(number) for name, number in rows
    }
    assert set(kinds) == {kind.__name__ for kind in CODES}
