"""How long `leafseal check` takes for a repository of many encrypted files.

python benchmarks/checking.py            measure, and show the table
python benchmarks/checking.py --write    put it into docs/benchmarks.md, where `make bench` puts it too
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import inputs
import section
from measuring import Command, output_of
from report import machine
from works import Workshop

HEADING = "\n## Checking a repository\n"
AT_MOST = 3.0
FILES = 1_000

TREE, INDEX, COMMIT, PLAIN = (
    "the work tree: `leafseal check`",
    "the index, all files in it: `leafseal check --staged .`",
    "a commit: `leafseal check --revision HEAD`",
    "the work tree, and as many plain files for which a rule for all files is",
)


def measured(workshop: Workshop, runs: int, divisor: int = 1) -> dict[str, float]:
    """Return the median seconds of each way to check, in turn. Raises `Failure` where anything is found."""
    print("bench: checking a repository", file=sys.stderr)
    folder = Path(tempfile.mkdtemp(dir=workshop.folder))
    home = workshop.key_file.parents[3]
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull}
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    rules = f"creation_rules:\n  - {{path_regex: ^sealed/, age: {workshop.recipient}}}\n"
    (folder / ".sops.yaml").write_text(f"{rules}  - age: {workshop.recipient}\n")
    paths = inputs.write_many(folder / "plain", FILES // divisor)
    (folder / "sealed").mkdir()
    names = [str(path) for path in paths]
    output_of(workshop.run("encrypt", "--age", workshop.recipient, "--output-dir", str(folder / "sealed"), *names))
    for path in paths:  # what looks like a secret would be found
        path.write_text("".join(line for line in path.read_text().splitlines(True) if "pass" not in line[:8]))
        path.write_text(path.read_text().replace("token:", "marker:"))
    for words in (["init", "-q"], ["add", ".sops.yaml", "sealed"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], cwd=folder, env=environ, check=True)
    check = [workshop.leafseal, "check"]
    commands = {
        TREE: [*check, "sealed"],
        INDEX: [*check, "--staged", "."],
        COMMIT: [*check, "--revision", "HEAD"],
        PLAIN: check,
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, argv in commands.items():
            begin = time.perf_counter()
            output_of(Command(argv, folder, environ))
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(found[1:]) for name, found in seconds.items()}


def unmet(found: dict[str, float]) -> list[str]:
    """Return what takes longer than it may."""
    return [name for name, value in found.items() if name != PLAIN and value > AT_MOST]


def render(found: dict[str, float], runs: int, *, load: float) -> str:
    """Return the section of the page."""
    facts = machine()
    rows = "\n".join(
        f"| {name} | {value:.2f} s | {'' if name == PLAIN else f'≤ {AT_MOST:g} s'} |"
        f" {'' if name == PLAIN else 'yes' if value <= AT_MOST else '**no**'} |"
        for name, value in found.items()
    )
    about = f"{FILES:,} encrypted files of 10 values, without a key; the median of {runs} runs each, in turn."
    return (
        f"{HEADING}\n{about}\n{facts['date']}, {facts['processor']}, {facts['Python']}; load {load:.1f}.\n\n"
        f"| work | time | must | met |\n| --- | ---: | --- | --- |\n{rows}\n"
    )


def main() -> int:
    """Measure, and show or write the section."""
    return section.main(
        "Measure how long a repository takes to check.",
        HEADING,
        section.Times(5),
        lambda folder, runs: measured(section.plain_workshop(folder), runs),
        lambda found, runs, load: render(found, runs, load=load),
        lambda found: not unmet(found),
    )


if __name__ == "__main__":
    sys.exit(main())
