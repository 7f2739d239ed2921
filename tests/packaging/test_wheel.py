"""The package works by itself: built, put into a fresh environment with none of the extras, and used from there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import leafseal

from ..isolation import CALLER

ROOT = Path(__file__).parents[2]
SEEN_BY_PIP = ("PIP_", "HTTP", "http", "SSL_", "REQUESTS_", "NO_PROXY", "no_proxy")
NEEDED = {
    *("pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE", "Makefile", ".pre-commit-config.yaml"),
    *("requirements/dev.txt", "requirements/oldest.txt", ".github/workflows/tests.yml", ".github/dependabot.yml"),
    *("tests/conftest.py", "docs/index.md"),
}

pytestmark = pytest.mark.campaign


def _run(*argv: str, cwd: Path, **environ: str) -> str:
    pips = {name: value for name, value in CALLER.items() if name.startswith(SEEN_BY_PIP)}
    all_of_it = {**os.environ, **pips, **environ}
    done = subprocess.run(argv, cwd=cwd, env=all_of_it, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both packages from a copy of what is, or is about to be, in Git."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a Git checkout: there is nothing that says which files belong to the package")
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    listed = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    _run(sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(source), cwd=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, with what it requires and nothing else, and return the folder of the programs."""
    folder = tmp_path_factory.mktemp("fresh")
    _run(sys.executable, "-m", "venv", str(folder / "venv"), cwd=folder)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    wheel = next(built.glob("*.whl"))
    _run(str(programs / "python"), "-m", "pip", "install", "--quiet", str(wheel), cwd=folder)
    return programs


def test_wheel_holds_the_package_and_its_licence(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert "leafseal/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert all(name.startswith(("leafseal/", f"leafseal-{leafseal.__version__}.dist-info/")) for name in names)


def test_source_package_holds_what_is_needed_to_test_it(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= NEEDED
    assert not [name for name in names if name.startswith((".venv", ".git/", "dist"))]


def test_only_the_stated_requirements_come_along(environment: Path, tmp_path: Path) -> None:
    listed = _run(str(environment / "python"), "-m", "pip", "list", "--format", "freeze", cwd=tmp_path)
    names = {line.partition("==")[0].lower().replace("_", "-") for line in listed.splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[^\w.-]", line)[0].lower() for line in project["dependencies"]} | {"leafseal"}
    assert needed <= names
    assert names <= needed | {"cffi", "colorama", "pip", "pycparser", "setuptools", "typing-extensions"}


def test_installed_program_and_library_work(environment: Path, tmp_path: Path) -> None:
    program, home = str(environment / "leafseal"), {"HOME": str(tmp_path)}
    assert _run(program, "--version", cwd=tmp_path, **home) == f"leafseal {leafseal.__version__}\n"
    keys = tmp_path / ".config" / "sops" / "age" / "keys.txt"
    keys.parent.mkdir(parents=True)
    keys.write_text(_run(program, "keygen", cwd=tmp_path, **home))
    recipient = keys.read_text().partition("public key: ")[2].split()[0]
    plain = "# a comment\nname: bookshop\nport: 0x1F\n"
    (tmp_path / "file.yaml").write_text(plain)
    rule = ("--encrypted-regex", "(?i)^PORT$")
    _run(program, "encrypt", "-i", "--age", recipient, *rule, "file.yaml", cwd=tmp_path, **home)
    assert "ENC[AES256_GCM," in (tmp_path / "file.yaml").read_text()
    assert _run(program, "decrypt", "file.yaml", cwd=tmp_path, **home) == plain
    code = "import leafseal; print(leafseal.load('file.yaml')['port'])"
    assert _run(str(environment / "python"), "-P", "-c", code, cwd=tmp_path, **home) == "31\n"


def test_every_extra_resolves(built: Path) -> None:
    wheel = zipfile.ZipFile(next(built.glob("*.whl")))
    metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("METADATA"))).decode()
    extras = [line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Provides-Extra")]
    for extra in extras:
        assert f"extra == '{extra}'" in metadata.replace('"', "'"), f"the extra {extra} asks for nothing"
