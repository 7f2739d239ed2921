"""The manifest for krew is what krew takes, and names the archive that is made of this checkout."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import leafseal

from .. import isolation
from . import krew

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "krew"
FILE = FOLDER / "leafseal.yaml"
MANIFEST: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
[PLATFORM] = MANIFEST["spec"]["platforms"]


def _pack() -> Any:
    spec = importlib.util.spec_from_file_location("krew_pack", FOLDER / "pack.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PACK = _pack()


def test_krew_takes_the_manifest() -> None:
    assert krew.faults(FILE.stem, MANIFEST) == []
    for system in krew.PLATFORMS:
        assert krew.selects(PLATFORM["selector"], system) is (system[0] != "windows")


BENT: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("apiVersion",), "v1", "apiVersion, kind"),
    (("metadata", "name"), "other", "metadata.name"),
    (("spec", "version"), "0.1.0", "version"),
    (("spec", "version"), "v0.1", "version"),
    (("spec", "shortDescription"), "two\nlines", "shortDescription"),
    (("spec", "platforms"), [], "platforms"),
    (("spec", "platforms"), [PLATFORM, PLATFORM], "platforms: two for linux/386"),
    (("spec", "platform"), [], "platform: unknown"),
    (("spec", "platforms", 0, "sha256"), "A" * 64, "sha256"),
    (("spec", "platforms", 0, "uri"), "http://example.org/a.zip", "uri"),
    (("spec", "platforms", 0, "bin"), "", "bin"),
    (("spec", "platforms", 0, "files"), [], "files"),
    (("spec", "platforms", 0, "selector"), {"matchLabels": {"libc": "musl"}}, "selector"),
    (("spec", "platforms", 0, "selector"), {}, "selector"),
]


@pytest.mark.parametrize(("path", "value", "fault"), BENT, ids=lambda one: str(one)[:30])
def test_what_krew_refuses(path: tuple[str | int, ...], value: Any, fault: str) -> None:
    bent: Any = copy.deepcopy(MANIFEST)
    *way, last = path
    place = bent
    for step in way:
        place = place[step]
    place[last] = value
    assert fault in krew.faults(FILE.stem, bent)


def test_the_manifest_is_that_of_this_version_and_archive() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert PACK.manifest(text) == text, 'run "make krew"'
    assert MANIFEST["spec"]["version"] == f"v{leafseal.__version__}"
    assert PLATFORM["uri"].endswith(f"/kubectl-leafseal-{leafseal.__version__}.zip")
    assert hashlib.sha256(PACK.archive()).hexdigest() == PLATFORM["sha256"]


def test_the_archive_has_the_program_and_the_licence() -> None:
    with zipfile.ZipFile(io.BytesIO(PACK.archive())) as archive:
        assert krew.extracted(PLATFORM, archive.namelist()) == [PLATFORM["bin"], "LICENSE"]
        assert archive.getinfo(PLATFORM["bin"]).external_attr >> 16 == 0o100755
        assert archive.read(PLATFORM["bin"]) == (FOLDER / "kubectl-leafseal").read_bytes().replace(b"\r\n", b"\n")


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_program_starts_leafseal_with_its_words(tmp_path: Path) -> None:
    program, words = FOLDER / "kubectl-leafseal", ["apply", "-f", "a b.yaml", "--dry-run=client", ""]
    (tmp_path / "leafseal").write_text('#!/bin/sh\nprintf "<%s>" "$@"; exit 7\n')
    (tmp_path / "leafseal").chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([program, *words], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == "".join(f"<{word}>" for word in ("kubectl", *words))


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_without_leafseal_the_program_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
    done = subprocess.run(
        ["/bin/sh", FOLDER / "kubectl-leafseal"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (127, "")
    [error, hint] = done.stderr.splitlines()
    assert "leafseal is not installed" in error
    [named] = re.findall(r'"(pipx install leafseal)"', hint)
    assert named in MANIFEST["spec"]["caveats"]


def test_a_real_krew_installs_it(tmp_path: Path) -> None:
    """LEAFSEAL_TEST_KREW=/usr/local/bin/krew: its `install`, from the archive, without a network."""
    program = isolation.CALLER.get("LEAFSEAL_TEST_KREW")
    if not program:
        pytest.skip("LEAFSEAL_TEST_KREW names no krew")
    archive = tmp_path / "kubectl-leafseal.zip"
    archive.write_bytes(PACK.archive())
    environ = {**os.environ, "KREW_ROOT": str(tmp_path / "krew"), "KREW_NO_UPGRADE_CHECK": "1", "KREW_OS": "linux"}
    argv = [program, "install", f"--manifest={FILE}", f"--archive={archive}"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "pipx install leafseal" in done.stdout + done.stderr
    installed = tmp_path / "krew" / "bin" / "kubectl-leafseal"
    assert os.access(installed, os.X_OK)
    (tmp_path / "leafseal").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m leafseal "$@"\n')
    (tmp_path / "leafseal").chmod(0o755)
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    known = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": paths, "HOME": str(tmp_path)}
    shown = subprocess.run([installed, "--help"], env=known, capture_output=True, text=True, check=False, timeout=120)
    assert shown.returncode == 0, shown.stderr
    assert "apply" in shown.stdout
