from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from leafseal.system.programs import (
    ProgramError,
    ProgramMissingError,
    ProgramTimeoutError,
    exchange,
    find_program,
    output_of,
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="builds scripts with a shebang")


def script(path: Path, output: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\nprint({output!r}, end='')\n")
    path.chmod(0o755)
    return path


def run(name: str, path: str) -> bytes:
    return output_of([name], {"PATH": path}, seconds=120, limit=100)


def test_a_name_is_found_on_path(tmp_path: Path) -> None:
    tool = script(tmp_path / "bin" / "tool", "one")
    assert find_program("tool", {"PATH": f"/none:{tool.parent}"}) == str(tool)
    assert run("tool", str(tool.parent)) == b"one"


@pytest.mark.parametrize("path", ["", ".", "bin", "{here}/bin", "{here}", ":"])
def test_the_current_directory_is_never_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    script(tmp_path / "tool", "theirs")
    script(tmp_path / "bin" / "tool", "theirs")
    ours = script(tmp_path.parent / f"{tmp_path.name}-ours" / "tool", "ours")
    monkeypatch.chdir(tmp_path)
    path = path.format(here=tmp_path)
    with pytest.raises(ProgramError, match="not found on PATH"):
        find_program("tool", {"PATH": path})
    assert run("tool", f"{path}:{ours.parent}") == b"ours"


def test_a_checkout_is_not_searched_from_a_folder_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = script(tmp_path / "checkout" / "bin" / "gpg", "theirs")
    ours = script(tmp_path / "ours" / "gpg", "ours")
    (tmp_path / "checkout" / ".git").mkdir()
    (tmp_path / "checkout" / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "checkout" / "sub")
    monkeypatch.setenv("HOME", "/home/nobody-here")
    with pytest.raises(ProgramError, match="not found on PATH"):
        find_program("gpg", {"PATH": str(theirs.parent)})
    assert run("gpg", f"{theirs.parent}:{ours.parent}") == b"ours"


def test_at_home_the_tools_below_it_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = script(tmp_path / "home" / "bin" / "tool", "one")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in (tmp_path, tmp_path / "home"):
        monkeypatch.chdir(folder)
        assert find_program("tool", {"PATH": str(tool.parent)}) == str(tool)


def test_an_absolute_name_is_the_users_word_and_a_relative_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = script(tmp_path / "tool", "here")
    monkeypatch.chdir(tmp_path)
    assert run(str(tool), "") == b"here"
    for relative in ("./tool", f"../{tmp_path.name}/tool"):
        with pytest.raises(ProgramError, match="relative path; use an absolute one"):
            run(relative, "")


def test_where_children_are_ignored_nothing_is_started(tmp_path: Path) -> None:
    """Python would take every exit status for 0."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(ProgramError, match="this process ignores SIGCHLD"):
            run("sh", os.defpath)
        with pytest.raises(ProgramError, match="this process ignores SIGCHLD"):
            exchange(["false"], {}, data=b"", seconds=120, limit=100)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_too_much_output(tmp_path: Path) -> None:
    tool = script(tmp_path / "tool", "x" * 101)
    with pytest.raises(ProgramError, match="more than 100 bytes"):
        run(str(tool), "")


def test_what_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("x")
    with pytest.raises(ProgramError, match="permission denied"):
        run(str(tmp_path / "tool"), "")
    with pytest.raises(ProgramError, match="cannot be started"):
        run("/a\0b", "")


def talk(script: str, data: bytes = b"", *, seconds: float = 20, limit: int = 200_000) -> tuple[int, bytes, bytes]:
    environ = {"PATH": os.environ.get("PATH", os.defpath)}
    done = exchange(["sh", "-c", script], environ, data=data, seconds=seconds, limit=limit)
    return done.status, done.stdout, done.stderr


def test_what_goes_in_and_what_comes_out() -> None:
    assert talk("cat; echo problem >&2; exit 3", b"x" * 150_000) == (3, b"x" * 150_000, b"problem\n")
    assert talk("exec <&-; exec echo done", b"x" * 150_000) == (0, b"done\n", b"")
    assert talk("kill -9 $$") == (-9, b"", b"")


def test_what_came_of_a_program_is_not_shown() -> None:
    done = exchange(["echo", "canary"], {}, data=b"", seconds=120, limit=100)
    assert done.stdout == b"canary\n"
    assert "canary" not in repr(done)


def test_it_has_a_session_of_its_own() -> None:
    asked = "import os; print(os.getsid(0) == os.getpid())"
    assert talk(f"exec '{sys.executable}' -c '{asked}'") == (0, b"True\n", b"")


@pytest.mark.parametrize("channel", [1, 2])
def test_output_without_end(channel: int) -> None:
    with pytest.raises(ProgramError, match="more than 1000 bytes of output"):
        talk(f"exec yes >&{channel}", limit=1000)


def test_a_program_that_does_not_end() -> None:
    for script in ("sleep 60", "exec >&- 2>&-; sleep 60"):
        with pytest.raises(ProgramTimeoutError, match=r"no answer within 0\.2 seconds"):
            talk(script, seconds=0.2)


def test_programs_that_are_not_there(tmp_path: Path) -> None:
    for name in ("none-of-this-name", str(tmp_path / "none")):
        with pytest.raises(ProgramMissingError):
            exchange([name], {"PATH": str(tmp_path)}, data=b"", seconds=120, limit=100)
    with pytest.raises(ProgramError, match="permission denied"):
        exchange([str(tmp_path)], {}, data=b"", seconds=120, limit=100)
