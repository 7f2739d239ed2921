import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.system import editor as editors
from leafseal.testing import ThrowawayIdentity

from .conftest import PLAIN, Run, Terminal, tokens

SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Path) -> Callable[[str], None]:
    """Make a shell script the editor; its file is `$1`."""

    def make(script: str) -> None:
        path = tmp_path / "editor.sh"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("SOPS_EDITOR", str(path))

    return make


@pytest.fixture(autouse=True)
def _no_editor_is_too_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editors, "_AT_ONCE", 0.0)


Editor = Callable[[str], None]
CHANGE = """sed 's/5432/6432/' "$1" > "$1.new" && mv "$1.new" "$1" """


def test_an_edit_moves_only_what_it_must(leafseal: Run, sealed: Path, editor: Editor) -> None:
    before = tokens(sealed)
    editor(CHANGE)
    assert leafseal("edit", sealed) == (0, b"", "")
    assert leafseal("decrypt", sealed).out == PLAIN.replace(b"5432", b"6432")
    after = tokens(sealed)
    assert after["password"] == before["password"]
    assert after["port"] != before["port"]


def test_the_editor_sees_the_plain_file_under_its_name(
    leafseal: Run, sealed: Path, editor: Editor, tmp_path: Path
) -> None:
    editor(f'cp "$1" {tmp_path}/seen; basename "$1" > {tmp_path}/name')
    result = leafseal("edit", sealed.name)
    assert result == (0, b"", "leafseal: app.yaml: unchanged\n")
    assert (tmp_path / "seen").read_bytes() == PLAIN
    assert (tmp_path / "name").read_text() == "app.yaml\n"


def test_without_an_edit_the_mac_is_repaired_where_that_was_asked_for(
    leafseal: Run, sealed: Path, editor: Editor
) -> None:
    text = sealed.read_text()
    kept = [line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("port:")]
    sealed.write_text("".join(kept))
    before = tokens(sealed)
    editor("true")
    assert leafseal("edit", sealed.name).code == 51
    result = leafseal("edit", "--ignore-mac", "--write-unverified", sealed.name)
    assert result.code == 0
    assert "app.yaml: not edited; its integrity check (MAC) is valid again" in result.err
    assert tokens(sealed) == before
    assert leafseal("verify", sealed.name).code == 0
    assert leafseal("edit", "--ignore-mac", "--write-unverified", sealed.name).err == "leafseal: app.yaml: unchanged\n"


def test_an_unchanged_file_is_not_touched(leafseal: Run, sealed: Path, editor: Editor) -> None:
    status, before = sealed.stat(), sealed.read_bytes()
    editor('touch "$1"')
    assert leafseal("edit", sealed).code == 0
    assert sealed.read_bytes() == before
    assert (sealed.stat().st_mtime_ns, sealed.stat().st_ino) == (status.st_mtime_ns, status.st_ino)


def test_a_failing_editor(leafseal: Run, sealed: Path, editor: Editor) -> None:
    before = sealed.read_bytes()
    editor("exit 3")
    result = leafseal("edit", sealed)
    assert result.code == 201
    assert "could not run editor: exit status 3" in result.err
    assert sealed.read_bytes() == before


def kept(work: Path) -> list[Path]:
    return sorted(work.glob("*.kept-*"))


def test_a_text_that_does_not_parse_is_kept_sealed(leafseal: Run, sealed: Path, editor: Editor, work: Path) -> None:
    before = sealed.read_bytes()
    editor('echo "a: [c4n4ry" > "$1"')
    result = leafseal("edit", sealed)
    assert result.code == 2
    assert "c4n4ry" not in result.err
    assert sealed.read_bytes() == before
    [path] = kept(work)
    assert b"c4n4ry" not in path.read_bytes()
    assert str(path) in result.err
    assert leafseal("decrypt", "--input-type", "binary", path).out == b"a: [c4n4ry\n"


def test_an_editor_that_returned_at_once_may_not_have_waited(
    leafseal: Run, sealed: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editors, "_AT_ONCE", 60.0)
    editor("exit 0")
    assert "add the option that makes it wait to EDITOR" in leafseal("edit", sealed).err
    editor(CHANGE)
    assert leafseal("edit", sealed).err == ""


def test_a_kept_text_is_gone_on_with(leafseal: Run, sealed: Path, editor: Editor, work: Path) -> None:
    editor('printf "a: [c4n4ry" > "$1"')
    told = leafseal("edit", sealed).err
    [path] = kept(work)
    assert f'run "leafseal edit --resume {path} {sealed}"' in told
    editor('printf "]\n" >> "$1"')
    assert leafseal("edit", "--resume", path, sealed) == (0, b"", "")
    assert leafseal("decrypt", sealed).out == b"a: [c4n4ry]\n"
    assert path.exists()


def test_a_kept_text_that_is_good_by_now_is_saved_as_it_is(
    leafseal: Run, sealed: Path, editor: Editor, work: Path
) -> None:
    editor(f"{CHANGE}; touch {sealed}")
    assert leafseal("edit", sealed).code == 221
    [path] = kept(work)
    editor("true")
    assert leafseal("edit", "--resume", path, sealed) == (0, b"", "")
    assert leafseal("decrypt", sealed).out == PLAIN.replace(b"5432", b"6432")


def test_a_kept_text_of_a_new_file_is_gone_on_with(
    leafseal: Run, work: Path, editor: Editor, me: ThrowawayIdentity
) -> None:
    editor('printf "a: [1" > "$1"')
    assert leafseal("edit", "--age", me.recipient, "new.yaml").code == 2
    [path] = kept(work)
    editor('printf "]\n" >> "$1"')
    assert leafseal("edit", "--age", me.recipient, "--resume", path, "new.yaml").code == 0
    assert leafseal("decrypt", "new.yaml").out == b"a: [1]\n"


def test_what_is_no_kept_text_is_not_gone_on_with(leafseal: Run, sealed: Path, editor: Editor, work: Path) -> None:
    before = sealed.read_bytes()
    editor("true")
    assert "missing: " in leafseal("edit", "--resume", "missing", sealed).err
    (work / "plain.txt").write_text("x")
    assert "plain.txt: not " in leafseal("edit", "--resume", "plain.txt", sealed).err
    assert sealed.read_bytes() == before


def test_on_a_terminal_the_user_goes_on(
    leafseal: Run, sealed: Path, editor: Editor, screen: Terminal, work: Path
) -> None:
    editor(
        f'if grep -q broken "$1"; then {CHANGE}; grep -v broken "$1" > "$1.n"; mv "$1.n" "$1"\n'
        'else echo "broken: [" >> "$1"; fi'
    )
    screen.answers = [""]
    result = leafseal("edit", sealed)
    assert result.code == 0
    assert "Press Enter to edit again, or q to quit:" in screen.shown
    assert leafseal("decrypt", sealed).out == PLAIN.replace(b"5432", b"6432")
    assert kept(work) == []


def test_a_file_that_changed_meanwhile_is_a_conflict(leafseal: Run, sealed: Path, editor: Editor, work: Path) -> None:
    key = os.environ["SOPS_AGE_KEY"]
    other = f"SOPS_AGE_KEY={key} PYTHONPATH={SOURCE} {sys.executable} -m leafseal set --string {sealed} other 1"
    editor(f"{CHANGE}\n{other}")
    result = leafseal("edit", sealed)
    assert result.code == 221
    assert "changed since it was read" in result.err
    assert leafseal("get", sealed, "other").out == b"1\n"
    [path] = kept(work)
    assert leafseal("decrypt", "--input-type", "binary", path).out == PLAIN.replace(b"5432", b"6432")
    editor(f"{CHANGE}; touch {sealed}")
    assert leafseal("edit", sealed).code == 221
    assert len(kept(work)) == 2


def test_the_guards_ask_before_the_editor_opens(
    leafseal: Run, sealed: Path, editor: Editor, work: Path, tmp_path: Path, me: ThrowawayIdentity
) -> None:
    assert leafseal("decrypt", "-i", sealed).code == 0
    assert leafseal("encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^password$", sealed).code == 0
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    editor(f"touch {tmp_path}/opened")
    assert leafseal("edit", sealed).code == 220
    assert not (tmp_path / "opened").exists()
    editor(CHANGE)
    assert leafseal("edit", "--sync-rules", sealed).code == 0
    assert {"password", "port"} <= set(tokens(sealed))
    assert leafseal("decrypt", sealed).out == PLAIN.replace(b"5432", b"6432")


def test_new_clear_secrets_are_asked_about_after_the_edit(
    leafseal: Run, sealed: Path, editor: Editor, work: Path
) -> None:
    editor('echo "api_token_unencrypted: AKIAIOSFODNN7EXAMPLE" >> "$1"')
    assert leafseal("edit", sealed).code == 220
    assert len(kept(work)) == 1
    assert leafseal("edit", "--plaintext-ok", sealed).code == 0


# -- new files


@pytest.mark.parametrize("name", ["new.yaml", "new.json", "new.env", "new.ini", "new.txt"])
def test_a_new_file_is_made(leafseal: Run, work: Path, editor: Editor, me: ThrowawayIdentity, name: str) -> None:
    editor("""sed 's/Write your/Wrote my/; s/example_/sample_/I' "$1" > "$1.n"; mv "$1.n" "$1" """)
    result = leafseal("edit", "--age", me.recipient, name)
    assert result == (0, b"", "")
    opened = leafseal("decrypt", name)
    assert opened.code == 0
    assert b"ample" in opened.out or b"Wrote" in opened.out
    assert (work / name).stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    os.umask(mask := os.umask(0))
    return mask


def test_an_unchanged_new_file_is_not_made(leafseal: Run, work: Path, editor: Editor, me: ThrowawayIdentity) -> None:
    editor("true")
    result = leafseal("edit", "--age", me.recipient, "new.yaml")
    assert result == (0, b"", "leafseal: new.yaml: nothing was typed; no file created\n")
    assert not (work / "new.yaml").exists()


def test_a_new_file_for_nobody_does_not_open_the_editor(leafseal: Run, editor: Editor, tmp_path: Path) -> None:
    editor(f"touch {tmp_path}/opened")
    assert leafseal("edit", "new.yaml").code == 1
    assert not (tmp_path / "opened").exists()


def test_a_new_file_that_somebody_else_made_meanwhile(
    leafseal: Run, work: Path, editor: Editor, me: ThrowawayIdentity
) -> None:
    editor(f'echo "a: mine" > "$1"; echo "a: theirs" > {work}/new.yaml')
    assert leafseal("edit", "--age", me.recipient, "new.yaml").code == 220
    assert (work / "new.yaml").read_text() == "a: theirs\n"
    [path] = kept(work)
    assert leafseal("decrypt", "--input-type", "binary", path).out == b"a: mine\n"


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_no_plaintext_reaches_a_disk_or_an_argument(
    leafseal: Run, sealed: Path, editor: Editor, tmp_path: Path
) -> None:
    editor(CHANGE)
    log = tmp_path / "log"
    result = subprocess.run(
        ["strace", "-f", "-s", "4096", "-o", str(log), "-e", "trace=openat,write,pwrite64,writev,sendto,execve",
         sys.executable, "-m", "leafseal", "edit", sealed.name],
        env={**os.environ, "PYTHONPATH": SOURCE},
        capture_output=True,
        start_new_session=True,
    )  # fmt: skip
    if b"ptrace" in result.stderr:
        pytest.skip("may not trace here")
    assert result.returncode == 0, result.stderr
    descriptors: dict[tuple[str, str], str] = {}
    hits = []
    for line in log.read_text(errors="replace").splitlines():
        process, _, call = line.partition(" ")
        call = call.strip()
        if call.startswith("openat(") and " = " in call and not call.endswith(")"):
            descriptors[process, call.rpartition(" = ")[2]] = call.split('"')[1]
        if "hunter2-and-more" in call:
            hits.append((call.split("(")[0], descriptors.get((process, call.split("(")[1].split(",")[0]), "")))
    assert hits
    for name, path in hits:
        assert name in ("write", "pwrite64", "writev"), name
        assert path.startswith(("/dev/shm/", os.environ.get("XDG_RUNTIME_DIR", "/dev/shm/"))) or path == "", path


def with_comment(leafseal: Run, work: Path, me: ThrowawayIdentity, plain: str, *options: str) -> Path:
    path = work / "f.yaml"
    path.write_text(plain)
    assert leafseal("encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^pass", *options, path).code == 0
    return path


def test_a_new_comment_beside_an_encrypted_value_is_warned_of_once(
    leafseal: Run, work: Path, me: ThrowawayIdentity, editor: Editor
) -> None:
    path = with_comment(leafseal, work, me, "password: a\n")
    editor("echo 'password: abc #remainder' > \"$1\"")
    assert "the comments on the lines of these values are not encrypted: password; " in leafseal("edit", path).err
    editor("echo 'pass: new' >> \"$1\"")
    assert leafseal("edit", path) == (0, b"", "")
    assert b"remainder" in path.read_bytes()
    editor("true")
    assert leafseal("edit", "--comments", "seal", path.name).err == (
        "leafseal: f.yaml: the comments on the lines of encrypted values are now encrypted\n"
        "leafseal: f.yaml: unchanged\n"
    )
    assert b"remainder" not in path.read_bytes()
    assert leafseal("decrypt", path).out == b"password: abc #remainder\npass: new\n"
    assert leafseal("edit", "--comments", "seal", path.name).err == "leafseal: f.yaml: unchanged\n"


@pytest.mark.parametrize("command", ["edit", "set", "rotate", "sops set", "sops rotate"])
def test_a_comment_that_was_encrypted_with_its_value_stays_so(
    leafseal: Run, work: Path, me: ThrowawayIdentity, editor: Editor, command: str
) -> None:
    path = with_comment(leafseal, work, me, "password: abc #remainder\npass: x #annotation\n", "--comments", "seal")
    editor(CHANGE.replace("5432", "abc").replace("6432", "def"))
    arguments = {
        "edit": [path],
        "set": ["--string", path, "password", "def"],
        "rotate": ["-i", path],
        "sops set": [path, '["password"]', '"def"'],
        "sops rotate": ["-i", path],
    }[command]
    before = path.read_bytes()
    assert leafseal(*command.split(), *arguments).code == 0
    assert path.read_bytes() != before
    assert not {b"#", b"remainder", b"annotation"} & {
        word for word in (b"#", b"remainder", b"annotation") if word in path.read_bytes()
    }
    password = b"abc" if "rotate" in command else b"def"
    assert leafseal("decrypt", path).out == b"password: " + password + b" #remainder\npass: x #annotation\n"


def test_a_new_file_with_a_comment_beside_a_value(
    leafseal: Run, work: Path, me: ThrowawayIdentity, editor: Editor
) -> None:
    editor("echo 'password: abc #remainder' > \"$1\"")
    new = ["--age", me.recipient, "--encrypted-regex", "^pass"]
    assert "not encrypted: password; " in leafseal("edit", *new, "one.yaml").err
    assert leafseal("edit", *new, "--comments", "seal", "two.yaml").err == ""
    assert [b"remainder" in (work / name).read_bytes() for name in ("one.yaml", "two.yaml")] == [True, False]


@pytest.mark.parametrize(
    ("name", "before", "typed", "said", "unsaid"),
    [
        ("o.yaml", "a: yes\nb: 1\n", "a: yes\nb: 12:30\n", "(text, number or true/false): b;", ": a"),
        ("o.yaml", "a: yes\n", "a: yes\nc: 1e3\nd: 'no'\n", "(text, number or true/false): c;", "d"),
        (
            "o.yaml",
            "a: 1\n",
            "a: 1\nON: x\n",
            "key names on the way to these values (text, number or true/false): ON;",
            "",
        ),
        ("o.yaml", "a: 1\n", "a: 123456789012345678901\n", "have more than 64 bits", ""),
        ("o.env", "A='x'\nB=1\n", "A='x'\nB=y # z\n", "B (# comment)", "A (quotes)"),
        ("o.yaml", "", "a: off\n", "(text, number or true/false): a;", ""),
    ],
)
def test_new_odd_values_are_named_once(
    leafseal: Run,
    work: Path,
    me: ThrowawayIdentity,
    editor: Editor,
    name: str,
    before: str,
    typed: str,
    said: str,
    unsaid: str,
) -> None:
    (work / "typed").write_text(typed)
    if before:
        (work / name).write_text(before)
        assert leafseal("encrypt", "-i", "--age", me.recipient, name).code == 0
    editor(f'cat {work}/typed > "$1"')
    result = leafseal("edit", *([] if before else ["--age", me.recipient]), name)
    assert result.code == 0
    warned = [line for line in result.err.splitlines() if "warning" in line]
    assert len(warned) == 1
    assert said in warned[0]
    assert not unsaid or f"{unsaid}," not in warned[0].split("differ about")[-1]
    assert result.err.count(said) == 1
    assert leafseal("edit", name).err.count("warning") == 0


def test_an_error_that_was_shown_is_not_shown_again(
    leafseal: Run, sealed: Path, editor: Editor, screen: Terminal
) -> None:
    screen.answers = ["q"]
    editor("""echo 'a: [' > "$1" """)
    result = leafseal("edit", sealed)
    assert result.code == 2
    assert result.err.count("error: ") == 1
    assert "leafseal edit --resume" in result.err


def test_the_command_that_resumes_can_be_pasted_where_names_have_blanks(
    leafseal: Run, sealed: Path, editor: Editor, work: Path
) -> None:
    name = sealed.rename(sealed.with_name("my app's.yaml")).name
    editor("""echo 'a: [' > "$1" """)
    result = leafseal("edit", name)
    assert result.code == 2
    command = result.err.split('run "leafseal ')[1].split("\n")[0].removesuffix('"')
    editor("""echo 'a: 1' > "$1" """)
    assert leafseal(*shlex.split(command)).code == 0
    assert leafseal("decrypt", name).out == b"a: 1\n"
