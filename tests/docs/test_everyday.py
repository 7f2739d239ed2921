"""The page of everyday jobs is what its program writes, and each job is done by what the page shows."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .blocks import ROOT

PAGE = ROOT / "docs" / "everyday.md"


@pytest.fixture(scope="module")
def everyday() -> ModuleType:
    spec = importlib.util.spec_from_file_location("everyday", ROOT / "benchmarks" / "everyday.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["everyday"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(everyday: ModuleType) -> None:
    text = PAGE.read_text(encoding="utf-8")
    versions = {name: f"{name} {number}" for name, number in re.findall(r"\| (\w+) (\d[\w.]*)(?= \|)", text)}
    assert everyday.render(versions) == text


@pytest.mark.parametrize("program", ["leafseal", "sops", "dotenvx"])
def test_the_jobs_are_done(everyday: ModuleType, tmp_path: Path, program: str) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    ours = programs / "leafseal"
    ours.write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec "{sys.executable}" -P -m leafseal "$@"\n')
    ours.chmod(0o755)
    search_path = f"{programs}:{os.environ['PATH']}"
    if absent := [
        name for name in (*everyday.NEEDED[program], "bash", "git") if not shutil.which(name, path=search_path)
    ]:
        pytest.skip(f"needs {', '.join(absent)}")
    everyday.do_jobs(program, tmp_path / program, search_path)
