"""What AWS KMS, the network and the configuration can do wrong: the time it takes, and what is said of it."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic

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
from ..services.recorder import Answer, Cut, Drip, Hang, Reaction, Recorder, forward, json_answer, redirect
from .contract import DATA_KEY

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = AWSKMSKey(ARN, context=(("app", "shop"),))
WHO = "(credentials: AWS_ACCESS_KEY_ID)"
PART = base64.b64encode(DATA_KEY).decode()
GOOD = json_answer({"KeyId": ARN, "CiphertextBlob": "eA==", "Plaintext": PART})

SECONDS = 20.0
"""What no failure takes, on the busiest machine: less than the thirty that nobody has to wait."""

Act = Callable[[AWSKMSKey, Ambient], bytes]


def wrap(key: AWSKMSKey, ambient: Ambient) -> bytes:
    return key.wrap(DATA_KEY, ambient)


def unwrap(key: AWSKMSKey, ambient: Ambient) -> bytes:
    return key.unwrap(b"eA==", ambient)


ACTS = pytest.mark.parametrize("act", [wrap, unwrap])


@pytest.fixture
def ambient(aws: AWS, recorder: Recorder, tmp_path: Path) -> Ambient:
    """Somebody with access keys, for whom the recorder is AWS."""
    return Ambient(aws.environ(recorder.url), tmp_path)


@pytest.fixture
def impatient(aws: AWS, recorder: Recorder, tmp_path: Path) -> Ambient:
    """The same, who gives up soon: for answers that do not come, since a good one may be late on a busy machine."""
    return Ambient(aws.environ(recorder.url, **{TIMEOUT_VARIABLE: "2"}), tmp_path)


def failure(act: Act, ambient: Ambient, key: AWSKMSKey = KEY) -> ProviderError:
    """Return the error, which came in time, names key and source, and tells no secret."""
    start = monotonic()
    with pytest.raises(ProviderError) as caught:
        act(key, ambient)
    assert monotonic() - start < SECONDS
    error = caught.value
    assert error.master_key == str(key)
    seen: BaseException | None = error
    while seen is not None:  # all that a traceback would show
        for secret in (PART, "a canary", "a session token"):
            assert secret not in f"{seen} {seen.args} {vars(seen)}"
        assert seen.__context__ is None or seen.__context__ is seen.__cause__
        seen = seen.__cause__
    assert error.message.isprintable()
    return error


def refusal(code: str, words: str = "", status: int = 400) -> Answer:
    return json_answer({"__type": code, "message": words}, status, "application/x-amz-json-1.1")


# -- what the service says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "permission"), [(wrap, "kms:Encrypt"), (unwrap, "kms:Decrypt")], ids=["wrap", "unwrap"]
)
def test_a_permission_that_is_missing(recorder: Recorder, ambient: Ambient, act: Act, permission: str) -> None:
    words = f"User: arn:aws:iam::1:user/x is not authorized to perform: {permission}"
    recorder.will(refusal("AccessDeniedException", words))
    error = failure(act, ambient)
    assert error.message == f"AWS KMS answered AccessDeniedException: {words} {WHO}"
    assert error.hint == f"these credentials need {permission} on this key"
    assert error.source == "AWS_ACCESS_KEY_ID"
    assert len(recorder.requests) == 1


@ACTS
@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("NotFoundException", "account and region"),
        ("DisabledException", "enable the key"),
        ("KMSInvalidStateException", "waits for its deletion"),
        ("InvalidCiphertextException", "context"),
        ("IncorrectKeyException", "another key"),
        ("InvalidKeyUsageException", "symmetric key"),
        ("UnrecognizedClientException", "access key"),
        ("ExpiredTokenException", "log in"),
        ("SomethingNewException", ""),
    ],
)
def test_refusals_are_final(recorder: Recorder, ambient: Ambient, act: Act, code: str, hint: str) -> None:
    recorder.will(refusal(code, "Words of the service."))
    error = failure(act, ambient)
    assert error.message == f"AWS KMS answered {code}: Words of the service {WHO}"
    assert hint in (error.hint or "")
    assert len(recorder.requests) == 1


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


def test_what_an_endpoint_repeats_is_not_told(recorder: Recorder, ambient: Ambient) -> None:
    recorder.otherwise = lambda request: refusal("Odd", f"you sent {request.body.decode()}")
    assert failure(wrap, ambient).message == f"AWS KMS answered Odd {WHO}"


def test_words_are_made_fit_to_be_shown(recorder: Recorder, ambient: Ambient) -> None:
    recorder.will(refusal("Odd\x1b[1m", "red \x1b[31m" + "x" * 500))
    message = failure(unwrap, ambient).message
    assert message.startswith("AWS KMS answered Odd\\x1b[1m: red \\x1b[31mxxx")
    assert len(message) < 400


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


@pytest.mark.parametrize(
    ("act", "busy"),
    [
        (wrap, refusal("ThrottlingException", "Rate exceeded")),
        (unwrap, Answer(429)),
        (wrap, refusal("KMSInternalException", status=500)),
        (unwrap, Answer(503)),
    ],
)
def test_busy_and_then_well(recorder: Recorder, ambient: Ambient, act: Act, busy: Answer) -> None:
    recorder.will(busy, GOOD)
    assert act(KEY, ambient) in (b"eA==", DATA_KEY)
    assert len(recorder.requests) == 2


def test_busy_for_ever(recorder: Recorder, ambient: Ambient) -> None:
    recorder.otherwise = lambda _: refusal("ThrottlingException", "Rate exceeded")
    assert failure(unwrap, ambient).message == f"AWS KMS answered ThrottlingException: Rate exceeded {WHO}"
    assert len(recorder.requests) == 3


def test_who_wants_fewer_attempts_gets_fewer_and_who_wants_more_does_not(
    aws: AWS, recorder: Recorder, tmp_path: Path
) -> None:
    recorder.otherwise = lambda _: Answer(503)
    for asked, made in (("1", 1), ("9", 3)):
        recorder.requests.clear()
        environ = aws.environ(recorder.url, AWS_MAX_ATTEMPTS=asked, AWS_RETRY_MODE="legacy")
        assert "answered 503: Service Unavailable" in failure(unwrap, Ambient(environ, tmp_path)).message
        assert len(recorder.requests) == made


# -- the network -----------------------------------------------------------------------------------------------------


@ACTS
@pytest.mark.parametrize("fault", [Hang(), Drip(GOOD, 0.02)], ids=["hang", "drip"])
def test_answers_that_never_end(recorder: Recorder, impatient: Ambient, act: Act, fault: Reaction) -> None:
    recorder.otherwise = lambda _: fault
    assert re.search("no answer (within 2 seconds|from http.* in time)", failure(act, impatient).message)
    assert 1 <= len(recorder.requests) <= 3


@ACTS
@pytest.mark.parametrize(
    "fault",
    [
        Cut(),
        Cut(reset=True),
        Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        Cut(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Cut(b"220 mail.example.com ESMTP\r\n"),
    ],
    ids=["cut", "reset", "half a body", "half a header", "another protocol"],
)
def test_connections_that_fail(recorder: Recorder, ambient: Ambient, act: Act, fault: Reaction) -> None:
    recorder.otherwise = lambda _: fault
    assert re.search("broke off|does not say for which key", failure(act, ambient).message)
    assert 1 <= len(recorder.requests) <= 3


def test_nobody_listens(aws: AWS, tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        ambient = Ambient(aws.environ(url, AWS_MAX_ATTEMPTS="1"), tmp_path)
        assert f"cannot connect to {url}" in failure(unwrap, ambient).message


@ACTS
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    recorder: Recorder, second_recorder: Recorder, ambient: Ambient, act: Act, status: int
) -> None:
    recorder.will(redirect(second_recorder.url, status))
    second_recorder.otherwise = lambda _: GOOD
    assert f"{status}" in failure(act, ambient).message
    assert len(recorder.requests) == 1
    assert second_recorder.requests == []


def test_certificates_are_verified(aws: AWS, authority: Authority, tmp_path: Path) -> None:
    with Recorder(authority.server_context()) as recorder:
        recorder.otherwise = lambda _: GOOD
        known = aws.environ(recorder.url, AWS_CA_BUNDLE=str(authority.path))
        assert unwrap(KEY, Ambient(known, tmp_path)) == DATA_KEY
        recorder.requests.clear()
        unknown = aws.environ(recorder.url, AWS_MAX_ATTEMPTS="1")
        assert "does not verify" in failure(unwrap, Ambient(unknown, tmp_path)).message
        assert recorder.requests == []


# -- answers that are none -------------------------------------------------------------------------------------------


def answer(**changed: object) -> Answer:
    return json_answer({"KeyId": ARN, "CiphertextBlob": "eA==", "Plaintext": PART, **changed})


@ACTS
@pytest.mark.parametrize(
    "reply",
    [
        Answer(200, b""),
        Answer(200, b"<html>"),
        Answer(200, b"[1]"),
        Answer(200, b"null"),
        Answer(200, b'{"KeyId": "' + ARN.encode()),
        Answer(200, b"\xff\xfe"),
        Answer(204),
        Answer(400, b"\xff"),
        Answer(400, b"[]"),
        answer(KeyId=None),
        answer(KeyId=5),
        answer(KeyId=ARN + "0"),
        answer(CiphertextBlob="", Plaintext=""),
        answer(CiphertextBlob=None, Plaintext=None),
        answer(CiphertextBlob=5, Plaintext=5),
        answer(CiphertextBlob="%", Plaintext="%"),
        answer(CiphertextBlob=base64.b64encode(bytes(49153)).decode(), Plaintext="eA=="),
        answer(padding="x" * 2**20),
    ],
)
def test_answers_that_are_none(recorder: Recorder, ambient: Ambient, act: Act, reply: Answer) -> None:
    recorder.otherwise = lambda _: reply
    assert failure(act, ambient).message
    assert len(recorder.requests) == 1


@pytest.mark.parametrize("size", [0, 16, 31, 34, 4096])
def test_data_keys_of_a_wrong_length(recorder: Recorder, ambient: Ambient, size: int) -> None:
    recorder.will(answer(Plaintext=base64.b64encode(bytes(size)).decode()))
    assert failure(unwrap, ambient).message == "what AWS KMS decrypted is no part of a data key"


def test_a_wrapped_key_that_is_damaged_is_not_sent(recorder: Recorder, ambient: Ambient) -> None:
    for wrapped in (b"", b"\n", b"eA", b"e\x00A=", b"\xff", b"e A=="):
        with pytest.raises(ProviderError, match="empty, or not base64"):
            KEY.unwrap(wrapped, ambient)
    assert recorder.requests == []


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
    with pytest.raises(DataKeyError, match="1 of 3 key groups opened"):
        open_sealed(data, "yaml", Ambient(aws.environ(), tmp_path))


def test_a_key_that_does_not_wrap_leaves_no_file_half_done(aws: AWS, recorder: Recorder, tmp_path: Path) -> None:
    good = AWSKMSKey(aws.create_key())
    opened = open_sealed(
        encrypted([[good]], Ambient(aws.environ(), tmp_path)), "yaml", Ambient(aws.environ(), tmp_path)
    )
    recorder.otherwise = forward(aws.url)
    recorder.will(refusal("AccessDeniedException", "no"))
    with pytest.raises(ProviderError, match=f"cannot wrap the data key for kms {good}: AWS KMS answered Acc") as caught:
        rotate(opened, [[good]], 0, Ambient(aws.environ(recorder.url), tmp_path))
    assert caught.value.hint == "these credentials need kms:Encrypt on this key"
