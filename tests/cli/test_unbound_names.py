"""Names that anyone can add to a file, because their values are empty, where a shell would take them for commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_exec_env import SOURCE, allowing, encrypted, exec_env

NAME = "touch${IFS}PWNED;X"


@pytest.fixture
def forged(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    file = encrypted(leafseal, work, me, "a.env", "A=secret1\nB=two\nEMPTY=\n", "--no-structure")
    path = work / file
    path.write_text(path.read_text().replace("sops_", f"{NAME}=\nsops_", 1))
    return file


@pytest.mark.parametrize("options", [[], ["-i"], ["-o", "plain.env"], ["--output-type", "dotenv"]])
def test_decrypt_prints_nothing(leafseal: Run, work: Path, forged: str, options: list[str]) -> None:
    before = (work / forged).read_bytes()
    result = leafseal("decrypt", *options, forged)
    assert (result.code, result.out) == (220, b"")
    message = f"empty values have names that are not identifiers, and SOPS does not protect them: {NAME}\n"
    assert f"a.env: {message}" in result.err
    assert (work / forged).read_bytes() == before
    assert not (work / "plain.env").exists()


def test_what_the_hint_says_works(leafseal: Run, work: Path, forged: str) -> None:
    hint = leafseal("decrypt", forged).err.split("hint: ")[1]
    shown = leafseal("decrypt", "--output-type", "json", forged)
    assert NAME.encode() in shown.out
    command = shlex.split(re.search(r"to delete the value: leafseal (.*)", hint)[1])  # type: ignore[index]
    assert leafseal(*command).code == 0
    assert leafseal("decrypt", forged).out == b"A=secret1\nB=two\nEMPTY=\n"


def test_on_standard_input_there_is_nothing_to_delete(work: Path, forged: str) -> None:
    command = [sys.executable, "-m", "leafseal", "decrypt", "--input-type", "dotenv"]
    environ = {**os.environ, "PYTHONPATH": SOURCE}
    with (work / forged).open("rb") as file:
        result = subprocess.run(command, stdin=file, capture_output=True, env=environ)
    assert (result.returncode, result.stdout) == (220, b"")
    assert result.stderr.endswith(b"hint: to look at the file, add --output-type json\n")
    with (work / forged).open("rb") as file:
        shown = subprocess.run([*command, "--output-type", "json"], stdin=file, capture_output=True, env=environ)
    assert NAME.encode() in shown.stdout


def test_what_is_not_read_by_shells_is_decrypted(leafseal: Run, work: Path, forged: str) -> None:
    assert leafseal("decrypt", "--extract", '["A"]', forged).out.strip() == b"secret1"
    assert leafseal("get", forged, "A").out.strip() == b"secret1"


@pytest.mark.parametrize(("name", "text"), [("a.yaml", "A: x\ntouch PWNED;X: ''\n"), ("b.yaml", "A: x\na b: null\n")])
def test_other_formats_where_they_become_one_for_shells(
    leafseal: Run, work: Path, me: ThrowawayIdentity, name: str, text: str
) -> None:
    file = encrypted(leafseal, work, me, name, text, "--no-structure")
    assert leafseal("decrypt", file).code == 0
    assert leafseal("decrypt", "--output-type", "dotenv", file).code == 220
    assert exec_env(file, "echo ran").returncode == 220


def test_encrypted_values_protect_their_names(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "db.password=x\nEMPTY=\n", "--no-structure")
    assert leafseal("decrypt", file).out == b"db.password=x\nEMPTY=\n"
    assert exec_env(file, "echo ran").stdout == b"ran\n"


def test_exec_env_starts_nothing(work: Path, forged: str) -> None:
    result = exec_env(forged, "echo ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert f"SOPS does not protect them: {NAME}\n".encode() in result.stderr
    assert exec_env("--only", "A,EMPTY", forged, "echo ran").stdout == b"ran\n"
    assert exec_env("--allow", NAME, forged, "--", "/bin/echo", "ran").stdout == b"ran\n"
    pasted = shlex.split(" ".join(allowing(result.stderr)))
    assert pasted == ["--allow", NAME]


def test_nested_values(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.yaml", "db: {'a b': '', c: ''}\nl: ['', x]\n", "--no-structure")
    result = exec_env("--flatten", "__", file, "echo ran")
    assert b"SOPS does not protect them: db__a b\n" in result.stderr
    assert exec_env("--flatten", "__", "--allow", "db__a b", file, "--", "/bin/echo", "ran").stdout == b"ran\n"
