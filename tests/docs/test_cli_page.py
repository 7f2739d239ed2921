"""Every command has a section in docs/cli.md that names its options, a one-line help and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from leafseal.cli.shared.click_commands import group
from leafseal.cli.shared.commands import COMMANDS, load
from leafseal.cli.shared.help_text import text_of

from .blocks import ROOT
from .sops_options import sops_options

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
SHARED = SECTIONS["Options of many commands"]


def _command(name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return found


def _options(command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for member in command.commands.values():
            yield from _options(member)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from (name for name in parameter.opts if name.startswith("--"))


def test_sections_are_the_commands_in_the_order_of_the_help() -> None:
    assert [name for name in SECTIONS if name not in ("Exit codes", "Options of many commands")] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_section_names_every_option(name: str) -> None:
    section = SECTIONS[name] + SHARED
    for option in _options(_command(name)):
        of_a_kind = re.fullmatch(r"--(add|rm)-.+", option) and f"--{option[2:].partition('-')[0]}-…" in section
        assert of_a_kind or re.search(rf"{option}\b(?!-)", section), f"{name}: {option} is not in its section"


@pytest.mark.parametrize("name", COMMANDS)
def test_section_names_no_option_that_is_not_there(name: str) -> None:
    known = {*_options(_command(name)), "--in-place"} | (sops_options() if name == "sops" else set())
    for option in re.findall(r"`(?:-\w`, `)?(--[a-z][a-z-]*)\b(?!-?…)", SECTIONS[name]):
        assert option in known, f"{name} has no {option}"


@pytest.mark.parametrize("name", COMMANDS)
def test_section_has_an_example_and_exit_codes(name: str) -> None:
    assert re.search(rf"^(\w+ \S+ \| |.*=.* |source <\()?leafseal {name}\b", SECTIONS[name], re.MULTILINE)
    assert re.search("Exit codes( are|: )", SECTIONS[name]) or name == "completion"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_one_line_and_has_an_example(name: str) -> None:
    text = COMMANDS[name][1]
    assert text
    assert len(text) <= 70
    assert text[0].islower()
    assert not text.endswith(".")
    command = _command(name)
    assert command.short_help == text
    assert any(re.search(rf"\bleafseal {name}\b", line) for line in text_of(load(name)).examples)
