"""`encrypt` names values once that readers of the plain file take for different things."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from leafseal.formats.yaml.scalars import resolve
from leafseal.testing import ThrowawayIdentity

from .conftest import Run

VALUES = "YAML readers differ about these values"
KEYS = "YAML readers differ about key names on the way to these values"
BIG = "these integers have more than 64 bits"
DOTENV = "leafseal and sops keep these values as they are written"

AMBIGUOUS = [
    *("yes", "No", "ON", "off", "12:30:45", "12:30", "1e3", "1E+3", "1.5e3", "1.e3", ".5e3", "0123", "08", "0o17")
]
UNAMBIGUOUS = ["1.5e+3", "007", "0", "00", "0x1F", "1.5", "10", "-3", "12:99", ".5", "+1", "yesterday", "true", "~"]


def warnings(leafseal: Run, me: ThrowawayIdentity, name: str, *options: str) -> list[str]:
    result = leafseal("encrypt", "--age", me.recipient, *options, name)
    assert result.code == 0
    return result.err.splitlines()


def readings(text: str) -> set[tuple[type, object]]:
    """Return what SOPS, a reader of YAML 1.1 and one of YAML 1.2 take a scalar for."""
    values = (resolve(text), yaml.safe_load(text), YAML(typ="safe", pure=True).load(io.StringIO(text)))
    return {(type(value), value) for value in values}


@pytest.mark.parametrize("text", AMBIGUOUS + UNAMBIGUOUS)
def test_readers_differ_about_what_is_named(leafseal: Run, work: Path, me: ThrowawayIdentity, text: str) -> None:
    (work / "a.yaml").write_text(f"a: {text}\nq: '{text}'\ns: !!str {text}\nb: |\n  {text}\nc: x  # {text}\n")
    assert (len(readings(text)) > 1) == (text in AMBIGUOUS)
    said = [line for line in warnings(leafseal, me, "a.yaml") if "text, number" in line]
    if text in UNAMBIGUOUS:
        assert said == []
    else:
        [line] = said
        assert f"a.yaml: {VALUES} (text, number or true/false): a; put them in quotes" in line


@pytest.mark.parametrize("text", ["y", "Y", "n", "N"])
def test_letters_that_are_words_to_go_are_named(leafseal: Run, work: Path, me: ThrowawayIdentity, text: str) -> None:
    (work / "a.yaml").write_text(f"a: &x {text}\n")
    [line] = warnings(leafseal, me, "a.yaml")
    assert VALUES in line


def test_what_stays_plain_is_not_named(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.yaml").write_text("a: yes\nb: on\nON: x\n")
    [line] = warnings(leafseal, me, "a.yaml", "--encrypted-regex", "^b$")
    assert ": b; put them in quotes" in line


def test_the_named_quotes_help(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.yaml").write_text("a: 'yes'\n'on': 'no'\n")
    assert warnings(leafseal, me, "a.yaml") == []


@pytest.mark.parametrize("line", ["ON: x", "{ON: x}", "a: {b: 1, ON: x}", "a:\n- ON: x", "12:30: x"])
def test_plain_keys_are_named(leafseal: Run, work: Path, me: ThrowawayIdentity, line: str) -> None:
    (work / "a.yaml").write_text(f"{line}\n")
    [said] = warnings(leafseal, me, "a.yaml")
    assert KEYS in said


def test_documents_are_counted(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.yaml").write_text("a: 1\n---\na: yes\n")
    assert "document 2: a;" in warnings(leafseal, me, "a.yaml")[0]


@pytest.mark.parametrize(("name", "text"), [("a.yaml", "a: {}\nb: 5\n"), ("a.json", '{{"a": {}, "b": 5}}\n')])
@pytest.mark.parametrize("number", ["123456789012345678901234567890", "-99999999999999999999"])
def test_integers_that_become_floats_are_named(
    leafseal: Run, work: Path, me: ThrowawayIdentity, name: str, text: str, number: str
) -> None:
    (work / name).write_text(text.format(number))
    [line] = warnings(leafseal, me, name)
    assert f"{name}: {BIG}, and SOPS keeps them as floats with about 16 digits: a; put them in quotes" in line
    for fine in (f'"{number}"', "9223372036854775807", "1.5", "-1.5e+30"):
        (work / name).write_text(text.format(fine))
        assert warnings(leafseal, me, name) == []


def test_dotenv_values_are_named_with_what_readers_differ_about(
    leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    (work / "a.env").write_text('A="c4n4ry"\nB=1\nexport C=2\nD=3 # c4n4ry\n')
    [line] = warnings(leafseal, me, "a.env")
    assert line.endswith(f"a.env: {DOTENV}; shells, Docker Compose and others don't: "
                         'A (quotes), export C (export), D (# comment)')  # fmt: skip
    assert "c4n4ry" not in line
    [line] = warnings(leafseal, me, "a.env", "--encrypted-regex", "^[AB]$")
    assert line.endswith(": A (quotes)")
