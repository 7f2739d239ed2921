"""The services that hints are about, each with a key of the user's, and the words that stand for it in scenarios.

`KEY` is the user's key as command lines name it and `MISSING` one that is not there, `URL` where the service is, `CA`
whose certificates it has, and `PROXY` the way to the names that it has on the Internet.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn
from uuid import uuid4

import pytest

from leafseal.deploy.helm import process
from leafseal.deploy.kubectl import process as kubectl_process
from leafseal.providers import network
from leafseal.system import terminal

from ...age.hosts import RECIPIENT
from ...age.toy_plugin import install
from ...deploy.fake_kubectl import install as install_fake
from ...providers.gpg_home import GPG, GpgHome, gpg_home
from ...services.fixtures import Authority, Azure
from ...services.moto_kms import AWS
from ...services.proxy import Proxy
from ...services.recorder import Reaction, Recorder, Request, forward, json_answer, redirect
from ...services.transit import Transit
from ..conftest import Terminal
from ..fake_helm import fake_helm
from .scenario import Stage

if TYPE_CHECKING:
    from ...services.cloud_kms import CloudKMS


@pytest.fixture
def at_vault(recorder: Recorder, second_recorder: Recorder) -> Stage:
    """A Vault, and another address that leads to it."""
    pytest.importorskip("httpx", reason="httpx is not installed")
    from ...services.transit import TOKEN

    engine = Transit(logins={"auth/approle/login": ({"role_id": "ci", "secret_id": "right"}, TOKEN)})
    engine.create("shop")
    engine.create("other")
    recorder.otherwise = engine
    second_recorder.otherwise = lambda request: redirect(recorder.url + request.path)
    key = "v1/transit/keys/shop"
    names = {"URL": recorder.url, "KEY": f"{recorder.url}/{key}", "OLD_URL": second_recorder.url}
    return Stage({"VAULT_ADDR": recorder.url, "VAULT_TOKEN": TOKEN}, names, engine, recorder)


@pytest.fixture
def at_kubectl(work: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A kubectl on PATH that takes everything, and a certificate with its private key in the file `PEM`."""
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    certificate = trustme.CA().issue_cert("localhost")
    pem = work / "web.pem"
    pem.write_bytes(certificate.private_key_pem.bytes() + certificate.cert_chain_pems[0].bytes())
    install_fake(work.parent / "bin")
    monkeypatch.setenv("PATH", f"{work.parent / 'bin'}{os.pathsep}{os.environ['PATH']}")
    # A program in the place of the tests would be their end.
    monkeypatch.setattr(kubectl_process, "become", lambda arguments, _data: kubectl_process.output_of(arguments)[0])
    monkeypatch.setattr(
        kubectl_process, "run_in", lambda arguments, _data, _folder: kubectl_process.output_of(arguments)[0]
    )
    return Stage({}, {"PEM": str(pem)}, monkeypatch)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a busy service is asked again."""
    monkeypatch.setattr(network, "_PAUSE", 0.01)


@pytest.fixture
def at_gcp(cloud_kms: CloudKMS, authority: Authority) -> Iterator[Stage]:
    """Cloud KMS by its name and over gRPC, who gives tokens for it, and a server that is something else."""
    from ...services.cloud_kms import TOKEN, CloudKMS, Server, Status

    ring = "projects/shop/locations/europe-west1/keyRings/sops/cryptoKeys"
    other = CloudKMS()
    other.answer = lambda _: _raise(Status("UNIMPLEMENTED"))  # type: ignore[method-assign]
    hosts = ("cloudkms.googleapis.com", "oauth2.googleapis.com")

    def answer(request: Request) -> Reaction:
        if request.path != "/token":
            return cloud_kms(request)
        known = b"refresh_token=new" in request.body
        content = {"access_token": TOKEN, "expires_in": 3600} if known else {"error": "invalid_grant"}
        return json_answer(content, 200 if known else 400)

    with (
        Server(cloud_kms, authority.certificate()) as server,
        Server(other, authority.certificate()) as wrong,
        Recorder(authority.server_context(*hosts)) as rest,
        Proxy({f"{host}:443": rest.port for host in hosts}) as proxy,
    ):
        rest.otherwise = answer
        names = {
            "KEY": cloud_kms.create(f"{ring}/prod"),
            "SECOND": cloud_kms.create(f"{ring}/second"),
            "MISSING": f"{ring}/missing",
            "URL": f"127.0.0.1:{server.port}",
            "WRONG_URL": f"127.0.0.1:{wrong.port}",
            "CA": str(authority.path),
            "PROXY": proxy.url,
            "TOKEN": TOKEN,
        }
        environ = {"SOPS_GCP_KMS_ENDPOINT": names["URL"], "SSL_CERT_FILE": names["CA"]}
        yield Stage({**environ, "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN}, names, cloud_kms)


def _raise(error: Exception) -> NoReturn:
    raise error


@pytest.fixture
def at_azure(azure: Azure) -> Stage:
    """A vault with a key of two versions."""
    from ...services.key_vault import SECRET, TENANT

    first, second = azure.vault.create("sops"), azure.vault.create("sops")
    names = {
        "KEY": first,
        "SECOND": second,
        "VERSION": first.rpartition("/")[2],
        "SECOND_VERSION": second.rpartition("/")[2],
        "URL": azure.vault.url,
        "CA": str(azure.authority.path),
        "PROXY": azure.proxy.url,
        "TENANT": TENANT,
        "SECRET": SECRET,
    }
    return Stage(azure.environ(), names, azure, azure.at_vault)


@pytest.fixture
def at_huawei(authority: Authority) -> Iterator[Stage]:
    """KMS and IAM of Huawei Cloud by their names and by an address."""
    if find_spec("huaweicloudsdkkms") is None:
        pytest.skip("huaweicloudsdkkms is not installed")
    from ...services.huawei_kms import PROJECT, REGION, SK, HuaweiKMS, User

    access = f"HPUA{uuid4().hex}"  # its own, since the SDK remembers whose projects are which
    kms = HuaweiKMS(users={access: User()})
    hosts = [f"{service}.{REGION}.myhuaweicloud.com" for service in ("kms", "iam")]
    with (
        Recorder(authority.server_context(*hosts, "127.0.0.1")) as recorder,
        Proxy({f"{host}:443": recorder.port for host in hosts}) as proxy,
    ):
        recorder.otherwise = kms
        key, second = kms.create(), kms.create()
        names = {
            "REGION": REGION,
            "KEY": f"{REGION}:{key}",
            "ID": key,
            "SECOND_ID": second,
            "MISSING": f"{REGION}:{uuid4()}",
            "URL": recorder.url,
            "CA": str(authority.path),
            "PROXY": proxy.url,
            "PROJECT": PROJECT,
            "SECRET": SK,
        }
        environ = {
            "HUAWEICLOUD_SDK_AK": access,
            "HUAWEICLOUD_SDK_SK": SK,
            "LEAFSEAL_HUAWEICLOUD_METADATA": "off",
            "HTTPS_PROXY": proxy.url,
            "SSL_CERT_FILE": names["CA"],
        }
        yield Stage(environ, names, kms, recorder)


@pytest.fixture(scope="session")
def _arns(aws: AWS) -> tuple[str, str]:
    """Two keys, which every scenario leaves as they were."""
    return aws.create_key(), aws.create_key()


@pytest.fixture
def at_aws(aws: AWS, _arns: tuple[str, str], recorder: Recorder, authority: Authority) -> Iterator[Stage]:
    """AWS, with a recorder in front of it; `SAFE_URL` leads there by TLS."""
    recorder.otherwise = forward(aws.url)
    with Recorder(authority.server_context()) as safe, Proxy({}) as proxy:
        proxy.routes[f"127.0.0.1:{safe.port}"] = safe.port
        safe.otherwise = forward(aws.url)
        arn, second = _arns
        names = {
            "KEY": arn,
            "ID": arn.rpartition("/")[2],
            "SECOND_ID": second.rpartition("/")[2],
            "ELSEWHERE": arn.replace("eu-west-1", "us-east-1"),
            "URL": recorder.url,
            "SAFE_URL": safe.url,
            "PROXY": proxy.url,
            "CA": str(authority.path),
        }
        environ = {
            "AWS_ENDPOINT_URL": recorder.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "right",
            "AWS_MAX_ATTEMPTS": "1",
        }
        yield Stage(environ, names, aws, recorder)


@pytest.fixture(scope="session")
def _key_rings() -> Iterator[tuple[GpgHome, GpgHome, dict[str, str]]]:
    if GPG is None:
        pytest.skip("no gpg on PATH")
    with gpg_home() as own, gpg_home() as stranger:
        names = {"KEY": own.make_key("me"), "SIGNING": own.make_key("signing", subkey="")}
        names["LOCKED"] = own.make_key("locked", passphrase="right")
        names["THEIRS"] = stranger.make_key("stranger")
        names["EXPIRED"] = stranger.make_key("expired", made="20200101T000000", until="20200301T000000")
        own.gpg("--import", data=stranger.gpg("--export", names["EXPIRED"]))
        names["SHORT"] = names["KEY"][-8:]
        names["ENCRYPTING"] = own.fingerprints("me")[1][-16:]
        names["EXPIRED_PART"] = stranger.fingerprints("expired")[1]
        yield own, stranger, names


@pytest.fixture
def at_gpg(_key_rings: tuple[GpgHome, GpgHome, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A key ring with keys of all kinds, and that of somebody else."""
    own, stranger, keys = _key_rings
    monkeypatch.delenv("SOPS_AGE_KEY")
    own.know_passphrase("right")
    names = {**keys, "HOME": str(own.folder), "STRANGER": str(stranger.folder), "PROGRAM": str(GPG)}
    yield Stage(own.environ, names, own)
    (own.folder / "gpg.conf").unlink(missing_ok=True)
    (own.folder / "gpg-agent.conf").write_text(own.agent_settings)


@pytest.fixture
def at_machine() -> Iterator[Stage]:
    """A machine, of which a scenario changes what it does."""
    patch = Machine()
    patch.over = threading.Event()
    with TemporaryDirectory(prefix="ll", dir="/tmp" if os.path.isdir("/tmp") else None) as folder:
        yield Stage({}, {"SOCKET": f"{folder}/s"}, patch)  # in a short path
    patch.over.set()
    patch.undo()


class Machine(pytest.MonkeyPatch):
    """What the system does, and whoever holds a lock until that is over."""

    over: threading.Event
    holder: threading.Thread


@pytest.fixture
def at_plugin(tmp_path: Path) -> Stage:
    """A plugin of age, and its recipient."""
    install(tmp_path / "plugins")
    names = {"TOY": RECIPIENT, "PLUGINS": str(tmp_path / "plugins")}
    return Stage({"PATH": f"{names['PLUGINS']}:{os.environ['PATH']}"}, names, None)


@pytest.fixture
def at_terminal(screen: Terminal) -> Stage:
    """Somebody who says no to what is asked."""
    screen.answers = ["n"] * 9
    return Stage({}, {}, screen)


@pytest.fixture
def at_no_terminal(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Nobody at first; the service is a function that has somebody at a terminal, with an answer."""

    def sit_down(answer: str) -> None:
        somebody = Terminal()
        monkeypatch.setattr(terminal, "_terminal", lambda: nullcontext((somebody, somebody)))
        monkeypatch.setattr("getpass.getpass", lambda *_, **__: answer)

    return Stage({}, {}, sit_down)


@pytest.fixture
def at_helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A program in Helm's place, which does not take ours."""
    monkeypatch.setattr(process, "become", lambda *_: 0)
    return Stage({}, {"FAKE": str(fake_helm(tmp_path / "programs"))}, None)
