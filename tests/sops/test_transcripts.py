"""Each transcript, played by this program under the name of sops and, where there is one, by sops itself."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from leafseal.sops.syntax.commands import COMMANDS, GLOBAL, Command

from ..forks import Forks
from .transcripts import Case, Stage, link_to_us, load

ALL = load()
REAL = shutil.which("sops")


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(link_to_us(tmp_path_factory.mktemp("bin")))


@pytest.mark.parametrize("case", ALL, ids=str)
def test_here(case: Case, us: str, forks: Forks, tmp_path: Path) -> None:
    Stage.make(tmp_path, [us], forks).play(case)


@pytest.mark.interop
@pytest.mark.skipif(REAL is None, reason="no sops on PATH")
@pytest.mark.parametrize("case", [case for case in ALL if not case.differs] if REAL else [None], ids=str)
def test_in_sops(case: Case, tmp_path: Path) -> None:
    Stage.make(tmp_path, [str(REAL)]).play(case)


def _named(commands: tuple[Command, ...], above: str = "") -> dict[str, set[str]]:
    """Return what there is to show: for each command its options, by the ways they are written."""
    found: dict[str, set[str]] = {}
    for command in commands:
        path = f"{above} {command.name}".strip()
        found[path] = {_written(name) for option in command.options for name in option.names}
        found |= _named(command.commands, path)
    return found


def _written(name: str) -> str:
    return f"-{name}" if len(name) == 1 else f"--{name}"


def _things() -> set[str]:
    options = {"": {_written(name) for option in GLOBAL for name in option.names}, **_named(COMMANDS)}
    return {f"{path} {option}".strip() for path, own in options.items() for option in {"", *own}} - {""}


def test_everything_has_a_case() -> None:
    assert not _things() - {thing for case in ALL for thing in case.covers}


def test_cases_cover_what_there_is() -> None:
    strays = {thing for case in ALL for thing in case.covers} - _things() - {""}
    assert not strays


def test_names_are_unique() -> None:
    found = Counter(str(case) for case in ALL)
    assert not [name for name, count in found.items() if count > 1]
