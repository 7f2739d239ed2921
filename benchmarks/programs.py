"""How long it takes to start a program with its secrets, beside sops and dotenvx, and to write files for one.

    python benchmarks/programs.py                   measure, and show the table
    python benchmarks/programs.py --write           put it into docs/benchmarks.md, where `make bench` puts it too
    python benchmarks/programs.py --only render     only the rows whose names contain the word

sops and dotenvx are looked for on PATH; without one its column stays empty.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import inputs
from measuring import Command, Failure, Figures, measure, output_of
from report import machine, put_section
from works import LEAFSEAL, SOPS, Workshop

DOTENVX = "dotenvx"
COLUMNS = (LEAFSEAL, SOPS, DOTENVX)
MEMORY = Path("/dev/shm")
HEADING = "\n## Starting programs\n"


@dataclass(frozen=True)
class Measured:
    """A row: the work, what was measured by program, and the most seconds that leafseal may take."""

    name: str
    figures: dict[str, Figures]
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Tell whether leafseal is within its bound; None where it has none."""
        return None if self.at_most is None else self.figures[LEAFSEAL].median <= self.at_most


@dataclass(frozen=True)
class Row:
    """A row before it is measured: `commands` makes the inputs, and returns the command of each program."""

    name: str
    commands: Callable[[Workshop, Path], dict[str, Command]]
    at_most: float | None = None


def rows(divisor: int = 1) -> list[Row]:
    """Return the rows of the table; a `divisor` above 1 makes them smaller."""
    count = 1_000 // divisor
    return [
        Row("start a program with 10 variables of a `.env` file", lambda shop, _: _start(shop, 10)),
        Row(f"start a program with {count // 10} variables", lambda shop, _: _start(shop, count // 10)),
        Row(
            f"render {count:,} values of one file, the first time", lambda shop, to: _render(shop, to, count, True), 1.0
        ),
        Row(
            f"render {count:,} values of one file again, nothing changed",
            lambda shop, to: _render(shop, to, count, False),
            1.0,
        ),
        Row(f"render {count:,} encrypted files, the first time", lambda shop, to: _render_files(shop, to, count)),
    ]


def _start(workshop: Workshop, count: int) -> dict[str, Command]:
    """Return `true`, started with variables. Raises `Failure` where a program does not set them."""
    folder = Path(tempfile.mkdtemp(dir=workshop.folder))
    plain = folder / "plain.env"
    plain.write_text(inputs.dotenv_text(count))
    home, sealed = workshop.key_file.parents[3], folder / "sealed.env"
    sealed.write_bytes(output_of(workshop.run("encrypt", "--age", workshop.recipient, str(plain))))
    words = {LEAFSEAL: [workshop.leafseal, "exec", "-e", str(sealed), "--"]}
    if workshop.sops:
        words[SOPS] = [workshop.sops, "exec-env", str(sealed)]
    if dotenvx := shutil.which("dotenvx"):
        shutil.copy(plain, folder / "app.env")
        base = workshop.bare()
        output_of(Command([dotenvx, "encrypt", "-f", "app.env"], folder, {**base.environ, "HOME": str(home)}))
        words[DOTENVX] = [dotenvx, "run", "--quiet", "-f", "app.env", "--"]
    environ = workshop.bare().environ
    last = plain.read_text().splitlines()[-1]
    for name, argv in words.items():
        if last.encode() not in output_of(Command([*argv, "env"], folder, environ)).splitlines():
            raise Failure(f"{name} does not set the variables")
    return {name: Command([*argv, "true"], folder, environ) for name, argv in words.items()}


def _render(workshop: Workshop, to: Path, count: int, is_first: bool) -> dict[str, Command]:
    folder = workshop.folder / f"values-{is_first}"
    folder.mkdir()
    (folder / "plain.yaml").write_text("values:\n" + "".join(f"  name-{n:05}: value {n}\n" for n in range(count)))
    sealed = folder / "sealed.yaml"
    sealed.write_bytes(output_of(workshop.run("encrypt", "--age", workshop.recipient, str(folder / "plain.yaml"))))
    return _rendering(workshop, to / f"values-{is_first}", ["--file", f"./={sealed}:/values"], count, is_first)


def _render_files(workshop: Workshop, to: Path, count: int) -> dict[str, Command]:
    paths = inputs.write_many(workshop.folder / "plain-files", count)
    sealed = workshop.folder / "sealed-files"
    sealed.mkdir()
    names = [str(path) for path in paths]
    output_of(workshop.run("encrypt", "--age", workshop.recipient, "--output-dir", str(sealed), *names))
    listed = "".join(f"  - {{path: {path.name}, from: {path.name}}}\n" for path in paths)
    (sealed / "map.yaml").write_text(f"render:\n{listed}")
    return _rendering(workshop, to / "files", ["--map", str(sealed / "map.yaml")], count, True)


def _rendering(workshop: Workshop, to: Path, words: list[str], count: int, is_first: bool) -> dict[str, Command]:
    """Return the command; the first time has an empty folder each time, and removing the old one is part of it."""
    command = workshop.run("render", "--to", str(to), *words)
    output_of(command)
    if len(os.listdir(to)) != count + 2:
        raise Failure(f"{to} has {len(os.listdir(to)) - 2} files, not {count}")
    if is_first:
        shell = ["/bin/sh", "-c", 'rm -r "$0" && exec "$@"', str(to), *command.argv]
        command = Command(shell, command.folder, command.environ)
    return {LEAFSEAL: command}


def measured(workshop: Workshop, runs: int, *, divisor: int = 1, only: str = "") -> Iterator[Measured]:
    """Measure the rows whose names contain `only`. Raises `Failure`."""
    with _in_memory() as to:
        for row in rows(divisor):
            if only in row.name:
                print(f"bench: {row.name}", file=sys.stderr)
                yield Measured(row.name, measure(row.commands(workshop, to), runs), row.at_most)


@contextmanager
def _in_memory() -> Iterator[Path]:
    if not MEMORY.is_dir():
        raise Failure(f"{MEMORY}: no such folder, and files are written into memory only")
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="leafseal-bench-") as folder:
        yield Path(folder)


def versions(workshop: Workshop) -> dict[str, str]:
    """Return the programs, by what is first on a line that tells their version."""
    found = {LEAFSEAL: output_of(workshop.run("--version")).decode().split()[-1]}
    if workshop.sops:
        found[SOPS] = output_of(workshop.run_sops("--version", "--disable-version-check")).decode().split()[1]
    if dotenvx := shutil.which("dotenvx"):
        found[DOTENVX] = output_of(Command([dotenvx, "--version"], workshop.folder, workshop.bare().environ)).decode()
    return {name: text.strip() for name, text in found.items()}


def render(found: list[Measured], programs: dict[str, str], runs: int, *, loads: tuple[float, float]) -> str:
    """Return the section of the page."""
    heads = " | ".join(f"{name} {programs.get(name, '')}".strip() for name in COLUMNS)
    lines = "\n".join(map(_line, found))
    facts = machine()
    where = f"{facts['date']}, {facts['processor']}, {facts['Python']}"
    text = _TEXT.format(runs=runs, where=where, loads=loads)
    return f"{HEADING}{text}\n| work | {heads} | must | met |\n{_RULE}\n{lines}\n"


_TEXT = """
`leafseal exec`, `sops exec-env` and `dotenvx run` start `true`, each with its own encrypted file of the same variables.
The time is that of the whole, `true` included: the median of {runs} runs each, all programs in turn. `leafseal render`
writes files into memory; the first time includes removing the files of the run before.
{where}; load before and after {loads[0]:.1f}, {loads[1]:.1f}.
"""
_RULE = "| --- | ---: | ---: | ---: | --- | --- |"


def _line(row: Measured) -> str:
    cells = [f"{row.figures[name].median:.3f} s" if name in row.figures else "" for name in COLUMNS]
    must = "" if row.at_most is None else f"≤ {row.at_most:g} s"
    met = {True: "yes", False: "**no**", None: ""}[row.met]
    return f"| {' | '.join([row.name, *cells, must, met])} |"


def main() -> int:
    """Measure, and show or write the section."""
    parser = argparse.ArgumentParser(description="Measure how programs are started with secrets.")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORD", help="only the rows whose names contain this")
    parser.add_argument("--quick", action="store_true", help="a tenth of every size")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="leafseal-programs-") as folder:
        try:
            workshop = Workshop.open(Path(folder), shutil.which("sops"), {})
            found = list(measured(workshop, options.runs, divisor=10 if options.quick else 1, only=options.only))
            section = render(found, versions(workshop), options.runs, loads=(load, os.getloadavg()[0]))
        except (Failure, OSError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    print(section)
    if options.write:
        put_section(HEADING, section)
    return int(any(row.met is False for row in found))


if __name__ == "__main__":
    sys.exit(main())
