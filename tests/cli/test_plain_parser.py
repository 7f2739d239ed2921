"""The usual command lines are read without click: what is read is what click reads, or it is left to click."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal.cli.shared import click_commands, plain_parser
from leafseal.cli.shared.commands import COMMANDS, load
from leafseal.cli.shared.declarations import Choice, Command, Group, Option, Size, Whole


def every_command() -> dict[str, Command]:
    """Return the commands of the table, and those below them."""
    found: dict[str, Command] = {}
    for name in COMMANDS:
        loaded = load(name)
        if isinstance(loaded, Group):
            found.update((f"{name} {member}", command) for member, command in loaded.commands.items())
        else:
            found[name] = loaded
    return found


ALL = every_command()
EACH = pytest.mark.parametrize("command", ALL.values(), ids=ALL)
HOT = ("decrypt", "get", "exec-env")
TEXTS = ("x", "", "a.yaml", "db.password", "-", "=", "x=y", "é", "1", "64M", "yaml", "bash", "unix:///x")


def by_click(command: Command, words: list[str]) -> dict[str, Any]:
    """Return the values that click gives."""
    return click_commands.command_of(command).make_context(command.name, list(words)).params


def usual_text(option: Option) -> str:
    """Return a text that an option takes."""
    if isinstance(option.type, Choice):
        return option.type.texts[-1]
    return "64M" if isinstance(option.type, Size) else "3" if isinstance(option.type, Whole) else "a.yaml"


def usual_line(command: Command, options: list[Option]) -> list[str]:
    """Return a command line with these options, those that must be there, and every argument."""
    words: list[str] = []
    for option in {*options, *(option for option in command.options if option.is_required)}:
        words += [option.names[-1]] if option.is_flag else [option.names[-1], usual_text(option)]
    for argument in command.arguments:
        words.append(argument.type.texts[0] if isinstance(argument.type, Choice) else "3")
    return words


@EACH
def test_every_option_is_read_as_click_reads_it(command: Command) -> None:
    for option in command.options:
        line = usual_line(command, [option])
        values = plain_parser.read(command, line)
        assert values is not None
        assert values == by_click(command, line)
        for name in option.names:  # in its other spellings
            if not option.is_flag and name.startswith("--"):
                line = [f"{name}={usual_text(option)}", *usual_line(command, [])]
                assert plain_parser.read(command, line) == by_click(command, line)


@EACH
@settings(max_examples=40)
@given(data=st.data())
def test_whatever_is_read_is_what_click_reads(command: Command, data: st.DataObject) -> None:
    names = [name for option in command.options for name in option.names]
    word = st.one_of(
        st.sampled_from(TEXTS),
        st.sampled_from([*names, "--", "--help", "-h", "--no-such-option", "-x"]),
        st.builds("{}={}".format, st.sampled_from(names or ["--x"]), st.sampled_from(TEXTS)),
    )
    line = data.draw(st.lists(word, max_size=8))
    values = plain_parser.read(command, line)
    if values is not None:
        assert values == by_click(command, line)


@EACH
def test_options_in_the_environment(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for option in command.options:
        if option.variable is not None:
            for text in ("", "from the environment"):
                monkeypatch.setenv(option.variable, text)
                line = usual_line(command, [])
                assert plain_parser.read(command, line) == by_click(command, line)


@pytest.mark.parametrize(
    "line",
    [
        ["--what", "f"],
        ["--extr", "a", "f"],
        ["--extract"],
        ["--extract", "-i", "f"],
        ["--in-place=overwrite", "f"],
        ["-io", "x", "f"],
        ["--indent", "x", "f"],
        ["--indent", "101", "f"],
        ["--indent", "٣", "f"],
        ["--output-type", "toml", "f"],
        ["--max-file-size", "1T", "f"],
        ["--help"],
    ],
)
def test_what_is_not_usual_is_left_to_click(line: list[str]) -> None:
    assert plain_parser.read(ALL["decrypt"], line) is None


def test_arguments_too_few_or_too_many_are_left_to_click() -> None:
    assert plain_parser.read(ALL["get"], ["f"]) is None
    assert plain_parser.read(ALL["get"], ["f", "p", "q"]) is None
    assert plain_parser.read(ALL["exec-env"], ["f"]) is None


@pytest.mark.parametrize("name", HOT)
def test_behind_two_dashes_all_are_arguments(name: str) -> None:
    command = ALL[name]
    for word in ("--ignore-mac", "--in-place=overwrite"):
        line = ["f", "--", word]
        assert plain_parser.read(command, line) == by_click(command, line)


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("64M", 64 << 20), ("2k", 2048), ("1G", 1 << 30), ("0", 0), ("9" * 15, 10**15 - 1)]
)
def test_sizes(text: str, size: int) -> None:
    assert Size().read(text) == size


@pytest.mark.parametrize("text", ["", "M", "1T", "1.5M", "-1", " 1", "1 M", "٣", "9" * 16])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size such as 64M"):
        Size().read(text)
