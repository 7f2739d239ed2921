"""A program that measures one section of docs/benchmarks.md, shows it, and puts it there where it is to."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from measuring import Failure
from report import put_section
from works import Workshop

Found = TypeVar("Found")


class Times(NamedTuple):
    """How often each thing is measured: an option with this name, what it counts, and the number without it."""

    default: int
    what: str = "runs of each command"
    option: str = "--runs"


def main(
    about: str,
    heading: str,
    times: Times,
    measured: Callable[[Path, int], Found],
    render: Callable[[Found, int, float], str],
    is_met: Callable[[Found], bool],
) -> int:
    """Measure in a temporary folder, show the section, and write it with `--write`; return 1 where it is too slow.

    `render` gets the load of the machine before it was measured.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        times.option, dest="times", type=int, default=times.default, help=f"{times.what} (default: %(default)s)"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="leafseal-bench-") as folder:
        try:
            found = measured(Path(folder), options.times)
        except (Failure, OSError, subprocess.CalledProcessError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    section = render(found, options.times, load)
    print(section)
    if options.write:
        put_section(heading, section)
    return int(not is_met(found))


def plain_workshop(folder: Path) -> Workshop:
    """Return a workshop without sops and key services."""
    return Workshop.open(folder, None, {})
