"""`exec`: several files in layers, their values as they are written, and what a bad one does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_exec_env import SOURCE, encrypted


def exec_(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "leafseal", "exec", *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE, **environment},
        start_new_session=True,
        timeout=120,
    )


def shown(*arguments: str) -> list[str]:
    result = exec_("--pristine", *arguments, "--", "/usr/bin/env")
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout.decode().splitlines()


@pytest.fixture
def app(leafseal: Run, work: Path, me: ThrowawayIdentity) -> tuple[str, str]:
    """Two layers: an application's values, and those of production."""
    common = encrypted(leafseal, work, me, "app.yaml", "PORT: 80\nHOST: localhost\ndb: {user: app}\n")
    return common, encrypted(leafseal, work, me, "app.prod.yaml", "HOST: db.example.org\nTOKEN: c4n4ry\n")


def test_one_file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=1\nB=2\n")
    assert shown("-e", file) == shown("--env-file", file) == ["A=1", "B=2"]
    result = exec_("-e", file, "--", sys.executable, "-c", "import sys; print(sys.argv)", "-e", "$A", "--")
    assert result.stdout == b"['-c', '-e', '$A', '--']\n"


def test_layers(app: tuple[str, str]) -> None:
    layers = ("-e", app[0], "-e", app[1], "--flatten", "__")
    refused = exec_(*layers, "--", "/bin/echo", "ran")
    assert (refused.returncode, refused.stdout) == (220, b"")
    assert b"app.prod.yaml: sets variables that a file before it sets too: HOST\n" in refused.stderr
    assert b"add --on-conflict last" in refused.stderr
    assert shown(*layers, "--on-conflict", "last") == [
        "PORT=80", "HOST=db.example.org", "db__user=app", "TOKEN=c4n4ry",
    ]  # fmt: skip
    assert "HOST=localhost" in shown(*layers, "--on-conflict", "first")
    assert shown("-e", app[1], "-e", app[1]) == ["HOST=db.example.org", "TOKEN=c4n4ry"]  # it is one file


def test_only_counts_for_all_files(app: tuple[str, str]) -> None:
    layers = ("-e", app[0], "-e", app[1])
    assert shown(*layers, "--only", "PORT,TOKEN") == ["PORT=80", "TOKEN=c4n4ry"]
    result = exec_(*layers, "--only", "PORT,NOTHING", "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"error: no file has a value for NOTHING\n" in result.stderr


def test_a_prefix(app: tuple[str, str]) -> None:
    assert shown("-e", app[1], "--prefix", "APP_") == ["APP_HOST=db.example.org", "APP_TOKEN=c4n4ry"]
    assert shown("-e", app[1], "--prefix", "APP_", "--only", "APP_TOKEN") == ["APP_TOKEN=c4n4ry"]
    result = exec_("-e", app[1], "--prefix", "LD_", "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert b"LD_HOST, LD_TOKEN" in result.stderr


def test_values_are_written_as_in_the_file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    text = (
        "a: 1.50\nb: 0o17\nc: 2026-01-15\nd: ~\ne: 1_000\nf: 0x1F\ng: True\nh: '0123'\ni: &i 1e3\nj: *i\n"
        "list:\n  # none\n  - 1.0\n  - 2.50\nunencrypted_k: 7.70\n"
    )
    options = ("--unencrypted-regex", "^unencrypted_")
    file = encrypted(leafseal, work, me, "a.yaml", text, *options)
    plain = ["a=1.50", "b=0o17", "c=2026-01-15", "d=", "e=1_000", "f=0x1F", "g=True", "h=0123", "i=1e3"]
    lists = ["list_0=1.0", "list_1=2.50", "unencrypted_k=7.70"]
    found = shown("-e", file, "--flatten", "_", "--document", "0")
    assert found == [*plain, "j=1e3", *lists]
    assert "a=1.5" in shown("-e", file, "--flatten", "_", "--sops-values")
    assert "d=<nil>" in shown("-e", file, "--flatten", "_", "--sops-values")
    json = encrypted(leafseal, work, me, "a.json", '{"a": 1.50, "b": 1E5, "c": null, "d": true}')
    assert shown("-e", json) == ["a=1.50", "b=1E5", "c=", "d=true"]


def test_an_alias_is_written_as_what_it_stands_for(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    text = (
        "a: &x 1.50\nb: &x [2.0, 3]\nc: *x\nd: &- 4.50\ne:\n- 7\nf: *-\n"
        "g: &y !!float 1.50\nh: *y\ni: &y {k: 9}\nj: {m: *y}\nn: *y\n"
    )
    file = encrypted(leafseal, work, me, "a.yaml", text)
    assert shown("-e", file, "--flatten", "_", "--document", "0") == [
        "a=1.50", "b_0=2.0", "b_1=3", "c_0=2.0", "c_1=3", "d=4.50", "e_0=7", "f=4.50",
        "g=1.50", "h=1.50", "i_k=9", "j_m_k=9", "n_k=9",
    ]  # fmt: skip


def test_what_a_file_of_sops_gives(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    """Its spellings are gone: the values come as `leafseal decrypt` writes them."""
    (work / "a.yaml").write_text("a: 1.50\nb: 2026-01-15\nd: ~\n")
    assert leafseal("encrypt", "-i", "--no-structure", "--age", me.recipient, "a.yaml").code == 0
    (work / "a.yaml").write_text(re.sub(r" +spelling:\n( +t\w+: ENC.*\n)+", "", (work / "a.yaml").read_text()))
    assert shown("-e", "a.yaml") == ["a=1.5", "b=2026-01-15T00:00:00Z", "d="]
    assert leafseal("decrypt", "a.yaml").out == b"a: 1.5\nb: 2026-01-15T00:00:00Z\nd: ~\n"


def test_a_file_beats_what_is_inherited(app: tuple[str, str]) -> None:
    result = exec_("-e", app[1], "--", "/bin/sh", "-c", "echo $HOST", HOST="inherited")
    assert result.stdout == b"db.example.org\n"


def test_nothing_starts_if_one_of_many_fails(app: tuple[str, str], work: Path) -> None:
    (work / "plain.env").write_text("A=1\n")
    (work / "loop.env").symlink_to("loop.env")  # which nobody can read, whoever runs the tests
    result = exec_("-e", app[0], "-e", "missing.env", "-e", "plain.env", "-e", "loop.env", "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (1, b"")
    assert re.findall(rb"error: ([\w.]+):", result.stderr) == [b"missing.env", b"loop.env", b"plain.env"]
    result = exec_("-e", "loop.env", "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"leafseal: error: loop.env: cannot read: ")
    result = exec_("-e", "missing.env", "-e", app[0], "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (100, b"")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--", "true"], 8, "no file is given"),
        (["--", "true"], 8, '"leafseal exec -e FILE -- true"'),
        (["app.yaml", "--", "true"], 8, '"leafseal exec -e app.yaml -- true"'),
        (["app.yaml", "app.prod.yaml"], 8, '"leafseal exec -e app.yaml -e app.prod.yaml -- PROGRAM"'),
        (["-e", "app.prod.yaml", "app.yaml", "--", "true"], 127, "command not found: app.yaml"),
        (["-e", "app.prod.yaml", "app.yaml", "--", "true"], 127, "before each encrypted file, write -e"),
        (["-e", "app.prod.yaml", "./app.yaml", "--", "true"], 126, "before each encrypted file, write -e"),
        (["-e", "app.yaml"], 8, "no program is given after --"),
        (["-e", "app.yaml", "--"], 8, "no program is given after --"),
        (["-e", "app.yaml", "true"], 8, 'put -- before the program: "leafseal exec -e app.yaml -- true"'),
        (["-e", "app.yaml", "ls", "-l"], 1, 'put -- before the program: "leafseal exec -e app.yaml -- ls"'),
        (["-e", "app.prod.yaml", "--", "no-such-program"], 127, "command not found: no-such-program"),
        (["-e", "app.prod.yaml", "--", "echo $HOST"], 127, "name a shell: -- sh -c"),
        (["-e", "app.prod.yaml", "--", ""], 127, "command not found: "),
        (["-e", "app.prod.yaml", "--", "/"], 126, "cannot run /: permission denied"),
        (["-e", "app.prod.yaml", "--", "./app.yaml"], 126, "cannot run ./app.yaml: permission denied"),
        (["-e", "app.prod.yaml", "--", "./app.yaml/x"], 126, "cannot run ./app.yaml/x: not a directory"),
        (["-e", ".", "--", "true"], 2, "is a folder"),
    ],
)
def test_what_is_wrong_with_a_command_line(app: tuple[str, str], words: list[str], code: int, message: str) -> None:
    result = exec_(*words)
    assert result.stdout == b""
    assert message in result.stderr.decode()
    assert result.returncode == code


def test_a_file_that_has_no_names(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "token.bin", "c4n4ry")
    result = exec_("-e", file, "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert b"token.bin: the whole file is encrypted as one value" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a=b": "c4n4ry"}', "cannot use keys with '=' in environment: a=b"),
        ('{"": "c4n4ry"}', "a key is empty"),
        ('{"A": "c4n4ry\\u0000"}', "an environment cannot contain NUL; offending key A"),
    ],
)
def test_values_that_no_environment_holds(
    leafseal: Run, work: Path, me: ThrowawayIdentity, text: str, message: str
) -> None:
    file = encrypted(leafseal, work, me, "a.json", text)
    result = exec_("-e", file, "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (1, b"")
    assert f"a.json: {message}" in result.stderr.decode()
    assert b"c4n4ry" not in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_a_value_of_200_kib(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", f"SMALL=1\nLARGE={'c4n4ry' * 34134}\n")
    result = exec_("-e", file, "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (126, b"")
    assert b"a variable can have 128 KiB with its name, and these are longer: LARGE\n" in result.stderr
    assert b"leafseal exec -e FILE --file KEY=NAME -- PROGRAM" in result.stderr
    assert b"c4n4ry" not in result.stderr
    assert not re.search(rb"204.?804", result.stderr)  # its size
    assert exec_("-e", file, "--only", "SMALL", "--", "/bin/echo", "ran").stdout == b"ran\n"


DIALECTS = {
    "sops": 'two words # "c"',
    "compose": "two words",
    "bash": None,
    "python-dotenv": "two words",
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_values_as_another_program_reads_them(leafseal: Run, work: Path, me: ThrowawayIdentity, dialect: str) -> None:
    file = encrypted(leafseal, work, me, "a.env", 'A=two words # "c"\n')
    result = exec_("-e", file, "--dialect", dialect, "--", "/bin/sh", "-c", 'printf %s "$A"')
    expected = DIALECTS[dialect]
    if expected is None:
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"a.env: line 1: bash would run this" in result.stderr
        assert b"two" not in result.stderr
    else:
        assert (result.stdout.decode(), result.stderr) == (expected, b"")


def test_a_value_that_other_readers_take_for_another_is_named(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.ini", "[s]\na = 1 ; 2\nb = 3\n")
    options = ("-e", file, "--flatten", "_", "--prefix", "X_")
    result = exec_(*options, "--", "/bin/sh", "-c", "echo $X_s_a")
    assert result.stdout == b"1\n"
    assert result.stderr.count(b"other programs read these values differently: s.a") == 1
    assert exec_(*options, "--only", "X_s_b", "--", "true").stderr == b""


def test_a_value_takes_no_identity_from_our_environment(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=[$SOPS_AGE_KEY]\nB=[$HOME]\n")
    result = exec_("-e", file, "--dialect", "bash", "--", "/bin/sh", "-c", "echo $A$B")
    assert result.stdout.decode() == f"[][{os.environ['HOME']}]\n"
    result = exec_("-e", file, "--dialect", "bash", "--pristine", "--", "/bin/sh", "-c", "echo $A$B")
    assert result.stdout == b"[][]\n"


def test_names_that_nothing_protects_are_refused_before_another_reader_sees_them(
    leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=1\n", "--no-structure")
    (work / file).write_text("export B=\n" + (work / file).read_text())
    result = exec_("-e", file, "--dialect", "compose", "--", "/bin/echo", "ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert b"SOPS does not protect them: export B" in result.stderr
