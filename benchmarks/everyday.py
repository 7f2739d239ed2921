"""Do ten everyday jobs with leafseal, sops and dotenvx, count what is typed, and write docs/everyday.md.

    make everyday

sops with age-keygen, and dotenvx, are looked for on PATH; without them the page is not written, and `--check` does what
it can. Each program works in a repository of its own, job after job, and a check that is not counted shows that the
job is done.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "docs" / "everyday.md"

PASTED = "⧉"
"""What is pasted, not typed: a public key. It counts as one keystroke."""

LEAFSEAL, SOPS, DOTENVX = "leafseal", "sops", "dotenvx"
NEEDED = {LEAFSEAL: (LEAFSEAL,), SOPS: (SOPS, "age-keygen"), DOTENVX: (DOTENVX,)}
"""The programs that each column needs."""

SAVE_AND_LEAVE = 5
"""Keystrokes for `Esc : w q Enter`, on top of the text that is typed in an editor."""


@dataclass(frozen=True)
class Line:
    """A line that is typed in a shell."""

    text: str

    @property
    def keystrokes(self) -> int:
        """Return how many keys are pressed, with Enter."""
        return len(self.text) + 1

    @property
    def script(self) -> str:
        """Return what a shell runs."""
        return self.text.replace(PASTED, "$ANN")

    @property
    def shown(self) -> str:
        """Return what the page shows."""
        return f"`{self.text.replace('|', chr(92) + '|')}`"


@dataclass(frozen=True)
class Edited:
    """A file that is opened in an editor: `typed` is put behind the first `behind`, or is deleted there."""

    file: str
    behind: str
    typed: str
    is_deleted: bool = False
    command: str = "vi"

    @property
    def keystrokes(self) -> int:
        """Return how many keys are pressed. Deleting counts as two keys and finding a place as none."""
        change = 2 if self.is_deleted else len(self.typed)
        return len(f"{self.command} {self.file}") + 1 + change + SAVE_AND_LEAVE

    @property
    def script(self) -> str:
        """Return what a shell runs in place of a person at an editor."""
        opened = "" if self.command == "vi" else f'EDITOR="$EDITING" {self.command} {self.file}'
        change = {"FIND": self.behind, "TYPED": self.typed, "DELETE": "1" if self.is_deleted else ""}
        values = " ".join(f'{name}="{text.replace(PASTED, "$ANN")}"' for name, text in change.items())
        return f"{values} {opened}" if opened else f'{values} "$EDITING" {self.file}'

    @property
    def shown(self) -> str:
        """Return what the page shows."""
        what = f"delete `{self.typed}`" if self.is_deleted else f"type `{self.typed}`"
        return f"`{self.command} {self.file}`: {what}"


Step = Line | Edited


@dataclass(frozen=True)
class Way:
    """How a job is done with one program, and a command that succeeds once it is done."""

    steps: tuple[Step, ...]
    done: str = "true"
    remark: str = ""

    @property
    def keystrokes(self) -> int:
        """Return the keys of all steps."""
        return sum(step.keystrokes for step in self.steps)


@dataclass(frozen=True)
class Job:
    """Something people do, and how; a text in place of a way says why the program cannot do it."""

    name: str
    ways: Mapping[str, Way | str]


def way(*steps: str | Edited, done: str = "true", remark: str = "") -> Way:
    """Return a way whose texts are lines."""
    return Way(tuple(Line(step) if isinstance(step, str) else step for step in steps), done, remark)


_LOOP = "git ls-files '*.env' '*.yaml' ':!.sops.yaml' | xargs -n1"  # sops takes one file at a time

JOBS = (
    Job(
        "Start in a new repository: a key, and a configuration",
        {
            LEAFSEAL: way("leafseal init", done="test -s .sops.yaml"),
            SOPS: way(
                "mkdir -p ~/.config/sops/age",
                "age-keygen -o ~/.config/sops/age/keys.txt",
                f"printf 'creation_rules:\\n  - age: {PASTED}\\n' >.sops.yaml",
                done='sed -i "s/age: .*/age: $(age-keygen -y ~/.config/sops/age/keys.txt)/" .sops.yaml',
            ),
            DOTENVX: way(remark="`encrypt` makes a key for each folder"),
        },
    ),
    Job(
        "Encrypt the files of a project",
        {
            LEAFSEAL: way("leafseal encrypt -i app.env app.yaml db.yaml", done="grep -q ENC app.env app.yaml"),
            SOPS: way(
                "sops encrypt -i app.env",
                "sops encrypt -i app.yaml",
                "sops encrypt -i db.yaml",
                done="grep -q ENC db.yaml",
            ),
            DOTENVX: way(
                "dotenvx encrypt -f app.env",
                "echo .env.keys >>.gitignore",
                done="grep -q encrypted: app.env",
                remark=".env files only",
            ),
        },
    ),
    Job(
        "Print one value",
        {
            LEAFSEAL: way("leafseal get app.env DB_PASSWORD", done='test "$OUT" = hunter2'),
            SOPS: way("""sops decrypt --extract '["DB_PASSWORD"]' app.env""", done='test "$OUT" = hunter2'),
            DOTENVX: way("dotenvx get -f app.env DB_PASSWORD", done='test "$OUT" = hunter2'),
        },
    ),
    Job(
        "Change one value",
        {
            LEAFSEAL: way(
                "leafseal set app.env DB_PASSWORD s3cret",
                done='test "$(leafseal get app.env DB_PASSWORD)" = s3cret',
            ),
            SOPS: way(
                """sops set app.env '["DB_PASSWORD"]' '"s3cret"'""",
                done="""test "$(sops decrypt --extract '["DB_PASSWORD"]' app.env)" = s3cret""",
            ),
            DOTENVX: way(
                "dotenvx set -f app.env DB_PASSWORD s3cret",
                done='test "$(dotenvx get -f app.env DB_PASSWORD)" = s3cret',
            ),
        },
    ),
    Job(
        "Edit a file",
        {
            LEAFSEAL: way(
                Edited("app.yaml", "hunter", "7", command="leafseal edit"),
                done='test "$(leafseal get app.yaml db.password)" = hunter72',
            ),
            SOPS: way(
                Edited("app.yaml", "hunter", "7", command="sops edit"),
                done="""test "$(sops decrypt --extract '["db"]["password"]' app.yaml)" = hunter72""",
            ),
            DOTENVX: way(
                "dotenvx decrypt -f app.env",
                Edited("app.env", "s3cret", "7"),
                "dotenvx encrypt -f app.env",
                done='test "$(dotenvx get -f app.env DB_PASSWORD)" = s3cret7',
                remark="the plain text is on the disk meanwhile",
            ),
        },
    ),
    Job(
        "Start a program with the values",
        {
            LEAFSEAL: way("leafseal exec-env app.env -- ./server", done='test "$OUT" = "serving on 80"'),
            SOPS: way("sops exec-env app.env ./server", done='test "$OUT" = "serving on 80"'),
            DOTENVX: way("dotenvx run -f app.env -- ./server", done='test "${OUT#*serving}" = " on 80"'),
        },
    ),
    Job(
        "See who can decrypt the files",
        {
            LEAFSEAL: way("leafseal inspect --all"),
            SOPS: way("grep -r age1", remark="public keys without names"),
            DOTENVX: "whoever has `.env.keys`: nobody can tell",
        },
    ),
    Job(
        "Someone joins",
        {
            LEAFSEAL: way(
                f"leafseal team add ann {PASTED}",
                "leafseal updatekeys --all -y",
                done='grep -q "$ANN" app.env && grep -q "$ANN" app.yaml && grep -q "$ANN" db.yaml',
            ),
            SOPS: way(
                Edited(".sops.yaml", "age: ", f"{PASTED},"),
                f"{_LOOP} sops updatekeys -y",
                done='grep -q "$ANN" app.env && grep -q "$ANN" app.yaml && grep -q "$ANN" db.yaml',
            ),
            DOTENVX: "only by handing over the private key",
        },
    ),
    Job(
        "Someone leaves: what is written from now on is closed to them",
        {
            LEAFSEAL: way(
                "leafseal team remove ann",
                "leafseal updatekeys --all -y",
                done='! grep -q "$ANN" app.env app.yaml db.yaml',
                remark="the data keys change too",
            ),
            SOPS: way(
                Edited(".sops.yaml", "age: ", f"{PASTED},", is_deleted=True),
                f"{_LOOP} sops updatekeys -y",
                f"{_LOOP} sops rotate -i",
                done='! grep -q "$ANN" app.env app.yaml db.yaml',
            ),
            DOTENVX: "a new key by hand, handed over to everyone who stays",
        },
    ),
    Job(
        "Check in CI that all files open, and for the right people",
        {
            LEAFSEAL: way("leafseal verify --all", "leafseal updatekeys --all --dry-run"),
            SOPS: way(f"{_LOOP} sops decrypt >/dev/null", remark="does not compare the people"),
            DOTENVX: way("dotenvx get -f app.env >/dev/null", remark="one file at a time"),
        },
    ),
)

_EDITING = """#!/usr/bin/env python3
import os, sys
path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    text = file.read()
find, typed = os.environ["FIND"], os.environ["TYPED"]
old, new = (find + typed, find) if os.environ["DELETE"] else (find, find + typed)
assert old in text, old
with open(path, "w", encoding="utf-8") as file:
    file.write(text.replace(old, new, 1))
"""

_SERVER = '#!/bin/sh\necho "serving on $PORT"\n'

FILES = {
    "app.env": "DB_PASSWORD=hunter2\nPORT=80\n",
    "app.yaml": "db:\n  user: app\n  password: hunter2\n",
    "db.yaml": "root: hunter3\n",
}


class Failure(Exception):
    """A job is not done."""


def do_jobs(program: str, folder: Path, search_path: str) -> None:
    """Do all jobs that a program can do, one after the other. Raises `Failure`."""
    project = folder / "project"
    project.mkdir(parents=True)
    for name, text in FILES.items():
        (project / name).write_text(text)
    for path, text in ((project / "server", _SERVER), (folder / "editing", _EDITING)):
        path.write_text(text)
        path.chmod(0o755)
    environ = {
        "PATH": search_path,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "EDITING": str(folder / "editing"),
        "SOPS_DISABLE_VERSION_CHECK": "1",
        "ANN": "age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z",
    }
    _shell("git init -q", project, environ)
    for job in JOBS:
        _shell("git add .", project, environ)
        if isinstance(found := job.ways[program], str):
            continue
        output = _shell("\n".join(["set -e", *(step.script for step in found.steps)]), project, environ)
        _shell(found.done, project, environ | {"OUT": output.strip()}, job.name)


def _shell(script: str, folder: Path, environ: Mapping[str, str], name: str = "") -> str:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise Failure(f"{name}: exit code {done.returncode}\n{script}\n{done.stdout}{done.stderr}")
    return done.stdout


_HEAD = f"""\
# Ten everyday jobs

Written by `make everyday`, which does each job with each program and checks that it is done; do not edit. There are
three files: one `.env` and two YAML. A keystroke is a character or Enter; what is pasted ({PASTED}, a public key)
counts as one. In an editor the text that is typed counts, and {SAVE_AND_LEAVE} keys to save and leave.

"""


def render(versions: Mapping[str, str]) -> str:
    """Return the page."""
    lines = [_HEAD, f"| job | {' | '.join(versions[name] for name in NEEDED)} |\n", "| --- | --- | --- | --- |\n"]
    lines += [f"| {job.name} | {' | '.join(_cell(job.ways[name]) for name in NEEDED)} |\n" for job in JOBS]
    totals = [_counted([way for job in JOBS if isinstance(way := job.ways[name], Way)]) for name in NEEDED]
    cannot = [sum(isinstance(job.ways[name], str) for job in JOBS) for name in NEEDED]
    cells = [total + (f", without {jobs} jobs" if jobs else "") for total, jobs in zip(totals, cannot, strict=True)]
    return "".join(lines) + f"| **all** | {' | '.join(cells)} |\n"


def _cell(found: Way | str) -> str:
    if isinstance(found, str):
        return f"not possible: {found}"
    parts = [*(step.shown for step in found.steps), *([found.remark] if found.remark else [])]
    return "<br>".join([*parts, _counted([found])])


def _counted(ways: list[Way]) -> str:
    commands, keys = sum(len(found.steps) for found in ways), sum(found.keystrokes for found in ways)
    return f"{commands} command{'' if commands == 1 else 's'}, {keys} keys" if commands else "nothing to do"


def missing(search_path: str) -> Iterator[str]:
    """Yield the programs that are not found."""
    for names in NEEDED.values():
        yield from (name for name in names if shutil.which(name, path=search_path) is None)


def main() -> int:
    """Do the jobs and write the page."""
    parser = argparse.ArgumentParser(description="Do ten everyday jobs with leafseal, sops and dotenvx.")
    parser.add_argument("--check", action="store_true", help="do the jobs with the programs found; write nothing")
    options = parser.parse_args()
    search_path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    absent = set(missing(search_path))
    if absent and not options.check:
        print(f"everyday: not found: {', '.join(sorted(absent))}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="leafseal-everyday-") as folder:
        for program, needed in NEEDED.items():
            if not absent.intersection(needed):
                try:
                    do_jobs(program, Path(folder) / program, search_path)
                except Failure as error:
                    print(f"everyday: {program}: {error}", file=sys.stderr)
                    return 1
    if not options.check:
        TARGET.write_text(render({name: _version(name, search_path) for name in NEEDED}), encoding="utf-8")
    return 0


def _version(program: str, search_path: str) -> str:
    environ = {**os.environ, "PATH": search_path, "SOPS_DISABLE_VERSION_CHECK": "1"}
    done = subprocess.run([program, "--version"], env=environ, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    return f"{program} {next((word for word in words if word[0].isdigit()), words[-1])}"


if __name__ == "__main__":
    raise SystemExit(main())
