"""Keys of Google Cloud KMS: what is asked, with whose credentials, and where."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.providers.gcp import GCPKMSKey, crc32c

from ..services.fixtures import Authority
from ..services.proxy import Proxy
from ..services.recorder import Recorder, Request, json_answer
from .contract import DATA_KEY, ProviderContract

if TYPE_CHECKING:
    from ..services.cloud_kms import CloudKMS

pytestmark = pytest.mark.skipif(find_spec("google.cloud.kms_v1") is None, reason="google-cloud-kms is not installed")

ID = "projects/shop/locations/europe-west1/keyRings/sops/cryptoKeys/prod"
KEY = GCPKMSKey(ID)
TRANSPORTS = ("grpc", "rest")


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def user(transport: str, cloud_kms: CloudKMS, cloud_kms_at: dict[str, str]) -> dict[str, str]:
    """The variables of somebody with a token, for whom the service stands on this machine."""
    from ..services.cloud_kms import TOKEN

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


class TestContract(ProviderContract):
    @pytest.fixture
    def key(self) -> GCPKMSKey:
        return KEY

    @pytest.fixture
    def stranger(self, user: dict[str, str], tmp_path: Path) -> Ambient:
        return Ambient({**user, "GOOGLE_OAUTH_ACCESS_TOKEN": "of-somebody-else"}, tmp_path)


# -- what is asked


FIRST_CALL = """
import json, logging, sys
from pathlib import Path
from leafseal.keys import Ambient
from leafseal.providers.gcp import GCPKMSKey
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
environ, key = json.loads(sys.argv[1]), GCPKMSKey(sys.argv[2])
key.unwrap(key.wrap(bytes(32), Ambient(environ, Path("."))), Ambient(environ, Path(".")))
names = ("google", "google.cloud.kms_v1")
print(*((logging.getLogger(name).handlers, logging.getLogger(name).getEffectiveLevel()) for name in names))
"""


def test_the_first_call_of_a_process_logs_no_request(user: dict[str, str], tmp_path: Path) -> None:
    environ = {**os.environ, "GOOGLE_SDK_PYTHON_LOGGING_SCOPE": "google.cloud.kms_v1"}
    command = [sys.executable, "-c", FIRST_CALL, json.dumps(user), ID]
    result = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert [line for line in result.stdout.splitlines() if line.startswith("DEBUG:google")] == []
    assert result.stdout.splitlines()[-1] == "([], 30) ([], 30)"


def test_requests_carry_key_data_and_checksum(cloud_kms: CloudKMS, ambient: Ambient) -> None:
    wrapped = KEY.wrap(DATA_KEY, ambient)
    assert KEY.unwrap(wrapped, ambient) == DATA_KEY
    wrap, unwrap = cloud_kms.requests
    assert (wrap.operation, wrap.message.name, wrap.message.plaintext) == ("Encrypt", ID, DATA_KEY)
    assert wrap.message.plaintext_crc32c == crc32c(DATA_KEY)
    blob = base64.b64decode(wrapped)
    assert (unwrap.operation, unwrap.message.name, unwrap.message.ciphertext) == ("Decrypt", ID, blob)
    assert unwrap.message.ciphertext_crc32c == crc32c(blob)
    for call in cloud_kms.requests:
        assert call.message.additional_authenticated_data == b""
        assert call.headers["authorization"].startswith("Bearer ya29.")


def test_the_checksum_is_that_of_everybody_else() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


def test_an_older_version_of_the_key_opens(cloud_kms: CloudKMS, ambient: Ambient) -> None:
    wrapped = KEY.wrap(DATA_KEY, ambient)
    cloud_kms.create(ID)
    assert base64.b64decode(KEY.wrap(DATA_KEY, ambient))[1] == 2
    assert KEY.unwrap(wrapped, ambient) == DATA_KEY


def test_a_project_goes_by_its_number_too(cloud_kms: CloudKMS, ambient: Ambient) -> None:
    from ..services.cloud_kms import changed

    numbered = GCPKMSKey(cloud_kms.create(ID.replace("shop", "123456")))
    for key, told in ((numbered, ID), (KEY, numbered.resource_id)):
        cloud_kms.will(changed(name=f"{told}/cryptoKeyVersions/1"))
        assert key.wrap(DATA_KEY, ambient)


# -- where the service is


def test_it_is_google_unless_somebody_says_otherwise(
    transport: str, user: dict[str, str], cloud_kms: CloudKMS, authority: Authority, tmp_path: Path
) -> None:
    from ..services.cloud_kms import Server

    names = ["cloudkms.googleapis.com", "cloudkms.example-cloud.org"]
    with (
        Recorder(authority.server_context(*names)) as recorder,
        Server(cloud_kms, authority.certificate(*names)) as server,
    ):
        recorder.otherwise = cloud_kms
        port = recorder.port if transport == "rest" else server.port
        with Proxy({f"{name}:443": port for name in names}) as proxy:
            environ = {**user, "SOPS_GCP_KMS_ENDPOINT": "", "HTTPS_PROXY": proxy.url}
            for more in ({}, {"SOPS_GCP_KMS_UNIVERSE_DOMAIN": "example-cloud.org"}):
                ambient = Ambient({**environ, **more}, tmp_path)
                assert KEY.unwrap(KEY.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
            assert list(dict.fromkeys(proxy.asked)) == [f"{name}:443" for name in names]


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("ftp://kms", "does not name a host"),
        ("kms/v1", "does not name a host"),
        ("user@kms", "does not name a host"),
        ("kms:x", "does not name a host"),
        ("http://kms.example.org", "do not travel without TLS"),
        ("http://127.example.org", "do not travel without TLS"),
    ],
)
def test_endpoints_that_are_none(user: dict[str, str], tmp_path: Path, endpoint: str, message: str) -> None:
    ambient = Ambient({**user, "SOPS_GCP_KMS_ENDPOINT": endpoint}, tmp_path)
    with pytest.raises(ProviderError, match=f"SOPS_GCP_KMS_ENDPOINT.*{message}"):
        KEY.wrap(DATA_KEY, ambient)


def test_a_universe_that_is_none(user: dict[str, str], tmp_path: Path) -> None:
    environ = {**user, "SOPS_GCP_KMS_ENDPOINT": "", "SOPS_GCP_KMS_UNIVERSE_DOMAIN": "x/y"}
    with pytest.raises(ProviderError, match="SOPS_GCP_KMS_UNIVERSE_DOMAIN does not name a host"):
        KEY.wrap(DATA_KEY, Ambient(environ, tmp_path))


def test_grpc_takes_no_plain_http(cloud_kms_at: dict[str, str], user: dict[str, str], tmp_path: Path) -> None:
    environ = {**user, "SOPS_GCP_KMS_ENDPOINT": "http://127.0.0.1:1", "SOPS_GCP_KMS_CLIENT_TYPE": ""}
    with pytest.raises(ProviderError, match="gRPC goes by TLS alone"):
        KEY.wrap(DATA_KEY, Ambient(environ, tmp_path))


def test_rest_may_go_plain_on_this_machine(cloud_kms: CloudKMS, recorder: Recorder, tmp_path: Path) -> None:
    from ..services.cloud_kms import TOKEN

    cloud_kms.create(ID)
    recorder.otherwise = cloud_kms
    environ = {
        "SOPS_GCP_KMS_CLIENT_TYPE": "REST",
        "SOPS_GCP_KMS_ENDPOINT": recorder.url,
        "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
    }
    ambient = Ambient(environ, tmp_path)
    assert KEY.unwrap(KEY.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    [wrap, _] = recorder.requests
    assert wrap.path == f"/v1/{ID}:encrypt"
    assert wrap.json() == {
        "plaintext": base64.b64encode(DATA_KEY).decode(),
        "plaintextCrc32c": str(crc32c(DATA_KEY)),
    }


# -- whose credentials


def service_account() -> dict[str, str]:
    """Return the file of a service account, made up."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "shop",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "ci@shop.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://127.0.0.1:1/token",
    }


def claims(token: str) -> dict[str, Any]:
    """Return what a token of a service account says."""
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


@pytest.mark.parametrize("place", ["GOOGLE_CREDENTIALS", "inline", "GOOGLE_APPLICATION_CREDENTIALS", "gcloud", "SDK"])
def test_a_service_account_signs_its_own_tokens(
    user: dict[str, str], cloud_kms: CloudKMS, tmp_path: Path, place: str
) -> None:
    text = json.dumps(service_account())
    folder = tmp_path / ("sdk" if place == "SDK" else ".config/gcloud")
    path = folder / "application_default_credentials.json" if place in ("gcloud", "SDK") else tmp_path / "sa.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    variables = {
        "inline": {"GOOGLE_CREDENTIALS": text},
        "gcloud": {"GOOGLE_OAUTH_ACCESS_TOKEN": ""},
        "SDK": {"GOOGLE_OAUTH_ACCESS_TOKEN": "", "CLOUDSDK_CONFIG": str(folder)},
        "GOOGLE_CREDENTIALS": {"GOOGLE_CREDENTIALS": str(path)},
        "GOOGLE_APPLICATION_CREDENTIALS": {
            "GOOGLE_OAUTH_ACCESS_TOKEN": "",
            "GOOGLE_APPLICATION_CREDENTIALS": str(path),
            "GOOGLE_CLOUD_QUOTA_PROJECT": "payer",
        },
    }[place]
    cloud_kms.verbs_of = lambda token: {"Encrypt"} if claims(token)["iss"].startswith("ci@shop") else None
    ambient = Ambient({**user, **variables}, tmp_path)
    wrapped = KEY.wrap(DATA_KEY, ambient)
    [call] = cloud_kms.requests
    found = claims(call.headers["authorization"].removeprefix("Bearer "))
    assert found["scope"] == "https://www.googleapis.com/auth/cloudkms"
    assert call.headers.get("x-goog-user-project") == ("payer" if "APPLICATION" in place else None)
    source = str(path) if place in ("gcloud", "SDK") else "GOOGLE_CREDENTIALS" if place == "inline" else place
    with pytest.raises(ProviderError, match="PERMISSION_DENIED") as caught:
        KEY.unwrap(wrapped, ambient)
    assert caught.value.source == source


def test_a_federated_identity_is_exchanged_for_a_token(
    user: dict[str, str], cloud_kms: CloudKMS, authority: Authority, tmp_path: Path
) -> None:
    from ..services.cloud_kms import TOKEN

    (tmp_path / "jwt").write_text("ey.from.ci")

    def exchange(request: Request) -> Any:
        assert b"subject_token=ey.from.ci" in request.body
        return json_answer({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600,
                            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})  # fmt: skip

    with Recorder(authority.server_context()) as recorder:
        recorder.otherwise = exchange
        config = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{recorder.url}/v1/token",
            "credential_source": {"file": str(tmp_path / "jwt")},
        }
        environ = {**user, "GOOGLE_CREDENTIALS": json.dumps(config)}
        ambient = Ambient(environ, tmp_path)
        assert KEY.unwrap(KEY.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
        assert len(recorder.requests) == 1


def test_an_identity_of_aws_is_exchanged_for_a_token(
    user: dict[str, str], authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library takes it from the environment of the process."""
    from ..services.cloud_kms import TOKEN

    for name, text in {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, text)
    answer = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600, "issued_token_type": "urn:x"}
    with Recorder(authority.server_context()) as recorder:
        recorder.otherwise = lambda _: json_answer(answer)
        config = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
            "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
            "token_url": f"{recorder.url}/v1/token",
            "credential_source": {
                "environment_id": "aws1",
                "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity",
            },
        }
        ambient = Ambient({**user, "GOOGLE_CREDENTIALS": json.dumps(config)}, tmp_path)
        assert KEY.unwrap(KEY.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
        assert b"GetCallerIdentity" in recorder.requests[0].body


def test_a_federated_user(user: dict[str, str], authority: Authority, tmp_path: Path) -> None:
    from ..services.cloud_kms import TOKEN

    with Recorder(authority.server_context()) as recorder:
        recorder.otherwise = lambda _: json_answer({"access_token": TOKEN, "expires_in": 3600, "refresh_token": "s"})
        info = {
            "type": "external_account_authorized_user",
            "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/x",
            "client_id": "c",
            "client_secret": "s",
            "refresh_token": "r",
            "token_url": f"{recorder.url}/token",
            "token_info_url": f"{recorder.url}/introspect",
        }
        ambient = Ambient({**user, "GOOGLE_CREDENTIALS": json.dumps(info)}, tmp_path)
        assert KEY.unwrap(KEY.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
        assert [request.path for request in recorder.requests] == ["/token"]


def test_a_service_account_that_is_impersonated(user: dict[str, str], authority: Authority, tmp_path: Path) -> None:
    from ..services.cloud_kms import TOKEN

    host = "iamcredentials.googleapis.com"
    with Recorder(authority.server_context(host, "127.0.0.1")) as recorder:
        granted = {"accessToken": TOKEN, "expireTime": "2099-01-01T00:00:00Z"}
        recorder.otherwise = lambda request: json_answer(
            granted if "generateAccessToken" in request.path else {"access_token": "x", "expires_in": 3600}
        )
        account = {**service_account(), "token_uri": f"{recorder.url}/token"}
        target = "projects/-/serviceAccounts/kms@shop.iam.gserviceaccount.com:generateAccessToken"
        info = {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": f"https://{host}/v1/{target}",
            "source_credentials": account,
        }
        with Proxy({f"{host}:443": recorder.port}) as proxy:
            environ = {**user, "GOOGLE_CREDENTIALS": json.dumps(info), "HTTPS_PROXY": proxy.url}
            ambient = Ambient(environ, tmp_path)
            assert KEY.unwrap(KEY.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
        assert recorder.requests[-1].path == f"/v1/{target}"


def test_what_gcloud_wrote_for_a_user_is_refreshed(
    user: dict[str, str], cloud_kms: CloudKMS, authority: Authority, tmp_path: Path
) -> None:
    from ..services.cloud_kms import TOKEN

    with Recorder(authority.server_context("oauth2.googleapis.com")) as recorder:
        recorder.otherwise = lambda _: json_answer({"access_token": TOKEN, "expires_in": 3600})
        info = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
        with Proxy({"oauth2.googleapis.com:443": recorder.port}) as proxy:
            environ = {**user, "GOOGLE_CREDENTIALS": json.dumps(info), "HTTPS_PROXY": proxy.url}
            ambient = Ambient(environ, tmp_path)
            assert KEY.unwrap(KEY.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
            recorder.otherwise = lambda _: json_answer({"error": "invalid_grant", "error_description": "x"}, 400)
            with pytest.raises(ProviderError, match="Google gave no token for") as caught:
                KEY.wrap(DATA_KEY, Ambient(environ, tmp_path))
            assert caught.value.source == "GOOGLE_CREDENTIALS"
            assert "set GOOGLE_CREDENTIALS to fresh ones" in str(caught.value.hint)


def test_a_machine_of_google_has_a_token(user: dict[str, str], recorder: Recorder, tmp_path: Path) -> None:
    from ..services.cloud_kms import TOKEN

    def metadata(request: Request) -> Any:
        flavour = {"Metadata-Flavor": "Google", "Content-Type": "application/json"}
        content: object = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        if "recursive=true" in request.path:
            content = {"email": "x@y", "scopes": ["a"], "aliases": ["default"]}
        answer = json_answer(content)
        return type(answer)(200, answer.body, flavour)

    recorder.otherwise = metadata
    host = recorder.url.removeprefix("http://")
    # Where the metadata service is, the library finds out when it is loaded: a process of its own.
    environ = {**user, "GOOGLE_OAUTH_ACCESS_TOKEN": "", "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}
    code = (
        "import sys; from pathlib import Path; from leafseal.keys import Ambient\n"
        "from leafseal.providers.gcp import GCPKMSKey\n"
        "key, ambient = GCPKMSKey(sys.argv[1]), Ambient.of_process()\n"
        "assert key.unwrap(key.wrap(bytes(32), ambient), ambient) == bytes(32)\n"
    )
    whole = {**environ, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code, ID], env=whole, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert {request.headers["metadata-flavor"] for request in recorder.requests} == {"Google"}


def test_nobody_has_any(user: dict[str, str], cloud_kms: CloudKMS, recorder: Recorder, tmp_path: Path) -> None:
    host = recorder.url.removeprefix("http://")
    for more in ({"NO_GCE_CHECK": "true"}, {"GCE_METADATA_HOST": "127.0.0.1:1"}, {"GCE_METADATA_HOST": host}):
        ambient = Ambient({**user, "GOOGLE_OAUTH_ACCESS_TOKEN": "", **more}, tmp_path)
        with pytest.raises(ProviderError, match=r"^no Google credentials found$") as caught:
            KEY.wrap(DATA_KEY, ambient)
        assert "gcloud auth application-default login" in str(caught.value.hint)
    assert cloud_kms.requests == []
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("GOOGLE_CREDENTIALS", "no-such-file", "neither a file nor the JSON of one"),
        ("GOOGLE_CREDENTIALS", "[]", "neither a file nor the JSON of one"),
        ("GOOGLE_CREDENTIALS", "\0", "neither a file nor the JSON of one"),
        ("GOOGLE_CREDENTIALS", "FOLDER", "is a directory"),
        ("GOOGLE_CREDENTIALS", "FOLDER/large", "too large"),
        ("GOOGLE_CREDENTIALS", "{}", "unknown type"),
        ("GOOGLE_CREDENTIALS", '{"type": "gdch_service_account"}', "unknown type"),
        ("GOOGLE_CREDENTIALS", '{"type": "service_account", "private_key": "canary"}', "incomplete or damaged"),
        ("GOOGLE_CREDENTIALS", '{"type": "authorized_user", "refresh_token": "canary"}', "incomplete or damaged"),
        ("GOOGLE_CREDENTIALS", '{"type": "impersonated_service_account"}', "incomplete or damaged"),
        ("GOOGLE_CREDENTIALS", '{"type": "external_account", "credential_source": {"executable": {}}}', "a program"),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "two words", "not a token"),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "canary\r\nx: y", "not a token"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "no-such-file", "no such file"),
    ],
)
def test_credentials_that_are_none(
    user: dict[str, str], cloud_kms: CloudKMS, tmp_path: Path, variable: str, text: str, message: str
) -> None:
    (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
    environ = {**user, "GOOGLE_OAUTH_ACCESS_TOKEN": "", variable: text.replace("FOLDER", str(tmp_path))}
    with pytest.raises(ProviderError, match=message) as caught:
        KEY.wrap(DATA_KEY, Ambient(environ, tmp_path))
    assert "canary" not in str(caught.value)
    assert caught.value.master_key == ID
    assert cloud_kms.requests == []


# -- how it is written


@pytest.mark.parametrize(
    ("text", "ids"), [("", []), (ID, [ID]), (f" {ID} , {ID}x,", [ID, f"{ID}x"]), ("pro jects/p", ["projects/p"])]
)
def test_parse(text: str, ids: list[str]) -> None:
    assert [str(key) for key in parse_recipients("gcp_kms", text)] == ids


@pytest.mark.parametrize("value", [None, "", 5])
def test_entries_that_lack_something(value: object) -> None:
    with pytest.raises(MetadataError, match="resource_id"):
        make_key("gcp_kms", {"resource_id": value})


@pytest.mark.parametrize(
    "name", ["projects/p", ID + "/x", "/" + ID, ID.replace("keyRings", "rings"), "https://x/" + ID]
)
def test_what_is_no_key_is_not_asked_for(ambient: Ambient, cloud_kms: CloudKMS, name: str) -> None:
    for act in (lambda key: key.wrap(DATA_KEY, ambient), lambda key: key.unwrap(b"eA==", ambient)):
        with pytest.raises(ProviderError, match="this is not the id of a key"):
            act(GCPKMSKey(name))
    assert cloud_kms.requests == []
