"""The versions of dependencies that are tested are those that `pyproject.toml` promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
TABLES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = TABLES["project"]["optional-dependencies"]
OLDEST = (ROOT / "requirements" / "oldest.txt").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
IMAGE = (ROOT / "requirements" / "image.txt").read_text(encoding="utf-8")


def parsed(lines: list[str]) -> list[Requirement]:
    """Return the requirements on other packages: the extra `all` names leafseal itself."""
    found = [Requirement(line) for line in lines]
    return [requirement for requirement in found if requirement.name != "leafseal"]


def pins(text: str) -> dict[str, set[Version]]:
    """Return the versions that a file of requirements pins; one package may have several, each with a marker."""
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", text, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


RUNTIME = parsed([*TABLES["project"]["dependencies"], *(line for lines in EXTRAS.values() for line in lines)])
TOOLS = parsed([*TABLES["dependency-groups"]["dev"], *TABLES["build-system"]["requires"]])


def test_oldest_versions_are_the_lower_bounds() -> None:
    bounds: dict[str, set[Version]] = {}
    for one in RUNTIME:
        bounds.setdefault(canonicalize_name(one.name), set()).update(Version(part.version) for part in one.specifier)
    assert all(part.operator == ">=" for one in RUNTIME for part in one.specifier)
    assert pins(OLDEST) == bounds


def test_extra_all_has_every_other_extra() -> None:
    (everything,) = [Requirement(line) for line in EXTRAS["all"]]
    assert everything.extras == set(EXTRAS) - {"all"}


@pytest.mark.parametrize("requirement", [*RUNTIME, *TOOLS], ids=str)
def test_lock_satisfies_what_is_asked_for(requirement: Requirement) -> None:
    locked = pins(LOCK).get(canonicalize_name(requirement.name))
    assert locked, 'run "make lock"'
    assert all(version in requirement.specifier for version in locked), 'run "make lock"'


def test_lock_has_a_hash_for_each_package_and_names_no_server() -> None:
    _, *entries = re.split(r"^(?=\w)", LOCK, flags=re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(i|f|-index|-find|-extra-index)", LOCK, re.MULTILINE)


def test_the_image_has_what_is_tested_and_no_tools() -> None:
    def entries(text: str) -> set[str]:
        return {"".join(each.split()) for each in re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]}

    assert entries(IMAGE) < entries(LOCK), 'run "make lock"'
    assert {canonicalize_name(one.name) for one in RUNTIME} <= set(pins(IMAGE)), 'run "make lock"'
    assert not {"pytest", "mypy", "ruff", "moto"} & set(pins(IMAGE))
