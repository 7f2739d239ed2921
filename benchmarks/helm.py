"""How long `helm leafseal template` takes with ten value files whose key service is slow, beside ten decryptions.

    python benchmarks/helm.py            measure, and show the table
    python benchmarks/helm.py --write    put it into docs/benchmarks.md, where `make bench` puts it too

`LEAFSEAL_TEST_HELM` names a Helm; without it a script is in its place, which reads the files.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import inputs
import loopback_kms
import section
from measuring import Command, Failure, Figures, measure, output_of
from report import machine
from works import KMS_MILLISECONDS, Workshop

HEADING = "\n## Value files of Helm\n"
COUNT = 10
AT_MOST = 0.25

ONE, MANY = "one `helm leafseal template`", f"{COUNT} times `leafseal decrypt`"
_SCRIPT = '#!/bin/sh\nfor word; do case $word in /proc/*) cat "$word" ;; esac; done\n'


def commands(workshop: Workshop) -> dict[str, Command]:
    """Return the commands that are compared. Raises `Failure` where Helm does not get the values."""
    folder = workshop.folder / "helm"
    paths = inputs.write_many(folder, COUNT)
    texts = [path.read_bytes() for path in paths]
    key = loopback_kms.key(KMS_MILLISECONDS)
    output_of(workshop.run("encrypt", "-i", "--kms", key, *(str(path) for path in paths)))
    base = workshop.bare()
    words = [workshop.leafseal, "helm", "run", "template", "r", _chart(folder)]
    words += [word for path in paths for word in ("-f", str(path))]
    together = Command(words, workshop.folder, {**base.environ, "HELM_BIN": _helm(folder)})
    if texts[-1].splitlines()[-1].partition(b": ")[2].strip(b'"') not in output_of(together):
        raise Failure("Helm does not get the values")
    found = {ONE: together, MANY: _loop(workshop, workshop.leafseal, paths)}
    if workshop.sops:
        found[f"{COUNT} times `sops decrypt`"] = _loop(workshop, workshop.sops, paths)
    return found


def _helm(folder: Path) -> str:
    if named := os.environ.get("LEAFSEAL_TEST_HELM"):
        return named
    script = folder / "helm"
    script.write_text(_SCRIPT)
    script.chmod(0o755)
    return str(script)


def _chart(folder: Path) -> str:
    (folder / "chart" / "templates").mkdir(parents=True)
    (folder / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 0.1.0\n")
    (folder / "chart" / "templates" / "all.yaml").write_text("values: {{ .Values | toJson | quote }}\n")
    return str(folder / "chart")


def _loop(workshop: Workshop, program: str, paths: list[Path]) -> Command:
    script = 'program=$0; for path; do "$program" decrypt "$path" || exit 1; done'
    return Command(["/bin/sh", "-c", script, program, *map(str, paths)], workshop.folder, {**workshop.bare().environ})


def render(figures: dict[str, Figures], runs: int, *, load: float) -> str:
    """Return the section of the page."""
    facts = machine()
    rows = "\n".join(f"| {name} | {found.median:.3f} s |" for name, found in figures.items())
    ratio = ratio_of(figures)
    verdict = "" if ratio <= AT_MOST else " **It is not.**"
    helm = "a real one" if os.environ.get("LEAFSEAL_TEST_HELM") else "a script that reads the files"
    where = f"{facts['date']}, {facts['processor']}, {facts['Python']}; load {load:.1f}"
    about = (
        f"Ten value files, each with its own key of AWS KMS, {KMS_MILLISECONDS} ms a call. The median of {runs} runs"
    )
    return (
        f"{HEADING}\n{about}\neach, in turn. Helm: {helm}. {where}.\n\n| work | time |\n| --- | ---: |\n{rows}\n\n"
        f"The first takes {ratio:.2f} of the second; it must take at most {AT_MOST}.{verdict}\n"
    )


def ratio_of(figures: dict[str, Figures]) -> float:
    """Return the time of one command as a part of that of ten."""
    return figures[ONE].median / figures[MANY].median


def measured(workshop: Workshop, runs: int) -> dict[str, Figures]:
    """Measure. Raises `Failure`."""
    print("bench: value files of Helm", file=sys.stderr)
    return measure(commands(workshop), runs)


def _measured_in(folder: Path, runs: int) -> dict[str, Figures]:
    with loopback_kms.LoopbackKMS() as kms:
        return measured(Workshop.open(folder, shutil.which("sops"), kms.environ), runs)


def main() -> int:
    """Measure, and show or write the section."""
    return section.main(
        "Measure Helm with encrypted value files.",
        HEADING,
        section.Times(5),
        _measured_in,
        lambda found, runs, load: render(found, runs, load=load),
        lambda found: ratio_of(found) <= AT_MOST,
    )


if __name__ == "__main__":
    sys.exit(main())
