"""What our pages show of a terminal is what happens."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from .blocks import ROOT, blocks
from .transcripts import agrees, masked, run

PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    ROOT / "docs" / "containers.md",
    ROOT / "docs" / "git.md",
    ROOT / "docs" / "systemd.md",
    ROOT / "docs" / "providers" / "index.md",
]

# The reader's editor, in the only session that has one.
_EDITOR = """#!/bin/sh
sed 's/correct horse"/battery staple"/' "$1" >"$1.new" && cat "$1.new" >"$1" && rm "$1.new"
"""


@pytest.fixture
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nothing but this checkout's leafseal and Python, and an editor."""
    if os.name == "nt" or shutil.which("bash") is None or shutil.which("git") is None:
        pytest.skip("needs bash and git")
    programs = tmp_path_factory.mktemp("bin")
    path = f"{programs}:{os.environ['PATH']}"
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P "$@"\n')
    (programs / "leafseal").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m leafseal "$@"\n')
    (programs / "editor").write_text(_EDITOR)
    for program in programs.iterdir():
        program.chmod(0o755)
    person = {f"GIT_{role}_{what}": "you@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat", **person}
    paths = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    return {"PATH": path, "LANG": "C.UTF-8", "EDITOR": str(programs / "editor"), **git, **paths}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_transcripts_are_current(page: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    done = run(blocks(page), tmp_path, environ)
    assert done
    for step, output, code in done:
        place = f"{page.name}, line {step.line}: {step.command.strip()}"
        assert code == 0 or "leafseal: error:" in step.output, f"{place}\nexit code {code}\n{output}"
        assert agrees(step.output, output), f"{place}\n--- shown\n{masked(step.output)}\n--- is\n{masked(output)}"
