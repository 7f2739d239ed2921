"""Lines of a log are whole and none is lost, whoever else writes, and whatever the disk does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.errors import AuditError
from leafseal.system import log_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no locks, links and pipes there")

MUCH = 1 << 20


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def append(log: Path, text: str = "line", *, most: int = MUCH, keep: int = 3) -> None:
    log_file.append(str(log), f"{text}\n".encode(), most=most, keep=keep)


def test_lines_are_appended_to_a_file_of_ones_own(log: Path) -> None:
    append(log, "one")
    append(log, "two")
    assert log.read_text() == "one\ntwo\n"
    assert log.stat().st_mode & 0o7777 == 0o600


def test_a_full_file_gets_another_name(log: Path) -> None:
    for number in range(6):
        append(log, f"line {number}", most=14, keep=2)
    assert [Path(f"{log}{end}").read_text() for end in ("", ".1", ".2")] == [
        "line 4\nline 5\n", "line 2\nline 3\n", "line 0\nline 1\n",
    ]  # fmt: skip
    append(log, "line 6", most=14, keep=2)
    assert sorted(path.name for path in log.parent.iterdir()) == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert Path(f"{log}.2").read_text() == "line 2\nline 3\n"


def test_a_line_longer_than_a_file_may_be_is_written(log: Path) -> None:
    append(log, "x" * 100, most=10)
    append(log, "y" * 100, most=10)
    assert (log.read_text(), Path(f"{log}.1").read_text()) == ("y" * 100 + "\n", "x" * 100 + "\n")


def test_where_no_name_may_be_changed_the_file_grows_on(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "refused")

    monkeypatch.setattr(log_file.os, "replace", refuse)
    append(log, "one", most=5)
    append(log, "two", most=5)
    assert log.read_text() == "one\ntwo\n"


_WRITER = """
import sys
from leafseal.system import log_file
path, name, count, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for number in range(count):
    line = f"{name} {number} " + name * (200 + number % 50)
    log_file.append(path, line.encode() + b"\\n", most=most, keep=900)
"""


def test_several_processes_lose_and_tear_no_line_while_files_get_other_names(log: Path) -> None:
    log_file_patience = ["-c", _WRITER, str(log)]
    writers = [
        subprocess.Popen([sys.executable, *log_file_patience, name, "120", "4096"], stderr=subprocess.PIPE)
        for name in "abcd"
    ]
    said = [writer.communicate(timeout=200)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, said
    lines = [line for path in log.parent.iterdir() for line in path.read_text().splitlines()]
    assert sorted(lines) == sorted(
        f"{name} {number} " + name * (200 + number % 50) for name in "abcd" for number in range(120)
    )
    assert len(list(log.parent.iterdir())) > 10


_LIMITED = """
import resource, sys
from leafseal.errors import AuditError
from leafseal.system import log_file
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
log_file.append(sys.argv[1], b"0123456789\\n", most=10**6, keep=1)
try:
    log_file.append(sys.argv[1], b"0123456789\\n", most=10**6, keep=1)
except AuditError as error:
    print(error.message)
"""


def test_a_line_for_which_there_is_no_room_is_taken_back(log: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _LIMITED, str(log)], capture_output=True, text=True, check=True)
    assert done.stdout == "the audit log cannot be written: no space left on device\n"
    assert log.read_text() == "0123456789\n"


def test_what_cannot_be_forced_to_the_disk_is_taken_back(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(log, "one")

    def refuse(_: int) -> None:
        raise OSError(5, "refused")

    monkeypatch.setattr(log_file.os, "fdatasync" if hasattr(os, "fdatasync") else "fsync", refuse)
    with pytest.raises(AuditError, match="input/output error"):
        append(log, "two")
    assert log.read_text() == "one\n"


def test_a_line_that_was_cut_off_stays_alone(log: Path) -> None:
    log.write_text("one\ntw")
    append(log, "three")
    assert log.read_text() == "one\ntw\nthree\n"


@pytest.mark.parametrize("number", [13, 30], ids=["no permission", "read-only"])
def test_a_file_that_cannot_be_opened(log: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(log_file.os, "open", refuse)
    with pytest.raises(AuditError, match="the audit log cannot be written") as caught:
        append(log)
    assert (caught.value.file, caught.value.exit_code) == (str(log), 223)


def test_a_folder_that_is_missing_is_not_created(log: Path) -> None:
    with pytest.raises(AuditError, match="no such file or directory"):
        append(log / "audit.jsonl")
    assert not log.exists()


def test_a_link_is_not_followed(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    log.symlink_to(target)
    with pytest.raises(AuditError, match="it is a symbolic link"):
        append(log)
    assert target.read_bytes() == b""


def test_a_pipe_that_nobody_reads_holds_up_nobody(log: Path) -> None:
    os.mkfifo(log)
    with pytest.raises(AuditError, match="a named pipe or a device"):
        append(log)


def test_a_file_that_everybody_may_write_is_refused(log: Path) -> None:
    log.touch()
    log.chmod(0o666)
    with pytest.raises(AuditError, match="everybody may write the audit log") as caught:
        append(log)
    assert caught.value.hint == f"chmod o-w {log}"
    assert log.read_bytes() == b""


def test_a_file_of_another_user_in_an_open_folder_is_refused(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.touch()
    log.parent.chmod(0o1777)
    append(log)
    os.chown(log, 12345, -1) if os.geteuid() == 0 else monkeypatch.setattr(log_file.os, "geteuid", lambda: 12345)
    with pytest.raises(AuditError, match="another user's"):
        append(log)


def test_a_lock_that_is_never_let_go_ends_the_waiting(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    log.touch()
    monkeypatch.setattr(log_file, "PATIENCE", 0)
    with log.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match="another process has locked the audit log"):
            append(log)
    append(log)
    assert log.read_text() == "line\n"
