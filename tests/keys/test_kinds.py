"""The table of kinds of master keys, compared with every place that knows of kinds."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from leafseal.cli.shared.click_commands import group
from leafseal.config.load import load_config
from leafseal.keys.kinds import KINDS, MAPS, OPTION_ORDER, READING_ORDER, TRIED_FIRST, Kind, is_dated
from leafseal.keys.registry import provider
from leafseal.sops.syntax import commands as sops_commands

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "leafseal"
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def test_each_order_has_every_kind_once() -> None:
    assert sorted(READING_ORDER) == sorted(OPTION_ORDER) == sorted(KINDS)
    assert set(TRIED_FIRST) < set(KINDS)


@pytest.mark.parametrize("column", ["provider", "option", "variable", "service_number", "rule_list", "group_list"])
def test_no_two_kinds_share_a_name(column: str) -> None:
    assert len({getattr(kind, column) for kind in KINDS.values()}) == len(KINDS)


@EACH
def test_the_provider_is_of_the_kind(kind: Kind) -> None:
    assert provider(kind.name).kind == kind.name  # type: ignore[attr-defined]


@EACH
def test_fields_of_rules_are_fields_of_entries(kind: Kind) -> None:
    if kind.group_fields is not None:
        assert set(kind.group_fields.values()) == set(kind.fields)


def test_maps_are_fields() -> None:
    assert set().union(*(kind.fields for kind in KINDS.values())) > MAPS


def test_a_kind_without_a_row_is_dated() -> None:
    assert is_dated("kind_of_next_year")


def test_every_package_of_providers_has_a_row() -> None:
    packages = {path.parent.name for path in SOURCES.glob("providers/*/__init__.py")}
    assert {kind.provider.partition(":")[0].rpartition(".")[2] for kind in KINDS.values()} == packages


def options_of(*names: str) -> set[str]:
    """Return the options of one of our commands."""
    command: click.Command = group
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    return {option for parameter in command.params for option in parameter.opts}


@EACH
def test_our_commands_have_its_options(kind: Kind) -> None:
    own = {f"--{kind.option}", *([f"-{kind.short}"] if kind.short else [])}
    assert own <= options_of("encrypt")
    assert own <= options_of("groups", "add")
    assert {f"--add-{kind.option}", f"--rm-{kind.option}"} <= options_of("rotate")


@EACH
def test_commands_of_sops_have_its_options(kind: Kind) -> None:
    options = {option.name: option for option in sops_commands.GLOBAL}
    assert options[kind.option].variable == kind.variable
    assert {f"add-{kind.option}", f"rm-{kind.option}"} <= set(options)


@EACH
def test_a_rule_may_list_its_keys(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / ".sops.yaml"
    path.write_text(f"creation_rules: [{{{kind.rule_list}: []}}, {{key_groups: [{{{kind.group_list}: []}}]}}]\n")
    assert load_config(path).warnings == ()


@EACH
def test_pages_name_it(kind: Kind) -> None:
    cli = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for option in (f"--{kind.option}", f"--add-{kind.option}", f"--rm-{kind.option}"):
        assert re.search(rf"`{option}(`|, | )", cli)
    configuration = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    flat, _, grouped = configuration.partition("## Key groups")
    assert f"`{kind.rule_list}`" in flat
    assert f"`{kind.group_list}`" in grouped
    for field in kind.group_fields or ():
        assert f"`{field}`" in grouped


@EACH
def test_an_extra_brings_its_libraries(kind: Kind) -> None:
    if kind.extra:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert extras[kind.extra]
        assert re.search(rf"\b{kind.extra}\b", extras["all"][0])


NAMES = {name: kind.name for kind in KINDS.values() for name in (kind.name, kind.option, kind.rule_list, kind.variable)}


def displays(path: Path) -> Iterator[tuple[int, set[str]]]:
    """Yield the lists, tuples, sets, mappings and comparisons of a module, each with the kinds that it names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.Compare | ast.BoolOp):
            texts = (leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant))
            yield node.lineno, {NAMES[text] for text in texts if isinstance(text, str) and text in NAMES}


def test_no_other_module_lists_kinds() -> None:
    found = [
        f"{path.relative_to(SOURCES)}:{line}: {', '.join(sorted(kinds))}"
        for path in sorted(SOURCES.rglob("*.py"))
        if path != SOURCES / "keys" / "kinds.py"
        for line, kinds in displays(path)
        if len(kinds) > 1
    ]
    assert found == []
