import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run

SOURCE = str(Path(__file__).parents[2] / "src")
SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getpid()]))"


@pytest.fixture
def secrets(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    path = work / "secrets.env"
    path.write_text("TOKEN=c4n4ry\nPORT=5432\nEMPTY=\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, path).code == 0
    return path


def exec_env(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "leafseal", "exec-env", *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE, **environment},
        start_new_session=True,
        timeout=120,
    )


def test_a_program_and_its_arguments(secrets: Path) -> None:
    result = exec_env(secrets.name, "--", sys.executable, "-c", SHOW, "$TOKEN", "--flag")
    assert result.stderr == b""
    arguments, environ, _ = json.loads(result.stdout)
    assert arguments == ["$TOKEN", "--flag"]
    assert (environ["TOKEN"], environ["PORT"], environ["EMPTY"]) == ("c4n4ry", "5432", "")
    assert "SOPS_AGE_KEY" not in environ
    assert environ["HOME"] == os.environ["HOME"]


def test_one_word_is_a_command_line(secrets: Path) -> None:
    assert exec_env(secrets.name, 'echo "$TOKEN $PORT" | tr a-z A-Z').stdout == b"C4N4RY 5432\n"


def test_one_word_behind_dashes_is_a_program(secrets: Path, work: Path) -> None:
    program = work / "echo $PORT"
    program.write_text("#!/bin/sh\necho program\n")
    program.chmod(0o755)
    assert exec_env(secrets.name, "--", str(program)).stdout == b"program\n"
    assert exec_env(secrets.name, "echo $PORT").stdout == b"5432\n"


def test_leafseal_becomes_the_program(secrets: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "leafseal", "exec-env", secrets.name, "--", sys.executable, "-c", SHOW],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SOURCE},
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.read())[2] == process.pid
    assert exec_env(secrets.name, "exit 42").returncode == 42
    assert exec_env(secrets.name, "kill -TERM $$").returncode == -signal.SIGTERM


def test_supervised(secrets: Path) -> None:
    assert exec_env("--supervise", secrets.name, "exit 42").returncode == 42
    assert exec_env("--supervise", secrets.name, "kill -TERM $$").returncode == 143
    assert exec_env("--supervise", "--same-process", secrets.name, "true").returncode == 8


def test_pristine(secrets: Path) -> None:
    result = exec_env("--pristine", secrets.name, "--", "/usr/bin/env")
    assert result.stdout == b"TOKEN=c4n4ry\nPORT=5432\nEMPTY=\n"


def test_what_is_kept_and_scrubbed(secrets: Path) -> None:
    named = {"SOPS_AGE_KEY_FILE": "/keys", "VAULT_TOKEN": "hvs.x", "LEAFSEAL_X": "1"}
    shown = exec_env(secrets.name, "--", "/usr/bin/env", **named).stdout.decode().splitlines()
    assert "VAULT_TOKEN=hvs.x" in shown
    assert not [line for line in shown if line.startswith(("SOPS_AGE_KEY", "LEAFSEAL_"))]
    shown = exec_env(
        "--scrub-cloud", "--keep", "SOPS_AGE_KEY_FILE", secrets.name, "--", "/usr/bin/env", **named
    ).stdout.decode()
    assert "VAULT_TOKEN" not in shown
    assert "SOPS_AGE_KEY_FILE=/keys" in shown


def test_names_that_change_what_runs(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "bad.env").write_text("LD_PRELOAD=c4n4ry\nPATH=/bin\nA=1\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "bad.env").code == 0
    result = exec_env("bad.env", "echo ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert b"LD_PRELOAD, PATH" in result.stderr
    assert b"--allow LD_PRELOAD --allow PATH" in result.stderr
    assert b"c4n4ry" not in result.stderr
    assert exec_env("--allow", "LD_PRELOAD", "bad.env", "echo ran").returncode == 220
    (work / "path.env").write_text("PATH=/bin:/usr/bin\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "path.env").code == 0
    assert exec_env("--allow", "PATH", "path.env", "echo $PATH").stdout == b"/bin:/usr/bin\n"


def test_the_hint_works_for_names_that_do_not_print(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    names = ["LD_PRELOAD\t", "A\n\u200b", "B\\t'\r", "C\u0301 \u00e9\x7f"]
    file = encrypted(leafseal, work, me, "odd.json", json.dumps(dict.fromkeys(names, "x")))
    refused = exec_env("--strict", file, "echo ran")
    assert refused.returncode == 220
    options = refused.stderr.decode().rpartition("anyway, add ")[2].strip()
    assert options.isprintable()
    words = subprocess.check_output(["bash", "-c", f"printf '%s\\0' {options}"]).decode().split("\0")[:-1]
    assert words[1::2] == names
    assert exec_env("--strict", *words, file, "echo ran").stdout == b"ran\n"


def test_the_hint_on_a_name_of_the_file_runs_nothing_when_pasted(
    leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    (work / "bad.json").write_text('{"LD_$(touch pwned)": "x", "BASH_FUNC_f()": "y"}')
    assert leafseal("encrypt", "-i", "--age", me.recipient, "bad.json").code == 0
    hint = re.search(r"add (.*)", exec_env("bad.json", "echo ran").stderr.decode())
    assert hint is not None
    pasted = f"{sys.executable} -m leafseal exec-env {hint[1]} bad.json -- echo ran"
    done = subprocess.run(["/bin/sh", "-c", pasted], capture_output=True, env={**os.environ, "PYTHONPATH": SOURCE})
    assert (done.returncode, done.stdout) == (0, b"ran\n"), done.stderr
    assert not (work / "pwned").exists()


def test_nested_values(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.json").write_text('{"db": {"user": "u", "ports": [1, 2]}}')
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.json").code == 0
    result = exec_env("a.json", "echo ran")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"a.json: cannot use complex value in environment; offending key db" in result.stderr
    assert exec_env("--flatten", "__", "a.json", "echo $db__user $db__ports__1").stdout == b"u 2\n"


def test_strict_refuses_what_nothing_protects(secrets: Path) -> None:
    result = exec_env("--strict", secrets.name, "echo ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert b"SOPS does not protect them: EMPTY" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 1), (["--", "no-such-program"], 127), (["no-such-program"], 127), (["--", "/"], 126)]
)
def test_commands_that_cannot_be_run(secrets: Path, arguments: list[str], code: int) -> None:
    result = exec_env(secrets.name, *arguments)
    assert result.returncode == code
    assert result.stdout == b""


def test_nothing_runs_when_the_file_does_not_verify(secrets: Path) -> None:
    secrets.write_text(secrets.read_text().replace("EMPTY=", "EMPTY=forged"))
    result = exec_env(secrets.name, "echo ran")
    assert result.stdout == b""
    assert result.returncode in (25, 51)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_another_user(secrets: Path) -> None:
    result = exec_env("--user", "nobody", secrets.name, 'echo "$(id -un) $USER $LOGNAME $TOKEN"')
    assert result.stdout == b"nobody nobody nobody c4n4ry\n"
    assert exec_env("--user", "no-such-user", secrets.name, "true").returncode == 1


def encrypted(leafseal: Run, work: Path, me: ThrowawayIdentity, name: str, text: str, *options: str) -> str:
    (work / name).write_text(text)
    assert leafseal("encrypt", "-i", *options, "--age", me.recipient, name).code == 0
    return name


def allowing(stderr: bytes) -> list[str]:
    """Return the options that a message says to add."""
    found = re.search(rb"add (--allow .*)", stderr)
    assert found is not None, stderr
    return found[1].decode().split()


def test_names_in_any_spelling_and_of_families(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    names = ["openssl_conf", "Xdg_Config_Home", "GIT_DIR", "npm_config_script_shell", "ANSIBLE_X", "kubeconfig"]
    file = encrypted(leafseal, work, me, "a.env", "".join(f"{name}=c4n4ry\n" for name in names))
    result = exec_env(file, "echo ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert ", ".join(names).encode() in result.stderr
    assert exec_env(*allowing(result.stderr), file, "--", "/bin/echo", "ran").stdout == b"ran\n"


def test_a_warning_and_how_it_ends(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "JAVA_OPTS=c4n4ry\nhttps_proxy=x\nA=1\n")
    result = exec_env(file, "echo $JAVA_OPTS")
    assert result.stdout == b"c4n4ry\n"
    assert result.stderr == (
        b"leafseal: warning: a.env: can change how programs run or where they connect: JAVA_OPTS, https_proxy;"
        b" if you know these, add --allow JAVA_OPTS --allow https_proxy\n"
    )
    result = exec_env(*allowing(result.stderr), file, "echo $JAVA_OPTS")
    assert (result.stdout, result.stderr) == (b"c4n4ry\n", b"")
    result = exec_env("--strict", file, "echo ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert exec_env("--strict", *allowing(result.stderr), file, "echo ran").stdout == b"ran\n"


def test_the_policy_admits_names(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "KUBECONFIG=x\nJAVA_OPTS=y\n")
    policy = Path(os.environ["XDG_CONFIG_HOME"], "leafseal", "policy.toml")
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text('exec.allow = ["KUBECONFIG", "JAVA_OPTS"]\n')
    try:
        result = exec_env(file, "echo $KUBECONFIG $JAVA_OPTS")
        assert (result.stdout, result.stderr) == (b"x y\n", b"")
        policy.write_text('exec.allow = ["JAVA_OPTS"]\n')
        result = exec_env(file, "echo ran")
        assert b": KUBECONFIG\n" in result.stderr
        assert exec_env(*allowing(result.stderr), file, "echo ran").stdout == b"ran\n"
    finally:
        policy.unlink()


def test_only_what_is_named_is_set(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=1\nB=2\nC=3\nPATH=c4n4ry\n")
    result = exec_env("--pristine", "--only", "C,A", file, "--", "/usr/bin/env")
    assert (result.stdout, result.stderr) == (b"A=1\nC=3\n", b"")
    assert exec_env("--only", "A", "--only", "B", file, "echo $A $B $C").stdout == b"1 2\n"
    assert exec_env("--only", "A,PATH", file, "echo ran").returncode == 220  # it is not allowed by that
    result = exec_env("--only", "A,D", file, "echo ran")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"a.env: has no value for D\n" in result.stderr
    assert b"name only variables that are in the file after --only" in result.stderr
    file = encrypted(leafseal, work, me, "b.yaml", "API_TOKEN: a\ndb: {user: u}\n")
    assert b"hint: the file has API_TOKEN\n" in exec_env("--only", "API_TOKN", file, "echo ran").stderr
    assert b"hint: the file has API_TOKEN, P_db_user\n" not in exec_env("--only", "P_db_usr", file, "echo ran").stderr
    result = exec_env("--flatten", "_", "--prefix", "P_", "--only", "p_db_usr,P_API_TOKN", file, "echo ran")
    assert b"hint: the file has P_db_user, P_API_TOKEN\n" in result.stderr
    result = exec_env("--only", "A, ,", file, "echo ran")
    assert result.returncode == 8
    assert b"separate names with one comma each" in result.stderr


def test_only_a_nested_value(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.yaml", "db: {user: u, password: p}\nA: 1\n")
    assert exec_env("--only", "A", file, "echo $A").stdout == b"1\n"
    result = exec_env("--only", "db__user", file, "echo ran")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"add --flatten __" in result.stderr
    assert exec_env("--flatten", "__", "--only", "db__user", file, "echo $db__user$db__password").stdout == b"u\n"


def test_strictly_names_are_identifiers(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=1\ndb.password=2\nx-y=3\n")
    assert exec_env(file, "--", "/usr/bin/env").returncode == 0
    result = exec_env("--strict", file, "echo ran")
    assert (result.returncode, result.stdout) == (220, b"")
    assert b"cannot be a variable of a shell: db.password, x-y" in result.stderr
    assert exec_env("--strict", *allowing(result.stderr), file, "--", "/bin/echo", "ran").stdout == b"ran\n"
