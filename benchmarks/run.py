"""Measure leafseal against sops on this machine and write docs/benchmarks.md.

    make bench
    LEAFSEAL_BENCH_SOPS=/path/to/sops make bench

sops and dotenvx are looked for on PATH; without one its column stays empty. See `--help` for a quick run that writes
nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import checking
import guard
import helm
import merging
import programs
import reactions
import starts
from loopback_kms import LoopbackKMS
from measuring import Command, Failure, Figures, measure, output_of
from report import PAGE, Row, machine, render
from works import Workshop, all_works


def main() -> int:
    """Measure, write the page, and say which bounds are not met."""
    options = _options()
    sops = options.sops or os.environ.get("LEAFSEAL_BENCH_SOPS") or shutil.which("sops")
    with tempfile.TemporaryDirectory(prefix="leafseal-bench-") as folder, LoopbackKMS() as kms:
        try:
            workshop = Workshop.open(Path(folder), sops, kms.environ)
            load = os.getloadavg()[0]
            _warn_of_load(load)
            rows = list(_rows(workshop, options.runs, 10 if options.quick else 1))
            started = list(programs.measured(workshop, options.runs, divisor=10 if options.quick else 1))
            section = programs.render(
                started, programs.versions(workshop), options.runs, loads=(load, os.getloadavg()[0])
            )
            reacted = list(reactions.measured(workshop, 2 * options.runs))
            section += reactions.render(reacted, 2 * options.runs, loads=(load, os.getloadavg()[0]))
            by_helm = helm.measured(workshop, options.runs)
            section += helm.render(by_helm, options.runs, load=load)
            guarded = guard.measured(workshop, 8 * options.runs)
            section += guard.render(guarded, 8 * options.runs, load=load)
            merged = merging.measured(workshop, 4 * options.runs)
            section += merging.render(merged, 4 * options.runs, load=load)
            checked = checking.measured(workshop, options.runs, divisor=10 if options.quick else 1)
            section += checking.render(checked, options.runs, load=load)
            counted = starts.count(workshop)
            version = _version(workshop.run_sops("--version", "--disable-version-check")) if sops else None
        except (Failure, OSError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    page = render(rows, machine(), version, options.runs, loads=(load, os.getloadavg()[0]))
    page += section
    if counted is not None:
        page += starts.render(*counted, starts.recorded())
    print(page)
    if not options.quick:
        options.write.write_text(page, encoding="utf-8")
        print(f"bench: written to {options.write}", file=sys.stderr)
        unmet = [row.work.name for row in rows if row.met is False]
        unmet += [row.name for row in started if row.met is False]
        unmet += [row.name for row in reacted if not row.met]
        unmet += [helm.ONE] if helm.ratio_of(by_helm) > helm.AT_MOST else []
        unmet += [guard.STRICT] if guard.ratio_of(guarded) > guard.AT_MOST else []
        unmet += merging.unmet(merged)
        unmet += checking.unmet(checked)
        unmet += starts.above_bounds(*counted) if counted is not None else []
        for name in unmet:
            print(f"bench: not met: {name}", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure leafseal against sops on this machine.")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a tenth of every size, and write no page")
    parser.add_argument("--sops", help="the sops to compare with (default: LEAFSEAL_BENCH_SOPS, else the one on PATH)")
    parser.add_argument("--write", type=Path, default=PAGE, help="the page to write (default: %(default)s)")
    return parser.parse_args()


def _warn_of_load(load: float) -> None:
    if load > (os.cpu_count() or 1) / 2:
        print(
            f"bench: other work is going on here (load {load:.1f}): the figures will be of little use", file=sys.stderr
        )


def _rows(workshop: Workshop, runs: int, divisor: int) -> list[Row]:
    rows = []
    for work in all_works(workshop, divisor=divisor):
        print(f"bench: {work.name}", file=sys.stderr)
        figures: dict[str, Figures] = measure(work.commands, runs)
        rows.append(Row(work, figures))
    return rows


def _version(command: Command) -> str:
    return output_of(command).decode().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
