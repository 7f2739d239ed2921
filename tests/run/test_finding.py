"""The program is found and started as `env` does it; the table is what `env` of coreutils does."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.errors import CommandError
from leafseal.run import finding
from leafseal.run.supervisor import supervise

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows finds programs by other rules")


def program(path: Path, content: bytes = b"#!/bin/sh\necho ran $0 $*\n", mode: int = 0o755) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def folder(path: Path) -> None:
    path.mkdir(parents=True)


CASES: dict[str, tuple[Callable[[Path], object], str, int, str]] = {
    "a script without #!": (lambda at: program(at / "a" / "x", b"exit $#"), "x", 2, ""),
    "an empty file": (lambda at: program(at / "a" / "x", b""), "x", 0, ""),
    "junk of another machine": (lambda at: program(at / "a" / "x", b"\x7fELF junk"), "x", 126, "exec format error"),
    "bytes that are no text": (lambda at: program(at / "a" / "x", b"exit 3\0\n"), "x", 126, "exec format error"),
    "a missing interpreter": (lambda at: program(at / "a" / "x", b"#!/no/such\n"), "x", 127, "the interpreter"),
    "an interpreter that ends in CR": (
        lambda at: program(at / "a" / "x", b"#!/bin/sh\r\nexit 3\r\n"), "x", 127, "the interpreter",
    ),
    "not executable, and a good one later": (
        lambda at: (program(at / "a" / "x", mode=0o644), program(at / "b" / "x", b"#!/bin/sh\nexit 4\n")), "x", 4, "",
    ),
    "a missing interpreter, and a good one later": (
        lambda at: (program(at / "a" / "x", b"#!/no/such\n"), program(at / "b" / "x", b"exit 4\n")), "x", 4, "",
    ),
    "not executable": (lambda at: program(at / "a" / "x", mode=0o644), "x", 126, "permission denied"),
    "a folder": (lambda at: folder(at / "a" / "x"), "x", 126, "permission denied"),
    "a file among the folders": (lambda at: program(at / "a"), "x", 127, "command not found"),
    "below a file": (lambda at: program(at / "file"), "./file/x", 126, "not a directory"),
    "an empty name": (lambda at: None, "", 127, "command not found"),
    "nothing of the name": (lambda at: None, "x", 127, "command not found: x"),
    "in the current folder": (lambda at: program(at / "x", b"#!/bin/sh\nexit 5\n"), "./x", 5, ""),
    "by an empty element of PATH": (lambda at: program(at / "here", b"#!/bin/sh\nexit 6\n"), "here", 6, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_as_env_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    make, word, code, message = CASES[name]
    make(tmp_path)
    environ = {b"PATH": os.fsencode(f"{tmp_path}/a:{tmp_path}/b::/usr/bin:/bin")}
    if message:
        with pytest.raises(CommandError) as caught:
            supervise([word, "1", "2"], environ)
        assert message in str(caught.value)
        assert caught.value.exit_code == code
    else:
        assert supervise([word, "1", "2"], environ) == code
    if name not in ("junk of another machine", "bytes that are no text"):  # which env gives to a shell
        path = f"PATH={os.fsdecode(environ[b'PATH'])}"
        assert subprocess.run(["/usr/bin/env", "--", path, word, "1", "2"], check=False).returncode == code


def test_the_path_of_the_programs_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "x", b"#!/bin/sh\nexit 5\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError):
        supervise(["x"], {b"PATH": b"/usr/bin:/bin"})
    assert supervise(["sh", "-c", "exit 3"], {}) == 3  # without one: /bin and /usr/bin


@pytest.mark.parametrize("number", [errno.E2BIG, errno.ENOMEM, errno.EIO, errno.ETXTBSY, errno.ELOOP])
def test_other_errors_end_the_search(tmp_path: Path, number: int) -> None:
    tried = []

    def attempt(path: str, words: list[str]) -> int:
        tried.append(path)
        raise OSError(number, os.strerror(number))

    with pytest.raises(CommandError) as caught:
        finding.start(["x"], {b"PATH": b"/a:/b"}, attempt)
    assert (tried, caught.value.exit_code) == (["/a/x"], 126)


def test_a_script_gets_the_path_that_was_found() -> None:
    tried: list[tuple[str, list[str]]] = []

    def attempt(path: str, words: list[str]) -> int:
        tried.append((path, words))
        if len(tried) == 1:
            raise OSError(errno.ENOEXEC, "")
        return 0

    assert finding.start(["x", "-a"], {b"PATH": b"/a"}, attempt) == 0
    assert tried == [("/a/x", ["x", "-a"]), ("/bin/sh", ["/bin/sh", "/a/x", "-a"])]


def test_what_no_program_can_get_is_not_shown() -> None:
    with pytest.raises(CommandError) as caught:
        supervise(["true", "c4n4ry\0"], {b"PATH": b"/bin"})
    assert "c4n4ry" not in f"{caught.value} {caught.value.hint}"
