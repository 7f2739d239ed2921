"""How long Git takes to merge and to show an encrypted file, with leafseal's drivers and without.

python benchmarks/merging.py            measure, and show the table
python benchmarks/merging.py --write    put it into docs/benchmarks.md, where `make bench` puts it too
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path

import section
from measuring import Command, Figures, measure, output_of
from report import machine
from works import Workshop

HEADING = "\n## Merging and showing in Git\n"
VALUES = 100

DRIVER, MERGE, TEXT_MERGE, SHOWN, DIFF, SLOW = (
    "the merge driver alone, a value changed on each side",
    "`git merge` of the same file, with the driver",
    "`git merge` of it as text, which conflicts",
    "`git diff` of two versions, in plain text",
    "`git diff --no-textconv` of them",
    "showing a file whose key never comes",
)
AT_MOST = {DRIVER: 0.3, SLOW: 10.5}
"""Seconds: what a driver may take, and how long a key is waited for, with the start of the program."""


def commands(workshop: Workshop) -> dict[str, Command]:
    """Make a repository with two branches, and return what is measured in it. Raises `Failure`."""
    folder = Path(tempfile.mkdtemp(dir=workshop.folder))
    path = f"{Path(workshop.leafseal).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(workshop.key_file.parents[3]), "GIT_CONFIG_GLOBAL": os.devnull}

    def run(*words: str) -> bytes:
        return output_of(Command(words, folder, environ))

    def git(*words: str) -> bytes:
        return run("git", "-c", "user.name=a", "-c", "user.email=a@b", *words)

    git("init", "-q", "-b", "main")
    (folder / ".sops.yaml").write_text(f"creation_rules:\n  - age: {workshop.recipient}\n")
    (folder / "f.yaml").write_text("".join(f"key{number}: value {number}\n" for number in range(VALUES)))
    run(workshop.leafseal, "encrypt", "-i", "f.yaml")
    run(workshop.leafseal, "git", "setup", "--quiet")
    git("add", "-A")
    git("commit", "-qm", "base")
    for branch, key in (("theirs", "key10"), ("ours", "key90")):
        git("checkout", "-qb", branch, "main")
        run(workshop.leafseal, "set", "--string", "f.yaml", key, "another")
        git("commit", "-qam", branch)
    for name in ("main", "ours", "theirs"):
        (workshop.folder / f"{name}.yaml").write_bytes(git("cat-file", "blob", f"{name}:f.yaml"))
    base, ours, theirs = (shlex.quote(str(workshop.folder / f"{name}.yaml")) for name in ("main", "ours", "theirs"))
    merge = "git -c user.name=a -c user.email=a@b {} merge -q --no-edit theirs"
    as_text = "-c merge.leafseal.driver='git merge-file %A %O %B'"

    def shell(script: str, **more: str) -> Command:
        return Command(["/bin/sh", "-c", script], folder, {**environ, **more})

    never = {"HOME": str(folder), "SOPS_AGE_KEY_CMD": "sleep 1000"}
    return {
        DRIVER: shell(f"cp {ours} merged && leafseal merge --git --path=f.yaml {base} merged {theirs}"),
        MERGE: shell(f"{merge.format('')} && git reset -q --hard ours@{{1}}"),
        TEXT_MERGE: shell(f"! {merge.format(as_text)} && git reset -q --hard"),
        SHOWN: shell("git diff main ours -- f.yaml | grep -q another"),
        DIFF: shell("git diff --no-textconv main ours -- f.yaml | grep -q mac"),
        SLOW: shell("leafseal git textconv f.yaml | grep -q mac", **never),
    }


def measured(workshop: Workshop, runs: int) -> dict[str, Figures]:
    """Measure all in turn, but what only waits once. Raises `Failure`."""
    print("bench: merging and showing in Git", file=sys.stderr)
    found = commands(workshop)
    waiting = {SLOW: found.pop(SLOW)}
    return {**measure(found, runs), **measure(waiting, 1)}


def unmet(found: dict[str, Figures]) -> list[str]:
    """Return what takes longer than it may."""
    return [name for name, most in AT_MOST.items() if found[name].median > most]


def render(found: dict[str, Figures], runs: int, *, load: float) -> str:
    """Return the section of the page."""
    facts = machine()
    rows = "\n".join(_row(name, figures) for name, figures in found.items())
    about = f"An encrypted YAML file of {VALUES} values, the median of {runs} runs each, in turn."
    return (
        f"{HEADING}\n{about}\n{facts['date']}, {facts['processor']}, {facts['Python']}; load {load:.1f}.\n\n"
        f"| work | time | must | met |\n| --- | ---: | --- | --- |\n{rows}\n"
    )


def _row(name: str, figures: Figures) -> str:
    if name not in AT_MOST:
        return f"| {name} | {figures.median:.3f} s | | |"
    met = "yes" if figures.median <= AT_MOST[name] else "**no**"
    return f"| {name} | {figures.median:.3f} s | ≤ {AT_MOST[name]:g} s | {met} |"


def main() -> int:
    """Measure, and show or write the section."""
    return section.main(
        "Measure Git's merge and diff of an encrypted file.",
        HEADING,
        section.Times(20),
        lambda folder, runs: measured(section.plain_workshop(folder), runs),
        lambda found, runs, load: render(found, runs, load=load),
        lambda found: not unmet(found),
    )


if __name__ == "__main__":
    sys.exit(main())
