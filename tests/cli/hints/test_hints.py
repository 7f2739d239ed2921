"""Every hint is followed on what was refused with it, until a command works; or it is on the list of those not run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from leafseal.errors import LeafsealError
from leafseal.sops.shared import talk
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..conftest import Result, Run
from . import (
    argocd,
    audit,
    aws,
    azure,
    checking,
    command_line,
    compose_and_ci,
    damage,
    deploying,
    files,
    flux,
    gcp,
    git,
    git_merge,
    git_setup,
    gpg,
    habits,
    helm,
    huawei,
    identities,
    json_files,
    keys,
    kustomize,
    library,
    library_arguments,
    machine,
    own_keys,
    paths,
    programs,
    recipients,
    rendering,
    rules,
    running,
    services,
    teams,
    text_files,
    vault,
    yaml_files,
)
from .not_run import NOT_RUN
from .scenario import ELSEWHERE, Act, Scenario, Stage, Step
from .source import Hint, hints

TABLES = (
    argocd,
    audit,
    aws,
    azure,
    checking,
    command_line,
    compose_and_ci,
    damage,
    deploying,
    files,
    flux,
    gcp,
    git,
    git_merge,
    git_setup,
    gpg,
    habits,
    helm,
    identities,
    huawei,
    json_files,
    keys,
    kustomize,
    library,
    library_arguments,
    machine,
    own_keys,
    paths,
    programs,
    recipients,
    rendering,
    rules,
    running,
    services,
    teams,
    text_files,
    vault,
    yaml_files,
)
SCENARIOS = [one for table in TABLES for one in table.SCENARIOS]
OTHER = throwaway_identity()


class User:
    """Runs command lines and writes files, in a folder with one encrypted file."""

    def __init__(self, run: Run, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch) -> None:
        self._run = run
        self._monkeypatch = monkeypatch
        self._work = work
        self._me = me
        self._stage = Stage({}, {}, None)
        self.servers: list[subprocess.Popen[bytes]] = []

    def enter(self, stage: Stage) -> None:
        """Be a user of a service."""
        self._stage = stage
        for name, value in stage.environ.items():
            self._monkeypatch.setenv(name, value)

    def filled(self, text: str) -> str:
        """Return a text with the recipients in it."""
        words = {"SECRET_ME": self._me.identity, "SECRET_OTHER": OTHER.identity, "HERE": str(self._work)}
        words |= self._stage.names
        text = re.sub(rf"\b({'|'.join(words)})\b", lambda match: words[match[1]], text)
        return re.sub(r"\bME\b", self._me.recipient, re.sub(r"\bOTHER\b", OTHER.recipient, text))

    def write(self, contents: Mapping[str, str]) -> None:
        """Write files, and delete those without content; in a text, `\\xff` is that byte."""
        for name, text in contents.items():
            path = self._work / self.filled(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.filled(text).encode("utf-8", "surrogateescape"))

    def run(self, line: str) -> Result:
        """Run a command line; that of sops as on a terminal, where it has hints."""
        self._monkeypatch.setattr(talk, "may_add_messages", lambda verbose: True)
        return self._run(*shlex.split(self.filled(line)))

    def refusal(self, asked: str | Act) -> Result:
        """Do what is to be refused, and return what is said: by the command, or by the library's error."""
        if isinstance(asked, str):
            return self.run(asked)
        with pytest.raises(LeafsealError) as caught:
            asked(self._stage)
        return Result(caught.value.exit_code, b"", f"{caught.value}\n{caught.value.hint}")

    def follow(self, step: Step, code: int = 0) -> None:
        """Do a step. `export NAME=VALUE` is one too, as are a line for the shell after `! ` and a server after `& `."""
        if isinstance(step, str) and step.startswith("! "):
            line = self.filled(step[2:])
            subprocess.run(["/bin/sh", "-c", line], check=True, env={"PATH": "/usr/bin:/bin"}, timeout=120)
        elif isinstance(step, str) and step.startswith("& "):
            self._start(shlex.split(self.filled(step[2:])))
        elif isinstance(step, str) and step.startswith("export "):
            name, _, value = self.filled(step.removeprefix("export ")).partition("=")
            self._monkeypatch.setenv(name, value)
        elif isinstance(step, str):
            result = self.run(step)
            if result.code != code:
                pytest.fail(f"{step} exits with {result.code} and says:\n{result.err}")
        elif callable(step):
            step(self._stage)
        else:
            self.write(step)

    def _start(self, command: list[str]) -> None:
        """Start a server, and wait until its socket is there."""
        socket = Path(command[-1].removeprefix("unix://"))
        program = [sys.executable, "-m", "leafseal", *command]
        self.servers.append(subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 120
        while not socket.exists():
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.02)


@pytest.fixture
def user(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> Iterator[User]:
    user = User(leafseal, work, me, monkeypatch)
    yield user
    for server in user.servers:
        server.terminate()
        server.wait(120)


def _pattern(hint: str) -> str:
    """Return what finds a hint: with anything for `{}`, and the name of the file for the FILE of a command."""
    return ".+".join(map(re.escape, hint.split("{}"))).replace(re.escape(' FILE"'), ' [^ "]+"')


def _name(one: Scenario) -> str:
    return f"{one.module}: {one.hint[:40]}"


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # of the SDK of Huawei Cloud
@pytest.mark.parametrize("one", SCENARIOS, ids=map(_name, SCENARIOS))
def test_what_a_hint_says_helps(one: Scenario, user: User, request: pytest.FixtureRequest) -> None:
    shell = [step for step in (*one.before, *one.then) if isinstance(step, str) and step.startswith("! ")]
    if any("sed -i" in step for step in shell) and sys.platform != "linux":
        pytest.skip("edits files with GNU sed")
    if any("ssh-keygen" in step for step in shell) and shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen")
    if one.stage:
        user.enter(request.getfixturevalue(one.stage))
    for name, value in one.environ.items():
        user.follow(f"export {name}={value}")
    user.write(one.files)
    for step in one.before:
        user.follow(step)
    result = user.refusal(one.refused)
    said = result.out.decode(errors="replace") + result.err  # what is found is the result of a command that looks
    if not (result.code and re.search(_pattern(one.hint), said)):
        pytest.fail(f"{one.refused} exits with {result.code} and says:\n{said}")
    for step in one.then[:-1]:
        user.follow(step)
    if one.code != ELSEWHERE:
        user.follow(one.then[-1], one.code)
    elif re.search(_pattern(one.hint), error := user.run(str(one.then[-1])).err) or not error:
        pytest.fail(f"{one.then[-1]} says again:\n{error}")


def _listed() -> Iterator[Hint]:
    return ((module, hint) for modules in NOT_RUN.values() for module, texts in modules.items() for hint in texts)


def test_no_hint_is_without_a_test() -> None:
    known, run, listed = set(hints()), {(one.module, one.hint) for one in SCENARIOS}, list(_listed())
    print(f"{len(known)} hints: {len(known & run)} are followed, {len(listed)} are on the list of those that are not")
    for reason, modules in NOT_RUN.items():
        print(f"  {sum(map(len, modules.values()))}: {reason}")
    assert sorted(known - run - set(listed)) == [], "follow these hints in a table of scenarios"
    assert sorted((run | set(listed)) - known) == [], "these hints are gone from the source"
    assert sorted(run & set(listed)) == [], "these hints are followed, and on the list"
    assert [hint for hint, count in Counter(listed).items() if count > 1] == []


def test_hints_ask_nothing() -> None:
    assert [hint for hint in hints() if hint[1].rstrip().endswith("?")] == []
