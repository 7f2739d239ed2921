"""`exec --file`: values in files in memory, whose paths are in variables."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.run.render import generations
from leafseal.system import in_memory, lasting, owners, private
from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_exec import exec_
from .test_exec_env import encrypted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")

PEM = "-----BEGIN KEY-----\nc4n4ry\n-----END KEY-----\n"
INDENTED = "".join(f"    {line}\n" for line in PEM.splitlines())
VALUES = f"PORT: 80\nRATE: 1.50\nNONE: ~\ndb:\n  user: app\n  password: c4n4ry\n  list: [a]\ntls:\n  key: |\n{INDENTED}"
CHILD = """
import os, subprocess
print(subprocess.run(["cat", os.environ["X_FILE"]], close_fds=True, capture_output=True, check=True).stdout)
"""


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in memory, in a place of its own where the system has one."""
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    with private.made_directory(f"/dev/shm/test-{owners.tag()}") as path:
        descriptor = os.open(path, os.O_RDONLY)
        kind = in_memory.kind_of(descriptor)
        os.close(descriptor)
        if kind is None:
            pytest.skip("no folder in memory here")
        monkeypatch.setenv("XDG_RUNTIME_DIR", path)
        yield Path(path)


@pytest.fixture
def file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    return encrypted(leafseal, work, me, "a.yaml", VALUES)


def shell(*options: str, script: str) -> str:
    result = exec_(*options, "--", "/bin/sh", "-c", script)
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout.decode()


def test_a_shell_reads_the_file(file: str, memory: Path) -> None:
    found = shell("-e", file, "--only", "PORT", "--file", "tls.key=X", script='cat "$X_FILE"; echo "$PORT$X"')
    assert found == f"{PEM}80\n"


@pytest.mark.parametrize(("added", "key"), [("db_password", "db_password"), ('"db.password"', "db.password")])
def test_an_empty_value_that_anybody_added_is_not_taken_for_another(
    leafseal: Run, work: Path, file: str, added: str, key: str
) -> None:
    """No key is needed to add one where the file has no digest."""
    sealed = (work / file).read_text()
    head, _, rest = sealed.partition("structure1_")
    (work / file).write_text(f'{added}: ""\n{head.rstrip()}\n{rest.partition(chr(10))[2]}')
    result = leafseal("exec", "-e", file, "--flatten", "_", "--file", f"{key}=X", "--", "true")
    assert (result.code in (1, 91), result.out) == (True, b"")
    assert f"{key} can be " in result.err


def test_a_child_without_our_descriptors_reads_the_file(file: str) -> None:
    for options in ([], ["--supervise"], ["--pristine"]):
        result = exec_(
            "-e", file, "--flatten", "_", "--file", "db.password=X", *options, "--", sys.executable, "-c", CHILD
        )
        assert (result.stdout, result.stderr) == (b"b'c4n4ry'\n", b"")


def test_only_we_can_read_it(file: str, memory: Path) -> None:
    script = 'stat -L -c %a "$X_FILE"; stat -c "%a %U" "$(dirname "$X_FILE")"; echo "$X_FILE"'
    mode, folder, path = shell("-e", file, "--only", "PORT", "--file", "PORT=X", script=script).splitlines()
    assert (mode, folder.split()[0]) == ("400", "700")
    assert path.startswith(f"{memory}/leafseal-files-")
    assert path.endswith("/X")


def test_values_are_spelled_as_in_the_file(file: str) -> None:
    words = ("--file", "RATE=R", "--file", "NONE=N", "--file", "/db/user=U")
    script = 'for name in "$R_FILE" "$N_FILE" "$U_FILE"; do printf "[%s]" "$(cat "$name")"; done'
    assert shell("-e", file, "--only", "PORT", *words, script=script) == "[1.50][][app]"
    assert shell("-e", file, "--only", "PORT", "--sops-values", *words, script=script) == "[1.5][<nil>][app]"


def test_a_value_is_no_variable_unless_it_is_asked_for(file: str) -> None:
    words = ("--file", "db.password=X", "--flatten", "__")
    assert "c4n4ry" not in shell("-e", file, *words, "--file", "tls.key=Y", script="env")
    assert "db__password=c4n4ry" in shell("-e", file, *words, "--only", "db__password", script="env")


def test_a_mapping_whose_values_are_all_in_files_is_no_variable(
    leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    file = encrypted(leafseal, work, me, "b.yaml", "A: 1\ndb: {user: app, list: [c4n4ry]}\n")
    words = ("--file", "db.user=U", "--file", "db.list[0]=L")
    assert shell("-e", file, *words, "--pristine", script='cat "$U_FILE" "$L_FILE"; echo $A') == "appc4n4ry1\n"
    result = exec_("-e", file, *words[:2], "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"offending key db" in result.stderr


def test_a_value_by_the_name_that_its_variable_would_have(file: str) -> None:
    words = ("--flatten", "__", "--prefix", "APP_", "--file", "APP_db__password=X")
    assert shell("-e", file, *words, script='cat "$X_FILE"; echo "$APP_db__user$APP_db__password"') == "c4n4ryapp\n"


def test_of_several_files_the_one_that_counts(file: str, leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    later = encrypted(leafseal, work, me, "later.yaml", "PORT: 81\n")
    words = ("-e", file, "-e", later, "--only", "RATE", "--file", "PORT=X")
    assert shell(*words, "--on-conflict", "first", script='cat "$X_FILE"') == "80"
    assert shell(*words, "--on-conflict", "last", script='cat "$X_FILE"') == "81"
    assert exec_(*words, "--", "/bin/echo", "ran").returncode == 220


def test_values_that_no_variable_holds(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(
        leafseal, work, me, "a.json", '{"NUL": "c\\u0000y", "a=b": "x", "": "y", "LARGE": "' + "z" * 204800 + '"}'
    )
    words = ("--file", "NUL=N", "--file", "a=b=E", "--file", '[""]=Q', "--file", "LARGE=L")
    script = 'od -An -c "$N_FILE"; cat "$E_FILE" "$Q_FILE"; echo; wc -c < "$L_FILE"; env | wc -l'
    found = shell("-e", file, *words, "--pristine", script=script).split()
    assert found[:5] == ["c", "\\0", "y", "xy", "204800"]


def test_as_another_reader_has_it(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", 'A="two words"\nB=1\n')
    assert shell("-e", file, "--file", "A=X", "--dialect", "compose", script='cat "$X_FILE"; env').startswith(
        "two words"
    )


def test_exec_env_has_it_too(file: str, leafseal: Run, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = leafseal("exec-env", "--supervise", "--only", "PORT", "--file", "db.password=X", file, 'cat "$X_FILE"')
    assert (done.code, done.out) == (0, b"c4n4ry")


def test_what_the_caller_has_set(file: str, leafseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_FILE", "/run/secrets/x")
    words = ("exec", "--supervise", "-e", file, "--only", "PORT", "--file", "db.password=X")
    done = leafseal(*words, "--", "/bin/sh", "-c", 'cat "$X_FILE"')
    assert (done.out, done.err) == (b"c4n4ry", "")
    monkeypatch.setenv("X", "1")
    done = leafseal(*words, "--", "true")
    assert done.err == "leafseal: warning: both X and X_FILE are set, and many programs accept only one of them\n"
    assert leafseal(*words, "--pristine", "--", "/bin/true").err == ""


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nothing=X"], 1, "a.yaml: has no value for --file nothing\n"),
        (["db.nothing=X"], 1, "a.yaml: has no value for --file db.nothing\n"),
        (["PORT=X=Y"], 1, "a.yaml: has no value for --file PORT=X\n"),
        (["db=X"], 1, "a.yaml: db is not a single value\n"),
        (["PORT=X", "RATE=X"], 8, "--file gives two values to X_FILE\n"),
        (["PORT"], 8, "--file PORT has no path of a value, or no name of a variable\n"),
        (["=X"], 8, "--file =X has no path of a value, or no name of a variable\n"),
        (["PORT="], 8, "--file PORT= has no path of a value, or no name of a variable\n"),
        (["PORT=../X"], 8, "--file PORT=../X has no path of a value, or no name of a variable\n"),
        (["PORT=X_FILE"], 8, "--file PORT=X_FILE: the variable would be X_FILE_FILE\n"),
    ],
)
def test_what_is_wrong_with_it(
    file: str, leafseal: Run, memory: Path, words: list[str], code: int, message: str
) -> None:
    options = [word for one in words for word in ("--file", one)]
    done = leafseal("exec", "--supervise", "-e", file, "--flatten", "__", *options, "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (code, b"")
    assert message in done.err
    assert not any(memory.iterdir())


def test_a_variable_of_the_files_in_its_place(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "b.env", "A=c4n4ry\nX_FILE=/x\nX=1\n")
    done = leafseal("exec", "--supervise", "-e", file, "--file", "A=X", "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (220, b"")
    assert "--file sets variables that the encrypted files set too: X_FILE\n" in done.err
    done = leafseal("exec", "--supervise", "-e", file, "--file", "A=X", "--only", "X", "--", "/bin/echo", "ran")
    assert (done.out, done.err) == (b"ran\n", "")


def test_an_empty_value_with_strict(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "b.env", "A=\nB=1\n")
    done = leafseal("exec", "--supervise", "--strict", "-e", file, "--file", "A=X", "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (220, b"")


def test_what_the_program_prints_of_it_is_redacted(file: str, leafseal: Run) -> None:
    pytest.importorskip("ahocorasick_rs")
    words = ("exec", "--redact", "-e", file, "--only", "PORT", "--file", "db.password=X")
    done = leafseal(*words, "--", "/bin/sh", "-c", 'cat "$X_FILE"')
    assert done.out == b"[REDACTED]"


def test_supervised_it_is_removed_at_the_end(file: str, leafseal: Run, memory: Path) -> None:
    words = ("exec", "--supervise", "-e", file, "--only", "PORT", "--file", "db.password=X")
    for script, code in (("exit 3", 3), ("kill -KILL $$", 137)):
        assert leafseal(*words, "--", "/bin/sh", "-c", f'test -s "$X_FILE" && {script}').code == code
        assert not any(memory.iterdir())


def test_a_program_that_does_not_start_leaves_nothing(file: str, memory: Path) -> None:
    for options in ([], ["--supervise"]):
        result = exec_(*options, "-e", file, "--only", "PORT", "--file", "PORT=X", "--", "no-such-program")
        assert (result.returncode, list(memory.iterdir())) == (127, [])


def test_the_next_command_removes_what_a_program_that_ended_left(file: str, leafseal: Run, memory: Path) -> None:
    words = ("-e", file, "--only", "PORT", "--file", "db.password=X", "--", "/bin/sh", "-c")
    path = Path(exec_(*words, 'echo "$X_FILE"').stdout.decode().strip())
    assert path.read_text() == "c4n4ry"  # nobody was left to remove it
    with subprocess.Popen(
        [sys.executable, "-m", "leafseal", "exec", *words, 'echo "$X_FILE"; read line; cat "$X_FILE"'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        running = Path(program.stdout.readline().decode().strip())
        assert leafseal("get", file, "PORT").code == 0
        assert (path.exists(), running.exists()) == (False, True)
        assert program.communicate(b"\n", 60)[0] == b"c4n4ry"


@pytest.fixture
def _no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "lasting_candidates", list)


@pytest.mark.usefixtures("_no_folder")
def test_without_a_folder_in_memory_it_is_an_open_file(file: str, leafseal: Run) -> None:
    words = ("exec", "--supervise", "-e", file, "--only", "PORT", "--file", "tls.key=X", "--file", "PORT=Y", "--")
    script = 'echo "$X_FILE" "$$"; cat "$X_FILE" "$X_FILE"; stat -L -c %a "$X_FILE"; (: > "$X_FILE") || echo sealed'
    done = leafseal(*words, "/bin/sh", "-c", script)
    path, pid = done.out.splitlines()[0].split()
    assert path.startswith(b"/proc/%s/fd/" % pid)
    assert done.out.partition(b"\n")[2] == f"{PEM}{PEM}400\nsealed\n".encode()
    before = os.listdir("/proc/self/fd")
    assert b"c4n4ry" in leafseal(*words, sys.executable, "-c", CHILD).out
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.usefixtures("_no_folder")
def test_without_a_folder_and_with_a_hidden_proc_nothing_starts(
    file: str, leafseal: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting, "can_have_open_files", lambda: False)
    done = leafseal("exec", "--supervise", "-e", file, "--flatten", "_", "--file", "PORT=X", "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (220, b"")
    assert "error: no folder in memory for the files of --file\n" in done.err


def test_a_full_folder_in_memory(file: str, leafseal: Run, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(generations.tree, "write", full)
    done = leafseal("exec", "--supervise", "-e", file, "--only", "PORT", "--file", "PORT=X", "--", "/bin/echo", "ran")
    assert (done.code, done.out) == (3, b"")
    assert f"{memory}/leafseal-files-" in done.err
    assert ": cannot write: no space left on device\n" in done.err
    assert not any(memory.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="requires root")
def test_as_another_user(file: str, leafseal: Run, memory: Path) -> None:
    memory.chmod(0o711)
    words = ("exec", "--supervise", "-e", file, "--only", "PORT", "--file", "db.password=X", "--user", "nobody", "--")
    assert leafseal(*words, "/bin/sh", "-c", 'id -un; cat "$X_FILE"').out == b"nobody\nc4n4ry"
    assert not any(memory.iterdir())
    result = exec_(*words[2:], "/no/such/program")
    assert result.returncode == 127
    assert not [path for path in memory.rglob("*") if path.is_file()]
