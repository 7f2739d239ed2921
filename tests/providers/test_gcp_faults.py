"""What Cloud KMS and the network can do wrong: the time it takes, and what is said of it."""

from __future__ import annotations

import base64
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from leafseal.errors import DataKeyError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.providers.gcp import GCPKMSKey, crc32c
from leafseal.providers.network import TIMEOUT_VARIABLE
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..opening import open_sealed
from ..services.fixtures import Authority
from ..services.recorder import Answer, Hang, Reaction, Recorder, json_answer
from . import faults
from .contract import DATA_KEY
from .faults import ACTS, PART, WRAPPED, Act, Denied, Refused, Secured, ServiceFaults, WireFaults, late, unwrap, wrap
from .test_gcp import ID, KEY, TRANSPORTS

if TYPE_CHECKING:
    from ..services.cloud_kms import Call, CloudKMS

pytestmark = pytest.mark.skipif(find_spec("google.cloud.kms_v1") is None, reason="google-cloud-kms is not installed")

SOURCE = "GOOGLE_OAUTH_ACCESS_TOKEN"
TOKEN = "ya29.a-canary-that-no-message-shows"


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def user(transport: str, cloud_kms: CloudKMS, cloud_kms_at: dict[str, str]) -> dict[str, str]:
    cloud_kms.create(ID)
    return {
        "SOPS_GCP_KMS_CLIENT_TYPE": transport,
        "SOPS_GCP_KMS_ENDPOINT": cloud_kms_at[transport],
        "SSL_CERT_FILE": cloud_kms_at["ca"],
        "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
    }


@pytest.fixture
def ambient(user: dict[str, str], tmp_path: Path) -> Ambient:
    return Ambient(user, tmp_path)


def failure(act: Act, ambient: Ambient) -> ProviderError:
    return faults.failure(act, KEY, ambient, TOKEN, forgets=False)


def refusing(code: str, words: str = "") -> Any:
    """Return an act of the service, which is imported where its library is."""

    def act(_: Call, _served: object) -> Any:
        from ..services.cloud_kms import Status

        raise Status(code, words)

    return act


def _denied(act: Act, verb: str) -> Denied:
    permission = f"cloudkms.cryptoKeyVersions.useTo{verb}"
    words = f"Permission '{permission}' denied on resource '{ID}' (or it may not exist)"
    hint = f"these credentials need {permission} on the key (roles/cloudkms.cryptoKey{verb}"
    return Denied(act, f"Google Cloud KMS answered PERMISSION_DENIED: {words}", hint)


class TestService(ServiceFaults):
    """The service over gRPC, and over REST."""

    SOURCE = SOURCE
    SECRETS = (TOKEN,)
    FORGETS = False
    REFUSED = "Google Cloud KMS answered NOT_FOUND"
    WITHHELD = REFUSED
    TOLD: ClassVar = {**ServiceFaults.TOLD, "hex": DATA_KEY.hex(), "raw": DATA_KEY.decode("latin-1")}
    NO_PART = "what Google Cloud KMS decrypted is no part of a data key"
    ENDPOINT = "SOPS_GCP_KMS_ENDPOINT"
    UNREACHABLE = "UNAVAILABLE|cannot be reached"
    DENIED: ClassVar = {"wrap": _denied(wrap, "Encrypt"), "unwrap": _denied(unwrap, "Decrypt")}
    REFUSALS: ClassVar = {
        code: Refused(
            refusing(code, "Words of the service."), f"Google Cloud KMS answered {code}: Words of the service", hint
        )
        for code, hint in {
            "NOT_FOUND": "location and ring",
            "INVALID_ARGUMENT": "encrypted by this key",
            "FAILED_PRECONDITION": "enabled",
            "UNAUTHENTICATED": "set GOOGLE_OAUTH_ACCESS_TOKEN to fresh ones",
            "UNIMPLEMENTED": "SOPS_GCP_KMS_ENDPOINT",
        }.items()
    }
    BUSY: ClassVar = {code: refusing(code) for code in ("RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL")}
    BUSY_FOR_EVER = Refused(
        refusing("RESOURCE_EXHAUSTED", "Quota exceeded"),
        "Google Cloud KMS answered RESOURCE_EXHAUSTED: Quota exceeded",
        "limit of requests",
    )
    DAMAGED: ClassVar = {**ServiceFaults.DAMAGED, "without padding": b"eA"}

    @pytest.fixture
    def key(self) -> GCPKMSKey:
        return KEY

    @pytest.fixture
    def service(self, cloud_kms: CloudKMS) -> CloudKMS:
        return cloud_kms

    @pytest.fixture
    def environ(self, user: dict[str, str]) -> dict[str, str]:
        return user

    @pytest.fixture
    def secured(self, service: CloudKMS, environ: dict[str, str]) -> Secured:
        return Secured(service, environ, "SSL_CERT_FILE")

    def deny(self, service: CloudKMS, act: Act) -> None:
        service.tokens[TOKEN].discard("Encrypt" if act is wrap else "Decrypt")

    def refusal(self, words: str) -> Any:
        return refusing("NOT_FOUND", words)

    def opening_to(self, key: GCPKMSKey, data: bytes) -> Any:
        def act(call: Call, served: object) -> Any:
            from google.cloud.kms_v1.types import service as messages

            return messages.DecryptResponse(plaintext=data, plaintext_crc32c=crc32c(data))

        return act


# -- what the service says -------------------------------------------------------------------------------------------


def test_keys_that_cannot_be_used(cloud_kms: CloudKMS, ambient: Ambient) -> None:
    wrapped = KEY.wrap(DATA_KEY, ambient)
    other = GCPKMSKey(cloud_kms.create(ID + "2"))
    for key, words in ((other, "the ciphertext is invalid"), (GCPKMSKey(ID + "3"), "not found")):
        with pytest.raises(ProviderError, match=words):
            key.unwrap(wrapped, ambient)
    cloud_kms.disabled.add(ID)
    for act in (wrap, lambda key, ambient: key.unwrap(wrapped, ambient)):
        assert "FAILED_PRECONDITION" in failure(act, ambient).message


# -- answers that are not what they should be ------------------------------------------------------------------------


@ACTS
@pytest.mark.parametrize("told", [0, None], ids=["wrong", "missing"])
def test_checksums_are_compared(cloud_kms: CloudKMS, ambient: Ambient, act: Act, told: int | None) -> None:
    from ..services.cloud_kms import changed

    wrapped = KEY.wrap(DATA_KEY, ambient)
    field = "ciphertext_crc32c" if act is wrap else "plaintext_crc32c"
    cloud_kms.will(changed(**{field: told}))
    error = failure(act if act is wrap else lambda key, ambient: key.unwrap(wrapped, ambient), ambient)
    assert error.message == "the answer of Google Cloud KMS does not match its checksum"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"verified_plaintext_crc32c": False}, "did not say that what was to be encrypted reached it intact"),
        ({"name": f"{ID}2/cryptoKeyVersions/1"}, "answered for another key"),
        ({"name": ID}, "answered for another key"),
        ({"name": ID.replace("shop", "shop2") + "/cryptoKeyVersions/1"}, "answered for another key"),
        ({"name": f"{ID}/x/cryptoKeyVersions/1"}, "answered for another key"),
        ({"name": ""}, "answered for another key"),
        ({"ciphertext": b"", "ciphertext_crc32c": 0}, "contains no ciphertext"),
        ({"ciphertext": bytes(49153), "ciphertext_crc32c": crc32c(bytes(49153))}, "contains no ciphertext"),
    ],
)
def test_answers_to_a_wrap(cloud_kms: CloudKMS, ambient: Ambient, fields: dict[str, object], message: str) -> None:
    from ..services.cloud_kms import changed

    cloud_kms.will(changed(**fields))
    assert message in failure(wrap, ambient).message


@ACTS
def test_an_answer_without_end(cloud_kms: CloudKMS, ambient: Ambient, act: Act) -> None:
    from ..services.cloud_kms import changed

    wrapped = KEY.wrap(DATA_KEY, ambient)
    field = "ciphertext" if act is wrap else "plaintext"
    cloud_kms.will(*[changed(**{field: bytes(2 << 20)})] * 3)
    message = failure(act if act is wrap else lambda key, ambient: key.unwrap(wrapped, ambient), ambient).message
    assert re.search("longer than 1048576 bytes|RESOURCE_EXHAUSTED", message)


@ACTS
def test_what_is_no_message_of_google(
    cloud_kms_at: dict[str, str], cloud_kms: CloudKMS, tmp_path: Path, act: Act
) -> None:
    environ = {
        "SOPS_GCP_KMS_ENDPOINT": cloud_kms_at["grpc"],
        "SSL_CERT_FILE": cloud_kms_at["ca"],
        "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
    }
    cloud_kms.will(*[lambda _call, _served: b"\xff\xff\xff"] * 3)
    assert "Google Cloud KMS answered INTERNAL" in failure(act, Ambient(environ, tmp_path)).message


# -- REST ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_recorder(recorder: Recorder) -> dict[str, str]:
    """The variables of somebody for whom the recorder is the service, over REST."""
    return {
        "SOPS_GCP_KMS_CLIENT_TYPE": "rest",
        "SOPS_GCP_KMS_ENDPOINT": recorder.url,
        "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
    }


GOOD: dict[str, object] = {
    "name": f"{ID}/cryptoKeyVersions/1",
    "ciphertext": WRAPPED.decode(),
    "ciphertextCrc32c": str(crc32c(base64.b64decode(WRAPPED))),
    "verifiedPlaintextCrc32c": True,
    "plaintext": PART,
    "plaintextCrc32c": str(crc32c(DATA_KEY)),
}


class TestWire(WireFaults):
    """A recorder in the place of the service, over REST."""

    SOURCE = SOURCE
    SECRETS = (TOKEN,)
    FORGETS = False
    LATE = "no answer (within 2 seconds|from Google Cloud KMS in time) "
    BAD: ClassVar[dict[str, Reaction]] = {
        **WireFaults.BAD,
        "checksum of another kind": json_answer({**GOOD, "ciphertextCrc32c": 5, "plaintextCrc32c": True}),
        "data of another kind": json_answer({**GOOD, "ciphertext": 5, "plaintext": {}}),
        "not base64": json_answer({**GOOD, "ciphertext": "%", "plaintext": "%"}),
    }

    @pytest.fixture
    def key(self) -> GCPKMSKey:
        return KEY

    @pytest.fixture
    def there(self, recorder: Recorder) -> Recorder:
        return recorder

    @pytest.fixture
    def environ(self, at_recorder: dict[str, str]) -> dict[str, str]:
        return at_recorder

    def good(self, key: GCPKMSKey, act: Act) -> Answer:
        return json_answer(GOOD)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_without_words(recorder: Recorder, at_recorder: dict[str, str], tmp_path: Path, status: int) -> None:
    recorder.will(Answer(status, b"<html>"))
    recorder.otherwise = lambda _: json_answer(GOOD)
    assert unwrap(KEY, Ambient(at_recorder, tmp_path)) == DATA_KEY
    assert len(recorder.requests) == 2


def test_passwords_of_netrc_are_not_sent(recorder: Recorder, at_recorder: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    recorder.otherwise = lambda _: json_answer(GOOD)
    code = (
        "import sys; from leafseal.keys import Ambient; from leafseal.providers.gcp import GCPKMSKey\n"
        "GCPKMSKey(sys.argv[1]).unwrap(b'eA==', Ambient.of_process())\n"
    )
    environ = {**at_recorder, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, ID], env=environ, check=True, timeout=120)
    assert recorder.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


# -- the network -----------------------------------------------------------------------------------------------------


@ACTS
def test_a_service_that_does_not_answer(cloud_kms: CloudKMS, user: dict[str, str], tmp_path: Path, act: Act) -> None:
    from ..services.cloud_kms import held

    over = threading.Event()
    cloud_kms.will(*[held(over)] * 3)
    message = late(user, tmp_path, cloud_kms, lambda ambient: failure(act, ambient))
    over.set()
    assert re.search("DEADLINE_EXCEEDED|no answer from Google Cloud KMS in time", message)
    assert len(cloud_kms.requests) == 1


@pytest.fixture(params=[b"", b"SSH-2.0-OpenSSH\r\n", b"\x16\x03\x03\x00\x02"], ids=["closed", "SSH", "half"])
def rude(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where something listens that does not speak TLS to the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(request.param)

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@ACTS
def test_connections_that_fail(rude: str, user: dict[str, str], tmp_path: Path, act: Act) -> None:
    ambient = Ambient({**user, "SOPS_GCP_KMS_ENDPOINT": rude}, tmp_path)
    failure(act, ambient)


def test_where_tokens_come_from_nobody_answers(user: dict[str, str], authority: Authority, tmp_path: Path) -> None:
    import json

    with Recorder(authority.server_context()) as recorder:
        recorder.otherwise = lambda _: Hang()
        (tmp_path / "jwt").write_text("ey.from.ci")
        config = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": recorder.url,
            "credential_source": {"file": str(tmp_path / "jwt")},
        }
        environ = {**user, "GOOGLE_CREDENTIALS": json.dumps(config), TIMEOUT_VARIABLE: "2"}
        message = failure(wrap, Ambient(environ, tmp_path)).message
        assert re.search("no answer within 2 seconds|gives tokens cannot be reached", message)


# -- the policy ------------------------------------------------------------------------------------------------------


def test_projects_that_the_policy_does_not_list(cloud_kms: CloudKMS, ambient: Ambient, tmp_path: Path) -> None:
    policy = tmp_path / ".config" / "leafseal" / "policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text('[gcp]\nprojects = ["other"]\n')
    for act in (wrap, unwrap):
        error = failure(act, Ambient(ambient.environ, tmp_path))
        assert error.message == "the policy does not allow the Google Cloud project shop"
        assert error.hint == 'add "shop" to gcp.projects in the policy; "leafseal policy show" names its file'
    assert cloud_kms.requests == []
    policy.write_text('[gcp]\nprojects = ["other", "shop"]\n')
    assert wrap(KEY, Ambient(ambient.environ, tmp_path))


# -- whole files -----------------------------------------------------------------------------------------------------


PLAIN = b"password: hunter2\n"


def test_the_next_key_of_the_group_opens(cloud_kms: CloudKMS, ambient: Ambient, tmp_path: Path) -> None:
    me = throwaway_identity()
    second = GCPKMSKey(cloud_kms.create(ID + "2"))
    keys = [KEY, second, *parse_recipients("age", me.recipient)]
    data = encrypt(PLAIN, "yaml", [keys], 0, Selection(), ambient).data
    cloud_kms.disabled.add(ID)
    again = Ambient(ambient.environ, tmp_path)
    assert open_sealed(data, "yaml", again).plaintext() == PLAIN
    cloud_kms.disabled.add(second.resource_id)
    with pytest.raises(DataKeyError) as caught:
        open_sealed(data, "yaml", again)
    assert len(caught.value.attempts) == 3
    assert open_sealed(data, "yaml", me.ambient()).plaintext() == PLAIN


def run(code: str, **environ: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_the_libraries_are_imported_when_a_key_is_used() -> None:
    code = "import sys; from leafseal.keys.registry import parse_recipients; parse_recipients('gcp_kms', 'x')\n"
    assert run(f"{code}print([name for name in ('google.auth', 'grpc', 'requests') if name in sys.modules])") == "[]"


@pytest.mark.parametrize("missing", ["google.auth", "google.cloud.kms_v1", "grpc"])
def test_a_library_that_is_missing(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from leafseal.errors import ProviderMissingError\nfrom leafseal.keys import Ambient\n"
        f"from leafseal.providers.gcp import GCPKMSKey\nkey = GCPKMSKey({ID!r})\n"
        "try: key.wrap(bytes(32), Ambient.of_process())\n"
        "except ProviderMissingError as error: print(error.hint, error.master_key == str(key))"
    )
    assert run(code, GOOGLE_OAUTH_ACCESS_TOKEN="x") == "pip install 'leafseal[gcp]' True"


def test_nothing_is_said_on_standard_error(user: dict[str, str]) -> None:
    """gRPC's core writes of failed handshakes there unless it is told not to."""
    code = (
        "import sys; from leafseal.errors import ProviderError; from leafseal.keys import Ambient\n"
        f"from leafseal.providers.gcp import GCPKMSKey\nkey = GCPKMSKey({ID!r})\n"
        "try: key.wrap(bytes(32), Ambient.of_process())\n"
        "except ProviderError as error: print('GRPC_VERBOSITY' in __import__('os').environ)"
    )
    assert run(code, **{**user, "SSL_CERT_FILE": ""}) == "False"
