"""Whole processes, timed from outside: from before their start to after their end."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHILD = Path(__file__).with_name("child.py")
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts


@dataclass(frozen=True)
class Command:
    """A program with its arguments, as it is to be run in `folder`."""

    argv: Sequence[str]
    folder: Path
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Figures:
    """What the runs of one command gave."""

    seconds: tuple[float, ...]
    peak_bytes: int

    @property
    def median(self) -> float:
        """Return the median of the times."""
        return statistics.median(self.seconds)


class Failure(Exception):
    """A measured command did not succeed, so its time says nothing."""


def measure(commands: Mapping[str, Command], runs: int) -> dict[str, Figures]:
    """Run the commands in turn, `runs` times each after one that is not counted, so that load hits all alike."""
    taken: dict[str, list[tuple[float, int]]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            result = _run(command)
            if number:  # the first one fills the caches of files, and Python's of compiled modules
                taken[name].append(result)
    return {
        name: Figures(tuple(seconds for seconds, _ in results), max(peak for _, peak in results))
        for name, results in taken.items()
    }


def _run(command: Command) -> tuple[float, int]:
    """Return the seconds a command took, and the peak of its memory. The output goes to the null device.

    A small process in between starts the command: a child's peak includes what its parent had when it was started, and
    this process holds the inputs.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(_CHILD), *command.argv],
        cwd=command.folder,
        env=dict(command.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    seconds, peak, code = done.stdout.split()
    if int(code):
        raise Failure(f"exit code {int(code)}: {' '.join(command.argv)[:200]}")
    return float(seconds), int(peak) * _RSS_UNIT


def output_of(command: Command) -> bytes:
    """Return what a command writes to stdout. Raises `Failure` with its complaints."""
    done = subprocess.run(
        list(command.argv), cwd=command.folder, env=dict(command.environ), capture_output=True, check=False
    )
    if done.returncode:
        complaint = done.stderr.decode("utf-8", "replace").strip()
        raise Failure(f"exit code {done.returncode}: {' '.join(command.argv)[:200]}\n{complaint}")
    return done.stdout
