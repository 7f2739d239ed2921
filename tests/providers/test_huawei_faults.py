"""What HuaweiCloud KMS and the network can do wrong: the time it takes, and what is said of it."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import pytest

from leafseal.errors import DataKeyError, ProviderError
from leafseal.keys import Ambient
from leafseal.operations.encrypt import encrypt
from leafseal.providers.huawei import HuaweiKMSKey
from leafseal.providers.network import TIMEOUT_VARIABLE
from leafseal.rules.selection import Selection

from ..opening import open_sealed
from ..services.fixtures import Authority
from ..services.huawei_kms import AK, ENDPOINT, REGION, SK, HuaweiKMS, User, changed
from ..services.recorder import Answer, Cut, Drip, Hang, Reaction, Recorder, json_answer, redirect
from .contract import DATA_KEY

pytestmark = [
    pytest.mark.skipif(find_spec("huaweicloudsdkkms") is None, reason="huaweicloudsdkkms is not installed"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),  # of the SDK
]

UUID = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
KEY = HuaweiKMSKey(f"{REGION}:{UUID}")
WHO = "(credentials: HUAWEICLOUD_SDK_AK)"
PART = base64.b64encode(DATA_KEY).decode()

SECONDS = 20.0
"""What no failure takes, on the busiest machine: less than the thirty that nobody has to wait."""

Act = Callable[[Ambient], bytes]


def wrap(ambient: Ambient) -> bytes:
    return KEY.wrap(DATA_KEY, ambient)


def unwrap(ambient: Ambient) -> bytes:
    return KEY.unwrap(b"eA==", ambient)


ACTS = pytest.mark.parametrize("act", [wrap, unwrap])


@pytest.fixture
def service(recorder: Recorder) -> HuaweiKMS:
    """The service, behind the recorder, with the key of this module."""
    found = HuaweiKMS()
    found.keys[UUID] = bytes(32)
    recorder.otherwise = found
    return found


@pytest.fixture
def user(service: HuaweiKMS, recorder: Recorder) -> dict[str, str]:
    return service.environ(recorder.url)


@pytest.fixture
def ambient(user: dict[str, str], tmp_path: Path) -> Ambient:
    return Ambient(user, tmp_path)


@pytest.fixture
def impatient(user: dict[str, str], tmp_path: Path) -> Ambient:
    """Somebody who gives up soon: for answers that do not come, since a good one may be late on a busy machine."""
    return Ambient({**user, TIMEOUT_VARIABLE: "2"}, tmp_path)


def failure(act: Act, ambient: Ambient) -> ProviderError:
    """Return the error, which came in time, names the key, and tells no secret."""
    start = monotonic()
    with pytest.raises(ProviderError) as caught:
        act(ambient)
    assert monotonic() - start < SECONDS
    error = caught.value
    assert error.master_key == str(KEY)
    assert error.__cause__ is error.__context__ is None
    for secret in (PART, DATA_KEY.hex(), SK):
        assert secret not in f"{error} {error.args} {error.hint}"
    assert error.message.isprintable()
    return error


# -- what the service says


@pytest.mark.parametrize(("act", "verb"), [(wrap, "encrypt"), (unwrap, "decrypt")], ids=["wrap", "unwrap"])
def test_a_permission_that_is_missing(
    service: HuaweiKMS, recorder: Recorder, ambient: Ambient, act: Act, verb: str
) -> None:
    service.users[AK].may.discard(f"{verb}-data")
    error = failure(act, ambient)
    said = "KMS of HuaweiCloud answered 403 KMS.0303: You are not authorized to do this"
    assert error.message == f"{said} {WHO}"
    assert error.hint == f"these credentials need kms:cmk:{verb}Data on the key"
    assert error.source == "HUAWEICLOUD_SDK_AK"
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"HUAWEICLOUD_SDK_AK": "HPUANOBODY"}, "AK does not exist"),
        ({"HUAWEICLOUD_SDK_SK": "wrong"}, "verify aksk signature fail"),
        ({"HUAWEICLOUD_SDK_SECURITY_TOKEN": "of somebody else"}, "verify aksk signature fail"),
    ],
)
def test_the_wrong_identity(user: dict[str, str], tmp_path: Path, environ: dict[str, str], words: str) -> None:
    error = failure(wrap, Ambient({**user, **environ}, tmp_path))
    said = f"KMS of HuaweiCloud answered 401 APIGW.0301: Incorrect IAM authentication information: {words}"
    assert error.message == f"{said} {WHO}"
    assert "are the access key and its secret right" in str(error.hint)


def test_keys_that_cannot_be_used(service: HuaweiKMS, ambient: Ambient) -> None:
    wrapped = wrap(ambient)

    def again(ambient: Ambient) -> bytes:
        return KEY.unwrap(wrapped, ambient)

    for act in (wrap, again):
        service.disabled.add(UUID)
        assert failure(act, ambient).hint == "enable the key"
        service.disabled.clear()
        service.going.add(UUID)
        assert "deletion is cancelled" in str(failure(act, ambient).hint)
        service.going.clear()
    del service.keys[UUID]
    for act in (wrap, again):
        error = failure(act, ambient)
        assert error.message == f"KMS of HuaweiCloud answered 400 KMS.0205: Invalid key ID {WHO}"
        assert "in this region and project" in str(error.hint)


def test_what_another_key_wrapped(service: HuaweiKMS, ambient: Ambient) -> None:
    other = HuaweiKMSKey(f"{REGION}:{service.create()}")
    wrapped = other.wrap(DATA_KEY, ambient)
    error = failure(lambda ambient: KEY.unwrap(wrapped, ambient), ambient)
    assert error.message == "KMS of HuaweiCloud did not answer for the key that was asked"


def test_a_project_of_somebody_else(user: dict[str, str], tmp_path: Path) -> None:
    error = failure(wrap, Ambient({**user, "HUAWEICLOUD_SDK_PROJECT_ID": "other"}, tmp_path))
    assert "KMS.0303: No permission for this project" in error.message


def test_words_are_made_fit_to_be_shown(recorder: Recorder, ambient: Ambient) -> None:
    recorder.will(json_answer({"error": {"error_code": "KMS.1", "error_msg": "red \x1b[31m" + "x" * 500}}, 400))
    message = failure(unwrap, ambient).message
    assert message.startswith("KMS of HuaweiCloud answered 400 KMS.1: red \\x1b[31mxxx")
    assert len(message) < 400


@pytest.mark.parametrize("told", [PART, SK, "temporary-token"])
def test_what_an_endpoint_repeats_is_not_told(
    service: HuaweiKMS, recorder: Recorder, user: dict[str, str], tmp_path: Path, told: str
) -> None:
    recorder.will(json_answer({"error_code": "KMS.1", "error_msg": f"you sent {told}"}, 400))
    ambient = Ambient({**user, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "temporary-token"}, tmp_path)
    assert failure(wrap, ambient).message == f"KMS of HuaweiCloud answered 400 {WHO}"


# -- overload


@ACTS
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_and_then_well(recorder: Recorder, ambient: Ambient, act: Act, status: int) -> None:
    wrapped = wrap(ambient)
    recorder.will(Answer(status, b"<html>"))
    assert KEY.unwrap(wrapped, ambient) == DATA_KEY if act is unwrap else act(ambient)
    assert len(recorder.requests) == 3


def test_busy_for_ever(recorder: Recorder, ambient: Ambient) -> None:
    recorder.otherwise = lambda _: json_answer({"error_code": "APIGW.0308", "error_msg": "Too many requests."}, 429)
    error = failure(unwrap, ambient)
    assert error.message == f"KMS of HuaweiCloud answered 429 APIGW.0308: Too many requests {WHO}"
    assert "limit of requests" in str(error.hint)
    assert len(recorder.requests) == 3


def test_iam_is_busy_and_then_well(
    service: HuaweiKMS, recorder: Recorder, user: dict[str, str], tmp_path: Path
) -> None:
    service.users["HPUABUSY"] = User()
    environ = {**user, "HUAWEICLOUD_SDK_AK": "HPUABUSY", "HUAWEICLOUD_SDK_PROJECT_ID": ""}
    recorder.will(Answer(503))
    assert wrap(Ambient(environ, tmp_path))
    assert ["projects" in request.path for request in recorder.requests] == [True, True, False]


# -- answers that are not what they should be


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"key_id": "0d0466b0-e727-4d9c-b35d-000000000000"}, "did not answer for the key"),
        ({"key_id": None}, "did not answer for the key"),
        ({"key_id": 5}, "did not answer for the key"),
        ({"cipher_text": None}, "the answer of HuaweiCloud KMS holds no cipher_text"),
        ({"cipher_text": ""}, "holds no ciphertext"),
        ({"cipher_text": "%"}, "holds no ciphertext"),
        ({"cipher_text": "x" * 65537}, "holds no ciphertext"),
        ({"cipher_text": {}}, "the answer of HuaweiCloud KMS holds no cipher_text"),
    ],
)
def test_answers_to_a_wrap(
    service: HuaweiKMS, recorder: Recorder, ambient: Ambient, fields: dict[str, object], message: str
) -> None:
    recorder.otherwise = changed(service, **fields)
    assert message in failure(wrap, ambient).message


@pytest.mark.parametrize("size", [0, 16, 31, 34, 4096])
def test_data_keys_of_a_wrong_length(service: HuaweiKMS, recorder: Recorder, ambient: Ambient, size: int) -> None:
    wrapped = wrap(ambient)
    recorder.otherwise = changed(service, plain_text=base64.b64encode(bytes(size)).decode())
    error = failure(lambda ambient: KEY.unwrap(wrapped, ambient), ambient)
    assert error.message == "what HuaweiCloud KMS decrypted is no part of a data key"


def test_a_wrapped_key_that_is_damaged_is_not_sent(recorder: Recorder, ambient: Ambient) -> None:
    for wrapped in (b"", b"\n", b"e\x00A=", b"\xff", b"e A==", b"=", b"x" * 65537):
        with pytest.raises(ProviderError, match="the wrapped key is damaged"):
            KEY.unwrap(wrapped, ambient)
    assert recorder.requests == []


GOOD = {"key_id": UUID, "cipher_text": "eA==", "plain_text": PART}

BAD_ANSWERS: dict[str, Reaction] = {
    "cut": Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
    "closed": Cut(),
    "reset": Cut(reset=True),
    "not HTTP": Cut(b"SSH-2.0-OpenSSH\r\n"),
    "not JSON": Answer(200, b"<html>"),
    "a list": json_answer(["key_id"]),
    "a key twice": Answer(200, b'{"key_id": "", "key_id": ""}'),
    "deep": Answer(200, b"[" * 200_000),
    "without end": Answer(200, b" " * (2 << 20)),
    "nothing": Answer(204),
    "teapot": Answer(418, b"\xff"),
    "an odd error": json_answer({"error": "x"}, 400),
    "an odder error": json_answer({"error": {"error_code": 5, "error_msg": []}}, 400),
    "XML": Answer(200, b"<x/>", {"Content-Type": "application/xml"}),
    "broken XML": Answer(200, b"<x", {"Content-Type": "application/xml"}),
    "BSON": Answer(200, b"\x05\0\0\0\0", {"Content-Type": "application/bson"}),
    "broken BSON": Answer(200, b"\xff", {"Content-Type": "application/bson"}),
    "another character set": Answer(200, b"\xff\xfe", {"Content-Type": "application/json; charset=x"}),
    "broken gzip": Answer(200, b"x", {"Content-Encoding": "gzip"}),
    "fields of another kind": json_answer({**GOOD, "cipher_text": 5, "plain_text": {}}),
    "not base64": json_answer({**GOOD, "cipher_text": "%", "plain_text": "%"}),
}


@ACTS
@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_bad_answers(recorder: Recorder, ambient: Ambient, act: Act, name: str) -> None:
    recorder.otherwise = lambda _: BAD_ANSWERS[name]
    failure(act, ambient)
    assert len(recorder.requests) == 1


def test_the_good_answer_is_good(recorder: Recorder, ambient: Ambient) -> None:
    recorder.otherwise = lambda _: json_answer(GOOD)
    assert wrap(ambient) == b"eA=="
    assert unwrap(ambient) == DATA_KEY


@ACTS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    recorder: Recorder, second_recorder: Recorder, ambient: Ambient, act: Act, status: int
) -> None:
    recorder.will(redirect(second_recorder.url, status))
    assert "it redirects to another server, which is not followed" in failure(act, ambient).message
    assert len(recorder.requests) == 1
    assert second_recorder.requests == []


BAD_PROJECTS: dict[str, Reaction] = {
    "hang": Hang(),
    "closed": Cut(),
    "not JSON": Answer(200, b"<html>"),
    "a list": json_answer([]),
    "no list": json_answer({"projects": {"id": "x"}}),
    "odd members": json_answer({"projects": ["x"]}),
    "redirect": redirect("http://127.0.0.1:1"),
}


@pytest.mark.parametrize("name", BAD_PROJECTS)
def test_bad_answers_of_iam(recorder: Recorder, user: dict[str, str], tmp_path: Path, name: str) -> None:
    environ = {**user, "HUAWEICLOUD_SDK_AK": "HPUAODD", "HUAWEICLOUD_SDK_PROJECT_ID": ""}
    if name == "hang":
        environ[TIMEOUT_VARIABLE] = "2"
    recorder.otherwise = lambda _: BAD_PROJECTS[name]
    failure(wrap, Ambient(environ, tmp_path))
    assert len(recorder.requests) == 1


BAD_METADATA: dict[str, Reaction] = {
    "hang": Hang(),
    "closed": Cut(),
    "refused": Answer(401),
    "not JSON": Answer(200, b"<html>"),
    "a list": json_answer([]),
    "nothing in it": json_answer({"credential": {}}),
    "redirect": redirect("http://127.0.0.1:1"),
}


@pytest.mark.parametrize("name", BAD_METADATA)
def test_bad_answers_of_a_metadata_service(service: HuaweiKMS, recorder: Recorder, tmp_path: Path, name: str) -> None:
    environ = service.surroundings(recorder.url, LEAFSEAL_HUAWEICLOUD_METADATA=recorder.url)
    recorder.otherwise = lambda _: BAD_METADATA[name]
    error = failure(wrap, Ambient(environ, tmp_path))
    assert error.message == "no HuaweiCloud credentials found"


# -- the network


@ACTS
def test_a_service_that_does_not_answer(recorder: Recorder, impatient: Ambient, act: Act) -> None:
    recorder.otherwise = lambda _: Hang()
    assert re.match("no answer (from HuaweiCloud in time|within 2 seconds) ", failure(act, impatient).message)
    assert len(recorder.requests) == 1


@ACTS
def test_an_answer_that_never_ends(recorder: Recorder, impatient: Ambient, act: Act) -> None:
    recorder.otherwise = lambda _: Drip(json_answer(GOOD), 0.1)
    assert failure(act, impatient).message == f"no answer within 2 seconds {WHO}"
    assert len(recorder.requests) == 1


def test_nobody_listens(user: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        endpoint = f"https://127.0.0.1:{bound.getsockname()[1]}"
        error = failure(unwrap, Ambient({**user, ENDPOINT: endpoint}, tmp_path))
    assert error.message == f"the endpoint cannot be reached, or the connection broke off {WHO}"


def test_certificates_are_verified(
    service: HuaweiKMS, user: dict[str, str], authority: Authority, tmp_path: Path
) -> None:
    with Recorder(authority.server_context()) as there:
        there.otherwise = service
        environ = {**user, ENDPOINT: there.url}
        error = failure(wrap, Ambient(environ, tmp_path))
        assert error.message == f"the certificate of the endpoint does not verify {WHO}"
        assert there.requests == []
        assert wrap(Ambient({**environ, "SSL_CERT_FILE": str(authority.path)}, tmp_path))
        message = failure(wrap, Ambient({**environ, "SSL_CERT_FILE": str(tmp_path / "none")}, tmp_path)).message
        assert message == f"the file of certificates cannot be used {WHO}"


def test_a_proxy_that_refuses(user: dict[str, str], recorder: Recorder, tmp_path: Path) -> None:
    environ = {**user, ENDPOINT: "", "HTTPS_PROXY": recorder.url}
    assert failure(wrap, Ambient(environ, tmp_path)).message == f"the proxy cannot be reached {WHO}"


# -- files


def test_a_file_that_cannot_be_opened_says_why(service: HuaweiKMS, ambient: Ambient) -> None:
    sealed = encrypt(b"a: 1\n", "yaml", [[KEY]], 0, Selection(), ambient).data
    assert open_sealed(sealed, "yaml", ambient).plaintext() == b"a: 1\n"
    service.users[AK].may.discard("decrypt-data")
    with pytest.raises(DataKeyError, match=rf"hckms {KEY}: KMS of HuaweiCloud answered 403") as caught:
        open_sealed(sealed, "yaml", ambient)
    assert caught.value.hint == "these credentials need kms:cmk:decryptData on the key"
