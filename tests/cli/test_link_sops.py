from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal import errors
from leafseal.cli import link_sops

from .conftest import Run


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program that is running, and an empty PATH."""
    path = tmp_path / "installed" / "leafseal"
    path.parent.mkdir()
    path.write_text(
        f"#!{sys.executable} -P\nimport sys\nsys.path[:0] = {[entry for entry in sys.path if entry]!r}\n"
        "from leafseal.__main__ import main\nsys.exit(main())\n"
    )
    path.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(path), "link-sops"])
    monkeypatch.setenv("PATH", "/nowhere")
    return path


def folder(base: Path, name: str, *, sops: bool = False) -> Path:
    made = base / name
    made.mkdir()
    if sops:
        (made / "sops").write_text("#!/bin/sh\n")
        (made / "sops").chmod(0o755)
    return made


def on_path(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(str(entry) for entry in folders))


def test_a_link_that_works_from_anywhere(
    leafseal: Run, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder(tmp_path, "bin")
    on_path(monkeypatch, target)
    monkeypatch.chdir(tmp_path)
    assert leafseal("link-sops", "bin") == (0, b"", f"leafseal: created {target}/sops, which runs {program}\n")
    assert os.readlink(target / "sops") == str(program)
    assert os.listdir(target) == ["sops"]
    for name in (str(target / "sops"), "sops"):
        done = subprocess.run([name, "--version"], cwd="/", capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("sops 3.13.2 (leafseal ")


def test_again(leafseal: Run, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = folder(tmp_path, "bin")
    on_path(monkeypatch, target, folder(tmp_path, "other", sops=True))
    assert leafseal("link-sops", "--force", target).code == 0
    for options in ([], ["--force"]):
        assert leafseal("link-sops", *options, target) == (
            0, b"", f"leafseal: {target}/sops already points to {program}\n",
        )  # fmt: skip


def test_a_folder_that_is_not_on_path(leafseal: Run, program: Path, tmp_path: Path) -> None:
    result = leafseal("link-sops", folder(tmp_path, "bin"))
    assert result.code == 0
    assert f"{tmp_path}/bin is not on PATH" in result.err


def test_what_is_there_is_kept(leafseal: Run, program: Path, tmp_path: Path) -> None:
    target = folder(tmp_path, "bin", sops=True)
    result = leafseal("link-sops", target)
    assert result.code == 220
    assert f"{target}/sops: already exists" in result.err
    assert "--force" in result.err
    assert (target / "sops").read_text() == "#!/bin/sh\n"
    assert leafseal("link-sops", "--force", target).code == 0
    assert os.readlink(target / "sops") == str(program)
    assert os.listdir(target) == ["sops"]


@pytest.mark.parametrize("leads", ["/nowhere/sops", "../other/sops"])
def test_a_link_of_somebody_else_is_kept(leafseal: Run, program: Path, tmp_path: Path, leads: str) -> None:
    folder(tmp_path, "other", sops=True)
    target = folder(tmp_path, "bin")
    (target / "sops").symlink_to(leads)
    result = leafseal("link-sops", target)
    assert (result.code, f"is a link to {leads}" in result.err) == (220, True)
    assert leafseal("link-sops", "--force", target).code == 0
    assert os.readlink(target / "sops") == str(program)


def test_a_folder_named_sops_is_kept(leafseal: Run, program: Path, tmp_path: Path) -> None:
    target = folder(tmp_path, "bin")
    (target / "sops").mkdir()
    assert leafseal("link-sops", target).code == 220
    assert leafseal("link-sops", "--force", target).code == 3
    assert (target / "sops").is_dir()
    assert os.listdir(target) == ["sops"]


def test_another_sops_is_not_hidden(
    leafseal: Run, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, other = folder(tmp_path, "bin"), folder(tmp_path, "other", sops=True)
    on_path(monkeypatch, target, other)
    result = leafseal("link-sops", target)
    assert result.code == 220
    assert f"would hide {other}/sops on PATH" in result.err
    assert os.listdir(target) == []
    assert leafseal("link-sops", "--force", target).code == 0
    assert os.listdir(target) == ["sops"]


def test_another_sops_that_comes_first(
    leafseal: Run, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, other = folder(tmp_path, "bin"), folder(tmp_path, "other", sops=True)
    on_path(monkeypatch, other, target)
    result = leafseal("link-sops", target)
    assert result.code == 0
    assert f"{other}/sops comes first on PATH" in result.err


def test_what_is_no_other_sops(leafseal: Run, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to us, a file that cannot be run, a folder, an entry that is no absolute path."""
    target, linked, dull = folder(tmp_path, "bin"), folder(tmp_path, "linked"), folder(tmp_path, "dull", sops=True)
    (linked / "sops").symlink_to(program)
    (dull / "sops").chmod(0o644)
    (folder(tmp_path, "made") / "sops").mkdir()
    monkeypatch.chdir(folder(tmp_path, "here", sops=True))
    on_path(monkeypatch, target, linked, dull, tmp_path / "made", Path())
    assert leafseal("link-sops", target).code == 0


def test_no_folder(leafseal: Run, program: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "no such" / "bin"
    result = leafseal("link-sops", wanted)
    assert result.code == 100
    assert "no such folder" in result.err
    subprocess.run(["/bin/sh", "-c", result.err.partition("hint: ")[2]], check=True, env={"PATH": os.defpath})
    assert leafseal("link-sops", wanted).code == 0


def test_a_folder_that_may_not_be_written(leafseal: Run, program: Path, tmp_path: Path) -> None:
    result = leafseal("link-sops", "/proc")
    assert result.code == 3
    assert "/proc/sops: cannot write" in result.err


def test_the_program_of_this_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where another name was started, as with `python -m`."""
    monkeypatch.setattr(sys, "argv", ["/some/where/leafseal/__main__.py"])
    assert link_sops.find_own_program() == str(Path(sys.executable).with_name("leafseal"))


def test_no_program(leafseal: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(link_sops, "_candidates", lambda: iter([str(tmp_path / "leafseal")]))
    result = leafseal("link-sops", tmp_path)
    assert result.code == 127
    assert "the program leafseal, to which the link would point, was not found" in result.err


def test_windows_has_no_links(leafseal: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = str(tmp_path)
    monkeypatch.setattr(link_sops.os, "name", "nt")
    with pytest.raises(errors.LeafsealError, match="links to programs on Windows"):
        link_sops.link_sops.function(folder=target, force=False)


def test_the_other_door(leafseal: Run) -> None:
    assert leafseal("sops", "--version", "--disable-version-check") == (0, b"sops 3.13.2\n", "")
    assert leafseal("sops", "--help").out.startswith(b"NAME:\n   sops - ")
    assert leafseal("sops", "help", "no-such-command") == (3, b"", "No help topic for 'no-such-command'\n")
