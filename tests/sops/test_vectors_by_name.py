"""The files of sops 3.13.2 through both command lines: opened to what sops opens, sealed again as sops seals them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pytest

from leafseal.cli.main import run as run_leafseal
from leafseal.formats import format_of
from leafseal.operations.open import Opened
from leafseal.sops.main import run as run_sops
from leafseal.system import terminal

from ..laws.test_vectors import EMITTED, EVERYBODY, FOLDER, NAMES, Case, assert_same_content, read, sealed_leaves
from ..opening import open_sealed
from ..whole_files import plain_values
from .transcripts import link_to_us

FACES = {"leafseal": run_leafseal, "sops": run_sops}
ENDINGS = ("--groups", "--three", "mac_only--one")
STARTED = {next(name for name in NAMES if read(name).format == format_name) for format_name in EMITTED}
STARTED |= {next(name for name in NAMES if name.endswith(ending)) for ending in ENDINGS}
"""The cases that are also run in processes of their own."""


class Result(NamedTuple):
    code: int
    out: bytes
    err: bytes


class Run(NamedTuple):
    """A command line that is run in this process."""

    face: str
    call: Callable[..., Result]

    def __call__(self, *words: str) -> Result:
        """Run it."""
        return self.call(*words)


def identities(folder: Path) -> Path:
    """Return a copy of the identities of all cases that nobody else can read, which would be warned of."""
    path = folder / "keys" / "all.txt"
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_bytes((FOLDER / "identities" / "all.txt").read_bytes())
    return path


@pytest.fixture(params=FACES)
def run(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Run:
    """A command line, in a folder of its own, with the identities of all cases."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(identities(tmp_path)))
    monkeypatch.setattr(terminal, "has_terminal", lambda: False)
    face = FACES[request.param]

    def call(*words: str) -> Result:
        capfdbinary.readouterr()
        code = face(words)
        return Result(code, *capfdbinary.readouterr())

    return Run(request.param, call)


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    return read(request.param)


def encrypted(case: Case) -> Path:
    return next((FOLDER / case.name).glob("encrypted.*"))


def test_opens_to_what_sops_opens(case: Case, run: Run) -> None:
    result = run("decrypt", str(encrypted(case)))
    assert (result.code, result.err) == (0, b"")
    assert_opened(result.out, case)
    for extension, format_name in EMITTED.items():
        expected = case.file(f"converted.{extension}")
        if expected is not None and format_name != case.format:
            result = run("decrypt", "--output-type", format_name, str(encrypted(case)))
            assert (result.code, result.err) == (0, b"")
            assert_same_content(result.out, expected, format_name)


def assert_opened(data: bytes, case: Case) -> None:
    """Compare with what the file holds, and with what sops made of it; its formatting is its own."""
    assert data == case.open().plaintext()
    theirs = next((FOLDER / case.name).glob("decrypted.*"), None)
    if theirs is not None:
        assert plain_values(data, case.format) == plain_values(theirs.read_bytes(), case.format)


def test_a_mac_of_another_time_is_refused(case: Case, run: Run) -> None:
    path = Path(encrypted(case).name)
    path.write_bytes(re.sub(rb"(lastmodified\W+20)\d\d", rb"\g<1>19", case.encrypted))
    assert path.read_bytes() != case.encrypted
    result = run("decrypt", str(path))
    assert (result.code, result.out) == (51, b"")


def test_is_sealed_as_sops_seals(case: Case, run: Run) -> None:
    path = stage(case)
    assert encrypted_quietly(run, path, run.face, case)
    assert_sealed_alike(path, case)
    assert run("decrypt", str(path)) == (0, case.plain, b"")


def stage(case: Case, folder: Path = Path()) -> Path:
    """Write the plain file of a case and its configuration."""
    (folder / ".sops.yaml").write_bytes((FOLDER / case.name / ".sops.yaml").read_bytes())
    path = folder / f"plain{encrypted(case).suffix}"
    path.write_bytes(case.plain)
    return path


def assert_sealed_alike(path: Path, case: Case) -> None:
    ours = open_sealed(path.read_bytes(), format_of(path.name), EVERYBODY)
    theirs = case.open()
    assert sealed_leaves(ours) == sealed_leaves(theirs)
    assert ours.metadata.selection == theirs.metadata.selection
    assert recipients(ours) == recipients(theirs)
    assert ours.metadata.threshold == theirs.metadata.threshold
    assert ours.plaintext() == case.plain


_NAMED = re.compile(
    rb"leafseal: warning: [^\n]*"
    rb"(?:keep these values as they|YAML readers|as one value|more than 64 bits|kubectl cannot)[^\n]*\n"
)
"""Values that readers differ about, and manifests that kubectl could not read: our own face names them."""


def encrypted_quietly(run: Callable[..., Result], path: Path, name: str, case: Case) -> bool:
    """Tell whether a case is sealed without a word; only our own face asks about a rule that seals nothing."""
    result = run("encrypt", "-i", path.name)
    if name != "leafseal" or result.code != 220:
        err = _NAMED.sub(b"", result.err)
        return (result.code, result.out, err if name == "leafseal" else result.err) == (0, b"", b"")
    assert b"the rule encrypts nothing in this file" in result.err
    assert not case.open().tokens()
    assert path.read_bytes() == case.plain
    result = run("encrypt", "-i", "--allow-nothing-sealed", path.name)
    return (result.code, result.out) == (0, b"")


def recipients(opened: Opened) -> list[list[str]]:
    return [[str(wrapped.master_key) for wrapped in group] for group in opened.metadata.groups]


BY_NAME = [*zip(sorted(STARTED), cycle(["leafseal", "leafseal sops", "sops"]), strict=False)]


@pytest.mark.parametrize(("started", "name"), BY_NAME)
def test_started_by_name(started: str, name: str, tmp_path: Path) -> None:
    case = read(started)
    program = [str(Path(sys.executable).with_name("leafseal")), *name.split()[1:]]
    if name == "sops":
        program = [str(link_to_us(tmp_path))]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    environ["SOPS_AGE_KEY_FILE"] = str(identities(tmp_path))

    def start(*words: str) -> Result:
        done = subprocess.run(
            [*program, *words], cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        return Result(done.returncode, done.stdout, done.stderr)

    path = stage(case, tmp_path)
    assert encrypted_quietly(start, path, name, case)
    assert_sealed_alike(path, case)
    assert start("decrypt", path.name) == (0, case.plain, b"")
    opened = start("decrypt", str(encrypted(case)))
    assert (opened.code, opened.err) == (0, b"")
    assert_opened(opened.out, case)


def test_all_cases_are_here() -> None:
    assert len(NAMES) == 65
    assert {read(name).format for name in STARTED} >= {*EMITTED.values()}
