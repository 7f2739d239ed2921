"""What it costs to start: instructions of whole processes, as valgrind counts them.

Times of so short a run depend on what else a machine does; instructions do not.

    make starts                             count, show the table, and fail where a bound is not met
    python benchmarks/starts.py --record    count, and record the figures as those of before
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import inputs
from measuring import Command, Failure, measure, output_of
from works import LEAFSEAL, SOPS, Workshop

RECORD = Path(__file__).with_name("starts-before.json")
LOOPS = 200

# The command line, whose last step is replaced: the program that it becomes is not ours.
_UP_TO_EXEC = """\
import os, sys
os.execve = lambda *_: os._exit(0)
from leafseal.__main__ import main
sys.exit(main())
"""


class Start(NamedTuple):
    """A command of Python's, and the most that it may take, in millions of instructions."""

    name: str
    arguments: list[str]
    at_most: int | None = None


class Counted(NamedTuple):
    """What was counted: millions of instructions by the names of starts, and the seconds of the loops by program."""

    date: str
    millions: dict[str, int]
    loops: dict[str, float]
    warm_load: float
    """Milliseconds that `leafseal.load` of the YAML file takes in a process that has loaded it before."""


def starts(workshop: Workshop) -> list[Start]:
    """Make the small files and return what is counted."""
    texts = {
        "dotenv": ("small.env", "HOST=db.example.org\nPASSWORD=swordfish\n"),
        "JSON": ("small.json", '{"host": "db.example.org", "password": "swordfish"}\n'),
        "YAML": ("small.yaml", inputs.small_text()),
    }
    sealed = {}
    for what, (name, text) in texts.items():
        sealed[what] = f"sealed-{name}"
        (workshop.folder / name).write_text(text)
        encrypted = output_of(workshop.run("encrypt", "--age", workshop.recipient, name))
        (workshop.folder / sealed[what]).write_bytes(encrypted)
    link = workshop.folder / "bin" / "sops"
    link.parent.mkdir()
    link.symlink_to(workshop.leafseal)
    plugin = Path(workshop.leafseal).with_name("kubectl-leafseal")
    return [
        Start("Python alone", ["-c", "pass"]),
        Start("`import leafseal`", ["-c", "import leafseal"], 60),
        Start("`leafseal --version`", [workshop.leafseal, "--version"], 80),
        Start("`leafseal decrypt` of a dotenv file", [workshop.leafseal, "decrypt", sealed["dotenv"]], 200),
        Start("`leafseal decrypt` of a JSON file", [workshop.leafseal, "decrypt", sealed["JSON"]], 200),
        Start("`leafseal decrypt` of a YAML file", [workshop.leafseal, "decrypt", sealed["YAML"]], 320),
        Start("`leafseal get` of a YAML file", [workshop.leafseal, "get", sealed["YAML"], "service-00000.port"], 320),
        Start(
            "`leafseal exec` of a dotenv file, up to the program",
            ["-c", _UP_TO_EXEC, "exec", "-e", sealed["dotenv"], "--", "true"],
            220,
        ),
        Start(
            "`leafseal exec-env` of a dotenv file, up to the program",
            ["-c", _UP_TO_EXEC, "exec-env", sealed["dotenv"], "--", "true"],
            220,
        ),
        Start("`sops -d` of a YAML file", [str(link), "-d", sealed["YAML"]], 340),
        Start("`kubectl leafseal --help`", [str(plugin), "--help"], 120),
        Start("`leafseal decrypt --help`", [workshop.leafseal, "decrypt", "--help"]),
    ]


def count(workshop: Workshop) -> tuple[list[Start], Counted] | None:
    """Count every start; None where valgrind is not installed. Raises `Failure`."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    counted = starts(workshop)
    millions = {start.name: _millions(valgrind, workshop, start) for start in counted}
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return counted, Counted(today, millions, _loops(workshop), _warm_load(workshop))


def _millions(valgrind: str, workshop: Workshop, start: Start) -> int:
    command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, *start.arguments]
    bare = workshop.bare()
    done = subprocess.run(command, cwd=bare.folder, env=dict(bare.environ), capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or collected is None:
        raise Failure(f"exit code {done.returncode}: {start.name}\n{done.stderr[-500:]}")
    return round(int(collected[1]) / 1e6)


def _loops(workshop: Workshop) -> dict[str, float]:
    """Return the seconds that a number of runs of `sops -d` take, one after another, by the program of that name."""
    programs = {LEAFSEAL: str(workshop.folder / "bin" / "sops"), **({SOPS: workshop.sops} if workshop.sops else {})}
    loop = f'i=0; while [ $i -lt {LOOPS} ]; do "$0" -d sealed-small.yaml || exit 1; i=$((i+1)); done'
    bare = workshop.bare()
    commands = {
        name: Command(["/bin/sh", "-c", loop, program], bare.folder, bare.environ) for name, program in programs.items()
    }
    return {name: figures.median for name, figures in measure(commands, 3).items()}


_LOAD = """\
import leafseal, statistics, time
taken = []
for _ in range(200):
    start = time.perf_counter()
    leafseal.load("sealed-small.yaml")
    taken.append(time.perf_counter() - start)
print(statistics.median(taken) * 1000)
"""


def _warm_load(workshop: Workshop) -> float:
    bare = workshop.bare()
    return float(output_of(Command([sys.executable, "-c", _LOAD], bare.folder, bare.environ)))


def recorded() -> Counted | None:
    """Return the figures of before; None where none are recorded."""
    return Counted(**json.loads(RECORD.read_text())) if RECORD.exists() else None


def render(counted: list[Start], now: Counted, before: Counted | None) -> str:
    """Return the section of the page."""
    rows = "\n".join(
        f"| {start.name} | {before.millions.get(start.name, '') if before else ''} | {now.millions[start.name]} "
        f"| {start.at_most or ''} |"
        for start in counted
    )
    since = f" on {before.date}" if before else ""
    loops = ", ".join(f"{program} {seconds:.2f} s" for program, seconds in sorted(now.loops.items()))
    if before is not None:
        loops += f"; leafseal before {before.loops[LEAFSEAL]:.2f} s"
    warm = f"{now.warm_load:.1f} ms, at most 3 ms" + (f"; before {before.warm_load:.1f} ms" if before else "")
    return _SECTION.format(rows=rows, since=since, count=LOOPS, loops=loops, warm=warm)


def above_bounds(counted: list[Start], now: Counted) -> list[str]:
    """Return the names of the starts that took more than they may."""
    return [start.name for start in counted if start.at_most and now.millions[start.name] > start.at_most]


_SECTION = """
## Starts

Millions of instructions of the whole process, counted by `valgrind --tool=callgrind`. They do not depend on what else
the machine does. *Before* was recorded{since}, by `benchmarks/starts.py --record`.

| command | before | now | at most |
| --- | ---: | ---: | ---: |
{rows}

{count} times `sops -d` of the YAML file, one after another: {loops}.

`leafseal.load` of the YAML file in a process that has loaded it before: {warm}.
"""


def main() -> int:
    """Count, and show or record the figures."""
    parser = argparse.ArgumentParser(description="Count the instructions that starts take.")
    parser.add_argument("--record", action="store_true", help="record the figures as those of before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leafseal-starts-") as folder:
        found = count(Workshop.open(Path(folder), shutil.which("sops"), {}))
    if found is None:
        print("starts: valgrind is not installed", file=sys.stderr)
        return 1
    if options.record:
        RECORD.write_text(json.dumps(found[1]._asdict(), indent=2) + "\n")
    print(render(*found, recorded()))
    above = above_bounds(*found)
    for name in above:
        print(f"starts: above its bound: {name}", file=sys.stderr)
    return int(bool(above))


if __name__ == "__main__":
    sys.exit(main())
