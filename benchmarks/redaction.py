"""Measure the filter of `--redact`, and write the table in docs/redaction.md.

    make redaction

What counts is the time of the processor, in a process of its own for each row: text in pieces of 64 KiB, which have no
secret in them, as nearly all text of a program has none. The best of several rounds is taken.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import resource
import string
import subprocess
import sys
import time
from pathlib import Path

from report import machine

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "redaction.md"
BEGIN, END = "<!-- written by benchmarks/redaction.py -->\n", "<!-- end -->\n"
PIECE = 65536
SIZE = 4_000_000  # bytes of text
ROUNDS = 40
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def values(count: int, chance: random.Random) -> list[bytes]:
    """Return passwords as people and programs make them: letters and digits, every other one with signs."""
    plain = string.ascii_letters + string.digits
    alphabets = (plain, plain + "!@#$%^&*()-_=+/'\"<>\\")
    return ["".join(chance.choices(alphabets[n % 2], k=chance.randint(12, 48))).encode() for n in range(count)]


def log(chance: random.Random) -> bytes:
    """Return lines of a web server."""
    lines: list[str] = []
    size = 0
    while size < SIZE:
        lines.append(
            f"2026-11-29T{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}Z INFO request"
            f" id={chance.getrandbits(128):032x} path=/api/v1/items/{chance.randrange(10**6)} status=200"
            f' duration={chance.randrange(900)}ms user-agent="Mozilla/5.0"\n'
        )
        size += len(lines[-1])
    return "".join(lines).encode()


def measure(count: int) -> dict[str, float]:
    """Measure with so many values, in this process."""
    from leafseal.run.redact.forms import forms
    from leafseal.run.redact.stream import Patterns, Stream

    chance = random.Random(14)
    secrets = values(count, chance)
    texts = {"log": log(chance), "base64": base64.b64encode(chance.randbytes(SIZE * 3 // 4))}
    before, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wanted = set[bytes]().union(*map(forms, secrets))
    patterns = Patterns(wanted)
    found: dict[str, float] = {
        "patterns": len(wanted),
        "seconds": time.process_time() - before,
        "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * RSS_UNIT / 2**20,
    }
    for name, text in texts.items():
        rates = []
        for _ in range(ROUNDS):
            stream = Stream(patterns)
            begun = time.process_time()
            size = sum(len(stream.feed(text[place : place + PIECE])) for place in range(0, len(text), PIECE))
            size += len(stream.close())
            rates.append(len(text) / 1e6 / (time.process_time() - begun))
            assert size == len(text)
        found[name] = max(rates)
    return found


def main() -> None:
    """Measure, print the table, and write it if that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help=f"write the table to {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    if options.count:
        print(json.dumps(measure(options.count)))
        return
    facts = machine()
    lines = [
        f"Megabytes a second of processor time, measured on {facts['date']}: {facts['processor']}, {facts['system']},",
        f"{facts['Python']}; the load was {os.getloadavg()[0]:.0f}.",
        "",
        "| values | forms | log of a web server | base64 text | time to prepare | memory |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for count in (20, 100, 1000):
        command = [sys.executable, __file__, "--count", str(count)]
        row = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        lines.append(
            f"| {count:,} | {row['patterns']:,.0f} | {row['log']:.0f} MB/s | {row['base64']:.0f} MB/s"
            f" | {row['seconds']:.2f} s | {row['memory']:.0f} MB |"
        )
    print("\n".join(lines))
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
