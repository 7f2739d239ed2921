"""`decrypt --output-type dotenv`: a shell that reads the result gets the values, and runs nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="no sh")

PLAIN = """\
RUNS: "a `touch pwned` $(touch pwned) $HOME"
LINES: "two\\nlines; touch pwned"
QUOTES: it's "x"
NOTHING: null
NUMBER: 1.5
WORD: plain
"""
SOURCED = 'a `touch pwned` $(touch pwned) $HOME|two\nlines; touch pwned|it\'s "x"||1.5|plain'


@pytest.fixture
def file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    (work / "a.yaml").write_text(PLAIN + f"nested:\n{''.join(f'    {line}' for line in PLAIN.splitlines(True))}")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.yaml").code == 0
    assert leafseal("decrypt", "--extract", "nested", "-o", "flat.yaml", "a.yaml").code == 0
    assert leafseal("encrypt", "-i", "--age", me.recipient, "flat.yaml").code == 0
    return "flat.yaml"


def sourced(work: Path, text: bytes) -> str:
    (work / "o.env").write_bytes(text)
    script = '. ./o.env\nprintf "%s|" "$RUNS" "$LINES" "$QUOTES" "$NOTHING" "$NUMBER" "$WORD"'
    found = subprocess.run(["sh", "-c", script], cwd=work, capture_output=True, check=True).stdout.decode()
    assert not (work / "pwned").exists()
    return found


def test_a_shell_gets_the_values(leafseal: Run, work: Path, file: str) -> None:
    result = leafseal("decrypt", "--output-type", "dotenv", file)
    assert (result.code, result.err) == (0, "")
    assert sourced(work, result.out) == f"{SOURCED}|"


def test_a_part_as_well(leafseal: Run, work: Path, file: str) -> None:
    result = leafseal("decrypt", "--extract", "nested", "--output-type", "dotenv", "a.yaml")
    assert sourced(work, result.out) == f"{SOURCED}|"


def test_names_that_a_shell_would_run_are_named(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "b.yaml").write_text("touch pwned;X: c4n4ry\nOK: 1\n")
    leafseal("encrypt", "-i", "--age", me.recipient, "b.yaml")
    result = leafseal("decrypt", "--output-type", "dotenv", "b.yaml")
    assert result.code == 0
    assert result.err == (
        "leafseal: warning: b.yaml: a shell that reads the result takes these key names for commands,"
        " not for variables: touch pwned;X\n"
    )


def test_what_was_dotenv_keeps_its_bytes(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "c.env").write_text("A=x y\n")
    leafseal("encrypt", "-i", "--age", me.recipient, "c.env")
    assert leafseal("decrypt", "--output-type", "dotenv", "c.env") == (0, b"A=x y\n", "")


def test_encrypted_values_are_what_they_were(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "d.yaml").write_text("A: x y\n")
    leafseal("encrypt", "-o", "d.env", "--output-type", "dotenv", "--age", me.recipient, "d.yaml")
    assert leafseal("get", "d.env", "A").out == b"x y\n"


def test_the_sops_command_line_writes_what_sops_writes(leafseal: Run, file: str) -> None:
    out = leafseal("sops", "decrypt", "--output-type", "dotenv", file).out
    assert b"RUNS=a `touch pwned` $(touch pwned) $HOME\n" in out
    assert b"NOTHING=<nil>\n" in out
