import os
from pathlib import Path

import pytest

from leafseal.system import executables


def program(folder: Path, name: str = "tool") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    (folder / ".git").mkdir(parents=True)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    return folder


def test_a_bare_name_is_found_on_path(tmp_path: Path, checkout: Path) -> None:
    path = program(tmp_path / "bin")
    assert executables.locate("tool", {"PATH": f"/none:{tmp_path / 'bin'}", "HOME": "/home/x"}) == path
    assert executables.locate("other", {"PATH": str(tmp_path / "bin"), "HOME": "/home/x"}) is None


def test_what_cannot_be_run_is_not_found(tmp_path: Path, checkout: Path) -> None:
    os.chmod(program(tmp_path / "bin"), 0o644)
    (tmp_path / "bin2" / "tool").mkdir(parents=True)
    environ = {"PATH": f"{tmp_path / 'bin'}:{tmp_path / 'bin2'}", "HOME": "/home/x"}
    assert executables.locate("tool", environ) is None


@pytest.mark.parametrize("entry", ["", ".", "bin", "../bin"])
def test_relative_entries_of_path_do_not_count(checkout: Path, entry: str) -> None:
    for folder in (".", "bin", "../bin"):
        program(checkout / "sub" / folder)
    assert executables.locate("tool", {"PATH": entry, "HOME": "/home/x"}) is None
    assert executables.locate("tool", {"PATH": entry, "HOME": "/home/x"}, trust_here=True) is None


@pytest.mark.parametrize("where", ["sub", "bin", "sub/deeper"])
def test_the_working_tree_is_not_looked_in(checkout: Path, where: str) -> None:
    path = program(checkout / where)
    environ = {"PATH": str(checkout / where), "HOME": "/home/x"}
    assert executables.locate("tool", environ) is None
    assert executables.locate("tool", environ, trust_here=True) == path


def test_a_link_into_the_working_tree_is_not_run(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tool").symlink_to(program(checkout / "bin"))
    assert executables.locate("tool", {"PATH": str(tmp_path / "bin"), "HOME": "/home/x"}) is None


def test_programs_below_the_home_folder_are_found_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path / "bin")
    (tmp_path / ".git").mkdir()  # some keep their home folder in Git
    monkeypatch.chdir(tmp_path)
    assert executables.locate("tool", {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}) == path


def test_an_absolute_name_is_meant_and_a_relative_one_never_run(checkout: Path) -> None:
    path = program(checkout / "bin")
    program(checkout / "sub")
    assert executables.locate(path, {}) == path
    assert executables.locate("./tool", {"PATH": str(checkout)}) is None
    assert executables.locate("../bin/tool", {"PATH": str(checkout)}) is None
