"""`exec-file`: a program reads the decrypted file under a path, and the path is gone afterwards."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_exec_env import SOURCE, encrypted

TEXT = "db:\n  password: c4n4ry # kept\nn: 1.50\n"


def exec_file(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "leafseal", "exec-file", *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE, **environment},
        start_new_session=True,
        timeout=120,
    )


@pytest.fixture
def file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    return encrypted(leafseal, work, me, "app.yaml", TEXT)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_that_several_programs_read(file: str) -> None:
    result = exec_file(file, "--", "sh", "-c", 'cat "$1" && cat "$1" && test -p "$1" && echo "$1"', "-", "{}")
    text, path = result.stdout.decode().removesuffix("\n").rsplit("\n", 1)
    assert (text, result.returncode, result.stderr) == (TEXT + TEXT.rstrip("\n"), 0, b"")
    assert os.path.basename(path) == "app.yaml"
    assert not os.path.exists(os.path.dirname(path))


def test_a_file(file: str) -> None:
    code = (
        "import os, sys; print(os.stat(sys.argv[1]).st_mode, open(sys.argv[1]).read(), sys.argv[1:], sep='|', end='')"
    )
    result = exec_file(
        "--no-fifo", "--filename", "x.conf", file, "--", sys.executable, "-c", code, "{}", "--in={}", "$A"
    )
    mode, text, words = result.stdout.decode().split("|")
    assert stat.S_ISREG(int(mode))
    assert stat.S_IMODE(int(mode)) == 0o600
    assert text == TEXT
    path = words.split("'")[1]
    assert words == str([path, f"--in={path}", "$A"])
    assert path.endswith("/x.conf")
    assert not os.path.exists(path)


def test_one_word_is_a_command_line(file: str) -> None:
    assert exec_file(file, "grep -c password {}; exit 4").stdout == b"1\n"
    assert exec_file(file, "grep -c password {}; exit 4").returncode == 4
    assert exec_file(file, "--", "grep -c password {}").returncode == 127


def test_another_format(file: str) -> None:
    result = exec_file("--output-type", "json", file, "--", "cat", "{}")
    assert result.stdout == b'{\n\t"db": {\n\t\t"password": "c4n4ry"\n\t},\n\t"n": 1.5\n}\n'
    assert exec_file("--output-type", "dotenv", file, "--", "cat", "{}").returncode == 4


def test_what_the_program_inherits(file: str) -> None:
    shown = exec_file(file, "--", "sh", "-c", ": {}; env", LEAFSEAL_X="1").stdout.decode()
    assert "SOPS_AGE_KEY" not in shown
    assert "LEAFSEAL_X" not in shown
    assert "HOME=" in shown
    shown = exec_file("--pristine", file, "--", "/usr/bin/env", "X={}").stdout.decode()
    assert shown.startswith("X=/")
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["app.yaml", "--", "cat"], 8, "the command has no {}"),
        (["--filename", "../x", "app.yaml", "--", "cat", "{}"], 8, "not a local path"),
        (["--filename", "a/x", "app.yaml", "--", "cat", "{}"], 8, "folders are not made for it"),
        (["missing.yaml", "--", "cat", "{}"], 100, "missing.yaml: no such file"),
        (["app.yaml", "--", "no-such-program", "{}"], 127, "command not found"),
        (["app.yaml"], 1, "missing argument"),
    ],
)
def test_what_is_wrong(file: str, words: list[str], code: int, message: str) -> None:
    result = exec_file(*words)
    assert (result.returncode, result.stdout) == (code, b"")
    assert message in result.stderr.decode().lower().replace("{}", "{}")


def test_names_that_nothing_protects_are_refused(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    name = encrypted(leafseal, work, me, "a.env", "A=1\n", "--no-structure")
    (work / name).write_text("$(touch pwned)=\n" + (work / name).read_text())
    result = exec_file(name, ". {}; echo ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert not (work / "pwned").exists()
    assert exec_file("--output-type", "json", name, "cat {}").returncode == 0
