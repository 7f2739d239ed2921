"""AWS keys of options and of the configuration, and the encryption contexts that they get (sops-cli §1.3, §3)."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from leafseal.cli.main import run as run_leafseal
from leafseal.keys import Ambient
from leafseal.keys.registry import make_key
from leafseal.sops.main import run

from ..operations.test_context_repair import old_file
from ..services.moto_kms import AWS
from ..services.recorder import Recorder, forward
from .transcripts import Stage

Seal = Callable[..., dict[str, Any]]


@pytest.fixture
def desk(desk: Stage, aws: AWS, monkeypatch: pytest.MonkeyPatch) -> Stage:
    credentials = desk.folder / "credentials"
    credentials.write_text("[p]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n")
    desk.enter(monkeypatch, **aws.environ(AWS_SHARED_CREDENTIALS_FILE=str(credentials)))
    (desk.folder / "a.json").write_text('{"k": "v"}\n')
    return desk


@pytest.fixture
def seal(desk: Stage) -> Seal:
    """Seal a file in place, look whether it opens, and return what it says of its one AWS key."""

    def call(*words: str) -> dict[str, Any]:
        assert run([*words, "-i", "a.json"]) == 0
        metadata = json.loads((desk.folder / "a.json").read_text())["sops"]
        assert run(["decrypt", "-i", "a.json"]) == 0
        assert (desk.folder / "a.json").read_text() == '{"k": "v"}\n'
        key: dict[str, Any] = metadata["kms"][0]
        return {name: key[name] for name in ("arn", "context", "aws_profile") if key.get(name)}

    return call


@pytest.mark.parametrize("words", [["encrypt"], ["-e"]])
@pytest.mark.parametrize("option", ["--kms", "-k"])
def test_a_key_of_an_option(seal: Seal, aws: AWS, words: list[str], option: str) -> None:
    arn = aws.create_key()
    assert seal(*words, option, arn) == {"arn": arn}
    more = ["--aws-profile", "p", "--encryption-context", "app:shop,env:prod"]
    expected = {"arn": arn, "context": {"app": "shop", "env": "prod"}, "aws_profile": "p"}
    assert seal(*words, option, arn, *more) == expected


def test_a_key_in_the_environment(seal: Seal, aws: AWS, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = aws.create_key()
    monkeypatch.setenv("SOPS_KMS_ARN", arn)
    assert seal("encrypt") == {"arn": arn}


@pytest.mark.parametrize(("words", "context"), [(["encrypt"], {}), (["-e"], {"context": {"app": "shop"}})])
def test_a_key_of_the_configuration_gets_a_context_in_the_older_way_only(
    seal: Seal, desk: Stage, aws: AWS, words: list[str], context: dict[str, object]
) -> None:
    arn = aws.create_key()
    (desk.folder / ".sops.yaml").write_text(f"creation_rules:\n  - kms: {arn}\n")
    assert seal(*words, "--encryption-context", "app:shop") == {"arn": arn, **context}


@pytest.mark.parametrize("words", [["encrypt"], ["-e"]])
def test_a_key_group_states_its_context_itself(seal: Seal, desk: Stage, aws: AWS, words: list[str]) -> None:
    arn = aws.create_key()
    group = {"kms": [{"arn": arn, "context": {"own": "one"}}]}
    (desk.folder / ".sops.yaml").write_text(json.dumps({"creation_rules": [{"key_groups": [group]}]}))
    assert seal(*words, "--encryption-context", "app:shop") == {"arn": arn, "context": {"own": "one"}}


def test_a_key_that_refuses(desk: Stage, aws: AWS, capfd: pytest.CaptureFixture[str]) -> None:
    arn = aws.create_key()
    aws.disable(arn)
    assert run(["encrypt", "--kms", arn, "-i", "a.json"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("Could not generate data key: [")
    assert arn in err
    assert (desk.folder / "a.json").read_text() == '{"k": "v"}\n'


def test_a_role_learns_the_name_of_the_machine_under_the_name_sops_only(
    desk: Stage, aws: AWS, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.otherwise = forward(aws.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", recorder.url)
    monkeypatch.setattr(socket, "gethostname", lambda: "box.example.org")
    key = f"{aws.create_key()}+arn:aws:iam::123456789012:role/sops"
    for face, name in ((run, "sops@box.example.org"), (run_leafseal, "leafseal")):
        recorder.requests.clear()
        assert face(["encrypt", "--kms", key, "a.json"]) == 0
        bodies = [request.body.decode() for request in recorder.requests]
        assert [parse_qs(body)["RoleSessionName"] for body in bodies if "AssumeRole" in body] == [[name]]


def test_a_file_with_a_garbled_context_is_opened_as_it_is(
    desk: Stage, aws: AWS, capfd: pytest.CaptureFixture[str]
) -> None:
    key = make_key("kms", {"arn": aws.create_key(), "context": {"app": "shop", "env": "prod"}})
    old = old_file([[key]], Ambient(aws.environ(), desk.home), "prod")
    (desk.folder / "old.yaml").write_bytes(old)
    assert run(["decrypt", "old.yaml"]) == 0
    out, err = capfd.readouterr()
    assert (bool(out), err) == (True, "")
    assert (desk.folder / "old.yaml").read_bytes() == old
