"""What the caller ignores or blocks: failures of the programs that we start are noticed, and the user's get it back.

With SIGCHLD ignored the system keeps no exit status, and Python takes each for 0.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from leafseal.testing import ThrowawayIdentity

from ..providers.test_pgp_faults import ENDED, FINGERPRINT, MESSAGE, PUBLIC, answer, said
from .conftest import Run
from .test_exec_env import SOURCE, encrypted

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")

CHILD = {signal.SIGCHLD}
SHOW = "import re; print([m for m in re.findall('Sig(?:Blk|Ign):.*', open('/proc/self/status').read())])"
SHOWING = [sys.executable, "-c", f"import signal; signal.signal(13, 0); signal.signal(25, 0); {SHOW}"]
"""Python ignores SIGPIPE and SIGXFSZ before it could look."""


_INHERIT = """
import os, signal, sys
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    if signal.getsignal(number) == signal.SIG_IGN:  # by Python, or by whoever started the tests
        signal.signal(number, signal.SIG_DFL)
ignored, blocked = ({int(number) for number in text.split(",") if number} for text in sys.argv[1:3])
for number in ignored:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def started(
    command: Iterable[str],
    *,
    ignored: set[signal.Signals],
    blocked: set[signal.Signals] = frozenset(),
    **environ: str,  # type: ignore[assignment]
) -> subprocess.CompletedProcess[str]:
    """Run a command that is started with signals ignored and blocked.

    Another process sets them: to fork this one and go on in Python is not safe once libraries have threads in it.
    """
    numbers = [",".join(str(int(number)) for number in some) for some in (ignored, blocked)]
    return subprocess.run(
        [sys.executable, "-c", _INHERIT, *numbers, *command],
        env={**os.environ, "PYTHONPATH": SOURCE, **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def leafseal_with(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return started([sys.executable, "-m", "leafseal", *arguments], ignored=CHILD, **environ)


def script(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def secrets(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    return encrypted(leafseal, work, me, "a.env", "A=c4n4ry\n")


def test_a_key_command_that_fails(
    secrets: str, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    for code, expected in ((3, 128), (0, 0)):
        command = script(work.parent / "key", f"echo {me.identity}; exit {code}")
        result = leafseal_with("decrypt", secrets, SOPS_AGE_KEY_CMD=command)
        assert result.returncode == expected
        assert ("SOPS_AGE_KEY_CMD: exit status 3" in result.stderr) == bool(code)


def test_a_command_for_an_ssh_key_that_fails(leafseal: Run, work: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    (work / "a.env").write_text("A=1\n")
    assert leafseal("encrypt", "-i", "--age", public, "a.env").code == 0
    for code, expected in ((3, 128), (0, 0)):
        command = script(work.parent / "key", f"cat <<'END'\n{private}END\nexit {code}")
        result = leafseal_with("decrypt", "a.env", SOPS_AGE_SSH_PRIVATE_KEY_CMD=command, SOPS_AGE_KEY="")
        assert result.returncode == expected, result.stderr
        assert ("exit status 3" in result.stderr) == bool(code)


def test_a_gpg_that_fails(work: Path) -> None:
    (work / "a.env").write_text("A=1\n")
    (work / ".gnupg").mkdir()
    for code in (2, 0):
        gpg = script(
            work.parent / "gpg",
            f'case "$*" in *--list-*) {said(PUBLIC)}; exit 0;; esac\n{answer(MESSAGE, ENDED, code)}',
        )
        result = leafseal_with(
            "encrypt", "--pgp", FINGERPRINT, "a.env", SOPS_GPG_EXEC=gpg, GNUPGHOME=str(work / ".gnupg")
        )
        assert (result.returncode == 0) == (code == 0), result.stderr
        assert ("exit status 2" in result.stderr) == bool(code)


def test_an_editor_that_fails(secrets: str, work: Path) -> None:
    before = (work / secrets).read_bytes()
    editor = script(work.parent / "editor", 'echo B=2 >> "$1"; exit 1')
    result = leafseal_with("edit", secrets, EDITOR=editor)
    assert result.returncode != 0
    assert "could not run editor: exit status 1" in result.stderr
    assert (work / secrets).read_bytes() == before


def test_a_plugin_that_fails(work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.env").write_text("A=1\n")
    folder = os.path.dirname(script(work.parent / "bin" / "age-plugin-test", "exit 1"))
    recipient = "age1test1qqzdz7qk"
    result = leafseal_with("encrypt", "--age", recipient, "a.env", PATH=f"{folder}:{os.environ['PATH']}")
    assert result.returncode != 0
    assert result.stdout == ""


def test_a_credential_process_that_fails(work: Path) -> None:
    pytest.importorskip("botocore")
    (work / "a.env").write_text("A=1\n")
    found = json.dumps({"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "x"})
    program = script(work.parent / "process", f"echo '{found}'; exit 1")
    config = work.parent / "config"
    config.write_text(f"[default]\ncredential_process = {program}\n")
    arn = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true"}
    result = leafseal_with("encrypt", "--kms", arn, "a.env", AWS_CONFIG_FILE=str(config), **nowhere)
    assert result.returncode != 0
    assert "custom-process of the AWS profile gave no credentials" in result.stderr
    config.write_text("[default]\ncredential_process = ./process\n")
    result = leafseal_with("encrypt", "--kms", arn, "a.env", AWS_CONFIG_FILE=str(config), **nowhere)
    assert "its program has a relative path; use an absolute one" in result.stderr


ASK_AZURE = """
import os, sys
from leafseal.keys import Ambient
from leafseal.providers.azure import credentials
from leafseal.providers.network import deadlines
from leafseal.system import signals
ambient = Ambient.of_process()
with signals.children_noticed():
    print(credentials._answer([sys.argv[1]], ambient, deadlines(ambient)))
"""


@pytest.mark.parametrize("name", ["az", "azd"])
def test_a_program_of_azure_that_fails(work: Path, name: str) -> None:
    pytest.importorskip("azure.identity")
    for code, expected in ((1, "{}\n"), (0, "{'token': 'x'}\n")):
        folder = os.path.dirname(script(work.parent / "bin" / name, f'echo \'{{"token": "x"}}\'; exit {code}'))
        command = [sys.executable, "-c", ASK_AZURE, name]
        result = started(command, ignored=CHILD, PATH=f"{folder}:{os.environ['PATH']}")
        assert result.stdout == expected, result.stderr


@pytest.mark.parametrize("options", [[], ["--supervise"]])
def test_programs_of_the_user_that_fail(secrets: str, options: list[str]) -> None:
    assert leafseal_with("exec-env", *options, secrets, "exit 7").returncode == 7


def test_programs_of_the_user_that_fail_under_sops(secrets: str) -> None:
    for command in (["exec-env", secrets], ["exec-file", "--no-fifo", secrets], ["exec-file", secrets]):
        assert leafseal_with("sops", *command, "exit 7").returncode == 7, command


GIVEN = [
    (set(), set()),
    ({signal.SIGHUP, signal.SIGINT}, set()),  # nohup, and `&` of a script
    (CHILD, set()),
    ({*CHILD, signal.SIGTERM, signal.SIGUSR1}, {signal.SIGUSR2, signal.SIGTERM, signal.SIGCHLD}),
]
WAYS = [
    ["exec-env"],
    ["exec-env", "--supervise"],
    ["sops", "exec-env"],
    ["sops", "exec-env", "--same-process"],
    ["sops", "exec-file"],
]


@pytest.mark.parametrize(("ignored", "blocked"), GIVEN)
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_program_of_the_user_finds_what_our_caller_gave(
    secrets: str, way: list[str], ignored: set[signal.Signals], blocked: set[signal.Signals]
) -> None:
    line = f'exec {sys.executable} -c "{SHOWING[2]}"'  # dash itself no longer ignores SIGCHLD
    plain = ["/bin/sh", "-c", line] if way[0] == "sops" else SHOWING
    ours = [sys.executable, "-m", "leafseal", *way, secrets, *([line] if way[0] == "sops" else ["--", *SHOWING])]
    expected, result = (started(command, ignored=ignored, blocked=blocked) for command in (["env", *plain], ours))
    assert result.returncode == 0, result.stderr
    assert result.stdout == expected.stdout
    assert "SigBlk" in result.stdout


def test_a_helper_finds_sigchld_as_programs_expect_it(secrets: str, work: Path, me: ThrowawayIdentity) -> None:
    seen = work.parent / "seen"
    command = script(work.parent / "key", f"grep SigIgn /proc/self/status > {seen}; echo {me.identity}")
    ignored = {signal.SIGCHLD, signal.SIGHUP}
    result = started(
        [sys.executable, "-m", "leafseal", "decrypt", secrets],
        ignored=ignored,
        SOPS_AGE_KEY_CMD=command,
        SOPS_AGE_KEY="",
    )
    found = re.search(r"SigIgn:\s+([0-9a-f]+)", seen.read_text())
    assert found is not None, result.stderr
    mask = int(found[1], 16)
    # Others are of the C library.
    seen_ignored = {number for number in signal.valid_signals() if mask >> (number - 1) & 1}
    assert seen_ignored == {signal.SIGHUP}
