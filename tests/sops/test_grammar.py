"""How command lines are read: dashes, values, where options may stand, variables."""

from __future__ import annotations

import pytest

from leafseal.__main__ import is_sops
from leafseal.sops.syntax.commands import COMMANDS, GLOBAL, Command, find
from leafseal.sops.syntax.grammar import Arguments, BadUsage, BadVariable, Option, OptionType, parse

OPTIONS = (
    Option("in-place", "", OptionType.FLAG, ("i",)),
    Option("local", "", OptionType.FLAG, variable="LOCAL", default="true"),
    Option("age", "", short=("a",), variable="AGE"),
    Option("indent", "", OptionType.NUMBER),
    Option("service", "", OptionType.LIST, variable="SERVICE"),
)


def read(*words: str, anywhere: bool = True, **environ: str) -> Arguments:
    return parse(OPTIONS, words, environ, anywhere=anywhere)


@pytest.mark.parametrize(
    "words",
    [
        ["-i", "--age", "x", "f"],
        ["--in-place", "-a", "x", "f"],
        ["-in-place", "-age=x", "f"],
        ["--i=true", "--a=x", "f"],
        ["f", "-i", "-a", "x"],
        ["-a", "x", "f", "-i=1"],
        ["-i", "-a", "w", "-a", "x", "--", "f"],
    ],
)
def test_spellings(words: list[str]) -> None:
    found = read(*words)
    assert (found.flag("in-place"), found.text("age"), found.positionals) == (True, "x", ("f",))


def test_options_end_at_the_first_argument_where_there_is_no_command() -> None:
    found = read("-i", "f", "--age", "x", "-y", anywhere=False)
    assert found.positionals == ("f", "--age", "x", "-y")
    assert not found.is_given("age")


def test_two_dashes_end_options() -> None:
    assert read("f", "--", "-i", "--age").positionals == ("f", "-i", "--age")
    assert not read("--", "-i").flag("in-place")
    assert read("--", "-i", anywhere=False).positionals == ("-i",)
    assert read("-a", "--", "f").text("age") == "--"


def test_what_looks_like_an_option_behind_an_argument_and_is_none_is_an_argument() -> None:
    assert read("f", "-5", "--nothing", "-i").positionals == ("f", "-5", "--nothing")
    assert read("f", "-5", "--nothing", "-i").flag("in-place")
    assert read("-", "f").positionals == ("-", "f")


def test_values() -> None:
    assert read("--age=").text("age") == ""
    assert read("--age=a=b").text("age") == "a=b"
    assert read("--age", "-i").text("age") == "-i"
    assert read("-a", "1", "-a", "2").text("age") == "2"
    assert read("--service", "x,y", "--service=z").many("service") == ["x,y", "z"]
    assert read().text("no-such-option") == ""
    assert not read().flag("no-such-option")


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("-1", -1), ("+2", 2), ("010", 8), ("0x1F", 31), ("0b11", 3), ("0o17", 15), ("1_0", 10), ("", 0)],
)
def test_numbers(text: str, number: int) -> None:
    assert read(f"--indent={text}").number("indent") == number


@pytest.mark.parametrize("text", ["x", "1.0", " 1", "1 ", "09", "١", "9223372036854775808", "--"])
def test_no_numbers(text: str) -> None:
    with pytest.raises(BadUsage, match=r'^invalid value "\(hidden\)" for flag -indent: parse error$'):
        read("--indent", text)


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_truth(text: str) -> None:
    assert read(f"-i={text}").flag("in-place")
    assert not read(f"-i={text}", "-i=false").flag("in-place")
    assert read(LOCAL=text).flag("local")


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_untruth(text: str) -> None:
    assert not read(f"-i={text}").flag("in-place")
    assert not read(LOCAL=text).flag("local")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-x"], "flag provided but not defined: -x"),
        (["--x=secret"], "flag provided but not defined: -x"),
        (["-ia"], "flag provided but not defined: -ia"),
        (["---i"], "bad flag syntax: ---i"),
        (["-=1"], "bad flag syntax: -=1"),
        (["-i=yes"], 'invalid boolean value "(hidden)" for -i: parse error'),
        (["--in-place="], 'invalid boolean value "(hidden)" for -in-place: parse error'),
        (["-a"], "flag needs an argument: -a"),
        (["f", "--age"], "flag needs an argument: -age"),
        (["-i", "--in-place"], "Cannot use two forms of the same flag: i in-place"),
        (["-a=1", "--age=1"], "Cannot use two forms of the same flag: a age"),
    ],
)
def test_faults(words: list[str], message: str) -> None:
    with pytest.raises(BadUsage) as caught:
        read(*words)
    assert str(caught.value) == message
    assert not isinstance(caught.value, BadVariable)


def test_variables_stand_in() -> None:
    assert read(AGE="x").text("age") == "x"
    assert read("--age", "y", AGE="x").text("age") == "y"
    assert read("--age=", AGE="x").text("age") == ""
    assert not read(AGE="x").is_given("age")
    assert read(SERVICE="a, b,,c").many("service") == ["a", "b", "c"]
    assert read("--service", "d", SERVICE="a,b").many("service") == ["d"]
    assert read().flag("local")
    assert not read(LOCAL="").flag("local")


def test_variables_that_say_neither() -> None:
    with pytest.raises(BadVariable, match=r"^could not parse yes as bool value for flag local: LOCAL must be"):
        read(LOCAL="yes")
    assert read("--local", LOCAL="yes").flag("local")


def test_what_stood_before_the_command() -> None:
    outer = read("-i", "--age", "x", anywhere=False)
    inner = parse(OPTIONS[2:3], ["f"], {}, anywhere=True)
    assert inner.below(outer).text("age") == "x"
    assert not inner.below(outer).is_given("in-place")
    assert parse(OPTIONS[2:3], ["--age", "y"], {}, anywhere=True).below(outer).text("age") == "y"


def _all(commands: tuple[Command, ...]) -> list[Command]:
    return [member for command in commands for member in (command, *_all(command.commands))]


@pytest.mark.parametrize("command", _all(COMMANDS), ids=lambda command: command.name)
def test_commands_are_whole(command: Command) -> None:
    assert bool(command.code) != bool(command.commands)
    assert command.help
    assert command.help[0].islower()
    assert not command.help.endswith(".")
    names = [name for option in command.options for name in option.names]
    assert len(names) == len(set(names))
    assert {"help", "h"} <= set(names)


def test_global_options_are_named_once() -> None:
    names = [name for option in GLOBAL for name in option.names]
    assert len(names) == len(set(names))
    assert find(COMMANDS, "decrypt") is not None
    assert find(COMMANDS, "") is None


@pytest.mark.parametrize("name", ["sops", "/usr/bin/sops", "./sops", "sops.exe", "SOPS.EXE"])
def test_names_of_the_program(name: str) -> None:
    assert is_sops(name)


@pytest.mark.parametrize("name", ["leafseal", "/opt/sops/leafseal", "sops-file", "sops.py", ""])
def test_names_of_others(name: str) -> None:
    assert not is_sops(name)
