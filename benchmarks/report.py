"""The page that a run leaves behind."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from measuring import Figures
from works import LEAFSEAL, PYTHON, SOPS, Work

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

LIBRARIES = ("leafseal", "cryptography", "PyYAML", "click", "google-re2", "botocore")

_HEAD = """\
# Benchmarks

Written by `make bench`; do not edit. Times are of whole processes, from before their start to after their end: the
median of {runs} runs each after one that is not counted, all programs in turn. Output goes to the null device except
where a folder is named; there leafseal also re-reads and checks what it wrote before it is put in place. Before the
single files are measured both programs open them, and the values are compared. Memory is the peak of the resident set.

| | |
| --- | --- |
{facts}

| work | sops | leafseal | ratio | memory of sops | of leafseal | must | met |
| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |
{rows}
"""

_TAIL = """
The keys of AWS KMS are those of a service on the loopback interface that answers at once, or as late as the row says;
`botocore` speaks to it. A file has the wrapped key that was made for it, so that nothing is asked twice. leafseal opens
the files in one process, the row of sops is a loop with a process for each.
"""


@dataclass(frozen=True)
class Row:
    """A work and what was measured."""

    work: Work
    figures: dict[str, Figures]

    @property
    def ratio(self) -> float | None:
        """Return leafseal's time as a part of sops's."""
        if SOPS not in self.figures:
            return None
        return self.figures[LEAFSEAL].median / self.figures[SOPS].median

    @property
    def met(self) -> bool | None:
        """Tell whether what must be reached is; None where nothing must, or there is nothing to compare with."""
        ours, verdicts = self.figures[LEAFSEAL], []
        if self.work.ratio is not None:
            if self.ratio is None:
                return None
            verdicts.append(self.ratio <= self.work.ratio)
        if self.work.above is not None:
            verdicts.append(ours.median <= self.figures[PYTHON].median + self.work.above)
        if self.work.megabytes is not None:
            verdicts.append(ours.peak_bytes <= self.work.megabytes * 1_000_000)
        return all(verdicts) if verdicts else None


def render(
    rows: Sequence[Row], facts: dict[str, str], sops: str | None, runs: int, *, loads: tuple[float, float]
) -> str:
    """Return the page."""
    facts = {**facts, "sops": sops or "none found", "load before and after": f"{loads[0]:.1f}, {loads[1]:.1f}"}
    lines = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return _HEAD.format(runs=runs, facts=lines, rows="\n".join(map(_line, rows))) + _growth(rows) + _TAIL


def _line(row: Row) -> str:
    cells = [
        row.work.name,
        _seconds(row.figures.get(SOPS)),
        _seconds(row.figures[LEAFSEAL]),
        "" if row.ratio is None else f"{row.ratio:.2f}",
        _megabytes(row.figures.get(SOPS)),
        _megabytes(row.figures[LEAFSEAL]),
        _must(row),
        {True: "yes", False: "**no**", None: ""}[row.met],
    ]
    return f"| {' | '.join(cells)} |"


def _seconds(figures: Figures | None) -> str:
    return "" if figures is None else f"{figures.median:.3f} s"


def _megabytes(figures: Figures | None) -> str:
    return "" if figures is None else f"{figures.peak_bytes / 1_000_000:.0f} MB"


def _must(row: Row) -> str:
    work, parts = row.work, []
    if work.ratio is not None:
        parts.append(f"≤ {work.ratio:g} × sops")
    if work.above is not None:
        parts.append(f"≤ bare Python ({row.figures[PYTHON].median:.3f} s) + {work.above:.2f} s")
    if work.megabytes is not None:
        parts.append(f"≤ {work.megabytes} MB")
    return ", ".join(parts)


def _growth(rows: Sequence[Row]) -> str:
    """Say how the time grows with the leaves: what ten times as many take."""
    yaml = {row.work.name: row.figures[LEAFSEAL].median for row in rows if row.work.name.startswith("YAML")}
    names = list(yaml)
    if len(names) < 4:
        return ""
    encrypt, decrypt = yaml[names[2]] / yaml[names[0]], yaml[names[3]] / yaml[names[1]]
    times = f"{encrypt:.1f} times as long to encrypt, {decrypt:.1f} times to decrypt"
    return f"\nTen times as many leaves of YAML take leafseal {times}.\n"


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def put_section(heading: str, section: str) -> None:
    """Put a section into the page, in place of the one with the same heading, or at the end."""
    before, _, after = PAGE.read_text(encoding="utf-8").partition(heading)
    _, following, rest = after.partition("\n## ")
    PAGE.write_text(before + section + following + rest, encoding="utf-8")
