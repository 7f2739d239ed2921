"""Readers while two processes replace the files, for long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.run.render.folder import Folder, render
from leafseal.run.render.tree import File

from .test_generations import READER

NAMES = ("a", "app/b", "app/c", "d")

WRITER = """
import sys, time
from leafseal.run.render.folder import Folder, render
from leafseal.run.render.tree import File
folder, first, *names = sys.argv[1:]
number = int(first)
print("begin", flush=True)
while True:
    number += 2
    render(Folder(folder), [File(name, b"%d\\n" % number * 2000) for name in names])
    time.sleep(0.1)  # what was replaced stays for a minute: all of it needs room
"""


def _started(code: str, *arguments: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )


def _read_while_two_write(memory: Path, iterations: int) -> None:
    render(Folder(str(memory)), [File(name, b"0\n" * 2000) for name in NAMES])
    before = os.readlink(memory / "..data")
    writers = [_started(WRITER, str(memory), first, *NAMES) for first in ("1", "2")]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begin\n"
        readers = [_started(READER.replace("1500", str(iterations)), str(memory), *NAMES) for _ in range(2)]
        told = [reader.communicate()[0] for reader in readers]
        assert [writer.poll() for writer in writers] == [None, None]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert told == [f"begin\niterations {iterations}, missing 0, torn 0, mixed 0\n"] * 2
    assert os.readlink(memory / "..data") != before


@pytest.mark.campaign
def test_readers_of_files_that_two_processes_replace(memory: Path) -> None:
    _read_while_two_write(memory, 20_000)
