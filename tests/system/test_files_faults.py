"""A write that is cut off or refused at any system call leaves the old file or the new one, and never a mix.

The system calls are counted in a first run and then made to kill the process, or to fail, one after the other, by
`strace`; where that is missing, the same is done between the calls that Python makes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from leafseal.system.directory import Folder

SOURCE = str(Path(__file__).parents[2] / "src")
OLD = b"old: content\n" * 1000
NEW = b"new: content, longer\n" * 1000
READY = "/plaintext-ready"

WRITE = f"""
import os, sys
from leafseal.errors import LeafsealError
from leafseal.system import directory, files, locks, owners, reading
path, new, private = sys.argv[1], open(sys.argv[2], "rb").read(), sys.argv[3] == "private"
snapshot = reading.read(path)

def verify(data):
    assert data == new

os.path.exists({READY!r})
try:
    files.replace(snapshot, new, verify=verify, private=private)
except LeafsealError as error:
    print(error, error.hint)
    sys.exit(error.exit_code)
"""

# With a process killed or a call failing at each `os` function; what lies in between is not ours to interrupt.
STEPS = f"""
import os, signal, sys
point = int(sys.argv.pop(4))
calls = ["open", "write", "read", "lseek", "fstat", "stat", "fchmod", "fsync", "replace", "link", "unlink", "close",
         "scandir", "access", "listxattr"]
count = 0

def counted(real):
    def call(*arguments, **named):
        global count
        if armed:
            count += 1
            if count == point:
                os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call

armed = False
exists = os.path.exists

def arm(path):
    global armed
    armed = armed or path == {READY!r}
    return exists(path)

os.path.exists = arm
for name in calls:
    if hasattr(os, name):
        wrapped = counted(getattr(os, name))
        for group in (os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids, os.supports_fd):
            if getattr(os, name) in group:
                group.add(wrapped)
        setattr(os, name, wrapped)
"""


class Point(NamedTuple):
    """The n-th call of one name, counted from the start of the process."""

    call: str
    number: int


class Result(NamedTuple):
    code: int
    content: bytes
    output: str
    left: list[str]


needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None
    or subprocess.run(["strace", "-e", "trace=none", "true"], capture_output=True).returncode != 0,
    reason="strace is missing or may not trace here",
)

# What the interpreter does for itself at any time tells nothing about ours.
_NOISE = {"mmap", "munmap", "brk", "mremap", "mprotect", "rt_sigaction", "rt_sigprocmask", "futex", "getpid", "gettid",
          "exit_group", "ioctl", "getrandom", "geteuid", "getuid", "uname", "clock_nanosleep"}  # fmt: skip


def run(folder: Path, *prefix: str, program: str = WRITE, extra: tuple[str, ...] = (), kind: str = "sealed") -> Result:
    target = folder / "prod.yaml"
    target.write_bytes(OLD)
    new = folder.parent / "new"
    new.write_bytes(NEW)
    result = subprocess.run(
        [*prefix, sys.executable, "-S", "-c", program, str(target), str(new), kind, *extra],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE, "PYTHONHASHSEED": "0", "HOME": str(folder.parent),
             "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    left = sorted(entry.name for entry in folder.iterdir() if entry.name != "prod.yaml")
    return Result(result.returncode, target.read_bytes(), result.stdout + result.stderr, left)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "repo"
    path.mkdir()
    return path


def points(folder: Path, kind: str) -> list[Point]:
    """List the system calls from the one that marks the plaintext as ready to the end of the process."""
    log = folder.parent / "log"
    run(folder, kind=kind)  # once without, so that folders are made and every later run makes the same calls
    result = run(folder, "strace", "-f", "-o", str(log), kind=kind)
    assert result.code == 0, result.output
    counts: Counter[str] = Counter()
    found: list[Point] = []
    ready = False
    for line in log.read_text().splitlines():
        match = re.match(r"[0-9]+ +([a-z0-9_]+)\(", line)
        if match is None:
            continue
        counts[match[1]] += 1
        if ready and match[1] not in _NOISE:
            found.append(Point(match[1], counts[match[1]]))
        ready = ready or READY in line
    assert {"openat", "write", "fsync", "rename"} <= {
        point.call.removesuffix("at") if "rename" in point.call else point.call for point in found
    }
    return found


def inject(folder: Path, point: Point, fault: str, kind: str = "sealed") -> Result:
    log = folder.parent / "injected"
    result = run(
        folder, "strace", "-f", "-o", str(log), "-e", f"trace={point.call}",
        "-e", f"inject={point.call}:{fault}:when={point.number}", kind=kind,
    )  # fmt: skip
    assert "killed by SIGKILL" in log.read_text() or "INJECTED" in log.read_text(), f"{fault} missed {point}"
    return result


def check_killed(folder: Path, result: Result, what: object) -> bool:
    assert result.content in (OLD, NEW), f"torn at {what}"
    for name in result.left:
        assert re.fullmatch(r"\.prod\.yaml\.[0-9]+-[0-9]+-[0-9a-f]{16}\.leafseal", name), what
    if result.left:
        clean = run(folder)
        assert clean.code == 0, (what, clean.output)
        assert clean.content == NEW
        assert clean.left == [], f"left behind after {what}"
    return result.content == NEW


def kill_everywhere(folder: Path, chosen: list[Point], kind: str) -> None:
    new = [check_killed(folder, inject(folder, point, "signal=SIGKILL", kind), point) for point in chosen]
    assert not new[0]
    assert new[-1]


each_kind = pytest.mark.parametrize("kind", ["sealed", "private"])


@needs_strace
@each_kind
def test_killed_at_a_system_call(folder: Path, kind: str) -> None:
    found = points(folder, kind)
    # One of each name, and all around the rename.
    rename = next(index for index, point in enumerate(found) if point.call.startswith("rename"))
    chosen = {point.call: point for point in reversed(found)}
    picked = {*chosen.values(), *found[rename - 2 : rename + 3], found[-1]}
    kill_everywhere(folder, [point for point in found if point in picked], kind)


def has_nameless_files(path: Path) -> bool:
    with Folder(str(path)) as folder:
        descriptor = folder.create_nameless()
    if descriptor is None:
        return False
    os.close(descriptor)
    return True


@needs_strace
def test_plaintext_has_no_name_before_it_is_whole(folder: Path) -> None:
    """What is left of a killed `decrypt -i` is nothing, until the call that gives the whole text a name."""
    if not has_nameless_files(folder):
        pytest.skip("this file system has no files without a name")
    found = points(folder, "private")
    link = next(index for index, point in enumerate(found) if point.call.startswith("link"))
    before = [point for point in found[:link] if point.call in ("write", "fchmod", "fsync", "lseek", "read")]
    first, last = ({point.call: point for point in some} for some in (reversed(before), before))
    for point in {*first.values(), *last.values()}:
        assert inject(folder, point, "signal=SIGKILL", "private").left == [], point


@needs_strace
@each_kind
@pytest.mark.campaign
def test_killed_at_every_system_call(folder: Path, kind: str) -> None:
    kill_everywhere(folder, points(folder, kind), kind)


ERRNOS = ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EINTR"]
FAILING = ("openat", "write", "fchmod", "fsync", "rename", "renameat", "renameat2", "close", "link", "linkat")


def check_refused(folder: Path, point: Point, error: str, kind: str, *, folder_fsync: bool) -> None:
    result = inject(folder, point, f"error={error}", kind)
    what = f"{error} at {point}: {result.output}"
    assert result.content in (OLD, NEW), what
    if result.code == 0:
        # An interrupted call is made again, and an error in closing what was only read is none of ours.
        assert result.content == NEW, what
    elif result.content == NEW:
        assert folder_fsync, what
        assert "durability is unknown" in result.output, what
    else:
        assert result.code == 3, what
        assert "cannot write" in result.output, what
    assert result.left == [] or point.call == "close", what


def refuse(folder: Path, tried: list[tuple[Point, str]], kind: str) -> None:
    fsyncs = [point for point, _ in tried if point.call == "fsync"]
    for point, error in tried:
        check_refused(folder, point, error, kind, folder_fsync=point == fsyncs[-1])


def between_temporary_and_end(found: list[Point]) -> list[Point]:
    """Leave out the calls for the lock, without which writing goes on, and those of the interpreter's own end."""
    first = next(index for index, point in enumerate(found) if point.call == "write")
    last = max(index for index, point in enumerate(found) if point.call == "fsync")
    return [point for point in found[first - 1 : last + 1] if point.call in FAILING]


@needs_strace
@each_kind
def test_an_error_of_the_system(folder: Path, kind: str) -> None:
    found = between_temporary_and_end(points(folder, kind))
    refuse(folder, [(point, ERRNOS[index % len(ERRNOS)]) for index, point in enumerate(found)], kind)


@needs_strace
@each_kind
@pytest.mark.campaign
def test_every_error_of_the_system(folder: Path, kind: str) -> None:
    found = between_temporary_and_end(points(folder, kind))
    refuse(folder, [(point, error) for point in found for error in ERRNOS], kind)


@needs_strace
def test_where_nothing_can_be_locked_writing_goes_on(folder: Path) -> None:
    for error in ("ENOLCK", "EOPNOTSUPP"):
        result = inject(folder, Point("flock", 1), f"error={error}")
        assert (result.code, result.content, result.left) == (0, NEW, []), result.output


def stepwise(folder: Path, numbers: range, kind: str) -> None:
    outcomes = []
    for number in numbers:
        result = run(folder, program=STEPS + WRITE, extra=(str(number),), kind=kind)
        outcomes.append(check_killed(folder, result, f"step {number}"))
        if result.code == 0:
            break
    assert not outcomes[0]
    assert outcomes[-1]


@each_kind
def test_killed_between_steps(folder: Path, kind: str) -> None:
    stepwise(folder, range(1, 200, 5), kind)


@each_kind
@pytest.mark.campaign
def test_killed_between_all_steps(folder: Path, kind: str) -> None:
    stepwise(folder, range(1, 200), kind)


FULL_DISK = """
import errno, os, sys
from pathlib import Path
from leafseal.errors import LeafsealError
from leafseal.system import files
from leafseal.errors import WriteError

folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
target, filler = folder / "prod.yaml", folder / "filler"
old, new = b"o" * 9000, b"n" * 200_000
free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
refused = 0
for number in range(rounds):
    target.write_bytes(old)
    filler.write_bytes(b"x" * (free - len(old) - 4096 - number * free // rounds))
    try:
        files.replace(files.read(target), new, verify=lambda data: None)
        assert target.read_bytes() == new
    except WriteError as error:
        assert "no space left on device" in str(error), error
        assert target.read_bytes() == old
        refused += 1
    assert sorted(entry.name for entry in folder.iterdir()) == ["filler", "prod.yaml"]
    filler.unlink()
    target.unlink()
assert 0 < refused < rounds, refused
"""


def in_own_mounts(folder: Path, script: str, program: str, *arguments: str) -> str:
    """Run a program after the mounts that `script` makes; skip where that is not permitted."""
    shell = f'{script} || exit 77; exec "$@"'
    result = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", shell, "sh", sys.executable, "-c", program, str(folder), *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE, "HOME": str(folder.parent)},
        capture_output=True,
        text=True,
    )
    if result.returncode == 77 or "unshare:" in result.stderr:
        pytest.skip(f"mounting is not permitted here: {result.stderr.strip()}")
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
@pytest.mark.parametrize("rounds", [8, pytest.param(64, marks=pytest.mark.campaign)])
def test_a_full_disk(folder: Path, rounds: int) -> None:
    in_own_mounts(folder, f"mount -t tmpfs -o size=1m tmpfs {folder}", FULL_DISK, str(rounds))


MOUNTED = """
import sys
from pathlib import Path
from leafseal.errors import LeafsealError
from leafseal.system import files
target = Path(sys.argv[1], "prod.yaml")
try:
    files.replace(files.read(target), b"new", verify=lambda data: None)
except LeafsealError as error:
    print(error.exit_code, error.hint)
assert target.read_bytes() == b"old"
assert [entry.name for entry in target.parent.iterdir()] == ["prod.yaml"]
files.replace(files.read(target), b"new", verify=lambda data: None, overwrite=True)
assert target.read_bytes() == b"new"
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
def test_a_mounted_file_is_not_renamed_over(folder: Path) -> None:
    (folder / "prod.yaml").write_bytes(b"covered")
    other = folder.parent / "other"
    other.write_bytes(b"old")
    output = in_own_mounts(folder, f"mount --bind {other} {folder}/prod.yaml", MOUNTED)
    assert output.startswith("3 ")
    assert "--in-place=overwrite" in output
    assert other.read_bytes() == b"new"
