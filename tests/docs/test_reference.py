"""What docs/cli.md and the manual page say of commands and options is what the declarations say."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from leafseal.cli.shared.commands import COMMANDS, load
from leafseal.cli.shared.declarations import SECTIONS, Command, Option
from leafseal.cli.shared.help_text import text_of

from .blocks import ROOT

_NOTE = re.compile(r" \[[^]]*\]")  # a variable, in brackets


def _options() -> list[tuple[str, Option]]:
    found = []
    for name in COMMANDS:
        declared = load(name)
        for command in [declared] if isinstance(declared, Command) else declared.commands.values():
            found += [(command.name, option) for option in command.options if not option.is_hidden]
    return found


def test_generated_parts_are_up_to_date() -> None:
    program = ROOT / "docs" / "reference.py"
    done = subprocess.run([sys.executable, "-P", program, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), 'run "make reference"'


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_the_parts_of_every_command(name: str) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"<!-- usage: {name} -->" in page
    assert f"<!-- options: {name} -->" in page or not any(command == name for command, _ in _options())


def test_an_option_has_one_sentence_everywhere() -> None:
    sentences: dict[str, set[str]] = {}
    for _, option in _options():
        if option.section:
            sentences.setdefault(option.names[0], set()).add(_NOTE.sub("", option.help))
    assert {name: texts for name, texts in sentences.items() if len(texts) > 1} == {}


def test_options_have_headings_of_the_list_and_sentences() -> None:
    for command, option in _options():
        assert option.section in SECTIONS, f"{command}: {option.names}"
        assert re.match(r"[A-Z]|unix://", option.help), f"{command}: {option.names}"
        assert option.help.endswith((".", "]")), f"{command}: {option.names}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_line_of_help_is_an_imperative(name: str) -> None:
    title = text_of(load(name)).title
    assert re.match(r"[A-Z][a-z-]+ ", title)
    assert title.endswith(".")
    assert not title.split()[0].endswith("s")
