"""A copy of leafseal with its Python runs by itself, wherever its folder is moved to."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import leafseal
from leafseal.cli.main import run
from leafseal.deploy import copying
from leafseal.testing import throwaway_identity

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are scripts")

_LARGE = ("boto", "azure", "msal", "google", "grpc", "huawei", "s3transfer", "requests", "protobuf")


def test_what_is_needed_is_found() -> None:
    names = {str(one.metadata["Name"]).lower() for one in copying._needed()}
    assert {"click", "cryptography", "pyyaml"} <= names
    assert not {"leafseal", "pytest", "hypothesis", "mypy"} & names


def started(program: Path, *words: str, cwd: Path, **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(program), *words], cwd=cwd, env={"PATH": "/usr/bin:/bin", **environ}, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_a_copy_runs_without_what_it_was_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    needed = [one for one in copying._needed() if not str(one.metadata["Name"]).lower().startswith(_LARGE)]
    monkeypatch.setattr(copying, "_needed", lambda: needed)
    monkeypatch.setattr(compileall, "compile_dir", lambda *_, **__: True)  # which takes its time
    folder = tmp_path / "tools"
    (folder / copying.FILES / "older").mkdir(parents=True)  # as where a container is started again
    assert run(["copy-to", "--quiet", str(folder)]) == 0
    assert capfdbinary.readouterr() == (b"", b"")
    assert sorted(os.listdir(folder)) == sorted([*copying.PROGRAMS, copying.FILES])
    assert not (folder / copying.FILES / "older").exists()
    moved = Path(shutil.move(folder, tmp_path / "moved"))
    me = throwaway_identity()
    (tmp_path / "x.yaml").write_bytes(b"a: 1\n")
    assert started(moved / "leafseal", "--version", cwd=tmp_path)[:2] == (0, f"leafseal {leafseal.__version__}\n")
    code, _, err = started(moved / "leafseal", "encrypt", "-i", "--age", me.recipient, "x.yaml", cwd=tmp_path)
    assert (code, err) == (0, "")
    key = {"SOPS_AGE_KEY": me.identity}
    assert started(moved / "leafseal", "decrypt", "x.yaml", cwd=tmp_path, **key) == (0, "a: 1\n", "")
    told = started(moved / "leafseal", "exec", "-e", "x.yaml", "--", "env", cwd=tmp_path, LD_LIBRARY_PATH="/x", **key)[
        1
    ]
    assert "LD_LIBRARY_PATH=/x" in told.splitlines()
    (tmp_path / "g.yaml").write_text(
        "{apiVersion: viaduct.ai/v1, kind: ksops, secretFrom: [{metadata: {name: n}, files: [x.yaml]}]}"
    )
    code, out, err = started(moved / "ksops", "g.yaml", cwd=tmp_path, **key)
    assert (code, err) == (0, "")
    assert '"x.yaml": "a: 1\\n"' in out


def test_links_in_the_folder_are_not_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_fill", lambda folder: os.makedirs(os.path.join(folder, "python")))
    folder, other = tmp_path / "tools", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (other / "file").write_text("theirs")
    for name in copying.PROGRAMS:
        (folder / f"{name}.new").symlink_to(other / "file")
    for kind in ("new", "old"):
        (folder / f".{copying.FILES}.{kind}").symlink_to(other)
    copying.copy_to(str(folder))
    assert ((other / "file").read_text(), os.listdir(other)) == ("theirs", ["file"])
    assert not any((folder / name).is_symlink() for name in os.listdir(folder))


def test_a_folder_that_cannot_be_written(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert run(["copy-to", str(tmp_path / "file" / "below")]) == 3
    assert b"cannot write: not a directory" in capfdbinary.readouterr().err
