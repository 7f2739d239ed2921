"""What Huawei Cloud KMS and the network can do wrong: the time it takes, and what is said of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import pytest

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.huawei import HuaweiKMSKey

from ..services.fixtures import Authority
from ..services.huawei_kms import AK, ENDPOINT, REGION, SK, HuaweiKMS, User, changed
from ..services.recorder import Answer, Cut, Hang, Reaction, Recorder, json_answer, redirect
from . import faults
from .contract import DATA_KEY
from .faults import PART, WRAPPED, Act, Denied, Refused, Secured, ServiceFaults, WireFaults, late, unwrap, wrap

pytestmark = [
    pytest.mark.skipif(find_spec("huaweicloudsdkkms") is None, reason="huaweicloudsdkkms is not installed"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),  # of the SDK
]

UUID = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
KEY = HuaweiKMSKey(f"{REGION}:{UUID}")
SOURCE = "HUAWEICLOUD_SDK_AK"
WHO = f"(credentials: {SOURCE})"
GOOD: dict[str, object] = {"key_id": UUID, "cipher_text": WRAPPED.decode(), "plain_text": PART}


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


def failure(act: Act, ambient: Ambient) -> ProviderError:
    return faults.failure(act, KEY, ambient, SK)


def refusal(code: str, words: str, status: int = 400) -> Answer:
    return json_answer({"error": {"error_code": code, "error_msg": words}}, status)


def _denied(act: Act, verb: str) -> Denied:
    said = "Huawei Cloud KMS answered 403 KMS.0303: You are not authorized to do this"
    return Denied(act, said, f"these credentials need kms:cmk:{verb}Data on the key")


class TestService(ServiceFaults):
    """The service behind a recorder, with one key."""

    SOURCE = SOURCE
    SECRETS = (SK,)
    REFUSED = "Huawei Cloud KMS answered 400 KMS.1"
    WITHHELD = "Huawei Cloud KMS answered 400"
    TOLD: ClassVar = {**ServiceFaults.TOLD, "secret": SK}
    NO_PART = "what Huawei Cloud KMS decrypted is no part of a data key"
    ENDPOINT = ENDPOINT
    UNREACHABLE = "the endpoint cannot be reached, or the connection broke off"
    DENIED: ClassVar = {"wrap": _denied(wrap, "encrypt"), "unwrap": _denied(unwrap, "decrypt")}
    REFUSALS: ClassVar = {
        code: Refused(refusal(code, "Words.", status), f"Huawei Cloud KMS answered {status} {code}: Words", hint)
        for code, status, hint in [
            ("KMS.0205", 400, "in this region and project"),
            ("KMS.0209", 400, "enable the key"),
            ("KMS.0210", 400, "cancel the deletion"),
            ("KMS.1", 400, "encrypted by this key"),
            ("APIGW.0301", 401, "check the access key and its secret"),
            ("KMS.2", 404, "in this region and project"),
        ]
    }
    BUSY: ClassVar = {str(status): Answer(status, b"<html>") for status in (429, 500, 502, 503, 504)}
    BUSY_FOR_EVER = Refused(
        json_answer({"error_code": "APIGW.0308", "error_msg": "Too many requests."}, 429),
        "Huawei Cloud KMS answered 429 APIGW.0308: Too many requests",
        "limit of requests",
    )
    DAMAGED: ClassVar = {**ServiceFaults.DAMAGED, "padding alone": b"=", "endless": b"x" * 65537}
    DAMAGE = "the encrypted data key is damaged"

    @pytest.fixture
    def key(self) -> HuaweiKMSKey:
        return KEY

    @pytest.fixture
    def environ(self, service: Recorder) -> dict[str, str]:
        return HuaweiKMS().environ(service.url)

    @pytest.fixture
    def service(self, recorder: Recorder) -> Recorder:  # type: ignore[override]
        recorder.otherwise = HuaweiKMS(keys={UUID: bytes(32)})
        return recorder

    @pytest.fixture
    def secured(self, service: Recorder, environ: dict[str, str], authority: Authority) -> Iterator[Secured]:
        with Recorder(authority.server_context()) as there:
            there.otherwise = service.otherwise
            environ = {**environ, ENDPOINT: there.url, "SSL_CERT_FILE": str(authority.path)}
            yield Secured(there, environ, "SSL_CERT_FILE")

    def deny(self, service: Recorder, act: Act) -> None:
        assert isinstance(service.otherwise, HuaweiKMS)
        service.otherwise.users[AK].may.discard("encrypt-data" if act is wrap else "decrypt-data")

    def refusal(self, words: str) -> Answer:
        return refusal("KMS.1", words)

    def opening_to(self, key: HuaweiKMSKey, data: bytes) -> Answer:
        return json_answer({**GOOD, "plain_text": base64.b64encode(data).decode()})


class TestWire(WireFaults):
    """A recorder in the place of the service."""

    SOURCE = SOURCE
    SECRETS = (SK,)
    LATE = "no answer (within 2 seconds|from Huawei Cloud in time) "
    BAD: ClassVar[dict[str, Reaction]] = {
        **WireFaults.BAD,
        "XML": Answer(200, b"<x/>", {"Content-Type": "application/xml"}),
        "broken XML": Answer(200, b"<x", {"Content-Type": "application/xml"}),
        "BSON": Answer(200, b"\x05\0\0\0\0", {"Content-Type": "application/bson"}),
        "broken BSON": Answer(200, b"\xff", {"Content-Type": "application/bson"}),
        "another character set": Answer(200, b"\xff\xfe", {"Content-Type": "application/json; charset=x"}),
        "broken gzip": Answer(200, b"x", {"Content-Encoding": "gzip"}),
        "fields of another kind": json_answer({**GOOD, "cipher_text": 5, "plain_text": {}}),
        "not base64": json_answer({**GOOD, "cipher_text": "%", "plain_text": "%"}),
    }

    @pytest.fixture
    def key(self) -> HuaweiKMSKey:
        return KEY

    @pytest.fixture
    def there(self, recorder: Recorder) -> Recorder:
        return recorder

    @pytest.fixture
    def environ(self, there: Recorder) -> dict[str, str]:
        return HuaweiKMS().environ(there.url)

    def good(self, key: HuaweiKMSKey, act: Act) -> Answer:
        return json_answer(GOOD)


# -- what the service says


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
    said = f"Huawei Cloud KMS answered 401 APIGW.0301: Incorrect IAM authentication information: {words}"
    assert error.message == f"{said} {WHO}"
    assert "check the access key and its secret" in str(error.hint)


def test_keys_that_cannot_be_used(service: HuaweiKMS, ambient: Ambient) -> None:
    wrapped = wrap(KEY, ambient)

    def again(key: HuaweiKMSKey, ambient: Ambient) -> bytes:
        return key.unwrap(wrapped, ambient)

    for act in (wrap, again):
        service.disabled.add(UUID)
        assert failure(act, ambient).hint == "enable the key"
        service.disabled.clear()
        service.going.add(UUID)
        assert "cancel the deletion" in str(failure(act, ambient).hint)
        service.going.clear()
    del service.keys[UUID]
    for act in (wrap, again):
        error = failure(act, ambient)
        assert error.message == f"Huawei Cloud KMS answered 400 KMS.0205: Invalid key ID {WHO}"
        assert "in this region and project" in str(error.hint)


def test_what_another_key_wrapped(service: HuaweiKMS, ambient: Ambient) -> None:
    other = HuaweiKMSKey(f"{REGION}:{service.create()}")
    wrapped = other.wrap(DATA_KEY, ambient)
    error = failure(lambda key, ambient: key.unwrap(wrapped, ambient), ambient)
    assert error.message == "Huawei Cloud KMS did not answer for the key that was asked"


def test_a_project_of_somebody_else(user: dict[str, str], tmp_path: Path) -> None:
    error = failure(wrap, Ambient({**user, "HUAWEICLOUD_SDK_PROJECT_ID": "other"}, tmp_path))
    assert "KMS.0303: No permission for this project" in error.message


@pytest.mark.parametrize("told", [PART, SK, "temporary-token"])
def test_what_an_endpoint_repeats_to_a_temporary_key_is_not_told(
    recorder: Recorder, user: dict[str, str], tmp_path: Path, told: str
) -> None:
    recorder.will(json_answer({"error_code": "KMS.1", "error_msg": f"you sent {told}"}, 400))
    ambient = Ambient({**user, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "temporary-token"}, tmp_path)
    assert failure(wrap, ambient).message == f"Huawei Cloud KMS answered 400 {WHO}"


# -- IAM


def test_iam_is_busy_and_then_well(
    service: HuaweiKMS, recorder: Recorder, user: dict[str, str], tmp_path: Path
) -> None:
    service.users["HPUABUSY"] = User()
    environ = {**user, "HUAWEICLOUD_SDK_AK": "HPUABUSY", "HUAWEICLOUD_SDK_PROJECT_ID": ""}
    recorder.will(Answer(503))
    assert wrap(KEY, Ambient(environ, tmp_path))
    assert ["projects" in request.path for request in recorder.requests] == [True, True, False]


# -- answers that are not what they should be


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"key_id": "0d0466b0-e727-4d9c-b35d-000000000000"}, "did not answer for the key"),
        ({"key_id": None}, "did not answer for the key"),
        ({"key_id": 5}, "did not answer for the key"),
        ({"cipher_text": None}, "the answer of Huawei Cloud KMS contains no cipher_text"),
        ({"cipher_text": ""}, "contains no ciphertext"),
        ({"cipher_text": "%"}, "contains no ciphertext"),
        ({"cipher_text": "x" * 65537}, "contains no ciphertext"),
        ({"cipher_text": {}}, "the answer of Huawei Cloud KMS contains no cipher_text"),
    ],
)
def test_answers_to_a_wrap(
    service: HuaweiKMS, recorder: Recorder, ambient: Ambient, fields: dict[str, object], message: str
) -> None:
    recorder.otherwise = changed(service, **fields)
    assert message in failure(wrap, ambient).message


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
    recorder.otherwise = lambda _: BAD_PROJECTS[name]
    if name == "hang":
        late(environ, tmp_path, recorder, lambda ambient: failure(wrap, ambient))
    else:
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
    assert error.message == "no Huawei Cloud credentials found"


# -- the network


def test_a_proxy_that_refuses(user: dict[str, str], recorder: Recorder, tmp_path: Path) -> None:
    environ = {**user, ENDPOINT: "", "HTTPS_PROXY": recorder.url}
    assert failure(wrap, Ambient(environ, tmp_path)).message == f"the proxy cannot be reached {WHO}"
