"""Folders laid out as a machine, an image or a pod is, in which the commands of examples are run without one.

The absolute paths of an example lead below a folder of the test: `/app/worker.py` is `FOLDER/app/worker.py`. What is in
memory on the real machine is in memory here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import leafseal
from leafseal.formats import format_of
from leafseal.testing import ThrowawayIdentity

from .blocks import ROOT

EXAMPLES = ROOT / "examples"

_PROGRAM = """#!/bin/sh
PYTHONPATH="{paths}" exec "{python}" -P {module} "$@"
"""


class Layout:
    """A machine: where its folders are, and a `PATH` with Python and leafseal."""

    def __init__(self, folder: Path, memory: Path) -> None:
        self.folder = folder
        self._memory = memory
        self._places: dict[str, Path] = {}
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        paths = os.pathsep.join(entry for entry in sys.path if entry)
        for name, module in (("python", ""), ("python3", ""), ("leafseal", "-m leafseal")):
            program = self.programs / name
            program.write_text(_PROGRAM.format(paths=paths, python=sys.executable, module=module))
            program.chmod(0o755)

    def add(self, place: str, *, in_memory: bool = False) -> Path:
        """Make a folder that is `place` on the real machine."""
        path = (self._memory if in_memory else self.folder) / place.strip("/").replace("/", "-")
        path.mkdir()
        self.mount(place, path)
        return path

    def mount(self, place: str, path: Path) -> None:
        """Let `place` lead to a folder or file that exists."""
        self._places[place] = path

    def at(self, place: str) -> Path:
        """Return where a path of the real machine is here."""
        return Path(self.here(place))

    def here(self, text: str) -> str:
        """Return a text with the paths of the real machine replaced."""
        places = "|".join(re.escape(place) for place in sorted(self._places, key=len, reverse=True))
        programs = re.sub(r"/usr/(?:local/)?bin/(python3|leafseal)\b", rf"{self.programs}/\1", text)
        return re.sub(rf"(?<![\w./-])({places})(?![\w.-])", lambda match: str(self._places[match[1]]), programs)

    def run(self, argv: Sequence[str], environ: Mapping[str, str], folder: Path | None = None) -> tuple[int, str, str]:
        """Run a command line of the real machine; return its exit code and what it prints."""
        (self.folder / "home").mkdir(exist_ok=True)
        base = {"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(self.folder / "home"), "LANG": "C.UTF-8"}
        done = subprocess.run(
            [self.here(word) for word in argv],
            cwd=folder or self.folder,
            env=base | {name: self.here(value) for name, value in environ.items()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr


@contextmanager
def laid_out(folder: Path) -> Iterator[Layout]:
    """Yield a machine without folders."""
    if os.name == "nt" or not os.access("/dev/shm", os.W_OK | os.X_OK):
        pytest.skip("no /dev/shm")
    memory = tempfile.mkdtemp(dir="/dev/shm", prefix="layout-test-")
    try:
        yield Layout(folder, Path(memory))
    finally:
        shutil.rmtree(memory, ignore_errors=True)


def sealed(name: str, me: ThrowawayIdentity) -> bytes:
    """Return a file of examples/app, encrypted for an identity of the test."""
    plain = (EXAMPLES / "app" / name).read_bytes()
    return leafseal.encrypt(plain, format=format_of(name), recipients=[me.recipient])
