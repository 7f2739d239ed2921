"""Files with a structure digest, written once: whatever changes in the code, they stay covered."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from leafseal.document.limits import ReadOptions
from leafseal.errors import StructureMismatchError
from leafseal.formats import format_of
from leafseal.keys import Ambient
from leafseal.operations.open import Opened
from leafseal.testing import NOWHERE

from ..interop.test_sops import program
from ..opening import open_sealed

FOLDER = Path(__file__).parents[1] / "vectors" / "structure-1"
FILES = sorted(path.name.removesuffix(".plain") for path in FOLDER.glob("*.plain"))
IDENTITY = (FOLDER / "identity.txt").read_text().strip()
STRICT = ReadOptions(require_structure=True)

METADATA = {"dotenv": b"sops_", "ini": b"[sops]"}
ADDED = {"dotenv": b"added=\n", "ini": b"[p]\np =\n"}


def opened(data: bytes, name: str) -> Opened:
    return open_sealed(data, format_of(name), Ambient({"SOPS_AGE_KEY": IDENTITY}, NOWHERE), STRICT)


def test_there_are_files_of_every_format() -> None:
    assert {format_of(name) for name in FILES} == {"yaml", "json", "dotenv", "ini"}


@pytest.mark.parametrize("name", FILES)
def test_it_is_covered_and_opens_to_what_it_was_made_of(name: str) -> None:
    plain = (FOLDER / f"{name}.plain").read_bytes()
    assert opened((FOLDER / name).read_bytes(), name).plaintext() == plain


@pytest.mark.parametrize("name", [name for name in FILES if format_of(name) in METADATA])
def test_with_a_line_more_it_is_refused(name: str) -> None:
    before = METADATA[format_of(name)]
    data = (FOLDER / name).read_bytes().replace(before, ADDED[format_of(name)] + before, 1)
    with pytest.raises(StructureMismatchError):
        opened(data, name)


@pytest.mark.interop
@pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")
@pytest.mark.parametrize("name", FILES)
def test_sops_reads_it(name: str) -> None:
    sops = program()
    assert sops is not None
    done = subprocess.run(
        [sops, "decrypt", FOLDER / name], env={"SOPS_AGE_KEY": IDENTITY}, capture_output=True, check=False
    )
    assert (done.returncode, b"x1" in done.stdout) == (0, True), done.stderr
