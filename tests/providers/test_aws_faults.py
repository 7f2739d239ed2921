"""What AWS KMS, the network and the configuration can do wrong: the time it takes, and what is said of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from leafseal.errors import DataKeyError, ProviderError
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.ring import FailedAttempt
from leafseal.operations.encrypt import encrypt
from leafseal.operations.rekey import rotate
from leafseal.providers.aws import AWSKMSKey
from leafseal.providers.network import TIMEOUT_VARIABLE
from leafseal.rules.selection import Selection

from ..opening import open_sealed
from ..services.fixtures import Authority
from ..services.moto_kms import AWS
from ..services.recorder import Answer, Hang, Reaction, Recorder, forward, json_answer
from . import faults
from .contract import DATA_KEY
from .faults import ACTS, PART, WRAPPED, Act, Denied, Refused, Secured, ServiceFaults, WireFaults, unwrap, wrap

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = AWSKMSKey(ARN, context=(("app", "shop"),))
SOURCE = "AWS_ACCESS_KEY_ID"
WHO = f"(credentials: {SOURCE})"
SECRETS = ("a canary", "a session token")
DENIAL = "User: arn:aws:iam::1:user/x is not authorized to perform: kms:"


@pytest.fixture
def ambient(aws: AWS, recorder: Recorder, tmp_path: Path) -> Ambient:
    """Somebody with access keys, for whom the recorder is AWS."""
    return Ambient(aws.environ(recorder.url), tmp_path)


def refusal(code: str, words: str = "", status: int = 400) -> Answer:
    return json_answer({"__type": code, "message": words}, status, "application/x-amz-json-1.1")


def failure(act: Act, ambient: Ambient, key: AWSKMSKey = KEY) -> ProviderError:
    return faults.failure(act, key, ambient, *SECRETS)


class TestService(ServiceFaults):
    """A recorder before AWS, and somebody with access keys."""

    SOURCE = SOURCE
    SECRETS = SECRETS
    REFUSED = "AWS KMS answered Odd\\x1b[1m"
    WITHHELD = REFUSED
    TOLD: ClassVar = {**ServiceFaults.TOLD, "the request": f'{{"KeyId": "{ARN}", "Plaintext": "{PART}"}}'}
    NO_PART = "what AWS KMS decrypted is no part of a data key"
    ENDPOINT = "AWS_ENDPOINT_URL"
    UNREACHABLE = "cannot connect to https://127.0.0.1:"
    DENIED: ClassVar = {
        name: Denied(
            act,
            f"AWS KMS answered AccessDeniedException: {DENIAL}{verb}",
            f"these credentials need kms:{verb} on this key",
        )
        for name, act, verb in (("wrap", wrap, "Encrypt"), ("unwrap", unwrap, "Decrypt"))
    }
    REFUSALS: ClassVar = {
        code: Refused(refusal(code, "Words of the service."), f"AWS KMS answered {code}: Words of the service", hint)
        for code, hint in {
            "NotFoundException": "account and region",
            "DisabledException": "enable the key",
            "KMSInvalidStateException": "cancel the deletion of the key",
            "InvalidCiphertextException": "context",
            "IncorrectKeyException": "another key",
            "InvalidKeyUsageException": "symmetric key",
            "UnrecognizedClientException": "access key",
            "ExpiredTokenException": "log in",
            "SomethingNewException": "",
        }.items()
    }
    BUSY: ClassVar = {
        "throttled": refusal("ThrottlingException", "Rate exceeded"),
        "429": Answer(429),
        "KMSInternalException": refusal("KMSInternalException", status=500),
        "503": Answer(503),
    }
    BUSY_FOR_EVER = Refused(
        refusal("ThrottlingException", "Rate exceeded"),
        "AWS KMS answered ThrottlingException: Rate exceeded",
        "limit of requests",
    )
    DAMAGED: ClassVar = {**ServiceFaults.DAMAGED, "without padding": b"eA"}

    @pytest.fixture
    def key(self, aws: AWS) -> AWSKMSKey:
        return AWSKMSKey(aws.create_key(), context=(("app", "shop"),))

    @pytest.fixture
    def service(self, aws: AWS, recorder: Recorder) -> Recorder:
        recorder.otherwise = forward(aws.url)
        return recorder

    @pytest.fixture
    def environ(self, aws: AWS, service: Recorder) -> dict[str, str]:
        return aws.environ(service.url)

    @pytest.fixture
    def secured(self, aws: AWS, authority: Authority) -> Iterator[Secured]:
        with Recorder(authority.server_context()) as recorder:
            recorder.otherwise = forward(aws.url)
            environ = aws.environ(recorder.url, AWS_CA_BUNDLE=str(authority.path), AWS_MAX_ATTEMPTS="1")
            yield Secured(recorder, environ, "AWS_CA_BUNDLE")

    def deny(self, service: Recorder, act: Act) -> None:
        verb = "Encrypt" if act is wrap else "Decrypt"
        service.will(refusal("AccessDeniedException", f"{DENIAL}{verb}"))

    def refusal(self, words: str) -> Answer:
        return refusal("Odd\x1b[1m", words)

    def opening_to(self, key: AWSKMSKey, data: bytes) -> Answer:
        return json_answer({"KeyId": key.arn, "Plaintext": base64.b64encode(data).decode()})


GOOD: dict[str, object] = {"KeyId": ARN, "CiphertextBlob": WRAPPED.decode(), "Plaintext": PART}


class TestWire(WireFaults):
    """A recorder in the place of AWS. botocore tries again where a connection breaks off."""

    SOURCE = SOURCE
    SECRETS = SECRETS
    ATTEMPTS = 3
    MOVED: ClassVar[dict[str, int]] = {
        name: status
        for name, status in WireFaults.MOVED.items()
        if status != 303  # after which urllib3 fails on botocore's headers, and leaves a socket open
    }
    REDIRECTED = "answered {status} "
    LATE = "no answer (within 2 seconds|from http.* in time)"
    BAD: ClassVar[dict[str, Reaction]] = {
        **WireFaults.BAD,
        "no key": json_answer({**GOOD, "KeyId": None}),
        "a key of another kind": json_answer({**GOOD, "KeyId": 5}),
        "another key": json_answer({**GOOD, "KeyId": f"{ARN}0"}),
        "no text": json_answer({**GOOD, "CiphertextBlob": "", "Plaintext": ""}),
        "null for text": json_answer({**GOOD, "CiphertextBlob": None, "Plaintext": None}),
        "numbers": json_answer({**GOOD, "CiphertextBlob": 5, "Plaintext": 5}),
        "not base64": json_answer({**GOOD, "CiphertextBlob": "%", "Plaintext": "%"}),
        "endless text": json_answer({**GOOD, "CiphertextBlob": "A" * 65540, "Plaintext": "eA=="}),
        "padded": json_answer({**GOOD, "padding": "x" * 2**20}),
    }

    @pytest.fixture
    def key(self) -> AWSKMSKey:
        return KEY

    @pytest.fixture
    def there(self, recorder: Recorder) -> Recorder:
        return recorder

    @pytest.fixture
    def environ(self, aws: AWS, there: Recorder) -> dict[str, str]:
        return aws.environ(there.url)

    def good(self, key: AWSKMSKey, act: Act) -> Answer:
        return json_answer(GOOD)


# -- what the service says -------------------------------------------------------------------------------------------


@ACTS
def test_keys_that_cannot_be_used(aws: AWS, tmp_path: Path, act: Act) -> None:
    ambient, key = Ambient(aws.environ(), tmp_path), AWSKMSKey(aws.create_key())
    wrapped, other = key.wrap(DATA_KEY, ambient), AWSKMSKey(aws.create_key())
    with pytest.raises(ProviderError, match="IncorrectKeyException"):
        other.unwrap(wrapped, ambient)
    aws.disable(key.arn)
    aws.schedule_deletion(other.arn)
    for unusable, code in ((key, "DisabledException"), (other, "KMSInvalidStateException")):
        with pytest.raises(ProviderError, match=f"answered {code}"):
            unusable.wrap(DATA_KEY, ambient)
    with pytest.raises(ProviderError, match="answered DisabledException"):
        key.unwrap(wrapped, ambient)


def test_a_signature_is_not_told(recorder: Recorder, ambient: Ambient) -> None:
    words = "The signature does not match.\n\nThe Canonical String:\n'POST\nx-amz-security-token:a session token'"
    for code in ("InvalidSignatureException", "SignatureDoesNotMatch"):
        recorder.will(refusal(code, words, 403))
        error = failure(wrap, ambient)
        assert error.message == f"AWS KMS answered {code} {WHO}"
        assert "secret access key" in str(error.hint)


# -- roles -----------------------------------------------------------------------------------------------------------


def test_a_role_that_may_not_be_assumed(recorder: Recorder, ambient: Ambient) -> None:
    words = "not authorized to perform: sts:AssumeRole"
    error = f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{words}</Message></Error></ErrorResponse>"
    recorder.will(Answer(403, error.encode(), {"Content-Type": "text/xml"}))
    role = "arn:aws:iam::1:role/x"
    found = failure(wrap, ambient, AWSKMSKey(ARN, role))
    source = f"role {role}, assumed with AWS_ACCESS_KEY_ID"
    assert found.message == f"AWS STS answered AccessDenied: {words} (credentials: {source})"
    assert "sts:AssumeRole" in str(found.hint)
    assert len(recorder.requests) == 1


def test_a_role_without_anybody_to_assume_it(aws: AWS, recorder: Recorder, tmp_path: Path) -> None:
    ambient = Ambient(aws.surroundings(recorder.url), tmp_path)
    error = failure(wrap, ambient, AWSKMSKey(ARN, "arn:aws:iam::1:role/x"))
    assert error.message == "no AWS credentials found"
    assert "AWS_PROFILE" in str(error.hint)
    assert recorder.requests == []


def test_a_role_that_is_none(recorder: Recorder, ambient: Ambient) -> None:
    assert "none that AWS takes" in failure(wrap, ambient, AWSKMSKey(ARN, "x")).message
    assert recorder.requests == []


# -- overload --------------------------------------------------------------------------------------------------------


def test_who_wants_fewer_attempts_gets_fewer_and_who_wants_more_does_not(
    aws: AWS, recorder: Recorder, tmp_path: Path
) -> None:
    recorder.otherwise = lambda _: Answer(503)
    for asked, made in (("1", 1), ("9", 3)):
        recorder.requests.clear()
        environ = aws.environ(recorder.url, AWS_MAX_ATTEMPTS=asked, AWS_RETRY_MODE="legacy")
        assert "answered 503: Service Unavailable" in failure(unwrap, Ambient(environ, tmp_path)).message
        assert len(recorder.requests) == made


@pytest.mark.parametrize("text", ["x", "0", "-1", "nan"])
def test_a_timeout_that_is_none(aws: AWS, tmp_path: Path, text: str) -> None:
    ambient = Ambient(aws.environ(**{TIMEOUT_VARIABLE: text}), tmp_path)
    with pytest.raises(ProviderError, match="not a number of seconds"):
        KEY.unwrap(b"eA==", ambient)


# -- whole files -----------------------------------------------------------------------------------------------------


PLAIN = b"password: hunter2\n"


def encrypted(groups: list[list[MasterKey]], ambient: Ambient, threshold: int = 0) -> bytes:
    return encrypt(PLAIN, "yaml", groups, threshold, Selection(), ambient).data


@pytest.fixture
def endless(recorder: Recorder) -> Recorder:
    """Where AWS never answers."""
    recorder.otherwise = lambda _: Hang()
    return recorder


def test_the_next_key_of_the_group_is_tried(aws: AWS, endless: Recorder, tmp_path: Path) -> None:
    """The first key's profile leads to an endpoint that hangs, and is denied nothing; the second is not held up."""
    (tmp_path / "config").write_text(
        "[profile slow]\naws_access_key_id = AKIASLOW\naws_secret_access_key = x\nservices = slow\n"
        f"[services slow]\nkms =\n  endpoint_url = {endless.url}\n"
        "[profile good]\naws_access_key_id = AKIAGOOD\naws_secret_access_key = x\nservices = good\n"
        f"[services good]\nkms =\n  endpoint_url = {aws.url}\n"
    )
    environ = aws.surroundings(AWS_CONFIG_FILE=str(tmp_path / "config"))
    quick = Ambient(environ, tmp_path)
    del environ["AWS_ENDPOINT_URL"]
    arn = aws.create_key()
    keys: list[MasterKey] = [AWSKMSKey(arn, aws_profile=name) for name in ("slow", "good")]
    data = encrypted([[AWSKMSKey(arn, aws_profile="good")]], quick)
    both = open_sealed(data, "yaml", quick)
    [[wrapped]] = both.metadata.groups
    slow = data.replace(b"good", b"slow")
    assert slow != data
    group = (wrapped._replace(master_key=keys[0]), wrapped)
    mixed = both.document.rewrite([], both.metadata.with_groups((group,), 0).to_mapping())
    assert open_sealed(mixed, "yaml", Ambient(environ, tmp_path)).plaintext() == PLAIN
    assert len(endless.requests) <= 1  # the other may have opened before this one was asked


def test_a_file_that_no_key_opens_tells_of_all(aws: AWS, recorder: Recorder, tmp_path: Path) -> None:
    keys: list[MasterKey] = [AWSKMSKey(aws.create_key()), AWSKMSKey(aws.create_key("us-east-1"))]
    data = encrypted([keys], Ambient(aws.environ(), tmp_path))
    recorder.otherwise = lambda _: refusal("AccessDeniedException", "no")
    with pytest.raises(DataKeyError) as caught:
        open_sealed(data, "yaml", Ambient(aws.environ(recorder.url), tmp_path))
    assert {str(attempt.master_key) for attempt in caught.value.attempts if isinstance(attempt, FailedAttempt)} == {
        str(key) for key in keys
    }
    for attempt in caught.value.attempts:
        assert isinstance(attempt, FailedAttempt)
        assert attempt.reason == f"AWS KMS answered AccessDeniedException: no {WHO}"
        assert attempt.source == "AWS_ACCESS_KEY_ID"


def test_two_of_three_groups(aws: AWS, recorder: Recorder, tmp_path: Path) -> None:
    well = Ambient(aws.environ(), tmp_path)
    keys = [AWSKMSKey(aws.create_key(), context=(("group", str(number)),)) for number in range(3)]
    data = encrypted([[key] for key in keys], well, threshold=2)
    aws.disable(keys[0].arn)
    assert open_sealed(data, "yaml", Ambient(aws.environ(), tmp_path)).plaintext() == PLAIN
    aws.disable(keys[1].arn)
    with pytest.raises(DataKeyError, match="1 of 3 key groups decrypted"):
        open_sealed(data, "yaml", Ambient(aws.environ(), tmp_path))


def test_a_key_that_does_not_wrap_leaves_no_file_half_done(aws: AWS, recorder: Recorder, tmp_path: Path) -> None:
    good = AWSKMSKey(aws.create_key())
    opened = open_sealed(
        encrypted([[good]], Ambient(aws.environ(), tmp_path)), "yaml", Ambient(aws.environ(), tmp_path)
    )
    recorder.otherwise = forward(aws.url)
    recorder.will(refusal("AccessDeniedException", "no"))
    with pytest.raises(
        ProviderError, match=f"cannot encrypt the data key for kms {good}: AWS KMS answered Acc"
    ) as caught:
        rotate(opened, [[good]], 0, Ambient(aws.environ(recorder.url), tmp_path))
    assert caught.value.hint == "these credentials need kms:Encrypt on this key"
