"""How long after a change of an encrypted file a program has its new values: `exec --watch` and `render --watch`.

    python benchmarks/reactions.py            measure, and show the table
    python benchmarks/reactions.py --write    put it into docs/benchmarks.md, where `make bench` puts it too

Twice: with the notices of the system, and in a namespace without any, where leafseal looks at the files each second.
Linux only.
"""

from __future__ import annotations

import os
import random
import selectors
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import section
from measuring import Failure, output_of
from report import machine
from works import Workshop

HEADING = "\n## Reactions to changes\n"
MEMORY = Path("/dev/shm")
AT_MOST = 2.0

_SECONDS_AT_MOST = 60.0
_QUIET = 2.5  # seconds: after them a file system's clock hides no change, so each starts from the same state
_NO_NOTICES = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', "sh"]
_STARTS = 'echo "$VALUE"; exec sleep 1000'
_READS = """trap 'cat "$VALUE_FILE"; echo' HUP; cat "$VALUE_FILE"; echo; while :; do sleep 1000 & wait $!; done"""


@dataclass(frozen=True)
class Reaction:
    """A row: the seconds from each change to its effect, with notices and without; None where that cannot be had."""

    name: str
    with_notices: list[float]
    without: list[float] | None

    @property
    def met(self) -> bool:
        """Tell whether every change was in time."""
        return max([*self.with_notices, *(self.without or [])]) <= AT_MOST


class _Files:
    """An encrypted file, and other contents for it."""

    def __init__(self, workshop: Workshop, count: int) -> None:
        folder = Path(tempfile.mkdtemp(dir=workshop.folder))
        self.path = folder / "app.env"
        self.values = [f"value {number}" for number in range(count)]
        self._texts = []
        for value in self.values:
            (folder / "plain.env").write_text(f"VALUE={value}\n")
            self._texts.append(
                output_of(workshop.run("encrypt", "--age", workshop.recipient, str(folder / "plain.env")))
            )
        self.put(0)

    def put(self, number: int) -> float:
        """Put another file in its place, as editors do; return when."""
        new = self.path.with_name("new")
        new.write_bytes(self._texts[number])
        new.replace(self.path)
        return time.monotonic()


class _Output:
    """What a program writes, line by line."""

    def __init__(self, program: subprocess.Popen[bytes]) -> None:
        assert program.stdout is not None
        self._descriptor = program.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._descriptor, selectors.EVENT_READ)
        self._seen = b""

    def wait_for(self, value: str) -> float:
        """Wait for a line; return when it came. Raises `Failure`."""
        end = time.monotonic() + _SECONDS_AT_MOST
        while f"{value}\n".encode() not in self._seen:
            if not self._selector.select(max(0.0, end - time.monotonic())):
                raise Failure(f"no {value!r} within {_SECONDS_AT_MOST:g} s, but {self._seen!r}")
            part = os.read(self._descriptor, 65536)
            if not part:
                raise Failure(f"the program ended; it wrote {self._seen!r}")
            self._seen += part
        return time.monotonic()


def _started(workshop: Workshop, path: Path) -> tuple[list[str], None]:
    return [workshop.leafseal, "exec", "--watch", "-e", str(path), "--", "sh", "-c", _STARTS], None


def _told(workshop: Workshop, path: Path) -> tuple[list[str], None]:
    words = ["exec", "--watch", "--signal", "HUP", "-e", str(path), "--file", "VALUE=VALUE", "--", "sh", "-c", _READS]
    return [workshop.leafseal, *words], None


def _rendered(workshop: Workshop, path: Path) -> tuple[list[str], Path]:
    to = Path(tempfile.mkdtemp(dir=MEMORY, prefix="leafseal-bench-"))
    words = ["render", "--watch", "--quiet", "--to", str(to / "files"), "--file", f"value={path}:VALUE"]
    return [workshop.leafseal, *words], to


_ROWS: dict[str, Callable[[Workshop, Path], tuple[list[str], Path | None]]] = {
    "`exec --watch`: the program was started again": _started,
    "`exec --watch --signal HUP`: the program has read its new file": _told,
    "`render --watch`: the new file is in its place": _rendered,
}


def measured(workshop: Workshop, changes: int) -> Iterator[Reaction]:
    """Measure. Raises `Failure`."""
    if sys.platform != "linux" or not MEMORY.is_dir():
        raise Failure("reactions are measured on Linux, with /dev/shm")
    has_none = subprocess.run([*_NO_NOTICES, "true"], capture_output=True, check=False).returncode == 0
    for name, command in _ROWS.items():
        print(f"bench: {name}", file=sys.stderr)
        with_notices = _seconds(workshop, command, changes, [])
        yield Reaction(name, with_notices, _seconds(workshop, command, changes, _NO_NOTICES) if has_none else None)


def _seconds(
    workshop: Workshop,
    command: Callable[[Workshop, Path], tuple[list[str], Path | None]],
    changes: int,
    before: list[str],
) -> list[float]:
    """Return how long each change took to have its effect."""
    files = _Files(workshop, changes + 1)
    words, to = command(workshop, files.path)
    with _running(workshop, [*before, *words]) as program:
        wait_for = _Output(program).wait_for if to is None else lambda value: _wait_for_file(to, value)
        try:
            wait_for(files.values[0])
            found = []
            for number, value in enumerate(files.values[1:], 1):
                time.sleep(_QUIET + random.random())  # looks come once a second: not always right before one
                begun = files.put(number)
                found.append(wait_for(value) - begun)
            return found
        finally:
            program.terminate()
            program.wait(_SECONDS_AT_MOST)
            if to is not None:
                subprocess.run(["rm", "-rf", str(to)], check=True)


@contextmanager
def _running(workshop: Workshop, words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environ = dict(workshop.bare().environ)
    with subprocess.Popen(words, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as program:
        try:
            yield program
        finally:
            program.kill()


def _wait_for_file(to: Path, value: str) -> float:
    end = time.monotonic() + _SECONDS_AT_MOST
    file = to / "files" / "value"
    while not file.exists() or file.read_text() != value:
        if time.monotonic() > end:
            raise Failure(f"no {shlex.quote(value)} in the file within {_SECONDS_AT_MOST:g} s")
        time.sleep(0.002)
    return time.monotonic()


def render(found: list[Reaction], changes: int, *, loads: tuple[float, float]) -> str:
    """Return the section of the page."""
    facts = machine()
    where = f"{facts['date']}, {facts['processor']}, {facts['Python']}; load before and after"
    text = _TEXT.format(changes=changes, where=where, loads=loads)
    return f"{HEADING}{text}\n{_HEAD}\n" + "\n".join(map(_line, found)) + "\n"


_TEXT = """
The time begins when another encrypted file is in the place of the old one. {changes} changes each, at random moments:
the median, and the longest in brackets. Without notices, as on NFS, leafseal looks at the files each second. That is
measured in a namespace without inotify.
{where} {loads[0]:.1f}, {loads[1]:.1f}.
"""
_HEAD = "| until | with notices | without | must | met |\n| --- | ---: | ---: | --- | --- |"


def _line(row: Reaction) -> str:
    cells = [_cell(row.with_notices), "" if row.without is None else _cell(row.without)]
    return f"| {' | '.join([row.name, *cells, f'≤ {AT_MOST:g} s', 'yes' if row.met else '**no**'])} |"


def _cell(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({max(seconds):.2f} s)"


def main() -> int:
    """Measure, and show or write the section."""
    return section.main(
        "Measure how fast changes of encrypted files reach programs.",
        HEADING,
        section.Times(10, "changes of each file", "--changes"),
        lambda folder, changes: list(measured(section.plain_workshop(folder), changes)),
        lambda found, changes, load: render(found, changes, loads=(load, os.getloadavg()[0])),
        lambda found: all(row.met for row in found),
    )


if __name__ == "__main__":
    sys.exit(main())
