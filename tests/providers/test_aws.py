"""AWS KMS, with botocore against moto, and a recorder in between where it matters what was sent."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.providers.aws import AWSKMSKey

from ..services.moto_kms import AWS, REGION
from ..services.recorder import Answer, Reaction, Recorder, Request, forward, json_answer
from .contract import DATA_KEY, ProviderContract
from .entries import load_entry

ARN = "arn:aws:kms:us-east-1:123456789012:key/abc"
ROLE = "arn:aws:iam::123456789012:role/r"
ELSEWHERE = "222222222222"
CONTEXT = (("app", "shop"), ("env", "prod"))


@pytest.fixture(scope="module")
def arns(aws: AWS) -> dict[str, str]:
    """Keys of every form, by what is particular of them."""
    multi_region = aws.create_key(multi_region=True)
    return {
        "plain": aws.create_key(),
        "alias": aws.create_alias(aws.create_key("us-east-1"), "leafseal/tests"),
        "multi-Region": multi_region,
        "replica": aws.replicate(multi_region, "ap-south-1"),
        "elsewhere": aws.create_key(account=ELSEWHERE),
    }


@pytest.fixture(params=["plain", "alias", "replica"])
def key(arns: dict[str, str], request: pytest.FixtureRequest) -> AWSKMSKey:
    return AWSKMSKey(arns[request.param], context=CONTEXT if request.param == "plain" else ())


@pytest.fixture
def ambient(aws: AWS, tmp_path: Path) -> Ambient:
    return Ambient(aws.environ(), tmp_path)


class TestContract(ProviderContract):
    @pytest.fixture
    def stranger(self, aws: AWS, tmp_path: Path) -> Ambient:
        return Ambient(aws.surroundings(), tmp_path)


class TestContractOfRoles(ProviderContract):
    @pytest.fixture
    def key(self, arns: dict[str, str]) -> AWSKMSKey:
        return AWSKMSKey(arns["elsewhere"], f"arn:aws:iam::{ELSEWHERE}:role/sops", CONTEXT, None)

    @pytest.fixture
    def stranger(self, aws: AWS, tmp_path: Path) -> Ambient:
        return Ambient(aws.surroundings(), tmp_path)


@pytest.fixture
def front(aws: AWS, recorder: Recorder) -> Recorder:
    """A recorder through which everything goes to AWS."""
    recorder.otherwise = forward(aws.url)
    return recorder


def sealed_and_opened(key: AWSKMSKey, ambient: Ambient) -> None:
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY


def identity_of(request: Request) -> str:
    """Return the access key that signed a request."""
    return request.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def operations(recorder: Recorder) -> list[str]:
    """Return what was asked for, in order."""
    return [
        request.headers["x-amz-target"].partition(".")[2]
        if "x-amz-target" in request.headers
        else parse_qs(request.body.decode()).get("Action", [request.path])[0]
        for request in recorder.requests
    ]


def failure(key: AWSKMSKey, ambient: Ambient) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        key.wrap(DATA_KEY, ambient)
    assert caught.value.master_key == str(key)
    return caught.value


# -- what is sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [CONTEXT, ()])
def test_requests_name_key_and_context_and_nothing_else(
    aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path, context: tuple[tuple[str, str], ...]
) -> None:
    key = AWSKMSKey(arns["plain"], context=context)
    ambient = Ambient(aws.environ(front.url), tmp_path)
    wrapped = key.wrap(DATA_KEY, ambient)
    assert key.unwrap(wrapped, ambient) == DATA_KEY
    encrypt, decrypt = front.requests
    with_context = {"EncryptionContext": dict(context)} if context else {}
    # Without an algorithm it is SYMMETRIC_DEFAULT, the only one of keys such as these.
    part = base64.b64encode(DATA_KEY).decode()
    assert encrypt.json() == {"KeyId": key.arn, "Plaintext": part, **with_context}
    assert decrypt.json() == {"KeyId": key.arn, "CiphertextBlob": wrapped.decode(), **with_context}
    assert operations(front) == ["Encrypt", "Decrypt"]
    for request in front.requests:
        assert f"/{REGION}/kms/aws4_request" in request.headers["authorization"]
        assert re.search(r"\bleafseal/\d", request.headers["user-agent"])


def test_what_was_wrapped_for_one_context_opens_under_no_other(arns: dict[str, str], ambient: Ambient) -> None:
    wrapped = AWSKMSKey(arns["plain"], context=CONTEXT).wrap(DATA_KEY, ambient)
    for context in ((), CONTEXT[:1], (*CONTEXT, ("x", "y")), (("app", "prod"), ("env", "shop"))):
        with pytest.raises(ProviderError, match="answered InvalidCiphertextException") as caught:
            AWSKMSKey(arns["plain"], context=context).unwrap(wrapped, ambient)
        assert "context" in str(caught.value.hint)


def test_a_multi_region_key_opens_in_all_its_regions(arns: dict[str, str], ambient: Ambient) -> None:
    wrapped = AWSKMSKey(arns["multi-Region"]).wrap(DATA_KEY, ambient)
    assert AWSKMSKey(arns["replica"]).unwrap(wrapped, ambient) == DATA_KEY
    with pytest.raises(ProviderError, match="NotFoundException"):
        AWSKMSKey(arns["replica"].replace("ap-south-1", "us-west-2")).unwrap(wrapped, ambient)


def answering(told: str) -> Recorder:
    recorder = Recorder()
    recorder.otherwise = lambda request: json_answer(
        {"KeyId": told, "CiphertextBlob": "eA==", "Plaintext": base64.b64encode(DATA_KEY).decode()}
    )
    return recorder


MRK = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234"
ALIAS = "arn:aws:kms:eu-west-1:123456789012:alias/x"


@pytest.mark.parametrize(
    ("asked", "told", "good"),
    [
        (ARN, ARN, True),
        (ARN, f"{ARN}d", False),
        (ARN, ARN.replace("us-east-1", "us-east-2"), False),
        (ARN, "abc", False),
        (ARN, "", False),
        (MRK, MRK, True),
        (MRK, MRK.replace("eu-west-1", "eu-west-2"), True),
        (MRK, MRK.replace("mrk-1", "mrk-2"), False),
        (MRK, MRK.replace("012:", "013:"), False),
        (ALIAS, "arn:aws:kms:eu-west-1:123456789012:key/y", True),
        (ALIAS, ALIAS, False),
        (ALIAS, "arn:aws:kms:eu-west-1:123456789013:key/y", False),
        (ALIAS, "arn:aws:kms:eu-west-2:123456789012:key/y", False),
    ],
)
def test_the_answer_must_be_for_the_key_that_was_asked(
    aws: AWS, tmp_path: Path, asked: str, told: str, good: bool
) -> None:
    with answering(told) as recorder:
        ambient, key = Ambient(aws.environ(recorder.url), tmp_path), AWSKMSKey(asked)
        if good:
            assert key.wrap(DATA_KEY, ambient) == b"eA=="
            assert key.unwrap(b"eA==", ambient) == DATA_KEY
            return
        for act, argument in ((key.wrap, DATA_KEY), (key.unwrap, b"eA==")):
            with pytest.raises(ProviderError, match="answered for another key"):
                act(argument, ambient)


# -- credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names_host", "named", "name"),
    [
        (False, {}, "leafseal"),
        (False, {"AWS_ROLE_SESSION_NAME": "ada"}, "ada"),
        (True, {"AWS_ROLE_SESSION_NAME": "ada"}, "sops@box.example.org"),
    ],
)
def test_a_role_is_assumed_and_learns_no_host_name(
    aws: AWS,
    front: Recorder,
    arns: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names_host: bool,
    named: dict[str, str],
    name: str,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "box.example.org")
    role = f"arn:aws:iam::{ELSEWHERE}:role/sops"
    ambient = Ambient({**aws.environ(front.url), **named}, tmp_path, names_host=names_host)
    key = AWSKMSKey(arns["elsewhere"], role)
    assert "NotFoundException" in failure(AWSKMSKey(arns["elsewhere"]), ambient).message
    front.requests.clear()
    sealed_and_opened(key, ambient)
    assert operations(front) == ["AssumeRole", "Encrypt", "Decrypt"]
    asked = parse_qs(front.requests[0].body.decode())
    assert asked["RoleArn"] == [role]
    assert asked["RoleSessionName"] == [name]
    assert names_host or b"box.example.org" not in b"".join(request.body for request in front.requests)
    assert f"/{REGION}/sts/" in front.requests[0].headers["authorization"]
    assert identity_of(front.requests[0]) == ambient.environ["AWS_ACCESS_KEY_ID"]
    assert len({identity_of(request) for request in front.requests}) == 2


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("box", "sops@box"),
        ("my-box.example.com", "sops@mybox.example.com"),
        ("a_b c/ü", "sops@a_bc"),
        ("", "sops@"),
        ("x" * 80, "sops@" + "x" * 59),
    ],
)
def test_names_of_role_sessions_under_the_name_sops(
    host: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("botocore")
    from leafseal.providers.aws.connections import session_name

    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert session_name(Ambient({}, tmp_path, names_host=True)) == name


def test_threads_share_one_connection(aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path) -> None:
    ambient = Ambient(aws.environ(front.url), tmp_path)
    keys = [AWSKMSKey(arns["elsewhere"], f"arn:aws:iam::{ELSEWHERE}:role/sops"), AWSKMSKey(arns["plain"])]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: sealed_and_opened(keys[number % 2], ambient), range(16)))
    assert sorted(operations(front)) == ["AssumeRole"] + ["Decrypt"] * 16 + ["Encrypt"] * 16


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The variables that name a configuration, with profiles that have keys, roles and an endpoint."""
    (tmp_path / "config").write_text(
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n"
        "[profile dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = x\n"
        f"[profile role]\nrole_arn = arn:aws:iam::{ELSEWHERE}:role/profiled\nsource_profile = dev\n"
        f"[profile mfa]\nrole_arn = arn:aws:iam::{ELSEWHERE}:role/mfa\nsource_profile = dev\n"
        "mfa_serial = arn:aws:iam::1:mfa/me\n"
        f"[profile env]\nrole_arn = arn:aws:iam::{ELSEWHERE}:role/env\ncredential_source = Environment\n"
        "[profile round]\nrole_arn = a\nsource_profile = square\n"
        "[profile square]\nrole_arn = b\nsource_profile = round\n"
        "[profile half]\naws_access_key_id = AKIAHALF\n"
    )
    (tmp_path / "credentials").write_text("[shared]\naws_access_key_id = AKIASHARED\naws_secret_access_key = x\n")
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


@pytest.mark.parametrize(
    ("profile", "environ", "who"),
    [
        ("", {}, "AKIADEFAULT"),
        ("dev", {}, "AKIADEV"),
        ("shared", {}, "AKIASHARED"),
        ("", {"AWS_PROFILE": "shared"}, "AKIASHARED"),
        ("", {"AWS_PROFILE": ""}, "AKIADEFAULT"),
        ("dev", {"AWS_PROFILE": "shared"}, "AKIADEV"),
        ("", {"AWS_PROFILE": "dev", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "x"}, "AKIAENV"),
        ("dev", {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "x"}, "AKIADEV"),
    ],
)
def test_profiles(
    aws: AWS,
    front: Recorder,
    arns: dict[str, str],
    files: dict[str, str],
    tmp_path: Path,
    profile: str,
    environ: dict[str, str],
    who: str,
) -> None:
    ambient = Ambient({**aws.surroundings(front.url), **files, **environ}, tmp_path)
    sealed_and_opened(AWSKMSKey(arns["plain"], aws_profile=profile), ambient)
    assert {identity_of(request) for request in front.requests} == {who}


@pytest.mark.parametrize("profile", ["role", "env"])
def test_profiles_that_assume_a_role(
    aws: AWS, front: Recorder, arns: dict[str, str], files: dict[str, str], tmp_path: Path, profile: str
) -> None:
    key = AWSKMSKey(arns["elsewhere"], aws_profile=profile)
    sealed_and_opened(key, Ambient({**aws.environ(front.url), **files}, tmp_path))
    assert operations(front) == ["AssumeRole", "Encrypt", "Decrypt"]
    assert identity_of(front.requests[0]) == ("AKIADEV" if profile == "role" else "AKIAIOSFODNN7EXAMPLE")


def test_a_profile_that_wants_a_code(
    aws: AWS, front: Recorder, arns: dict[str, str], files: dict[str, str], tmp_path: Path
) -> None:
    key, questions = AWSKMSKey(arns["elsewhere"], aws_profile="mfa"), list[str]()

    def ask(question: str) -> str:
        questions.append(question)
        return "123456"

    environ = {**aws.surroundings(front.url), **files}
    sealed_and_opened(key, Ambient(environ, tmp_path, ask))
    assert len(questions) == 1
    assert parse_qs(front.requests[0].body.decode())["TokenCode"] == ["123456"]
    error = failure(key, Ambient(environ, tmp_path))
    assert "nobody to ask (credentials: the role of profile mfa)" in error.message
    assert error.source == "the role of profile mfa"


@pytest.mark.parametrize(
    ("profile", "words"),
    [("nobody", "there is no AWS profile nobody"), ("round", "go round in circles"), ("half", "are incomplete")],
)
def test_profiles_that_are_wrong(aws: AWS, files: dict[str, str], tmp_path: Path, profile: str, words: str) -> None:
    error = failure(AWSKMSKey(ARN, aws_profile=profile), Ambient({**aws.surroundings(), **files}, tmp_path))
    assert words in error.message


def test_a_configuration_that_does_not_parse(aws: AWS, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile\n")
    environ = {**aws.surroundings(), "AWS_CONFIG_FILE": str(tmp_path / "config")}
    assert "does not parse" in failure(AWSKMSKey(ARN), Ambient(environ, tmp_path)).message


def test_files_are_looked_for_at_home(aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile p]\nregion = us-west-1\n")
    (tmp_path / ".aws" / "credentials").write_text("[p]\naws_access_key_id = AKIAHOME\naws_secret_access_key = x\n")
    environ = {"AWS_ENDPOINT_URL": front.url, "AWS_PROFILE": "p", "AWS_EC2_METADATA_DISABLED": "true"}
    sealed_and_opened(AWSKMSKey(arns["plain"]), Ambient(environ, tmp_path))
    assert {identity_of(request) for request in front.requests} == {"AKIAHOME"}


def test_a_web_identity(aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a token of a cluster or of a workflow")
    environ = {
        **aws.surroundings(front.url),
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": f"arn:aws:iam::{ELSEWHERE}:role/pod",
        "AWS_ROLE_SESSION_NAME": "a-pod",
    }
    sealed_and_opened(AWSKMSKey(arns["elsewhere"]), Ambient(environ, tmp_path))
    assert operations(front) == ["AssumeRoleWithWebIdentity", "Encrypt", "Decrypt"]
    asked = parse_qs(front.requests[0].body.decode())
    assert asked["WebIdentityToken"] == [token.read_text()]
    assert asked["RoleSessionName"] == ["a-pod"]
    assert "authorization" not in front.requests[0].headers
    # A profile that the key names comes first, and the token does not stand in for it.
    assert "no AWS profile p" in failure(AWSKMSKey(ARN, aws_profile="p"), Ambient(environ, tmp_path)).message


def soon() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def keys_of(name: str) -> dict[str, str]:
    return {"AccessKeyId": name, "SecretAccessKey": "x", "Token": "t", "Expiration": soon()}


def test_a_container(aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path) -> None:
    front.will(json_answer(keys_of("AKIACONTAINER")))
    full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    environ = {**aws.surroundings(front.url), full: f"{front.url}/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t"}
    sealed_and_opened(AWSKMSKey(arns["plain"]), Ambient(environ, tmp_path))
    assert front.requests[0].headers["authorization"] == "t"
    assert {identity_of(request) for request in front.requests[1:]} == {"AKIACONTAINER"}


def test_an_instance(aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path) -> None:
    front.will(Answer(200, b"token"), Answer(200, b"role"), json_answer({**keys_of("AKIAINSTANCE"), "Code": "Success"}))
    environ = {**aws.surroundings(front.url), "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{front.url}/"}
    del environ["AWS_EC2_METADATA_DISABLED"]
    sealed_and_opened(AWSKMSKey(arns["plain"]), Ambient(environ, tmp_path))
    assert [request.method for request in front.requests] == ["PUT", "GET", "GET", "POST", "POST"]
    assert {identity_of(request) for request in front.requests[3:]} == {"AKIAINSTANCE"}


def test_a_process_for_credentials_sees_no_identity(
    aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os\n"
        f"open({str(tmp_path / 'seen')!r}, 'w').write(repr(sorted(os.environ)))\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': 'AKIAPROCESS', 'SecretAccessKey': 'x'}))\n"
    )
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = {sys.executable} {program}\n"
        f"[profile role]\nrole_arn = arn:aws:iam::{ELSEWHERE}:role/x\nsource_profile = default\n"
    )
    environ = {
        **aws.surroundings(front.url),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "SOPS_AGE_KEY": "AGE-SECRET-KEY-1",
        "OTHER": "x",
    }
    for key in (AWSKMSKey(arns["plain"]), AWSKMSKey(arns["elsewhere"], aws_profile="role")):
        front.requests.clear()
        sealed_and_opened(key, Ambient(environ, tmp_path))
        assert identity_of(front.requests[0]) == "AKIAPROCESS"
        seen = (tmp_path / "seen").read_text()
        assert "'OTHER'" in seen
        assert "SOPS_AGE_KEY" not in seen
        (tmp_path / "seen").unlink()
    program.write_text("raise SystemExit('a canary')")
    error = failure(AWSKMSKey(arns["plain"]), Ambient(environ, tmp_path))
    assert error.message == "custom-process of the AWS profile gave no credentials"


def test_single_sign_on(aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path) -> None:
    """In a process of its own: where botocore keeps tokens is settled when it is imported."""
    (tmp_path / ".aws" / "sso" / "cache").mkdir(parents=True)
    (tmp_path / ".aws" / "config").write_text(
        "[profile sso]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-central-1\n"
        "sso_account_id = 123456789012\nsso_role_name = secrets\n"
    )
    name = hashlib.sha1(b"https://example.awsapps.com/start").hexdigest()
    (tmp_path / ".aws" / "sso" / "cache" / f"{name}.json").write_text(
        f'{{"accessToken": "sso token", "expiresAt": "{soon()}"}}'
    )

    def react(request: Request) -> Reaction:
        if not request.path.startswith("/federation/credentials"):
            return forward(aws.url)(request)
        later = int((datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000)
        found = {"accessKeyId": "AKIASSO", "secretAccessKey": "x", "sessionToken": "t", "expiration": later}
        return json_answer({"roleCredentials": found})

    front.otherwise = react
    code = (
        "import sys\nfrom leafseal.keys import Ambient\nfrom leafseal.providers.aws import AWSKMSKey\n"
        "key, ambient = AWSKMSKey(sys.argv[1], aws_profile='sso'), Ambient.of_process()\n"
        "assert key.unwrap(key.wrap(bytes(32), ambient), ambient) == bytes(32)\n"
    )
    environ = {"HOME": str(tmp_path), "AWS_ENDPOINT_URL": front.url, "AWS_EC2_METADATA_DISABLED": "true"}
    subprocess.run([sys.executable, "-c", code, arns["plain"]], env=environ, check=True, timeout=120)
    assert front.requests[0].headers["x-amz-sso_bearer_token"] == "sso token"
    assert {identity_of(request) for request in front.requests[1:]} == {"AKIASSO"}


def test_the_ambient_counts_and_not_the_process(
    aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPROCESS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    sealed_and_opened(AWSKMSKey(arns["plain"]), Ambient(aws.environ(front.url), tmp_path))
    assert {identity_of(request) for request in front.requests} == {"AKIAIOSFODNN7EXAMPLE"}
    assert failure(AWSKMSKey(ARN), Ambient(aws.surroundings(), tmp_path)).message == "no AWS credentials found"


# -- endpoints -------------------------------------------------------------------------------------------------------


@pytest.fixture
def others(second_recorder: Recorder) -> Iterator[Recorder]:
    """An endpoint that must not be asked."""
    yield second_recorder
    assert second_recorder.requests == []


def test_the_endpoint_of_the_service_comes_before_that_of_all(
    aws: AWS, front: Recorder, others: Recorder, arns: dict[str, str], tmp_path: Path
) -> None:
    environ = aws.environ(others.url, AWS_ENDPOINT_URL_KMS=front.url)
    sealed_and_opened(AWSKMSKey(arns["plain"]), Ambient(environ, tmp_path))
    assert operations(front) == ["Encrypt", "Decrypt"]


def test_the_endpoint_of_a_profile(aws: AWS, front: Recorder, arns: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"[default]\nservices = here\n[services here]\nkms =\n  endpoint_url = {front.url}\n"
    )
    environ = aws.environ(AWS_CONFIG_FILE=str(tmp_path / "config"))
    del environ["AWS_ENDPOINT_URL"]
    sealed_and_opened(AWSKMSKey(arns["plain"]), Ambient(environ, tmp_path))
    assert operations(front) == ["Encrypt", "Decrypt"]


# -- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "identifier"),
    [
        ({"arn": ARN, "aws_profile": ""}, ARN),
        ({"arn": ARN}, ARN),
        ({"arn": ARN, "aws_profile": "", "role": ROLE}, f"{ARN}+{ROLE}"),
        ({"arn": ARN, "aws_profile": "", "context": {"b": "2", "a": "1"}}, f"{ARN}|a:1,b:2"),
        ({"arn": ARN, "aws_profile": "pp"}, f"{ARN}||pp"),
        ({"arn": ARN, "aws_profile": "pp", "context": {"a": "1"}, "role": ROLE}, f"{ARN}+{ROLE}|a:1|pp"),
    ],
)
def test_an_entry_is_kept_as_it_is(fields: dict[str, object], identifier: str) -> None:
    key = load_entry("kms", {**fields, "enc": "x", "created_at": "2026-11-22T17:48:26Z"}).master_key
    assert (key.kind, str(key), key.to_metadata()) == ("kms", identifier, fields)


@pytest.mark.parametrize(
    ("text", "identifiers"),
    [
        ("", []),
        (f"{ARN}+{ROLE}, {ARN} ,", [f"{ARN}+{ROLE}", ARN]),
        (f"arn:aws:kms : us-east-1:12:key/a b + {ROLE}", [f"arn:aws:kms:us-east-1:12:key/ab+{ROLE}"]),
        (f"{ARN}|b:2,a:1", [f"{ARN}|a:1,b:2"]),
        (f"{ARN}|b:2,a:1|pp,{ARN}||pp,{ARN}", [f"{ARN}|a:1,b:2|pp", f"{ARN}||pp", ARN]),
        (f"{ARN}+{ROLE}|a:1|pp", [f"{ARN}+{ROLE}|a:1|pp"]),
        (f"{ARN}|", [ARN]),
        ("arn:aws-us-gov:kms:us-gov-west-1:12:alias/x/y", ["arn:aws-us-gov:kms:us-gov-west-1:12:alias/x/y"]),
    ],
)
def test_lists_of_keys(text: str, identifiers: list[str]) -> None:
    keys = parse_recipients("kms", text)
    assert [str(key) for key in keys] == identifiers
    assert parse_recipients("kms", ",".join(identifiers)) == keys


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{ARN},alias/x", "key 2 is not the ARN"),
        ("arn:aws:kms:us-east-1:12:grant/x", "key 1 is not the ARN"),
        ("arn:aws:kms:EVIL/:12:key/x", "key 1 is not the ARN"),
        ("arn:aws:s3:::bucket", "key 1 is not the ARN"),
        (f"{ARN}|a", "the encryption context of key 1 does not parse"),
        (f"{ARN}|a:1:2", "the encryption context of key 1 does not parse"),
        (f"{ARN}|a:1,", "the encryption context of key 1 does not parse"),
        (f"{ARN}|a:1|p,q", "key 2 is not the ARN"),
        (f"{ARN}|a:1|p|q", "the encryption context of key 1 does not parse"),
    ],
)
def test_lists_that_do_not_parse(text: str, words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        parse_recipients("kms", text)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "arn"),
        ({"arn": ""}, "arn"),
        ({"arn": 5}, "arn"),
        ({"arn": ARN, "role": 5}, "role"),
        ({"arn": ARN, "aws_profile": []}, "aws_profile"),
        ({"arn": ARN, "context": {"a": 5}}, "context"),
        ({"arn": ARN, "context": "a:b"}, "context"),
    ],
)
def test_entries_that_are_damaged(fields: dict[str, object], name: str) -> None:
    with pytest.raises(MetadataError, match=f"^{name}: "):
        make_key("kms", fields)


def test_a_file_may_name_what_is_no_arn(aws: AWS, tmp_path: Path) -> None:
    """Another key of the file may open it; SOPS looks at the ARN when it is used, too."""
    key = make_key("kms", {"arn": "arn:aws:kms:us-east-1.evil.example:12:key/x"})
    for act, argument in ((key.wrap, DATA_KEY), (key.unwrap, b"eA==")):
        with pytest.raises(ProviderError, match="not the ARN of a key"):
            act(argument, Ambient(aws.environ(), tmp_path))


# -- the library -----------------------------------------------------------------------------------------------------


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


KEY = f"from leafseal.keys.registry import make_key; key = make_key('kms', {{'arn': {ARN!r}}})"


def test_the_library_is_imported_when_a_key_is_used() -> None:
    assert python(f"import sys; {KEY}; print('botocore' in sys.modules, 'boto3' in sys.modules)") == "False False"


def test_a_library_that_is_missing() -> None:
    code = (
        f"import sys; sys.modules['botocore'] = None; {KEY}\n"
        "from leafseal.errors import ProviderMissingError\nfrom leafseal.keys import Ambient\n"
        "try: key.wrap(bytes(32), Ambient.of_process())\n"
        "except ProviderMissingError as error: print(error.hint, error.master_key == str(key))"
    )
    assert python(code) == "pip install 'leafseal[aws]' True"
