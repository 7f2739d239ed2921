"""The desk that most tests of the sops command line work at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from leafseal.sops.main import run

from ..forks import Forks
from .transcripts import Stage, link_to_us


class Result(NamedTuple):
    """What came of a command line."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """This program under the name of sops."""
    return str(link_to_us(tmp_path_factory.mktemp("bin")))


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """This program, loaded once for many command lines."""
    with closing(Forks()) as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path, program: str) -> Stage:
    """An empty folder, a home with an identity, and that program; a module may lay things on it."""
    return Stage.make(tmp_path, [program])


@pytest.fixture
def outcome_of(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command line in this process."""

    def call(*words: str) -> Result:
        capfdbinary.readouterr()
        code = run(words)
        out, err = capfdbinary.readouterr()
        return Result(code, out.decode(), err.decode())

    return call
