"""INI values that other programs read differently: `get` and `exec-env` say where, and by whom."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path

import pytest

from leafseal.formats.ini import parse

from ..whole_files import ME, seal
from .conftest import Run

SAID = "other programs read these values differently: "
CANARY = "c4n4ry"
PLAIN = f"""\
top = {CANARY}
[db]
plain = {CANARY}
tail = {CANARY} ; note
hash = {CANARY}#2
quoted = "{CANARY}"
percent = {CANARY}%40
goes_on = {CANARY}\\
  {CANARY}
  indented = {CANARY}
Name = 1
name = 2
[Peer]
only = {CANARY}
[Peer]
other = {CANARY}
"""
BOTH, ALL = "configparser, systemd", "configparser, systemd, WireGuard"
READERS = {
    "db.tail": ALL, "db.hash": BOTH, "db.quoted": "configparser, WireGuard", "db.percent": BOTH, "db.goes_on": ALL,
    "db.indented": "configparser", "db.Name": "configparser", "db.name": "configparser",
    "Peer.only": "configparser", "Peer.other": "configparser",
}  # fmt: skip


@pytest.fixture
def file(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    (work / "a.ini").write_bytes(seal(PLAIN.encode(), "ini"))
    return work / "a.ini"


@pytest.mark.parametrize("place", READERS)
def test_get_names_the_place_and_the_programs(leafseal: Run, file: Path, place: str) -> None:
    result = leafseal("get", "a.ini", place)
    assert result.code == 0
    assert result.err == f"leafseal: warning: a.ini: {SAID}{place} ({READERS[place]})\n"
    assert CANARY not in result.err


@pytest.mark.parametrize("place", ["db.plain", "DEFAULT.top"])
def test_get_is_silent_where_readers_agree(leafseal: Run, file: Path, place: str) -> None:
    assert leafseal("get", "a.ini", place).err == ""


def test_a_whole_section_is_one_warning(leafseal: Run, file: Path) -> None:
    err = leafseal("get", "--json", "a.ini", "db").err
    assert err.count("warning") == 1
    assert all(f"{place} (" in err for place in READERS if place.startswith("db."))
    assert "Peer" not in err


def test_exec_env_names_what_it_sets(leafseal: Run, file: Path) -> None:
    command = ("--", sys.executable, "-c", "")
    # With `--supervise` the tests' own process is not replaced.
    result = leafseal("exec-env", "--supervise", "--flatten", "_", "--only", "db_plain,db_tail", "a.ini", *command)
    assert result.code == 0
    assert result.err == f"leafseal: warning: a.ini: {SAID}db.tail ({ALL})\n"
    assert leafseal("exec-env", "--supervise", "--flatten", "_", "--only", "db_plain", "a.ini", *command).err == ""


@pytest.mark.parametrize("name", ["yaml", "json", "dotenv"])
def test_other_formats_are_read_alike(name: str) -> None:
    from leafseal.formats import parse as parse_any

    text = {"yaml": b'a: "x # %"\n', "json": b'{"a": "x ; %"}', "dotenv": b"a='x ; %'\n"}[name]
    assert list(parse_any(text, name).read_differently()) == []


def test_configparser_does_read_them_differently() -> None:
    """What the warning says of Python's own reader is so."""
    document = parse(PLAIN.encode())
    told = {leaf.locator for leaf, readers in document.read_differently() if "configparser" in readers}
    parser = configparser.ConfigParser()
    parser.read_string(PLAIN[PLAIN.index("[db]") : PLAIN.index("Name = 1")])
    for leaf in document.leaves():
        section, name = (*leaf.locator, "")[:2]
        if section == "db" and name.lower() != "name" and not leaf.is_comment:
            try:
                same = parser.get(section, name) == leaf.value
            except (configparser.InterpolationSyntaxError, configparser.NoOptionError):
                same = False
            assert same is (leaf.locator not in told), name
    with pytest.raises(configparser.DuplicateOptionError):
        configparser.ConfigParser().read_string("[db]\nName = 1\nname = 2\n")
    with pytest.raises(configparser.DuplicateSectionError):
        configparser.ConfigParser().read_string("[Peer]\na = 1\n[Peer]\nb = 2\n")
