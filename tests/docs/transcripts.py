"""Running the transcripts of a page in one shell, and comparing what comes out with what the page shows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .blocks import Block

_MARK = "\x1e"


@dataclass(frozen=True)
class Step:
    """A command of a transcript and what the page shows below it; `line` is the command's in the page."""

    command: str
    output: str
    line: int


def steps(block: Block) -> Iterator[Step]:
    """Yield the commands of a `console` block: lines that begin with `$ `, and those below that begin with `> `."""
    command, output, start = "", "", 0
    for number, line in enumerate(block.text.splitlines(keepends=True), block.line + 1):
        if line.startswith("$ "):
            if command:
                yield Step(command, output, start)
            command, output, start = line[2:], "", number
        elif line.startswith("> ") and not output:
            command += line[2:]
        else:
            output += line
    if command:
        yield Step(command, output, start)


def _as_pasted(block: Block, following: Block | None) -> Step:
    """Return a block of commands as one step; a block of text right after it is what they print."""
    shown = following.text if following is not None and following.language == "text" else ""
    return Step(block.text, shown, block.line)


def _as_step(block: Block) -> Step:
    """Return a block of Python as a command that fails where an expression is not what the comment behind it says."""
    code = re.sub(r"^(\S.*?)  # → (.*)$", r"assert repr(\1) == repr(\2), repr(\1)", block.text, flags=re.MULTILINE)
    return Step(f"python - <<'END_OF_CODE'\n{code}END_OF_CODE\n", "", block.line)


def run(found: list[Block], folder: Path, environ: dict[str, str]) -> list[tuple[Step, str, int]]:
    """Make the files of a page and run its commands in order; return each with its output and exit code.

    All run in one shell, so that `cd` and variables hold on. What goes to stderr comes where a terminal would show it.
    A block of `sh` is pasted as a whole. A block with the remark `as: NAME` is run by another person; `/home` is a
    folder of the test.
    """
    home = folder / "home"
    listed: list[Step] = []
    script: list[str] = []
    for block, following in zip(found, [*found[1:], None], strict=True):
        person = block.remark.removeprefix("as: ") if block.remark.startswith("as: ") else "you"
        if block.file is not None:
            script.append(f"cat >'{block.file}' <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK")
        elif block.language in ("sh", "console", "python") and block.remark != "not run":
            script.append(f"export HOME='{home}/{person}'; mkdir -p $HOME")
            if block.language == "console":
                found_steps = list(steps(block))
            else:
                found_steps = [_as_pasted(block, following) if block.language == "sh" else _as_step(block)]
            for step in found_steps:
                listed.append(step)
                script.append(f"{step.command.replace('/home/', f'{home}/')}printf '\\n{_MARK}%d\\n' $?")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=300,
    )
    outputs = re.findall(rf"(.*?)\n{_MARK}(\d+)\n", done.stdout.decode().replace(f"{home}/", "/home/"), re.DOTALL)
    assert len(outputs) == len(listed), f"the shell ended early: {outputs[-1:]}"
    return [(step, output, int(code)) for step, (output, code) in zip(listed, outputs, strict=True)]


_MASKS = [
    # What differs from run to run, and what a page shortens to `…`.
    (r"ENC\[AES256_GCM,[^\]]*?(type:\w+)?\]", "ENC[…]"),
    (r"\bage1[a-z0-9…]+", "age1…"),
    (r"AGE-SECRET-KEY-1[A-Z0-9…]+", "AGE-SECRET-KEY-1…"),
    (r"(?s)-----BEGIN AGE ENCRYPTED FILE-----.*?-----END AGE ENCRYPTED FILE-----", "ARMOR"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b[0-9a-f]{7,40}\b(?=\.\.|\]| )", "HASH"),
    (r"\.\.[0-9a-f]{7,40}\b", "..HASH"),
    (r"\bt[0-9a-f]{16}\b", "tHASH"),
]


def masked(text: str) -> str:
    """Return an output without what no two runs have in common."""
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def agrees(shown: str, output: str) -> bool:
    """Tell whether an output is what a page shows; a line `…` there stands for any number of lines."""
    parts = re.split(r"^ *…$", masked(shown), flags=re.MULTILINE)
    return re.fullmatch(r"(?s:.*?)".join(map(re.escape, parts)), masked(output)) is not None
