"""What docs/compatibility.md says of readers is what they read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from leafseal.formats import ambiguous, parse

PAGE = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text()
SECTION = PAGE.split("## Values that readers read differently\n")[1].split("\n## ")[0]
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in SECTION.splitlines() if line.startswith("| `")]
DOTENV = [row for row in ROWS if "=" in row[0].split("`")[1]]
YAML = [row for row in ROWS if "=" not in row[0].split("`")[1]]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def test_there_are_examples() -> None:
    assert len(DOTENV) >= 7
    assert len(YAML) >= 6


@pytest.mark.parametrize("row", DOTENV, ids=lambda row: row[0])
def test_dotenv(row: list[str]) -> None:
    [line] = quoted(row[0])
    [leaf] = parse(f"{line}\n".encode(), "dotenv").leaves()
    name, _, value = line.partition("=")
    assert (leaf.path[0], leaf.value) == (name, value)
    if found := quoted(row[1]):
        assert found[0] in (value, name)
    assert any(one.leaves for one in ambiguous(parse(f"{line}\n".encode(), "dotenv")))


@pytest.mark.skipif(shutil.which("sh") is None, reason="no sh")
@pytest.mark.parametrize("row", [row for row in DOTENV if not row[0].startswith("`export")], ids=lambda row: row[0])
def test_dotenv_in_a_shell(row: list[str], tmp_path: Path) -> None:
    [line] = quoted(row[0])
    (tmp_path / "f").write_text(f"{line}\n")
    script = 'x() { touch ran-x; }; y() { touch ran-y; }; b() { touch ran-b; }; . ./f; wait; printf %s "$A"'
    home = {"HOME": "/home/somebody", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=home, capture_output=True, text=True, check=True)
    cell = row[4]
    runs = [quoted(part)[0] for part in cell.split("; ") if part.startswith("runs ")]
    assert sorted(path.name for path in tmp_path.glob("ran-*")) == [f"ran-{name}" for name in runs]
    said = cell.split("; ")[0]
    # In `a&b` the value is set in another process; what is left here is nothing.
    if "&" not in line:
        expected = {"empty": "", "the home folder": home["HOME"]}.get(said, "" if runs else (quoted(said) or [""])[0])
        assert done.stdout == expected


@pytest.mark.parametrize("row", YAML, ids=lambda row: row[0])
def test_yaml(row: list[str]) -> None:
    for text in quoted(row[0]):
        [leaf] = parse(f"a: {text}\n".encode(), "yaml").leaves()
        is_text = isinstance(leaf.value, str)
        assert is_text == ("sops" in row[1]), text
        by_pyyaml = yaml.safe_load(f"a: {text}")["a"]
        assert isinstance(by_pyyaml, str) == ("PyYAML" in row[1] or "YAML 1.1" in row[1]), text
        assert any(one.leaves for one in ambiguous(parse(f"a: {text}\n".encode(), "yaml")))
