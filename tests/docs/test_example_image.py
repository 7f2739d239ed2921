"""The image in examples/image, without an engine: what its steps name exists, and its programs write to no disk."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

import leafseal
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .blocks import ROOT
from .layout import EXAMPLES, sealed

FILE = EXAMPLES / "image" / "Dockerfile"
WHEEL = f"leafseal-{leafseal.__version__}-py3-none-any.whl"


class Stage(NamedTuple):
    """A stage of an image: what it is built on, its name, and its instructions."""

    base: str
    name: str
    steps: list[tuple[str, str]]

    def last(self, name: str) -> str:
        return [rest for instruction, rest in self.steps if instruction == name][-1]

    def each(self, name: str) -> list[str]:
        return [rest for instruction, rest in self.steps if instruction == name]


def stages() -> list[Stage]:
    """Return the stages of the Dockerfile. An instruction that is not known to this test is an error."""
    found: list[Stage] = []
    for line in filter(str.strip, re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.MULTILINE).splitlines()):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            base, _, called = rest.partition(" AS ")
            found.append(Stage(base, called, []))
        elif found:
            assert name in ("ARG", "COPY", "WORKDIR", "RUN", "ENV", "USER", "ENTRYPOINT"), line
            found[-1].steps.append((name, rest))
        else:
            assert name == "ARG", line
    return found


BUILD, KRM, MAIN = stages()


def test_stages_follow_from_each_other() -> None:
    assert (BUILD.name, KRM.name, MAIN.base) == ("build", "krm", "krm")
    assert BUILD.base == KRM.base == "${BASE}"
    [base] = re.findall(r"^ARG BASE=(.*)$", FILE.read_text(), re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim(@sha256:[0-9a-f]{64})?", base), "a version, or a digest"
    [(kept, _)] = [each.removeprefix("--from=build ").split() for each in KRM.each("COPY")]
    assert all(f"{kept}/bin/pip install" in each for each in BUILD.each("RUN")[2:]), "what is installed is what is kept"


def test_what_it_copies_exists() -> None:
    [copied] = BUILD.each("COPY")
    lock, wheel, target = copied.split()
    assert (ROOT / lock).is_file()
    assert wheel == f"dist/{WHEEL}", "what make wheel writes"
    assert target == "/build/"
    assert f"file:///build/{WHEEL} " in BUILD.each("RUN")[0]
    assert WHEEL in FILE.read_text().split("ARG BASE")[0], "the command in the comment"


def test_it_installs_with_hashes_alone() -> None:
    installs = [each for each in BUILD.each("RUN") if "pip install" in each]
    assert len(installs) == 2
    for each in installs:
        assert {"--require-hashes", "--no-deps", "--no-cache-dir"} <= set(each.split())
    assert "--no-index" in installs[1].split()


def test_nobody_is_root_and_no_key_is_in_it() -> None:
    assert KRM.last("USER") == "65532:65532"
    assert not MAIN.each("USER")
    assert "key" not in " ".join(rest for stage in stages() for _, rest in stage.steps)


def environment() -> dict[str, str]:
    [variables] = KRM.each("ENV")
    return dict(each.split("=", 1) for each in shlex.split(variables))


@pytest.fixture
def volume() -> Iterator[Path]:
    """A folder in memory that the user of the image can read, with its programs."""
    if sys.platform != "linux" or shutil.which("unshare") is None or not os.access("/dev/shm", os.W_OK | os.X_OK):
        pytest.skip("no unshare, or no /dev/shm")
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="image-test-"))
    folder.chmod(0o755)
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    starts = {
        "leafseal": "-m leafseal",
        "leafseal-krm": "-c 'from leafseal.__main__ import krm; raise SystemExit(krm())'",
    }
    # Python is mounted where the user of the image can read it.
    python = f"/mnt/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "bin").mkdir()
    for name, start in starts.items():
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec {python} -P {start} "$@"\n')
        program.chmod(0o755)
    (folder / "work").mkdir()
    (folder / "secrets").mkdir()
    (folder / "secrets").chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


_READ_ONLY = """
mount --make-rprivate / && mount --bind "$1" /mnt && mount --bind "$2" "$2" || exit 77
mount -o remount,ro,bind "$2" && mount -o remount,ro,bind / || exit 77
cd "$2"; shift 2
exec "$@"
"""


def start(volume: Path, stage: Stage, words: list[str], me: ThrowawayIdentity, text: str = "") -> tuple[int, str, str]:
    """Start a program of the image as its user, on a root file system that is read-only and without a home."""
    entry = json.loads(stage.last("ENTRYPOINT"))
    user, _, group = KRM.last("USER").partition(":")
    root = os.geteuid() == 0
    become = ["setpriv", "--no-new-privs", f"--reuid={user}", f"--regid={group}", "--clear-groups"] if root else []
    alone = ["unshare", "-m" if root else "-Urm", "sh", "-c", _READ_ONLY, "sh", sys.base_prefix, str(volume / "work")]
    known = {
        **environment(),
        "PATH": f"{volume / 'bin'}:{environment()['PATH'].split(':', 1)[1]}",
        "HOME": "/nonexistent",
        "SOPS_AGE_KEY": me.identity,
    }
    argv = [*alone, *become, *entry, *words]
    done = subprocess.run(argv, env=known, input=text, capture_output=True, text=True, check=False, timeout=120)
    # The checkout, or Python, may be in a folder of root.
    if done.returncode in (77, 126, 127) or "No module named" in done.stderr:
        pytest.skip(f"the user of the image, or a read-only root, is not possible here: {done.stderr.strip()[:120]}")
    return done.returncode, done.stdout, done.stderr


def put(volume: Path, name: str, data: bytes) -> None:
    (volume / "work" / name).write_bytes(data)


def test_commands_write_nothing_outside_of_the_volume(volume: Path) -> None:
    me = throwaway_identity()
    put(volume, "config.yaml", sealed("config.yaml", me))
    put(volume, "secrets.env", sealed("secrets.env", me))
    code, out, err = start(volume, MAIN, ["get", "config.yaml", "database.password"], me)
    assert (code, out.strip(), err) == (0, "correct horse battery staple", "")
    rendered = [
        "render",
        "--to",
        str(volume / "secrets" / "files"),
        "--file",
        "password=config.yaml:/database/password",
    ]
    assert start(volume, MAIN, rendered, me) == (0, "", "")
    assert (volume / "secrets" / "files" / "password").read_text() == "correct horse battery staple"
    shown = start(
        volume, MAIN, ["exec", "-e", "secrets.env", "--pristine", "--", "sh", "-c", "echo ${#MAIL_PASSWORD}"], me
    )
    assert shown == (0, "17\n", "")


def test_what_cannot_be_written_is_an_error_that_names_the_file(volume: Path) -> None:
    me = throwaway_identity()
    put(volume, "config.yaml", sealed("config.yaml", me))
    before = (volume / "work" / "config.yaml").read_bytes()
    code, out, err = start(volume, MAIN, ["decrypt", "-i", "config.yaml"], me)
    assert (code, out) == (3, ""), err
    assert "config.yaml" in err
    assert (volume / "work" / "config.yaml").read_bytes() == before
    assert "correct horse" not in err


def test_the_function_of_kustomize_starts(volume: Path) -> None:
    me = throwaway_identity()
    put(volume, "secrets.env", sealed("secrets.env", me))
    generator = {
        "apiVersion": "leafseal/v1alpha1",
        "kind": "SecretGenerator",
        "metadata": {"name": "shop"},
        "secretFrom": [{"metadata": {"name": "shop"}, "envs": ["secrets.env"]}],
    }
    listed = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": generator, "items": []}
    code, out, err = start(volume, KRM, [], me, json.dumps(listed))
    assert (code, err) == (0, "")
    [secret] = yaml.safe_load(out)["items"]
    assert "MAIL_PASSWORD" in secret["data"]


@pytest.mark.campaign
def test_the_wheel_is_installed_by_its_hash(tmp_path: Path) -> None:
    """The steps that need no server: the wheel is installed as in the image, with a right and a wrong hash."""
    dist = tmp_path / "dist"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    digest = hashlib.sha256((dist / WHEEL).read_bytes()).hexdigest()
    for given, works in ((digest, True), ("0" * 64, False), ("", False)):
        target = tmp_path / f"target-{given[:4]}"
        write, _, _, install = BUILD.each("RUN")
        install = install.replace("/opt/leafseal/bin/pip", f"{sys.executable} -m pip").replace(
            "install ", f"install --target {target} ", 1
        )
        script = f"{write}\n{install}".replace("file:///build/", f"{dist.as_uri()}/")
        environ = {**os.environ, "SHA256": given}
        done = subprocess.run(
            ["sh", "-ec", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300
        )
        assert (done.returncode == 0) is works, done.stderr
        assert (target / "leafseal" / "__main__.py").exists() is works
