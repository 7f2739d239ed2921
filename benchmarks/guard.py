"""How long `git add` of one file takes with the guard of `git setup --protect`, against a filter that is `cat`.

python benchmarks/guard.py            measure, and show the table
python benchmarks/guard.py --write    put it into docs/benchmarks.md, where `make bench` puts it too
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import section
from measuring import Command, Failure, output_of
from report import machine
from works import Workshop

HEADING = "\n## Adding files to Git\n"
AT_MOST = 2.5
VALUES = 100

NONE, CAT, STRICT, KEPT, PLAIN, OUTSIDE, KEYS, OBJECT, JUDGED = (
    "an encrypted file, no filter",
    "an encrypted file, a filter that is `cat`",
    "an encrypted file, the guard of a rule for some files",
    "an encrypted file, the guard of a rule for all files",
    "a plain file, the guard of a rule for all files",
    "a plain file beside those of a rule, whose globs match it too",
    "a plain file of a rule for key names that it has not",
    "a ConfigMap beside Secrets, whose rule names `data`",
    "a plain file of a rule for key names that it has, with empty values",
)
EXCUSED = {JUDGED: "only leafseal, which is started, can tell that such a file has nothing to encrypt"}
"""The rows that may take longer, and why."""


def measured(workshop: Workshop, runs: int) -> dict[str, float]:
    """Return the median seconds of `git add` by what is added, all in turn. Raises `Failure`."""
    print("bench: adding files to Git", file=sys.stderr)
    folder = Path(tempfile.mkdtemp(dir=workshop.folder))
    git = ["git", "-C"]
    rules = "".join(
        f"  - {{path_regex: '{path}', encrypted_regex: ^({keys})$, age: {workshop.recipient}}}\n"
        for path, keys in (("^s/", "hidden"), ("^o/[a-z]+$", "hidden"), ("^k8s/", "data|stringData"))
    )
    (folder / ".sops.yaml").write_text(f"creation_rules:\n{rules}  - age: {workshop.recipient}\n")
    subprocess.run([*git, str(folder), "init", "-q"], check=True)
    path = f"{Path(workshop.leafseal).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(workshop.key_file.parents[3])}
    output_of(Command([workshop.leafseal, "git", "setup", "--protect", "--quiet"], folder, environ))
    subprocess.run([*git, str(folder), "config", "filter.cat.clean", "cat"], check=True)
    with (folder / ".gitattributes").open("a") as file:
        file.write("c.yaml filter=cat\nn.yaml -filter\n")
    for name in ("s", "o", "k8s"):
        (folder / name).mkdir()
    commit = ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "rules"]
    subprocess.run([*git, str(folder), "add", ".sops.yaml", ".gitattributes"], env=environ, check=True)
    subprocess.run([*git, str(folder), *commit], env=environ, check=True)
    plain = "".join(f"key{number}: value {number}\n" for number in range(VALUES))
    (folder / "k.yaml").write_text(plain)
    sealed = output_of(Command([workshop.leafseal, "encrypt", "k.yaml"], folder, environ)).decode()
    files = {
        NONE: ("n.yaml", sealed),
        CAT: ("c.yaml", sealed),
        STRICT: ("s/s.yaml", sealed),
        KEPT: ("k.yaml", sealed),
        PLAIN: ("p.yaml", plain),
        OUTSIDE: ("o/1.yaml", plain),
        KEYS: ("s/p.yaml", plain),
        OBJECT: ("k8s/m.yaml", f"apiVersion: v1\nkind: ConfigMap\ndata:\n{_indented(plain)}"),
        JUDGED: ("s/h.yaml", f"{plain}hidden:\n"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in files}
    for number in range(runs + 1):
        for name, (file, text) in files.items():
            own = workshop.folder / f"guard-{file.replace('/', '-')}"  # in one index, the others would be looked at too
            if not own.exists():
                shutil.copytree(folder, own)
            (own / file).write_text(f"{text}# {number}\n")
            begin = time.perf_counter()
            done = subprocess.run([*git, str(own), "add", file], env=environ, stderr=subprocess.PIPE, check=False)
            seconds[name].append(time.perf_counter() - begin)
            if done.returncode:
                raise Failure(f"git add {file}: {done.stderr.decode(errors='replace')}")
    return {name: statistics.median(found[1:]) for name, found in seconds.items()}


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def ratio_of(found: dict[str, float]) -> float:
    """Return the longest time with the guard as a part of that with `cat`, of the rows that are not excused."""
    return max(value for name, value in found.items() if name not in EXCUSED) / found[CAT]


def render(found: dict[str, float], runs: int, *, load: float) -> str:
    """Return the section of the page."""
    facts = machine()
    rows = "\n".join(f"| {name} | {1000 * value:.1f} ms | {value / found[CAT]:.2f} |" for name, value in found.items())
    excused = "".join(f"\n- {name}: {reason}\n" for name, reason in EXCUSED.items())
    about = f"`git add` of one file of {VALUES} values, the median of {runs} runs each, in turn."
    return (
        f"{HEADING}\n{about}\n{facts['date']}, {facts['processor']}, {facts['Python']}; load {load:.1f}.\n\n"
        f"| work | time | of `cat` |\n| --- | ---: | ---: |\n{rows}\n\n"
        f"With the guard it must take at most {AT_MOST} times as long as with `cat`, but for:\n{excused}"
    )


def main() -> int:
    """Measure, and show or write the section."""
    return section.main(
        "Measure the guard of plain text in Git.",
        HEADING,
        section.Times(40, "additions of each file"),
        lambda folder, runs: measured(section.plain_workshop(folder), runs),
        lambda found, runs, load: render(found, runs, load=load),
        lambda found: ratio_of(found) <= AT_MOST,
    )


if __name__ == "__main__":
    sys.exit(main())
