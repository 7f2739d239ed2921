"""Commands run in this process, with a terminal only where a test makes one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from leafseal.cli.main import run
from leafseal.system import directory, terminal
from leafseal.testing import ThrowawayIdentity, throwaway_identity


class Result(NamedTuple):
    """What came of a command."""

    code: int
    out: bytes
    err: str


Run = Callable[..., Result]


class Terminal:
    """A user: the answers to come, and the questions that were put."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.shown = ""

    def readline(self) -> str:
        """Return the next answer; none is the end of the terminal."""
        return self.answers.pop(0) + "\n" if self.answers else ""

    def write(self, text: str) -> None:
        """Note what is shown."""
        self.shown += text

    def flush(self) -> None:
        """Do nothing."""


@pytest.fixture(autouse=True)
def _nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    directory._swept.clear()

    @contextmanager
    def nothing() -> Iterator[None]:
        yield None

    monkeypatch.setattr(terminal, "_terminal", nothing)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, _nobody_to_ask: None) -> Terminal:
    """A user at a terminal."""
    found = Terminal()

    @contextmanager
    def opened() -> Iterator[tuple[IO[str], IO[str]]]:
        yield found, found  # type: ignore[misc]

    monkeypatch.setattr(terminal, "_terminal", opened)
    return found


@pytest.fixture
def me() -> ThrowawayIdentity:
    """The identity that the environment holds."""
    return throwaway_identity()


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: ThrowawayIdentity) -> Path:
    """A working tree of its own, in which the command is run."""
    home = tmp_path / "home"
    home.mkdir()
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("SOPS_AGE_KEY", me.identity)
    return folder


@pytest.fixture
def leafseal(work: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command line."""

    def call(*arguments: str | os.PathLike[str]) -> Result:
        capfdbinary.readouterr()
        code = run([os.fspath(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        return Result(code, captured.out, captured.err.decode())

    return call


PLAIN = b"""\
# settings
db:
    password: hunter2-and-more   # the real one
    port: 5432
name_unencrypted: shop
list: [x, "y"]
empty: ""
"""


@pytest.fixture
def plain(work: Path) -> Path:
    """A plain file."""
    path = work / "app.yaml"
    path.write_bytes(PLAIN)
    return path


@pytest.fixture
def sealed(leafseal: Run, plain: Path, me: ThrowawayIdentity) -> Path:
    """The same file, sealed for us."""
    result = leafseal("encrypt", "-i", "--age", me.recipient, plain.name)
    assert result == (0, b"", "")
    return plain


def tokens(path: Path) -> dict[str, str]:
    """Return the sealed values of a flat reading of a YAML file, by what stands before them on their line."""
    found = {}
    for line in path.read_text().splitlines():
        key, _, rest = line.partition(": ")
        if rest.startswith("ENC[") and not key.strip().startswith(("mac", "structure1_")):
            found[key.strip()] = rest
    return found
