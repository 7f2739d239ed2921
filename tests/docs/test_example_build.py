"""The image in examples/build, without an engine, and with BuildKit where LEAFSEAL_TEST_BUILDER names a builder of it.

A program that handles `--secret` as BuildKit's client does is `docker`: it looks at the file when it begins, and reads
it later, in a process that has no descriptor of its parent's. It runs the RUN line with the secret where the line reads
it.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import leafseal
from leafseal.testing import throwaway_identity

from ..isolation import CALLER
from .layout import EXAMPLES, Layout, laid_out
from .test_example_container import instructions

FOLDER = EXAMPLES / "build"
IMAGE = instructions(FOLDER / "Dockerfile")
TOKEN = "prices-of-pigeons-3f9c1a7d"
AMBIENT = leafseal.Ambient({"SOPS_AGE_KEY_FILE": str(EXAMPLES / "throw-away.agekey")}, Path("/nonexistent"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")

_DOCKER = f"""#!{sys.executable}
import json, os, re, stat, subprocess, sys
words = sys.argv[1:]
assert words[0] == "build" and words[-1] == ".", words
fields = dict(field.split("=", 1) for field in words[words.index("--secret") + 1].split(","))
found = os.stat(fields["src"])
assert stat.S_ISREG(found.st_mode) and 0 < found.st_size <= 500 * 1024, found
read = subprocess.run(["cat", fields["src"]], stdout=subprocess.PIPE, check=True, close_fds=True).stdout
with open(os.environ["MOUNTED"] + "/" + fields["id"], "xb") as file:
    file.write(read)
# As the engine does: the line starts with the environment of the image, not with that of the client.
run = ["sh", "-c", os.environ["STEP"]]
code = subprocess.run(run, env={{"PATH": os.environ["PATH"]}}).returncode
with open("../seen.json", "x") as file:
    json.dump([words, dict(os.environ), code], file)
sys.exit(code and 7)
"""
_PIP = """#!/bin/sh
echo "$PIP_INDEX_URL $*"
"""


def _only_mount() -> tuple[dict[str, str], str]:
    """Return what the one line that mounts something mounts, and the line itself."""
    [line] = [each for each in IMAGE["RUN"] if "--mount" in each]
    [mount], command = re.findall(r"--mount=(\S+)", line), re.sub(r"--mount=\S+\s*", "", line)
    return dict(field.split("=", 1) for field in mount.split(",")), command


def test_only_a_mount_has_the_secret() -> None:
    mount, command = _only_mount()
    assert mount == {"type": "secret", "id": "index_token", "required": "true"}
    assert f"$(cat /run/secrets/{mount['id']})" in command
    for name in ("ARG", "ENV", "LABEL", "COPY", "ADD"):
        assert not IMAGE[name], "nothing that stays in the image or in its history can have it"
    assert "token" not in " ".join(rest for name, each in IMAGE.items() if name != "RUN" for rest in each).casefold()
    assert [each for each in (FOLDER / ".dockerignore").read_text().splitlines() if not each.startswith("#")] == ["*"]


def test_the_script_gives_what_the_image_mounts() -> None:
    script = (FOLDER / "build.sh").read_text()
    assert re.findall(r"--secret \"id=(\w+),src=", script) == [_only_mount()[0]["id"]]
    assert "--build-arg" not in script


def test_the_encrypted_file_opens() -> None:
    sealed = (FOLDER / "build.env").read_bytes()
    assert TOKEN.encode() not in sealed
    assert leafseal.decrypt(sealed, format="dotenv", ambient=AMBIENT) == f"INDEX_TOKEN={TOKEN}\n".encode()


def _build(layout: Layout, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a copy of the folder."""
    me = throwaway_identity()
    work = layout.add("/work")
    for name in ("build.sh", "Dockerfile"):
        shutil.copy(FOLDER / name, work)
    plain = f"INDEX_TOKEN={TOKEN}\n".encode()
    (work / "build.env").write_bytes(leafseal.encrypt(plain, format="dotenv", recipients=[me.recipient]))
    environ = {
        "PATH": f"{layout.programs}:/usr/bin:/bin",
        "HOME": str(layout.folder),
        "SOPS_AGE_KEY": me.identity,
        "MOUNTED": str(layout.add("/run/secrets", in_memory=True)),
        "STEP": layout.here(_only_mount()[1]),
        **more,
    }
    script = [str(work / "build.sh"), *words]
    return subprocess.run(script, env=environ, capture_output=True, text=True, check=False, timeout=300)


def _program(layout: Layout, name: str, text: str) -> None:
    (layout.programs / name).write_text(text)
    (layout.programs / name).chmod(0o755)


def test_the_build_gets_the_secret_as_a_file(tmp_path: Path) -> None:
    with laid_out(tmp_path) as layout:
        _program(layout, "docker", _DOCKER)
        _program(layout, "pip", _PIP)
        done = _build(layout, "--tag", "prices")
        url = f"https://build:{TOKEN}@packages.example.org/simple/"
        assert (done.returncode, done.stdout) == (0, f"{url} install --no-cache-dir bookshop-prices\n"), done.stderr
        words, environ, _ = json.loads((tmp_path / "seen.json").read_text())
        assert words[:1] + words[3:] == ["build", "--tag", "prices", "."]
        assert TOKEN not in repr((words, environ))
        assert "SOPS_AGE_KEY" not in environ
        file = Path(words[2].partition(",src=")[2])
        assert not file.exists()
        assert file == Path(environ["INDEX_TOKEN_FILE"])


def test_a_build_that_fails_is_a_failure(tmp_path: Path) -> None:
    with laid_out(tmp_path) as layout:
        _program(layout, "docker", _DOCKER)
        _program(layout, "pip", "#!/bin/sh\nexit 1\n")
        assert _build(layout).returncode == 7
        words, _, code = json.loads((tmp_path / "seen.json").read_text())
        assert code == 1
        assert not Path(words[2].partition(",src=")[2]).exists()


_REAL_PIP = """#!/bin/sh
token=${PIP_INDEX_URL#https://build:}
token=${token%@packages.example.org/simple/}
[ ${#token} = LENGTH ] && echo "pip has a token: $*"
"""


def _base(folder: Path) -> Path:
    """Lay out what stands for the image that it is built on: a shell, `cat`, their libraries, and a `pip`."""
    programs = [str(Path(str(shutil.which(name))).resolve()) for name in ("sh", "cat")]
    linked = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    places = {programs[0]: "/bin/sh", programs[1]: "/bin/cat"}
    for source in [*programs, *re.findall(r"(/\S+) \(0x", linked)]:
        to = folder / places.get(source, source).lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, to)
    (folder / "usr" / "bin").mkdir(parents=True)
    (folder / "usr" / "bin" / "pip").write_text(_REAL_PIP.replace("LENGTH", str(len(TOKEN))))
    (folder / "usr" / "bin" / "pip").chmod(0o755)
    return folder


def test_buildkit_builds_it(tmp_path: Path) -> None:
    builder = CALLER.get("LEAFSEAL_TEST_BUILDER")
    if not builder:
        pytest.skip("LEAFSEAL_TEST_BUILDER names no builder of docker buildx")
    with laid_out(tmp_path / "machine") as layout:
        _program(layout, "docker", f'#!/bin/sh\nexec {shutil.which("docker")} "$@"\n')
        folder = CALLER.get("DOCKER_CONFIG") or str(Path(CALLER["HOME"]) / ".docker")
        own = {"BUILDX_BUILDER": builder, "DOCKER_CONFIG": folder}
        image = tmp_path / "image.tar"
        base = f"--build-context={IMAGE['FROM'][0]}={_base(tmp_path / 'base')}"
        words = ["--no-cache", "--progress=plain", base, f"--output=type=oci,dest={image}"]
        done = _build(layout, *words, **own)
        assert done.returncode == 0, done.stderr
        assert "pip has a token: install --no-cache-dir bookshop-prices" in done.stderr
        assert TOKEN not in done.stdout + done.stderr
        for data in _layers(image):
            assert TOKEN.encode() not in data


def _layers(image: Path) -> Iterator[bytes]:
    """Yield all that is in an image: what describes it, with its history, and its layers."""
    with tarfile.open(image) as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                data = file.read()
                yield gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
