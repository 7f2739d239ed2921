"""Keys of Huawei Cloud KMS: what is asked, with whose credentials, and where."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.providers.huawei import HuaweiKMSKey
from leafseal.testing import throwaway_identity

from ..services.fixtures import Authority
from ..services.huawei_kms import AK, ENDPOINT, PROJECT, REGION, SK, HuaweiKMS, User
from ..services.proxy import Proxy
from ..services.recorder import Recorder
from .contract import DATA_KEY, ProviderContract

pytestmark = [
    pytest.mark.skipif(find_spec("huaweicloudsdkkms") is None, reason="huaweicloudsdkkms is not installed"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),  # of the SDK
]

SOPS = shutil.which("sops")


@pytest.fixture
def service(recorder: Recorder) -> HuaweiKMS:
    """The service, behind the recorder."""
    found = HuaweiKMS()
    recorder.otherwise = found
    return found


@pytest.fixture
def key(service: HuaweiKMS) -> HuaweiKMSKey:
    return HuaweiKMSKey(f"{REGION}:{service.create()}")


@pytest.fixture
def user(service: HuaweiKMS, recorder: Recorder) -> dict[str, str]:
    """The variables of somebody with an access key."""
    return service.environ(recorder.url)


@pytest.fixture
def nobody(service: HuaweiKMS, recorder: Recorder) -> dict[str, str]:
    """The variables of somebody without credentials."""
    return service.surroundings(recorder.url)


@pytest.fixture
def ambient(user: dict[str, str], tmp_path: Path) -> Ambient:
    return Ambient(user, tmp_path)


class TestContract(ProviderContract):
    @pytest.fixture
    def stranger(self, service: HuaweiKMS, user: dict[str, str], tmp_path: Path) -> Ambient:
        service.users["HPUASTRANGER"] = User(secret="s", may={"encrypt-data"})
        return Ambient({**user, "HUAWEICLOUD_SDK_AK": "HPUASTRANGER", "HUAWEICLOUD_SDK_SK": "s"}, tmp_path)


# -- what is asked


def test_requests_carry_project_key_algorithm_and_signature(
    recorder: Recorder, key: HuaweiKMSKey, ambient: Ambient
) -> None:
    wrapped = key.wrap(DATA_KEY, ambient)
    assert key.unwrap(wrapped, ambient) == DATA_KEY
    wrap, unwrap = recorder.requests
    region, _, uuid = key.key_id.partition(":")
    assert region == REGION
    common = {"key_id": uuid, "encryption_algorithm": "SYMMETRIC_DEFAULT"}
    assert (wrap.method, wrap.path) == ("POST", f"/v1.0/{PROJECT}/kms/encrypt-data")
    assert wrap.json() == {**common, "plain_text": base64.b64encode(DATA_KEY).decode()}
    assert (unwrap.method, unwrap.path) == ("POST", f"/v1.0/{PROJECT}/kms/decrypt-data")
    assert unwrap.json() == {**common, "cipher_text": wrapped.decode()}
    for request in recorder.requests:
        assert request.headers["authorization"].startswith(f"SDK-HMAC-SHA256 Access={AK}, ")
        assert request.headers["x-project-id"] == PROJECT
        assert SK not in str(request)


def test_spaces_around_region_and_id_do_not_count(service: HuaweiKMS, key: HuaweiKMSKey, ambient: Ambient) -> None:
    spaced = HuaweiKMSKey(key.key_id.replace(":", " : "))
    assert spaced.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert str(spaced) != str(key)


@pytest.mark.parametrize("named", [True, False])
def test_projects_that_the_policy_does_not_list(
    service: HuaweiKMS, recorder: Recorder, key: HuaweiKMSKey, user: dict[str, str], tmp_path: Path, named: bool
) -> None:
    service.users["HPUALISTED"] = User(
        secret="s", may={"encrypt-data", "decrypt-data", "projects"}
    )  # not kept by the SDK
    user = {**user, "HUAWEICLOUD_SDK_AK": "HPUALISTED", "HUAWEICLOUD_SDK_SK": "s"}
    policy = tmp_path / ".config" / "leafseal" / "policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text('huawei.projects = ["other"]')
    ambient = Ambient({**user, "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT if named else ""}, tmp_path)
    for act in (lambda: key.wrap(DATA_KEY, ambient), lambda: key.unwrap(b"eA==", ambient)):
        with pytest.raises(ProviderError) as caught:
            act()
        assert caught.value.message.startswith(f"the policy does not allow the Huawei Cloud project {PROJECT}")
        assert (
            caught.value.hint
            == f'add "{PROJECT}" to huawei.projects in the policy; "leafseal policy show" names its file'
        )
        assert caught.value.master_key == str(key)
    assert not any("/kms/" in request.path for request in recorder.requests)  # IAM may have told the project
    policy.write_text(f'huawei.projects = ["{PROJECT}"]')
    ambient = Ambient(ambient.environ, tmp_path)
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY


# -- where the service is


@pytest.mark.parametrize("layout", ["endpoint: URL", "endpoints: [URL]"])
def test_a_file_of_regions(service: HuaweiKMS, recorder: Recorder, tmp_path: Path, layout: str) -> None:
    environ = {**service.environ(recorder.url), ENDPOINT: ""}
    key = HuaweiKMSKey(f"moon-1:{service.create()}")
    text = f"ECS:\n- {{id: moon-1, endpoint: 'https://127.0.0.1:1'}}\nkms:\n- id: moon-1\n  {layout}\n"
    for path, more in (
        (tmp_path / "own.yaml", {"HUAWEICLOUD_SDK_REGIONS_FILE": str(tmp_path / "own.yaml")}),
        (tmp_path / ".huaweicloud" / "regions.yaml", {}),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("URL", recorder.url))
        ambient = Ambient({**environ, **more}, tmp_path)
        assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
        path.unlink()


def test_several_endpoints_are_tried_in_turn(
    service: HuaweiKMS, authority: Authority, recorder: Recorder, key: HuaweiKMSKey, tmp_path: Path
) -> None:
    with Recorder(authority.server_context()) as untrusted:
        environ = service.environ(f"{untrusted.url}, {recorder.url}")
        ambient = Ambient({**environ, "HUAWEICLOUD_SDK_IAM_ENDPOINT": recorder.url}, tmp_path)
        assert key.wrap(DATA_KEY, ambient)
        assert untrusted.requests == []


def test_it_is_huawei_unless_somebody_says_otherwise(
    service: HuaweiKMS, key: HuaweiKMSKey, authority: Authority, tmp_path: Path
) -> None:
    names = [f"kms.{REGION}.myhuaweicloud.com", f"iam.{REGION}.myhuaweicloud.com"]
    with Recorder(authority.server_context(*names)) as there:
        there.otherwise = service
        with Proxy({f"{name}:443": there.port for name in names}) as proxy:
            environ = {
                "HUAWEICLOUD_SDK_AK": AK,
                "HUAWEICLOUD_SDK_SK": SK,
                "HTTPS_PROXY": proxy.url,
                "REQUESTS_CA_BUNDLE": str(authority.path),
            }
            ambient = Ambient(environ, tmp_path)
            assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
            assert sorted(set(proxy.asked)) == sorted(f"{name}:443" for name in names)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("ftp://kms", "does not name a host"),
        ("https://kms/v1", "does not name a host"),
        ("https://user@kms", "does not name a host"),
        ("https://kms:x", "does not name a host"),
        ("https://", "does not name a host"),
        ("http://kms.example.org", "do not travel without TLS"),
    ],
)
@pytest.mark.parametrize("variable", [ENDPOINT, "HUAWEICLOUD_SDK_IAM_ENDPOINT"])
def test_endpoints_that_are_none(
    user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path, variable: str, endpoint: str, message: str
) -> None:
    with pytest.raises(ProviderError, match=message):
        key.wrap(DATA_KEY, Ambient({**user, variable: endpoint}, tmp_path))


def test_a_region_that_nobody_knows(user: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="there is no region moon-1 in Huawei Cloud") as caught:
        HuaweiKMSKey("moon-1:x").wrap(DATA_KEY, Ambient(user, tmp_path))
    assert "HUAWEICLOUD_SDK_REGION_KMS_MOON_1 names its endpoint" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["- x", "KMS: 5", "KMS: [x]", "KMS: [{}]", "{", "\0", "5: []"])
def test_files_of_regions_that_are_none(user: dict[str, str], tmp_path: Path, text: str) -> None:
    path = tmp_path / "regions.yaml"
    path.write_text(text)
    with pytest.raises(ProviderError, match=r"regions\.yaml: not a file of regions"):
        HuaweiKMSKey("moon-1:x").wrap(DATA_KEY, Ambient({**user, "HUAWEICLOUD_SDK_REGIONS_FILE": str(path)}, tmp_path))


# -- with whose credentials


def source_of(key: HuaweiKMSKey, service: HuaweiKMS, ambient: Ambient) -> str | None:
    """Return where the credentials came from, as a message tells it."""
    service.disabled.add(key.key_id.partition(":")[2])
    with pytest.raises(ProviderError, match=r"KMS\.0209") as caught:
        key.wrap(DATA_KEY, ambient)
    assert f"(credentials: {caught.value.source})" in str(caught.value)
    return caught.value.source


def test_an_access_key_of_the_environment(service: HuaweiKMS, key: HuaweiKMSKey, ambient: Ambient) -> None:
    assert source_of(key, service, ambient) == "HUAWEICLOUD_SDK_AK"


def test_a_temporary_access_key(service: HuaweiKMS, user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path) -> None:
    service.users[AK].token = "temporary"
    assert key.wrap(DATA_KEY, Ambient({**user, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "temporary"}, tmp_path))


@pytest.mark.parametrize("place", [".huaweicloud/credentials", "elsewhere"])
def test_a_file_of_credentials(
    service: HuaweiKMS, nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path, place: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    service.users[AK].secret = "100%(percent)s"
    path.write_text(f"[global]\nak = x\nsk = y\n\n[basic]\nak = {AK}\nsk = 100%(percent)s\nproject_id = {PROJECT}\n")
    more = {} if path.parent.name == ".huaweicloud" else {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path)}
    assert source_of(key, service, Ambient({**nobody, **more}, tmp_path)) == str(path)


@pytest.mark.parametrize("text", ["x", "[basic", "ak = 1", "\xff", "[basic]\nak = 1\nak = 2\n"])
def test_files_of_credentials_that_are_none(
    nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "credentials"
    path.write_text(text, "latin-1")
    with pytest.raises(ProviderError, match="credentials: not a file of credentials") as caught:
        key.wrap(DATA_KEY, Ambient({**nobody, "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path)}, tmp_path))
    assert caught.value.source == str(path)


def test_a_file_that_is_too_large_or_unreadable(nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(b"#" * (2 << 20))
    for place, message in ((path, "too large"), (tmp_path, "is a directory")):
        with pytest.raises(ProviderError, match=message):
            key.wrap(DATA_KEY, Ambient({**nobody, "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(place)}, tmp_path))


@pytest.mark.parametrize("written", [False, True])
def test_a_federated_identity(
    service: HuaweiKMS, nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path, written: bool
) -> None:
    service.identities["ey.of-ci"] = AK
    token = tmp_path / "token"
    token.write_text("ey.of-ci\n")
    more = {"HUAWEICLOUD_SDK_IDP_ID": "github", "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(token)}
    if written:
        path = tmp_path / "credentials"
        path.write_text(f"[basic]\nidp_id = github\nid_token_file = {token}\n")
        more = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path)}
    source = source_of(key, service, Ambient({**nobody, **more}, tmp_path))
    where = str(tmp_path / "credentials") if written else "HUAWEICLOUD_SDK_ID_TOKEN_FILE"
    assert source == f"a federated identity, from {where}"


def test_a_federated_identity_without_its_token(nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path) -> None:
    more = {"HUAWEICLOUD_SDK_IDP_ID": "github", "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(tmp_path / "none")}
    with pytest.raises(ProviderError, match="none: no such file or directory"):
        key.wrap(DATA_KEY, Ambient({**nobody, **more}, tmp_path))


@pytest.mark.parametrize("version", [1, 2])
def test_the_agency_of_a_machine(
    service: HuaweiKMS, recorder: Recorder, nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path, version: int
) -> None:
    service.users["HPUAAGENCY"] = User(secret="of the agency", token="temporary")
    service.agency = "HPUAAGENCY"
    ambient = Ambient({**nobody, "LEAFSEAL_HUAWEICLOUD_METADATA": f"{recorder.url}/"}, tmp_path)
    if version == 1:
        from ..services.recorder import Answer, json_answer

        told = {"access": "HPUAAGENCY", "secret": "of the agency", "securitytoken": "temporary"}
        told["expires_at"] = "2099-01-01T00:00:00.000000Z"
        recorder.will(Answer(404), json_answer({"credential": told}))
    assert source_of(key, service, ambient) == "the agency of this machine"
    asked = [(request.method, request.path) for request in recorder.requests]
    assert asked[:2] == [("PUT", "/meta-data/latest/api/token"), ("GET", "/openstack/latest/securitykey")]
    assert ("x-metadata-token" in recorder.requests[1].headers) == (version == 2)
    assert recorder.requests[-1].headers["x-security-token"] == "temporary"


def test_the_identity_of_a_pod(
    service: HuaweiKMS, recorder: Recorder, nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path
) -> None:
    service.identities["ey.of-the-pod"] = AK
    token = tmp_path / "token"
    token.write_text("ey.of-the-pod\n")
    more = {
        "HC_CONTAINER_CREDENTIALS_FULL_URI": f"{recorder.url}/pod",
        "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
    }
    assert source_of(key, service, Ambient({**nobody, **more}, tmp_path)) == "the identity of this pod"


def test_credentials_are_looked_for_in_order(
    service: HuaweiKMS, recorder: Recorder, user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path
) -> None:
    service.agency = AK
    path = tmp_path / "credentials"
    path.write_text(f"[basic]\nak = {AK}\nsk = {SK}\n")
    environ = {
        **user,
        "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path),
        "LEAFSEAL_HUAWEICLOUD_METADATA": recorder.url,
    }
    sources = [source_of(key, service, Ambient(environ, tmp_path))]
    del environ["HUAWEICLOUD_SDK_AK"]
    sources.append(source_of(key, service, Ambient(environ, tmp_path)))
    path.unlink()
    sources.append(source_of(key, service, Ambient(environ, tmp_path)))
    assert sources == ["HUAWEICLOUD_SDK_AK", str(path), "the agency of this machine"]


@pytest.mark.parametrize("metadata", ["off", "at the recorder"])
def test_no_credentials_at_all(
    recorder: Recorder, nobody: dict[str, str], key: HuaweiKMSKey, tmp_path: Path, metadata: str
) -> None:
    place = metadata if metadata == "off" else recorder.url
    more = {
        "LEAFSEAL_HUAWEICLOUD_METADATA": place,
        "HC_CONTAINER_CREDENTIALS_FULL_URI": f"{recorder.url}/pod",
        "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "none"),
    }
    with pytest.raises(ProviderError, match="no Huawei Cloud credentials found") as caught:
        key.wrap(DATA_KEY, Ambient({**nobody, **more}, tmp_path))
    assert "set HUAWEICLOUD_SDK_AK" in str(caught.value.hint)
    assert not [request for request in recorder.requests if "kms" in request.path]


# -- in which project


def test_the_project_of_a_region_is_looked_up_once(
    recorder: Recorder, user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path
) -> None:
    ambient = Ambient({**user, "HUAWEICLOUD_SDK_PROJECT_ID": ""}, tmp_path)
    for _ in range(2):
        assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    lookups = [request.path for request in recorder.requests if "/v3/projects" in request.path]
    assert lookups in ([], [f"/v3/projects?name={REGION}"])  # the SDK remembers it for an access key


@pytest.mark.parametrize("projects", [[], ["one", "two"]])
def test_projects_that_are_none_or_several(
    service: HuaweiKMS, user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path, projects: list[str]
) -> None:
    service.users["HPUAPROJECTS"] = User()
    service.projects[REGION] = projects
    ambient = Ambient({**user, "HUAWEICLOUD_SDK_AK": "HPUAPROJECTS", "HUAWEICLOUD_SDK_PROJECT_ID": ""}, tmp_path)
    with pytest.raises(ProviderError, match="Huawei Cloud IAM names no project for the region, or several") as caught:
        key.wrap(DATA_KEY, ambient)
    assert caught.value.source == "HUAWEICLOUD_SDK_AK"
    assert caught.value.hint == "set HUAWEICLOUD_SDK_PROJECT_ID to the id of the key's project"


def test_who_may_not_look_projects_up(
    service: HuaweiKMS, user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path
) -> None:
    service.users["HPUAUNPROJECT"] = User(may={"encrypt-data"})
    environ = {**user, "HUAWEICLOUD_SDK_AK": "HPUAUNPROJECT"}
    assert key.wrap(DATA_KEY, Ambient(environ, tmp_path))
    with pytest.raises(ProviderError, match=r"answered 403 IAM\.0002: You are not authorized") as caught:
        key.wrap(DATA_KEY, Ambient({**environ, "HUAWEICLOUD_SDK_PROJECT_ID": ""}, tmp_path))
    assert "iam:projects:listProjects, or HUAWEICLOUD_SDK_PROJECT_ID" in str(caught.value.hint)


# -- what is written


def test_keys_as_users_write_them() -> None:
    keys = parse_recipients("hckms", f" {REGION}:one , ap-southeast-1:two,,")
    assert [str(key) for key in keys] == [f"{REGION}:one", "ap-southeast-1:two"]


@pytest.mark.parametrize("text", ["uuid", "region:", ":uuid", " : "])
def test_keys_that_are_none(text: str) -> None:
    with pytest.raises(ProviderError, match="hckms: key 2 is not a region and the id of a key") as caught:
        parse_recipients("hckms", f"{REGION}:one,{text}")
    assert caught.value.hint == "it is written as REGION:KEY-ID"
    with pytest.raises(MetadataError, match="key_id: not a region and the id of a key"):
        make_key("hckms", {"key_id": text})


@pytest.mark.parametrize("value", [None, "", 5, {}])
def test_entries_without_a_key(value: object) -> None:
    with pytest.raises(MetadataError, match="key_id: missing, or not a string"):
        make_key("hckms", {"key_id": value})


# -- the SDK


_USE = """
import sys
from leafseal.keys import Ambient
from leafseal.providers.huawei import HuaweiKMSKey
key, ambient = HuaweiKMSKey(sys.argv[1]), Ambient.of_process()
print(key.unwrap(key.wrap(bytes(32), ambient), ambient) == bytes(32))
"""


def test_it_neither_writes_into_the_home_folder_nor_reads_netrc(
    recorder: Recorder, user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    done = subprocess.run(
        [sys.executable, "-c", _USE, str(key)],
        env={**user, "HOME": str(tmp_path), "HUAWEICLOUD_SDK_PROJECT_ID": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert [path.name for path in tmp_path.iterdir()] == [".netrc"]
    assert all(request.headers["authorization"].startswith("SDK-HMAC") for request in recorder.requests)
    assert len(recorder.requests) == 3


def test_its_complaints_do_not_reach_the_user(user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _USE.replace("print", "try: print") + "except Exception: pass\n", str(key)],
        env={**user, "HOME": str(tmp_path), ENDPOINT: "https://127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("", "")


# -- sops


@pytest.mark.interop
@pytest.mark.skipif(SOPS is None, reason="no sops on PATH")
def test_sops_opens_ours_and_we_open_theirs(
    recorder: Recorder, user: dict[str, str], key: HuaweiKMSKey, tmp_path: Path
) -> None:
    (tmp_path / "plain.yaml").write_text("password: correct horse\n")
    environ = {**user, "HOME": str(tmp_path), "PATH": os.environ["PATH"], "SOPS_AGE_KEY": throwaway_identity().identity}
    ours, theirs = [sys.executable, "-m", "leafseal"], [str(SOPS)]

    def run(program: list[str], *arguments: str) -> bytes:
        done = subprocess.run([*program, *arguments], cwd=tmp_path, env=environ, capture_output=True, check=True)
        return done.stdout

    for one, other in ((ours, theirs), (theirs, ours)):
        (tmp_path / "sealed.yaml").write_bytes(run(one, "encrypt", "--hckms", str(key), "plain.yaml"))
        assert run(other, "decrypt", "sealed.yaml") == b"password: correct horse\n"
    assert {request.path for request in recorder.requests} == {
        f"/v1.0/{PROJECT}/kms/{verb}-data" for verb in ("encrypt", "decrypt")
    }
