import os
import pty
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.document.limits import Limits
from leafseal.errors import EditorError, FormatError, LeafsealError, RefusedError
from leafseal.system import editor, private
from leafseal.system.editor import UNCHANGED, Editor, edit_text, find_editor

SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Make programs in a folder of their own; the current folder is another."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def tool(name: str, script: str = "") -> str:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return tool


Tools = Callable[..., str]


def environ(tmp_path: Path, **named: str) -> dict[str, str]:
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": "/home/nobody", **named}


def only(tmp_path: Path, **named: str) -> dict[str, str]:
    return {**environ(tmp_path, **named), "PATH": str(tmp_path / "bin")}


# -- which editor


def test_the_order_is_that_of_sops(tmp_path: Path, tools: Tools) -> None:
    for name in ("first", "second", "third", "vim", "nano", "vi"):
        tools(name)

    def chosen(**named: str) -> str:
        return os.path.basename(find_editor(only(tmp_path, **named)).argv[0])

    assert chosen(SOPS_EDITOR="first", EDITOR="second", VISUAL="third") == "first"
    assert chosen(SOPS_EDITOR="", EDITOR="second", VISUAL="third") == "second"
    assert chosen(VISUAL="third") == "vim"
    (tmp_path / "bin" / "vim").unlink()
    assert chosen() == "nano"
    (tmp_path / "bin" / "nano").unlink()
    assert chosen() == "vi"
    (tmp_path / "bin" / "vi").unlink()
    with pytest.raises(EditorError, match="no editor available: sops attempts to use the editor") as caught:
        chosen()
    assert caught.value.exit_code == 201


def test_the_command_is_split_as_a_shell_does_and_not_run_by_one(tmp_path: Path, tools: Tools) -> None:
    path = tools("ed")
    found = find_editor(only(tmp_path, SOPS_EDITOR="ed 'two words' \"$HOME\" ; rm"))
    assert found == Editor((path, "two words", "$HOME", ";", "rm"))
    with pytest.raises(EditorError, match="SOPS_EDITOR has an open quote"):
        find_editor(only(tmp_path, SOPS_EDITOR="ed 'two words"))


def test_programs_of_the_current_folder_are_not_run(tmp_path: Path, tools: Tools) -> None:
    path = tools("ed")
    shutil.copy(path, tmp_path / "work" / "ed")
    for command, search in (("./ed", "/bin"), ("ed", ""), ("ed", "."), ("ed", str(tmp_path / "work"))):
        with pytest.raises(EditorError, match="which is not on PATH"):
            find_editor({"PATH": search, "HOME": "/home/nobody", "EDITOR": command})
    written_out = str(tmp_path / "work" / "ed")
    assert find_editor({"PATH": "", "EDITOR": written_out}).argv == (written_out,)


def test_a_command_as_it_is_given_is_taken_as_it_is(tmp_path: Path, tools: Tools) -> None:
    path = tools("code")
    shutil.copy(path, tmp_path / "work" / "ed")
    assert find_editor(only(tmp_path, EDITOR="code -x"), as_given=True) == Editor((path, "-x"))
    assert find_editor({"PATH": "", "EDITOR": "./ed -x"}, as_given=True) == Editor(("./ed", "-x"))
    assert find_editor({"PATH": str(tmp_path / "work"), "EDITOR": "ed"}, as_given=True).argv == (
        str(tmp_path / "work" / "ed"),
    )
    with pytest.raises(EditorError, match="which is not on PATH"):
        find_editor({"PATH": ".", "EDITOR": "ed"}, as_given=True)
    tools("vim")
    assert "-n" in find_editor(only(tmp_path), as_given=True).argv


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("vim", ["-n", "-i", "NONE", "--cmd", f"{editor._VIM} | {editor._NO_MODELINE}", "-c", editor._VIM]),
        ("nvim", ["-n", "-i", "NONE", "--cmd", f"{editor._NVIM} | {editor._NO_MODELINE}", "-c", editor._NVIM]),
        ("gvim", ["-f", "-n", "-i", "NONE", "--cmd", f"{editor._VIM} | {editor._NO_MODELINE}", "-c", editor._VIM]),
        ("emacs", ["--eval", editor._EMACS]),
        ("nano", ["--ignorercfiles"]),
        ("ed", []),
    ],
)
def test_editors_are_kept_from_leaving_copies(tmp_path: Path, tools: Tools, name: str, arguments: list[str]) -> None:
    path = tools(name)
    assert find_editor(only(tmp_path, EDITOR=f"{name} -x")).argv == (path, *arguments, "-x")
    assert find_editor(only(tmp_path, EDITOR=f"{name} -x"), plain=True).argv == (path, "-x")
    assert find_editor(only(tmp_path, EDITOR=f"{name} -x", LEAFSEAL_PLAIN_EDITOR="1")).argv == (path, "-x")


def test_vi_is_what_the_system_made_it(tmp_path: Path, tools: Tools) -> None:
    real = tools("vim.basic")
    vi = tmp_path / "bin" / "vi"
    vi.symlink_to(real)
    assert "-n" in find_editor(only(tmp_path)).argv
    vi.unlink()
    vi.symlink_to(tools("busybox"))
    assert find_editor(only(tmp_path)).argv == (str(vi),)


@pytest.mark.parametrize("name", ["code", "codium", "cursor", "subl"])
def test_an_editor_that_returns_at_once_is_refused(tmp_path: Path, tools: Tools, name: str) -> None:
    tools(name)
    with pytest.raises(RefusedError, match="returns before") as caught:
        find_editor(only(tmp_path, EDITOR=name))
    assert caught.value.hint == f'set EDITOR="{name} --wait" and try again'
    assert "keeps copies" in find_editor(only(tmp_path, EDITOR=f"{name} -w")).warning
    assert find_editor(only(tmp_path, EDITOR=name), plain=True).warning == ""


# -- the edit


def run(tmp_path: Path, script_path: str, initial: bytes = b"a: 1\n", **named: object) -> object:
    return edit_text(
        initial, "some/where/prod.yaml", bytes.upper, environ=environ(tmp_path, EDITOR=script_path), **named
    )


@pytest.mark.parametrize(
    "script",
    ['echo "a: 2" > "$1"', 'echo "a: 2" > "$1.new" && mv "$1.new" "$1"', 'rm "$1"; echo "a: 2" > "$1"'],
    ids=["in place", "renamed", "made anew"],
)
def test_the_edited_text_is_handed_on(tmp_path: Path, tools: Tools, script: str) -> None:
    assert run(tmp_path, tools("ed", script)) == b"A: 2\n"


def test_the_file_is_private_and_has_the_base_name(tmp_path: Path, tools: Tools) -> None:
    script = (
        f'basename "$1" > {tmp_path}/seen; stat -c "%a" "$1" "$(dirname "$1")" >> {tmp_path}/seen; env > {tmp_path}/env'
    )
    os.environ["SOPS_AGE_KEY"] = "AGE-SECRET-KEY-1CANARY"
    try:
        found = environ(tmp_path, EDITOR=tools("ed", script), SOPS_AGE_KEY="AGE-SECRET-KEY-1CANARY", SHOWN="1")
        assert edit_text(b"a: 1\n", "prod.yaml", bytes.upper, environ=found) is UNCHANGED
    finally:
        del os.environ["SOPS_AGE_KEY"]
    assert (tmp_path / "seen").read_text().split() == ["prod.yaml", "600", "700"]
    seen = (tmp_path / "env").read_text()
    assert "SHOWN=1" in seen
    assert "CANARY" not in seen


def test_what_is_saved_unchanged_is_unchanged(tmp_path: Path, tools: Tools) -> None:
    assert run(tmp_path, tools("ed", 'cp "$1" "$1.x"; mv "$1.x" "$1"')) is UNCHANGED


def test_a_failing_editor(tmp_path: Path, tools: Tools) -> None:
    with pytest.raises(EditorError, match=r"^could not run editor: exit status 3$"):
        run(tmp_path, tools("ed", "exit 3"))
    with pytest.raises(EditorError, match=r"^could not run editor: ended by signal 9$"):
        run(tmp_path, tools("ed", "kill -9 $$"))
    broken = Path(tools("broken"))
    broken.write_bytes(b"\x00\x01")
    with pytest.raises(EditorError, match=r"^could not run editor: exec format error$"):
        run(tmp_path, str(broken))


@pytest.mark.parametrize("script", ['rm "$1"', 'ln -sf /etc/passwd "$1"', 'rm "$1"; mkdir "$1"'])
def test_an_editor_that_leaves_no_file(tmp_path: Path, tools: Tools, script: str) -> None:
    with pytest.raises(EditorError, match=r"no file that can be read"):
        run(tmp_path, tools("ed", script))


def test_an_edited_text_beyond_the_limit(tmp_path: Path, tools: Tools) -> None:
    with pytest.raises(EditorError, match="larger than 4 bytes"):
        run(tmp_path, tools("ed", 'echo 12345 > "$1"'), limits=Limits(file_bytes=4))


# -- edits that do not parse

FIRST_BAD_THEN_GOOD = 'if grep -q bad "$1"; then echo good > "$1"; else echo bad > "$1"; fi'


def strict(text: bytes) -> bytes:
    if b"bad" in text:
        raise FormatError("not YAML", line=1)
    return text


def edit(tmp_path: Path, editor_path: str, again: Callable[[LeafsealError], bool] | None, kept: list[bytes]) -> object:
    found = environ(tmp_path, EDITOR=editor_path)
    return edit_text(b"old\n", "x.yaml", strict, environ=found, again=again, keep=kept.append)


def test_the_user_may_go_on_with_a_broken_text(tmp_path: Path, tools: Tools) -> None:
    errors: list[LeafsealError] = []
    kept: list[bytes] = []
    again = lambda error: errors.append(error) is None  # noqa: E731
    assert edit(tmp_path, tools("ed", FIRST_BAD_THEN_GOOD), again, kept) == b"good\n"
    assert [str(error) for error in errors] == ["line 1: not YAML"]
    assert kept == []


@pytest.mark.parametrize("again", [None, lambda _: False])
def test_a_broken_text_that_is_given_up_is_kept(
    tmp_path: Path, tools: Tools, again: Callable[[LeafsealError], bool] | None
) -> None:
    kept: list[bytes] = []
    with pytest.raises(FormatError, match="not YAML"):
        edit(tmp_path, tools("ed", FIRST_BAD_THEN_GOOD), again, kept)
    assert kept == [b"bad\n"]


def test_going_back_to_the_old_text_is_no_change(tmp_path: Path, tools: Tools) -> None:
    script = 'if grep -q bad "$1"; then echo old > "$1"; else echo bad > "$1"; fi'
    assert edit(tmp_path, tools("ed", script), lambda _: True, []) is UNCHANGED


def test_what_an_editor_wrote_before_it_failed_is_kept(tmp_path: Path, tools: Tools) -> None:
    kept: list[bytes] = []
    with pytest.raises(EditorError):
        edit(tmp_path, tools("ed", 'echo new > "$1"; exit 1'), None, kept)
    with pytest.raises(EditorError):
        edit(tmp_path, tools("ed", "exit 1"), None, kept)
    with pytest.raises(EditorError):
        edit(tmp_path, tools("ed", 'rm "$1"; exit 1'), None, kept)
    assert kept == [b"new\n"]


# -- signals

EDIT = """
import os, sys
from leafseal.system.editor import edit_text
def keep(text):
    open(sys.argv[1], "wb").write(text)
edit_text(b"secret\\n", "x.yaml", bytes.upper, environ=os.environ, keep=keep)
"""


@pytest.mark.skipif(private._memory_base() is None, reason="no folder in memory here")
@pytest.mark.parametrize(
    ("name", "is_kept"), [("INT", False), ("TERM", True), ("HUP", True), ("QUIT", True), ("KILL", False)]
)
def test_signals_during_the_edit_leave_no_plaintext(tmp_path: Path, tools: Tools, name: str, is_kept: bool) -> None:
    script = f'echo more >> "$1"; echo "$1" > {tmp_path}/p; mv {tmp_path}/p {tmp_path}/path; exec sleep 600'
    found = environ(tmp_path, EDITOR=tools("ed", script), PYTHONPATH=SOURCE, XDG_STATE_HOME=str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", EDIT, str(tmp_path / "kept")], env=found, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "path").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        path = (tmp_path / "path").read_text().strip()
        assert os.path.exists(path)
        process.send_signal(signal.Signals[f"SIG{name}"])
        process.wait(120)
    if name == "KILL":
        private.sweep()
    assert not os.path.exists(os.path.dirname(path))
    assert (tmp_path / "kept").exists() == is_kept
    if is_kept:
        assert (tmp_path / "kept").read_bytes() == b"secret\nmore\n"


# -- a real one


@pytest.mark.skipif(shutil.which("vim") is None, reason="no vim")
def test_vim_leaves_nothing_even_where_the_user_wants_copies(tmp_path: Path, tools: Tools) -> None:
    for folder in ("undo", "backup", "swap"):
        (tmp_path / folder).mkdir()
    (tmp_path / ".vimrc").write_text(
        f"set nocompatible modeline undofile undodir={tmp_path}/undo backup backupdir={tmp_path}/backup\n"
        f"set directory={tmp_path}/swap swapfile viminfo='100,n{tmp_path}/viminfo\n"
    )
    code = """if True:
        import os
        from leafseal.system.editor import edit_text
        print(edit_text(b"old\\n# vim: set textwidth=77:\\n", "x.yaml", bytes.upper, environ=os.environ))
    """
    found = environ(
        tmp_path,
        HOME=str(tmp_path),
        TERM="xterm",
        PYTHONPATH=SOURCE,
        EDITOR=f"vim -u {tmp_path}/.vimrc -c '1s/old/new/' -c 'execute \"1s/$/\" . &textwidth' -c wq",
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code], env=found, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        output = b""
        try:
            while chunk := os.read(ours, 65536):
                output += chunk
        except OSError:  # the other side is closed
            pass
        assert process.wait(120) == 0, output
    os.close(ours)
    assert b"NEW0\\n" in output  # the text's own setting for vim was not obeyed
    left = [path.name for path in tmp_path.rglob("*") if stat.S_ISREG(path.lstat().st_mode)]
    assert left == [".vimrc"]
