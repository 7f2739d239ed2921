"""What people see in a terminal: sessions of a newcomer, of one who joins, of one who leaves, and a repair.

In `sessions`, a line that begins with `$ ` is typed in the shell of the person named above it by `@NAME`. Below it is
what the screen shows; a line that begins with `< ` is typed as the answer to the question that ends the line above.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ..docs.transcripts import agrees, masked
from .window import PROMPT, Window

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.txt"))

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


@dataclass
class Part:
    """What is shown, up to the next thing that is typed."""

    shown: str = ""
    answer: str | None = None


@dataclass
class Step:
    """A command, who types it, and what follows."""

    person: str
    command: str
    parts: list[Part] = field(default_factory=lambda: [Part()])


def steps(text: str) -> Iterator[Step]:
    person, step = "you", None
    for line in text.splitlines():
        if re.fullmatch(r"@\w+", line):
            person = line[1:]
        elif line.startswith("$ "):
            if step:
                yield step
            step = Step(person, line[2:])
        elif line.startswith("< ") and step:
            step.parts[-1].answer = line[2:]
            step.parts.append(Part())
        elif step:
            step.parts[-1].shown += f"{line}\n"
    if step:
        yield step


_EDITOR = """#!/bin/sh
sed "$CHANGE" "$1" >"$1.new" && cat "$1.new" >"$1" && rm "$1.new"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    (programs / "leafseal").write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec "{sys.executable}" -P -m leafseal "$@"\n')
    (programs / "change").write_text(_EDITOR)
    for program in programs.iterdir():
        program.chmod(0o755)
    people = {f"GIT_{role}_{what}": "you@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat", **people}
    terminal = {"TERM": "screen", "LANG": "C.UTF-8", "NO_COLOR": "1"}
    return {"PATH": f"{programs}:{os.environ['PATH']}", "EDITOR": "change", **terminal, **git}


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_session(session: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    windows: dict[str, Window] = {}
    with ExitStack() as stack:
        for step in steps(session.read_text(encoding="utf-8")):
            if step.person not in windows:
                home = tmp_path / step.person
                home.mkdir()
                windows[step.person] = stack.enter_context(Window(home, {**environ, "HOME": str(home)}))
            play(step, windows[step.person], tmp_path)


def play(step: Step, window: Window, folder: Path) -> None:
    window.type(step.command)
    typed = f"$ {step.command}"
    for part in step.parts:
        end = part.shown.splitlines()[-1] if part.answer is not None else PROMPT
        seen = window.read(end).replace(str(folder), "")
        seen = seen.removeprefix(typed).removeprefix("\n") if typed else seen
        assert agrees(part.shown, seen), f"{typed}\n--- shown\n{masked(part.shown)}\n--- is\n{masked(seen)}"
        if part.answer is not None:
            window.type(part.answer)
        typed = ""


def test_the_sessions_are_read() -> None:
    assert len(SESSIONS) >= 4
    for session in SESSIONS:
        assert re.search(r"^\$ leafseal ", session.read_text(encoding="utf-8"), re.MULTILINE), session
