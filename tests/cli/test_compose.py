"""`leafseal compose`, called and read as Docker Compose does it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from leafseal.errors import RefusedError
from leafseal.run import compose as protocol
from leafseal.testing import ThrowawayIdentity

from ..run.compose_reader import Option, ProviderFailedError, Start, run_provider
from ..run.compose_reader import Run as Outcome
from .conftest import Run
from .test_exec_env import SOURCE, encrypted

PEM = "-----BEGIN KEY-----\nabc/+=\n-----END KEY-----\n"


@pytest.fixture
def start(leafseal: Run) -> Start:
    """Start the command in this process; standard error is nobody's."""

    def call(arguments: Sequence[str]) -> tuple[int, bytes]:
        result = leafseal(*arguments)
        assert result.err == ""
        return result.code, result.out

    return call


def up(start: Start, service: str = "secrets", **options: Option) -> Outcome:
    return run_provider(start, {name.replace("_", "-"): value for name, value in options.items()}, service)


def failure(start: Start, service: str = "secrets", **options: Option) -> str:
    with pytest.raises(ProviderFailedError) as caught:
        up(start, service, **options)
    return str(caught.value)


@pytest.fixture
def secrets(leafseal: Run, work: Path, me: ThrowawayIdentity) -> str:
    """An encrypted file of variables."""
    return encrypted(leafseal, work, me, "secrets.env", "DB_PASSWORD=hunter2=$x\nEMPTY=\nNAME=käse\n")


def test_values_reach_the_services_that_depend_on_ours(start: Start, secrets: str) -> None:
    found = up(start, env_file=secrets)
    assert found.raw == {"DB_PASSWORD": "hunter2=$x", "EMPTY": "", "NAME": "käse"}
    assert found.informed == ["3 variables: DB_PASSWORD, EMPTY, NAME"]
    assert found.environment_of_dependents("secrets", {"A": "1"}) == {"A": "1", **found.raw}
    assert up(start, env_file=secrets) == found  # `up` again gives the same


def test_options(start: Start, leafseal: Run, work: Path, me: ThrowawayIdentity, secrets: str) -> None:
    app = encrypted(leafseal, work, me, "app.yaml", f"db: {{key: {json.dumps(PEM)}, port: 0123}}\nDB_PASSWORD: other\n")
    assert list(up(start, env_file=secrets, only=["NAME", "DB_PASSWORD"]).raw) == ["DB_PASSWORD", "NAME"]
    assert up(start, env_file=secrets, prefix="APP_", only="APP_NAME").raw == {"APP_NAME": "käse"}
    layers = up(start, env_file=[secrets, app], flatten="__", on_conflict="last")
    assert layers.raw["db__key"] == PEM
    assert layers.raw["db__port"] == "0123"
    assert layers.raw["DB_PASSWORD"] == "other"
    assert "a file before it sets too" in failure(start, env_file=[secrets, app], flatten="__")
    assert up(start, env_file=secrets, typo="dropped by Compose").raw == up(start, env_file=secrets).raw


def test_before_compose_5_2_names_begin_with_the_service(start: Start, secrets: str) -> None:
    found = up(start, "my-secrets", env_file=secrets, service_prefix=True, only="MY-SECRETS_NAME")
    assert (found.raw, found.prefixed) == ({}, {"NAME": "käse"})
    assert found.environment_of_dependents("my-secrets", {}) == {"MY-SECRETS_NAME": "käse"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, 'required parameter "env-file" is missing'),
        ({"env-file": "nowhere.env"}, "nowhere.env: no such file"),
        ({"env-file": "plain.env"}, "plain.env: not encrypted"),
        ({"only": "DB_PASSWORT"}, "secrets.env: has no value for DB_PASSWORT"),
        ({"only": ""}, "only contains an empty name"),
        ({"strict": "yes"}, "strict is not valid\nhint: use one of true, false"),
        ({"strict": True}, "these values are empty"),
        ({"document": "two"}, "document is not valid\nhint: use a whole number"),
        ({"dialect": "fish"}, "dialect is not valid\nhint: use one of sops, compose"),
        ({"env-file": ["secrets.env", "nowhere.env"]}, "nowhere.env: no such file"),
    ],
)
def test_one_that_fails_sets_nothing(
    start: Start, secrets: str, work: Path, options: Mapping[str, Option], told: str
) -> None:
    (work / "plain.env").write_text("A=1\n")
    merged = {"env-file": secrets, **options} if options else {}
    message = failure(start, **merged)
    assert told in message
    assert "hunter2" not in message


def test_names_that_run_code(start: Start, leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(
        leafseal, work, me, "a.env", "LD_PRELOAD=./x.so\nPRELOAD=./x.so\nBASH_ENV=x\nVAULT_ADDR=https://x\n"
    )
    message = failure(start, env_file=file)
    assert message.splitlines()[0] == "a.env: changes how programs run or where they connect: LD_PRELOAD, BASH_ENV"
    assert message.splitlines()[-1] == "hint: to set it anyway, add allow: [LD_PRELOAD, BASH_ENV]"
    assert failure(start, env_file=file, allow="BASH_ENV").endswith("add allow: LD_PRELOAD")
    found = up(start, env_file=file, allow=["LD_PRELOAD", "BASH_ENV"])
    assert found.raw["LD_PRELOAD"] == "./x.so"
    assert "warning: a.env: can change how programs run" in found.informed[0]
    # What Compose puts before a name counts too.
    assert "LD_PRELOAD" in failure(start, "ld", env_file=file, service_prefix=True, only="LD_PRELOAD")


def test_values_that_no_container_gets_as_they_are(
    start: Start, leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    (work / "odd.env").write_bytes(b"A=\xff\xfe\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "odd.env").code == 0
    odd = "odd.env"
    assert "odd.env: not valid UTF-8, and would arrive changed: A" in failure(start, env_file=odd)
    long = encrypted(leafseal, work, me, "long.env", f"B={'x' * 131070}\n")
    assert "more than 128 KiB: B" in failure(start, env_file=long)
    good = encrypted(leafseal, work, me, "good.env", f"C={'x' * 131069}\n")
    assert len(up(start, env_file=good).raw["C"]) == 131069


def test_who_cannot_decrypt_is_told_why(start: Start, secrets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    message = failure(start, env_file=secrets)
    assert message.startswith("secrets.env: ")
    assert "hint: " in message


def test_down_and_metadata(start: Start, leafseal: Run, secrets: str) -> None:
    assert run_provider(start, {"env-file": secrets}, "secrets", "down") == ([], {}, {})
    assert leafseal("compose", "--project-name=p", "down", "secrets") == (0, b"", "")
    found = json.loads(leafseal("compose", "metadata").out)
    assert "stop" not in found
    assert [one["name"] for one in found["up"]["parameters"] if one["required"]] == ["env-file"]
    with pytest.raises(ProviderFailedError, match="use up, down or metadata"):
        run_provider(start, {"env-file": secrets}, "secrets", "sideways")


def test_a_process_of_its_own_with_a_pipe(secrets: str, work: Path) -> None:
    """Nothing else is printed, and a reader that went away is no failure with words."""
    command = [sys.executable, "-m", "leafseal"]
    environ = {**os.environ, "PYTHONPATH": SOURCE}

    def call(arguments: Sequence[str]) -> tuple[int, bytes]:
        done = subprocess.run([*command, *arguments], env=environ, capture_output=True, timeout=120)
        return done.returncode, done.stdout

    assert up(call, env_file=secrets).raw["DB_PASSWORD"] == "hunter2=$x"
    assert "no such file" in failure(call, env_file="nowhere.env")
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run(
        [*command, "compose", "up", f"--env-file={secrets}", "s"], env=environ, stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (141, b"")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /proc")
def test_what_the_project_sets_does_not_choose_our_keys(secrets: str, work: Path, tmp_path: Path) -> None:
    """Compose hands its own environment on, and what is in the project's .env: a shell of its name stands for it."""
    shell = shutil.which("dash") or shutil.which("sh")
    if shell is None or "busybox" in os.path.realpath(shell):
        pytest.skip("no shell that runs under another name")
    compose = tmp_path / "docker-compose"
    shutil.copy(os.path.realpath(shell), compose)
    line = f"{sys.executable} -m leafseal compose up --env-file={secrets} s; code=$?; exit $code"
    environ = {**os.environ, "PYTHONPATH": SOURCE}

    def told(assignment: str) -> str:
        done = subprocess.run([compose, "-c", f"{assignment} {line}"], env=environ, capture_output=True, timeout=120)
        return done.stdout.decode()

    assert '"rawsetenv"' in told("")
    assert '"rawsetenv"' in told("AWS_PROFILE=shop")
    for assignment in ("SOPS_AGE_KEY_CMD='touch ran'", "VAULT_ADDR=https://evil.example", "LEAFSEAL_DEBUG=1"):
        message = told(assignment)
        assert '"rawsetenv"' not in message
        assert f"or where they are sent: {assignment.partition('=')[0]}" in message
    assert not (work / "ran").exists()


@pytest.mark.parametrize(
    "name",
    [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "AWS_CA_BUNDLE",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CREDENTIALS",
        "GCE_METADATA_HOST",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "IDENTITY_ENDPOINT",
        "HUAWEICLOUD_SDK_AK",
        "VAULT_TLS_SERVER_NAME",
        "CREDENTIALS_DIRECTORY",
        "SSL_CERT_DIR",
    ],
)
def test_nor_does_it_choose_who_sees_our_tokens(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A proxy and its certificate in .env would show somebody the tokens and the data key of a cloud."""
    monkeypatch.setattr(protocol, "_environment_of_compose", lambda: {"HOME": "/home/me"})
    with pytest.raises(RefusedError, match=f"where they are sent: {name}"):
        protocol.refuse_of_project({"HOME": "/home/me", name: "x"})
    monkeypatch.setattr(protocol, "_environment_of_compose", lambda: {name: "x"})
    protocol.refuse_of_project({name: "x"})  # it is the user's own


def test_what_services_need_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_environment_of_compose", dict)
    names = (
        "COMPOSE_PROJECT_NAME DB_HOST GOOGLE_CLIENT_ID AWS_PROFILE AWS_REGION AWS_ACCESS_KEY_ID PROXY_HOST VAULT_TOKEN"
    )
    protocol.refuse_of_project(dict.fromkeys(names.split(), "x"))
