"""What hostile input costs, with the real sizes; smaller ones are in the tests of what refuses them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform == "win32", reason="it makes a named pipe")
def test_no_bomb_goes_off() -> None:
    """The program ends with 1 where one takes more than two minutes or two gigabytes, or kills its command."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "bombs.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) > 15
    assert all("refused" in row or "opens" in row for row in rows)
