import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leafseal.document.scalars import Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode
from leafseal.errors import CommandError, LeafsealError, RefusedError
from leafseal.run import environment
from leafseal.run import exec as running
from leafseal.run.environment import check_names, child_environment, find_account
from leafseal.run.supervisor import supervise
from leafseal.run.variables import layered, variables

SOURCE = str(Path(__file__).parents[2] / "src")


# -- names


def nothing() -> set[str]:
    return set()


def test_all_refused_names_are_told_at_once() -> None:
    with pytest.raises(RefusedError) as caught:
        check_names(["PATH", "TOKEN", "ld_preload", "ENV", "JAVA_OPTS"], lambda: {"ENV"})
    assert str(caught.value) == "changes how programs run or where they connect: PATH, ld_preload"
    assert caught.value.hint == "to set it anyway, add --allow PATH --allow ld_preload"
    assert caught.value.exit_code == 220


def test_what_is_warned_of_and_what_was_allowed() -> None:
    assert check_names(["JAVA_OPTS", "TOKEN", "https_proxy", "PATH"], lambda: {"JAVA_OPTS", "PATH"}) == ["https_proxy"]
    assert check_names(["TOKEN"], lambda: pytest.fail("nothing is to be allowed")) == []


def test_strictly_nothing_is_warned_of_and_names_are_identifiers() -> None:
    with pytest.raises(RefusedError) as caught:
        check_names(["JAVA_OPTS", "a.b", "TOKEN", "1A", "é", "ld_x-y"], nothing, strict=True)
    assert str(caught.value) == (
        "changes how programs run or where they connect: ld_x-y, JAVA_OPTS; cannot be a variable of a shell: a.b, 1A, é"
    )
    allowed = {"JAVA_OPTS", "a.b", "1A", "é", "ld_x-y"}
    assert check_names([*allowed, "TOKEN"], lambda: allowed, strict=True) == []


# -- values


def test_values_are_spelled_as_sops_spells_them() -> None:
    document = MappingNode(
        [
            Comment(" not a variable"),
            ("text", "two\nlines"),
            ("bytes", b"\xff\xfe"),
            ("int", 5),
            ("whole", 1.0),
            ("small", 1e-7),
            ("yes", True),
            ("nothing", None),
            ("empty", ""),
            ("time", Timestamp("2024-01-01T00:00:00.5Z")),
            ("text", "the last counts"),
        ]
    )
    assert variables(document)["nothing"] == b""
    assert variables(document, as_sops=True) == {
        "text": b"the last counts",
        "bytes": b"\xff\xfe",
        "int": b"5",
        "whole": b"1.0",
        "small": b"1E-07",
        "yes": b"true",
        "nothing": b"<nil>",
        "empty": b"",
        "time": b"2024-01-01T00:00:00Z",
    }


def test_only_what_is_named() -> None:
    document = MappingNode([("A", "1"), ("db", MappingNode([("user", "u"), ("x=y", "c4n4ry")])), ("B", "2")])
    assert variables(document, only=["B"]) == {"B": b"2"}
    assert variables(document, only=["db__user", "A"], flatten="__") == {"A": b"1", "db__user": b"u"}
    with pytest.raises(LeafsealError) as caught:
        variables(document, only=["db"])
    assert "--flatten __" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("db", MappingNode([("password", "c4n4ry")]), "cannot use complex value in environment; offending key db"),
        ("list", ListNode(["c4n4ry"]), "cannot use complex value in environment; offending key list"),
        ("empty", MappingNode(), "cannot use complex value in environment; offending key empty"),
        ("a=b", "c4n4ry", "cannot use keys with '=' in environment: a=b"),
        ("", "c4n4ry", "a key is empty"),
        ("a\0b", "c4n4ry", "an environment cannot contain NUL; offending key a\0b"),
        ("nul", "c4n4ry\0", "an environment cannot contain NUL; offending key nul"),
        ("nul", b"c4n4ry\0", "an environment cannot contain NUL; offending key nul"),
    ],
)
def test_what_no_environment_holds(key: str, value: object, message: str) -> None:
    with pytest.raises(LeafsealError) as caught:
        variables(MappingNode([("first", "1"), (key, value)]))  # type: ignore[list-item]
    assert str(caught.value) == message
    assert caught.value.exit_code == 1
    assert "c4n4ry" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_a_value_at_the_edge_of_what_linux_takes() -> None:
    name, most = "NAME", 131072 - len("NAME") - 2
    environ = child_environment({name: b"x" * most}, {}, pristine=True)
    assert supervise(["/bin/true"], environ) == 0
    with pytest.raises(CommandError) as caught:
        supervise(["/bin/true"], {**environ, b"OTHER": b"x", b"NAME": b"x" * (most + 1)})
    assert str(caught.value) == (
        "cannot run /bin/true: a variable can have 128 KiB with its name, and these are longer: NAME"
    )
    assert caught.value.exit_code == 126


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_more_than_linux_takes_in_all() -> None:
    environ = {b"V%d" % number: b"x" * (1000 + number) for number in range(20000)}
    with pytest.raises(CommandError) as caught:
        supervise(["/bin/true"], environ)
    assert str(caught.value) == (
        "cannot run /bin/true: arguments and environment are too large together; the largest variables are"
        " V19999, V19998, V19997"
    )
    with pytest.raises(CommandError, match="cannot run /bin/true: an argument is longer than 128 KiB"):
        supervise(["/bin/true", "x" * 131072], {})


def test_one_name_for_two_values_is_refused() -> None:
    document = MappingNode([("db", MappingNode([("user", "c4n4ry")])), ("db__user", "c4n4ry"), ("x", "1")])
    with pytest.raises(LeafsealError) as caught:
        variables(document, flatten="__")
    assert str(caught.value) == "two values would be the variable db__user: db.user and db__user"
    assert variables(document, flatten=".")["db.user"] == b"c4n4ry"
    assert variables(document, flatten="__", only=["x"]) == {"x": b"1"}


def test_a_prefix_comes_before_every_name() -> None:
    document = MappingNode([("a", MappingNode([("b", "1")])), ("c", "2")])
    assert variables(document, flatten="_", prefix="APP_") == {"APP_a_b": b"1", "APP_c": b"2"}
    assert variables(document, prefix="APP_", only=["APP_c"]) == {"APP_c": b"2"}


def test_layers() -> None:
    layers = [("a", {"A": b"1", "B": b"2"}), ("b", {"C": b"3", "A": b"4"})]
    with pytest.raises(RefusedError) as caught:
        layered(layers)
    assert str(caught.value) == "b: sets variables that a file before it sets too: A"
    assert list(layered(layers, "first").items()) == [("A", b"1"), ("B", b"2"), ("C", b"3")]
    assert list(layered(layers, "last").items()) == [("A", b"4"), ("B", b"2"), ("C", b"3")]


def test_nested_values_on_request() -> None:
    document = MappingNode(
        [("db", MappingNode([("user", "u"), Comment("x"), ("hosts", ListNode(["a", Comment("x"), 2]))]))]
    )
    assert variables(document, flatten="__") == {"db__user": b"u", "db__hosts__0": b"a", "db__hosts__1": b"2"}


# -- the whole environment

INHERITED = {
    "PATH": "/bin",
    "TOKEN": "old",
    "SOPS_AGE_KEY": "AGE-SECRET-KEY-1",
    "SOPS_AGE_KEY_FILE": "/keys",
    "SOPS_AGE_SSH_PRIVATE_KEY_CMD": "cat",
    "LEAFSEAL_DEBUG": "1",
    "SOPS_AGE_RECIPIENTS": "age1",
    "VAULT_TOKEN": "hvs.x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "ODD": "\udcff",
}


def test_secrets_win_and_identities_stay_behind() -> None:
    assert child_environment({"TOKEN": b"new\xff"}, INHERITED) == {
        b"PATH": b"/bin",
        b"TOKEN": b"new\xff",
        b"SOPS_AGE_RECIPIENTS": b"age1",
        b"VAULT_TOKEN": b"hvs.x",
        b"AWS_SECRET_ACCESS_KEY": b"x",
        b"ODD": b"\xff",
    }


def test_identities_go_along_where_that_is_said() -> None:
    assert child_environment({}, INHERITED, keep=["SOPS_AGE_KEY_FILE"])[b"SOPS_AGE_KEY_FILE"] == b"/keys"
    assert set(child_environment({}, INHERITED, keep=None)) == {os.fsencode(name) for name in INHERITED}


def test_credentials_of_clouds_are_scrubbed_on_request() -> None:
    found = child_environment({}, INHERITED, scrub_cloud=True)
    assert set(found) == {b"PATH", b"TOKEN", b"SOPS_AGE_RECIPIENTS", b"ODD"}
    assert child_environment({"VAULT_TOKEN": b"ours"}, INHERITED, scrub_cloud=True)[b"VAULT_TOKEN"] == b"ours"


def test_pristine_is_the_secrets_alone_and_the_accounts() -> None:
    account = environment.Account("app", 1000, 1000, "/srv/app")
    assert child_environment({"A": b"1"}, INHERITED, pristine=True) == {b"A": b"1"}
    assert child_environment({"A": b"1"}, INHERITED, pristine=True, account=account) == {
        b"HOME": b"/srv/app", b"USER": b"app", b"LOGNAME": b"app", b"A": b"1",
    }  # fmt: skip


def test_accounts() -> None:
    me = pwd.getpwuid(os.geteuid())
    assert find_account(me.pw_name) == (me.pw_name, me.pw_uid, me.pw_gid, me.pw_dir)
    with pytest.raises(LeafsealError, match="unknown user no-such-user"):
        find_account("no-such-user")


# -- running

BECOME = """
import os, sys
from leafseal import errors
from leafseal.system import hardening
from leafseal.run import exec, environment
hardening.forbid_dumps()
environ = environment.child_environment({"TOKEN": b"s3cret\\xff"}, os.environ)
account = environment.find_account(os.environ["AS"]) if "AS" in os.environ else None
try:
    exec.execute(sys.argv[1:], environ, account=account)
except errors.LeafsealError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def become(*argv: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", BECOME, *argv],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE, **environ},
        timeout=120,
    )


def test_execute_becomes_the_program() -> None:
    code = 'import os; print(os.getpid(), os.environb[b"TOKEN"])'
    with subprocess.Popen(
        [sys.executable, "-c", BECOME, sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SOURCE},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"%d b's3cret\\xff'\n" % process.pid


def test_the_exit_code_is_that_of_the_program() -> None:
    assert become("sh", "-c", "exit 42").returncode == 42
    assert become("sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="as Linux tells it")
def test_nothing_of_pythons_signals_is_passed_on() -> None:
    result = become("sh", "-c", "yes | head -1; grep -E 'Sig(Blk|Ign)' /proc/self/status; ulimit -c")
    lines = result.stdout.decode().split("\n")
    assert lines[0] == "y"
    # Of the signals above 31, which Python does not touch, make and shells have some ignored from the start.
    assert [int(line.partition(":")[2], 16) & 0x7FFFFFFF for line in lines[1:3]] == [0, 0]
    assert lines[3] == subprocess.run(["sh", "-c", "ulimit -c"], capture_output=True, text=True).stdout.strip()
    assert result.stderr == b""


def test_programs_that_cannot_be_run(tmp_path: Path) -> None:
    result = become("no-such-program")
    assert (result.returncode, result.stdout) == (127, b"command not found: no-such-program\n")
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    result = become(str(tmp_path / "plain"))
    assert (result.returncode, result.stdout) == (126, f"cannot run {tmp_path}/plain: permission denied\n".encode())
    (tmp_path / "plain").write_text("#!/no/such/interpreter\n")
    (tmp_path / "plain").chmod(0o755)
    result = become(str(tmp_path / "plain"))
    assert result.returncode == 127
    assert b"the interpreter in its first line does not exist" in result.stdout


def test_programs_of_the_current_folder_are_run_when_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\necho deployed\n")
    (tmp_path / "deploy.sh").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert become("./deploy.sh").stdout == b"deployed\n"
    assert become("deploy.sh", PATH=str(tmp_path)).stdout == b"deployed\n"
    assert become("deploy.sh", PATH=".").stdout == b"deployed\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_another_user() -> None:
    result = become("id", "-u", AS="nobody")
    assert result.stdout == b"%d\n" % pwd.getpwnam("nobody").pw_uid
    groups = become("id", "-G", AS="nobody").stdout.split()
    assert b"0" not in groups


def test_a_shells_command_line() -> None:
    assert running.shell_command("echo $X") == ["/bin/sh", "-c", "echo $X"]
    assert running.can_replace()


def test_detached_programs_are_left_alone(tmp_path: Path) -> None:
    done = tmp_path / "done"
    environ = {b"PATH": os.fsencode(os.environ["PATH"]), b"DONE": os.fsencode(done)}
    running.start_detached(running.shell_command("sleep 0.05; echo $DONE > $DONE"), environ)
    deadline = time.monotonic() + 120
    while not (done.exists() and done.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert done.read_text().strip() == str(done)
