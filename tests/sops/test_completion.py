"""What shells offer: asked of the program, and through its scripts in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from leafseal.sops.syntax.commands import COMMANDS
from leafseal.sops.syntax.usage import completions

from .transcripts import link_to_us

NAMES = [command.name for command in COMMANDS]
SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"no {shell}"))
    for shell in ("bash", "zsh")
]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ([], [*NAMES, "help", "h"]),
        ([""], [*NAMES, "help", "h"]),
        (["dec"], []),
        (["decrypt"], []),
        (["decrypt", ""], []),
        (["decrypt", "--in"], ["--in-place", "--input-type", "--indent"]),
        (["decrypt", "a.yaml", "--ex"], ["--extract"]),
        (["-e"], ["-e"]),
        (["--encrypted"], ["--encrypted-suffix", "--encrypted-regex", "--encrypted-comment-regex"]),
        (["--config", "x", ""], [*NAMES, "help", "h"]),
        (["--config=x", ""], [*NAMES, "help", "h"]),
        (["--config", ""], []),
        (["decrypt", "--input-type", ""], ["yaml", "json", "dotenv", "ini", "binary"]),
        (["decrypt", "--output-type", "json", ""], []),
        (["-d", ""], []),
        (["--rotate", ""], []),
        (["file.yaml", ""], []),
        (["-"], None),
        (["groups"], ["add", "delete", "help", "h"]),
        (["groups", "add", "--fi"], ["--file"]),
        (["groups", "add", ""], []),
        (["help", ""], [*NAMES, "help", "h"]),
        (["help", "groups", ""], ["add", "delete", "help", "h"]),
        (["no-such-command", "--age"], ["--age"]),
    ],
)  # fmt: skip
def test_offers(words: list[str], offered: list[str] | None) -> None:
    found = completions(words)
    assert found == offered if offered is not None else {"-d", "--decrypt"} < set(found)


def test_offers_in_words() -> None:
    found = completions(["groups", ""], described=True)
    assert found[0] == "add:add a key group"
    assert completions(["edit", "--input-type", ""], described=True)[0] == "yaml"


_ASKED = {
    "bash": """
source <(sops completion bash)
complete -p sops
offer() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _sops_complete
  echo "${COMPREPLY[*]}"
}
""",
    "zsh": """
compdef() { print "$@" }
_describe() { local -a found; found=("${(@P)2}"); local -a names; names=("${(@)found%%:*}")
  print -- "${(@M)names:#${words[CURRENT]}*}" }
_files() { print }
source <(sops completion zsh)
offer() { words=("$@"); CURRENT=$#; _sops }
""",
}
_OFFERS = """
offer sops de
offer sops decrypt --in
offer sops decrypt --output-type d
offer sops decrypt a
offer sops groups ''
offer '~/bin/sops' --config x rot
offer sops exec-env f '$(touch ran)' '`touch ran`' --us
offer no-such-program x
"""
_ANSWERS = """
decrypt
--in-place --input-type --indent
dotenv

add delete help h
rotate
--user

"""


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts(shell: str, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    link_to_us(programs)
    options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}
    done = subprocess.run(
        [shell, *options[shell], "-c", _ASKED[shell] + _OFFERS],
        cwd=tmp_path,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    registered = {"bash": "complete -o bashdefault -o default -F _sops_complete sops", "zsh": "_sops sops"}
    assert done.stderr == ""
    assert [line.rstrip() for line in done.stdout.splitlines()] == [registered[shell], *_ANSWERS.splitlines()[1:]]
    assert not (tmp_path / "ran").exists()
