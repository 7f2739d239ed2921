"""What docs/ci.md says of the action, of versions and of extras is so."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml

import leafseal

from .blocks import ROOT, blocks

PAGE = ROOT / "docs" / "ci.md"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])


def test_the_inputs_of_the_action_are_in_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index("| input |") : page.index("It needs Python")]
    assert set(re.findall(r"`([a-z-]+)`", table)) - {"exec"} == set(ACTION["inputs"])


def test_the_step_with_the_action_gives_inputs_that_it_has() -> None:
    [step] = [yaml.safe_load(one.text)[0] for one in blocks(PAGE) if one.text.startswith("- uses")]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert set(step["with"]["extras"].split(",")) <= EXTRAS


def test_the_extras_that_the_action_names_exist() -> None:
    named = re.search(r"\((.*)\)", ACTION["inputs"]["extras"]["description"])
    assert named is not None
    assert set(named[1].split(", ")) <= EXTRAS


def test_the_job_of_gitlab_installs_this_version() -> None:
    [job] = [yaml.safe_load(one.text)["deploy"] for one in blocks(PAGE) if one.text.startswith("deploy:")]
    installed = re.fullmatch(r"pip install 'leafseal\[([\w,]+)\]==(\S+)'", job["script"][0])
    assert installed is not None
    assert set(installed[1].split(",")) <= EXTRAS
    assert installed[2] == leafseal.__version__
    assert all(isinstance(line, str) for line in job["script"])
    assert "printf %s" in job["script"][1]  # a line break is no part of a token
