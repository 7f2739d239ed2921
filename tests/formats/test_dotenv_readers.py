"""What of a dotenv file other programs read differently, with a shell as the judge."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from leafseal.formats import ambiguous, parse

SORTS = {
    "export A=x": "export",
    'A="x"': "quotes", "A='x'": "quotes", "A=`x`": "quotes", 'A= "x"': "quotes",
    "A=x ": "blanks", "A=\tx": "blanks", "A =x": "blanks", "A=x y": "blanks",
    "A=x # y": "# comment", "A=x\t#y": "# comment",
    "A=$HOME": "$", "A=p${X}w": "$", "A=$(id)": "$",
    "A=a&b": "shell characters", "A=a;b": "shell characters", "A=~": "shell characters", "A=a\\nb": "shell characters",
    'A=a"b"': "shell characters",
}  # fmt: skip
ALIKE = ["A=x", "A=a#b", "A=", "A=5$", "A=a=b", "# A='x'", "A=x*"]


@pytest.mark.parametrize(("line", "sort"), SORTS.items())
def test_what_readers_differ_about(line: str, sort: str) -> None:
    [found] = ambiguous(parse(f"B=1\n{line}\n".encode(), "dotenv"))
    assert found.notes == [sort]
    assert [leaf.path[0] for leaf in found.leaves] == [line.partition("=")[0]]


@pytest.mark.parametrize("line", ALIKE)
def test_what_they_read_alike(line: str) -> None:
    [found] = ambiguous(parse(f"{line}\n".encode(), "dotenv"))
    assert found.leaves == []


@pytest.mark.skipif(shutil.which("sh") is None, reason="no sh")
@pytest.mark.parametrize("line", [*SORTS, *ALIKE])
def test_a_shell_does_read_them_differently(line: str) -> None:
    """What is said of shells is so. (A line with a blank where a shell wants none is no assignment to it.)"""
    value = line.partition("=")[2]
    shell = subprocess.run(
        ["sh", "-c", f'HOME=/h; A=; {line}\nprintf %s "$A"'], capture_output=True, text=True, check=False
    )
    if not line.startswith("#"):
        differs = shell.stdout != value or not line.startswith("A=")
        assert differs == (line in SORTS)
