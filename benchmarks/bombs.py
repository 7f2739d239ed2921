"""Measure what hostile input costs, and write the table in docs/threat-model.md.

    make bombs

Each command runs once, in a process of its own. What matters is that it ends, and within bounds: it may open the file
or refuse it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from report import machine

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "threat-model.md"
BEGIN, END = "<!-- written by benchmarks/bombs.py -->\n", "<!-- end -->\n"
CHILD = Path(__file__).with_name("child.py")
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
MIB = 2**20
SECONDS, MEGABYTES = 120, 2_000  # beyond these a bomb went off


class Bomb(NamedTuple):
    """What somebody puts into a repository, and the command that meets it."""

    name: str
    make: Callable[[Path], list[str]]  # writes the files, and returns the arguments


class Cost(NamedTuple):
    """What a command took."""

    seconds: float
    megabytes: float
    code: int


def bombs(recipient: str) -> Iterator[Bomb]:
    """Yield all of them."""

    def encrypting(name: str, data: Callable[[], bytes]) -> Callable[[Path], list[str]]:
        def make(folder: Path) -> list[str]:
            (folder / name).write_bytes(data())
            return ["encrypt", "--age", recipient, name]

        return make

    def configured(text: Callable[[], str]) -> Callable[[Path], list[str]]:
        def make(folder: Path) -> list[str]:
            (folder / ".sops.yaml").write_text(text())
            (folder / "a.yaml").write_text("a: 1\n")
            return ["encrypt", "a.yaml"]

        return make

    yield Bomb("ten lines of aliases in `.sops.yaml`", configured(lambda: f"{_aliases()}creation_rules: [*a9]\n"))
    yield Bomb("two configurations of 2 GiB of zeros in one folder", _two_endless)
    yield Bomb("`.sops.yaml` is a named pipe", _pipe)
    yield Bomb("1,000 rules whose patterns are as large as RE2 admits", configured(_patterns))
    yield Bomb("a rule with 16,000 recipients", configured(lambda: _recipients(recipient)))
    yield Bomb("ten lines of aliases in a YAML file", encrypting("a.yaml", lambda: _aliases().encode()))
    yield Bomb("YAML, 10 MiB on one line", encrypting("a.yaml", lambda: b"a: " + b"x" * (10 * MIB)))
    yield Bomb("YAML, a value of 64 MiB", encrypting("a.yaml", lambda: b"a: " + b"x" * (64 * MIB - 3)))
    yield Bomb("YAML, 64 MiB of `[`", encrypting("a.yaml", lambda: b"[" * (64 * MIB)))
    yield Bomb("YAML, a list of 64 MiB", encrypting("a.yaml", lambda: b"a: [" + b"x, " * (21 * MIB) + b"]"))
    yield Bomb("YAML, 64 MiB of comments", encrypting("a.yaml", lambda: b"#\n" * (32 * MIB)))
    yield Bomb("YAML, 60 MiB of empty lines", encrypting("a.yaml", lambda: b"a: 1" + b"\n" * (60 * MIB)))
    yield Bomb("YAML, 16 million documents", encrypting("a.yaml", lambda: b"---\n" * (16 * MIB)))
    yield Bomb("JSON, a list of 64 MiB", encrypting("a.json", lambda: b'{"a": [' + b"1," * (31 * MIB) + b"1]}"))
    yield Bomb("JSON, 64 MiB of `[`", encrypting("a.json", lambda: b'{"a": ' + b"[" * (63 * MIB)))
    yield Bomb("dotenv, 64 MiB of comments", encrypting("a.env", lambda: b"#\n" * (32 * MIB)))
    yield Bomb("dotenv, 60 MiB of empty lines", encrypting("a.env", lambda: b"\n" * (60 * MIB) + b"A=1\n"))
    yield Bomb("INI, 64 MiB of comments", encrypting("a.ini", lambda: b";\n" * (32 * MIB)))
    yield Bomb("INI, 12 million sections", encrypting("a.ini", lambda: b"".join(b"[%d]\n" % n for n in range(7 * MIB))))
    yield Bomb("a file that never ends (`/dev/zero`)", lambda _: ["encrypt", "--age", recipient, "/dev/zero"])
    yield Bomb("2 MB of encrypted comments that belong nowhere", _lost_comments)


def _aliases() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines) + "\n"


def _patterns() -> str:
    rules = (f"- {{path_regex: '\\pL{{600}}{n}', encrypted_regex: '\\pL{{600}}\\pL{{100}}{n}'}}\n" for n in range(1000))
    return "creation_rules:\n" + "".join(rules)


def _recipients(recipient: str) -> str:
    return "creation_rules:\n- age:\n" + f"  - {recipient}\n" * 15_500


def _two_endless(folder: Path) -> list[str]:
    for name in (".sops.yaml", ".sops-style-config.yaml"):
        with open(folder / name, "wb") as file:
            file.truncate(2**31)
    (folder / "a.yaml").write_text("a: 1\n")
    return ["encrypt", "a.yaml"]


def _pipe(folder: Path) -> list[str]:
    os.mkfifo(folder / ".sops.yaml")
    (folder / "a.yaml").write_text("a: 1\n")
    return ["encrypt", "a.yaml"]


def _lost_comments(folder: Path) -> list[str]:
    """Write a file whose comments were all moved away from where they belong."""
    from leafseal import encrypt
    from leafseal.keys import Ambient

    recipient = (folder / "recipient").read_text()
    plain = "far:\n" + "  #x\n" * 14_000 + "  a: 1\n" + "".join(f"{' ' * n}k{n}:\n" for n in range(50))
    sealed = encrypt(plain.encode(), format="yaml", recipients=[recipient], ambient=Ambient({}, folder)).decode()
    (folder / "a.yaml").write_text(sealed.replace("far:", "elsewhere:", 1))
    return ["verify", "a.yaml"]


def measured(bomb: Bomb, folder: Path, identity: str, recipient: str) -> Cost:
    """Set a bomb off."""
    (folder / ".git").mkdir()
    (folder / "recipient").write_text(recipient)
    (folder / "keys.txt").write_text(identity)
    arguments = bomb.make(folder)
    program = Path(sys.executable).with_name("leafseal")
    environ = {"HOME": str(folder), "PATH": os.environ["PATH"], "SOPS_AGE_KEY_FILE": str(folder / "keys.txt")}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(CHILD), str(program), *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        check=True,
        timeout=SECONDS * 5,
    )
    seconds, peak, code = done.stdout.split()
    return Cost(float(seconds), int(peak) * RSS_UNIT / 1_000_000, int(code))


def main() -> int:
    """Measure all, print the table, and write it if that is wanted; 1 where one went off."""
    from leafseal.testing import throwaway_identity

    parser = argparse.ArgumentParser(description="Measure what hostile input costs.")
    parser.add_argument("--write", action="store_true", help=f"write the table to {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    identity = throwaway_identity()
    facts = machine()
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {facts['processor']}, {facts['system']}, {facts['Python']}; "
        f"the load was {os.getloadavg()[0]:.0f}. Refusals have their exit code.\n",
        "| input | outcome | time | peak memory |",
        "| --- | --- | ---: | ---: |",
    ]
    went_off = 0
    for bomb in bombs(identity.recipient):
        with tempfile.TemporaryDirectory(prefix="leafseal-bombs-") as folder:
            cost = measured(bomb, Path(folder), identity.identity, identity.recipient)
        went_off += cost.seconds > SECONDS or cost.megabytes > MEGABYTES or cost.code < 0
        outcome = "opens" if cost.code == 0 else f"refused ({cost.code})"
        lines.append(f"| {bomb.name} | {outcome} | {cost.seconds:.1f} s | {cost.megabytes:.0f} MB |")
        print(lines[-1], flush=True)
    if options.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + rest.partition(END)[2])
    return 1 if went_off else 0


if __name__ == "__main__":
    sys.exit(main())
