"""`leafseal ci github` in a step of a job: what the log shows, and what later steps get."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from ..run.github_runner import Log, on_a_runner, variables_in
from .conftest import Run
from .test_exec_env import SOURCE, encrypted

PEM = "-----BEGIN KEY-----\nabcdefgh\nxy==\n-----END KEY-----\n"


@pytest.fixture
def step(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a step of a job; the file is `$GITHUB_ENV`."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_", "GITHUB_", "HUAWEICLOUD_")):
            monkeypatch.delenv(name)
    return on_a_runner(work, monkeypatch)


@pytest.fixture
def secrets(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    return encrypted(leafseal, work, me, "secrets.env", "DB_PASSWORD=hunter2%x\nEMPTY=\nPIN=123\nNODE_ENV=production\n")


def test_values_are_hidden_first_and_exported_then(leafseal: Run, step: Path, secrets: str) -> None:
    step.write_bytes(b"BEFORE=1")
    result = leafseal("ci", "github", secrets)
    assert result.code == 0
    log = Log()
    log.read(result.out)
    assert (log.lines, log.warnings) == ([], [])
    assert log.masked("x hunter2%x y") == "x *** y"
    assert log.masked("production 123") == "production 123"
    assert "***" in log.masked(base64.b64encode(b"user:hunter2%x:").decode())
    assert variables_in(step.read_bytes()) == {
        "BEFORE": "1", "DB_PASSWORD": "hunter2%x", "EMPTY": "", "PIN": "123", "NODE_ENV": "production",
    }  # fmt: skip
    assert "secrets.env: not hidden in logs, because they or lines of them are shorter than 4 characters" in result.err
    assert "PIN, NODE_ENV" in result.err.splitlines()[0]
    assert "GITHUB_ENV: 4 variables exported: DB_PASSWORD, EMPTY, PIN, NODE_ENV" in result.err
    assert "hunter2" not in result.err


def test_layers_names_and_several_lines(
    leafseal: Run, step: Path, secrets: str, work: Path, me: ThrowawayIdentity
) -> None:
    app = encrypted(leafseal, work, me, "app.yaml", f"tls:\n  key: {PEM!r}\nDB_PASSWORD: other-one\n".replace("'", '"'))
    result = leafseal("ci", "github", "--flatten", "_", "--on-conflict", "last", "--quiet", secrets, app)
    assert (result.code, result.err.count("exported")) == (0, 0)
    found = variables_in(step.read_bytes())
    assert (found["tls_key"], found["DB_PASSWORD"]) == (PEM, "other-one")
    log = Log()
    log.read(result.out)
    assert [log.masked(line) for line in ("abcdefgh", "other-one", "hunter2%x", "xy")] == ["***", "***", "***", "xy"]
    step.write_bytes(b"")
    assert leafseal("ci", "github", "--only", "APP_PIN", "--prefix", "APP_", secrets).code == 0
    assert variables_in(step.read_bytes()) == {"APP_PIN": "123"}


def test_outputs_and_masks_alone(leafseal: Run, step: Path, secrets: str, work: Path, me: ThrowawayIdentity) -> None:
    other = encrypted(leafseal, work, me, "o.yaml", "NODE_OPTIONS: --require=./x.js\nPATH: /somewhere\n")
    assert leafseal("ci", "github", "--to", "output", other).code == 0
    assert variables_in((work / "GITHUB_OUTPUT").read_bytes())["PATH"] == "/somewhere"
    result = leafseal("ci", "github", "--mask-only", secrets)
    assert (result.code, b"::add-mask::hunter2%25x\n" in result.out) == (0, True)
    assert step.read_bytes() == b""


@pytest.mark.parametrize("command", ["##[stop-commands]tok", "::stop-commands::tok", "x\\n::stop-commands::tok"])
def test_no_name_stops_the_commands_that_hide_values(
    leafseal: Run, step: Path, secrets: str, work: Path, me: ThrowawayIdentity, command: str
) -> None:
    """Whoever writes the repository chooses names, and a whole file: a public key is enough for that."""
    theirs = encrypted(leafseal, work, me, "theirs.yaml", f'"{command}": x\n')
    for arguments in (["--mask-only"], ["--only", "DB_PASSWORD"]):
        result = leafseal("ci", "github", *arguments, theirs, secrets)
        assert result.code == 0
        log = Log()
        log.read(result.err.encode() + result.out)  # the warning comes first
        assert "hunter2" not in "\n".join(log.lines)
        assert "hunter2%x" in log.hidden


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_no_name_in_a_report_is_a_command_for_a_runner(leafseal: Run, work: Path, sealed: Path, command: str) -> None:
    """Azure Pipelines obeys `##vso[…` anywhere in a line, GitHub's runner `::` at its beginning."""
    names = ["##vso[task.prependpath]./evil", "::stop-commands::x", "##[stop-commands]x", "## heading", "a::b"]
    sealed.write_text(
        "".join(f'"{name}": ""\n' for name in names) + re.sub("(?m)^ +structure1_.*\n", "", sealed.read_text())
    )
    result = leafseal(command, sealed.name)
    said = result.out.decode() + result.err
    assert "stop-commands" in said
    assert "## heading" in said
    assert not [line for line in said.splitlines() if re.search(r"^\s*::|##\w*\[", line)]
    report = leafseal(command, "--json", sealed.name)
    assert b"##" not in report.out
    assert "/##[stop-commands]x" in str(json.loads(report.out))


def test_lines_that_are_not_hidden_are_told_of(leafseal: Run, step: Path, work: Path, me: ThrowawayIdentity) -> None:
    text = 'PINS: "a1B\\nc2D\\ne3F"\nJSON: "{\\n  long-enough\\n}"\n'
    result = leafseal("ci", "github", encrypted(leafseal, work, me, "p.yaml", text))
    assert result.code == 0
    assert "p.yaml: not hidden in logs" in result.err
    assert result.err.splitlines()[0].endswith(": PINS")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("LD_PRELOAD=./x.so\n", "changes how programs run or where they connect: LD_PRELOAD"),
        ("NODE_OPTIONS=x\n", "changes how programs run or where they connect: NODE_OPTIONS"),
        ("GITHUB_TOKEN=x\nRUNNER_TEMP=y\n", "the runner and its actions read these themselves: GITHUB_TOKEN, RUNNER_"),
        ("a b: x\n", "cannot be names of variables or outputs: a b"),
        ("a<<b: x\n", "cannot be names of variables or outputs: a<<b"),
        ("A: {b: 1}\n", "cannot use complex value in environment; offending key A"),
        (f"A={'x' * 131072}\n", "more than 128 KiB: A"),
    ],
)
def test_names_and_values_that_are_refused(
    leafseal: Run, step: Path, work: Path, me: ThrowawayIdentity, text: str, told: str
) -> None:
    file = encrypted(leafseal, work, me, "a.env" if "=" in text else "a.yaml", text)
    result = leafseal("ci", "github", file)
    assert (result.code != 0, result.out, step.read_bytes()) == (True, b"", b"")
    assert told in result.err


def test_what_allow_admits(leafseal: Run, step: Path, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "LD_PRELOAD=./x.so\nINPUT_A=long-enough\nNODE_OPTIONS=--x-and-y\n")
    allowed = ["--allow", "LD_PRELOAD", "--allow", "INPUT_A", "--allow", "NODE_OPTIONS"]
    assert "GitHub's runner does not set NODE_OPTIONS" in leafseal("ci", "github", *allowed, file).err
    assert leafseal("ci", "github", *allowed, "--only", "LD_PRELOAD,INPUT_A", file).code == 0
    assert list(variables_in(step.read_bytes())) == ["LD_PRELOAD", "INPUT_A"]


def test_one_of_many_that_fails_exports_nothing(leafseal: Run, step: Path, secrets: str, work: Path) -> None:
    (work / "plain.env").write_text("A=1\n")
    (work / "torn.env").write_text((work / secrets).read_text().replace("data:", "data:AAAA", 1))
    for other, code in (("nowhere.env", 100), ("plain.env", 1), ("torn.env", 25)):
        result = leafseal("ci", "github", secrets, other)
        assert (result.code, result.out, step.read_bytes()) == (code, b"", b""), other
    step.unlink()
    result = leafseal("ci", "github", secrets)
    assert (result.code, b"::add-mask::" in result.out) == (3, True)
    assert f"{step}: cannot be written: no such file" in result.err
    assert not step.exists()


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "GITHUB_ENV"])
def test_elsewhere_nothing_is_shown(
    leafseal: Run, step: Path, secrets: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    result = leafseal("ci", "github", secrets)
    assert (result.code, result.out) == (220, b"")
    assert variable in result.err
    assert 'run "leafseal exec -e FILE -- PROGRAM"' in result.err


def test_keys_that_stay_valid_are_warned_of(
    leafseal: Run, step: Path, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = encrypted(leafseal, work, me, "a.env", "AWS_SECRET_ACCESS_KEY=c4n4ry-of-a-key\nAWS_ACCESS_KEY_ID=AKIA123\n")
    result = leafseal("ci", "github", file)
    assert "AWS_SECRET_ACCESS_KEY is a key of AWS that stays valid until you delete it" in result.err
    assert "c4n4ry" not in result.err
    monkeypatch.setenv("AWS_SESSION_TOKEN", "x")
    assert "stays valid" not in leafseal("ci", "github", file).err


@pytest.mark.skipif(os.name == "nt", reason="no pipes of that kind")
def test_a_process_of_its_own(step: Path, secrets: str, work: Path) -> None:
    """Its output must be what the runner reads: a pipe, no file, in which the values would stay."""
    command = [sys.executable, "-m", "leafseal", "ci", "github", "--only", "DB_PASSWORD", secrets]
    environ = {**os.environ, "PYTHONPATH": SOURCE}
    done = subprocess.run(command, env=environ, capture_output=True, timeout=120)
    assert (done.returncode, b"::add-mask::hunter2%25x\n" in done.stdout) == (0, True)
    assert variables_in(step.read_bytes()) == {"DB_PASSWORD": "hunter2%x"}
    with (work / "log").open("wb") as log:
        kept = subprocess.run(command, env=environ, stdout=log, stderr=subprocess.PIPE, timeout=120)
    assert (kept.returncode, (work / "log").read_bytes()) == (220, b"")
    assert b"standard output does not go to the runner" in kept.stderr
