"""Services as fixtures. What needs a library of the development group skips by name where it is missing."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from .moto_kms import AWS
from .proxy import Proxy
from .recorder import Recorder

if TYPE_CHECKING:
    from .cloud_kms import CloudKMS
    from .key_vault import Entra, KeyVault


class Authority:
    """A certificate authority that only the test trusts: give clients `path`, servers `server_context()`."""

    def __init__(self, folder: Path) -> None:
        import trustme

        self._ca = trustme.CA()
        self.path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.path))

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Return what a server needs to answer for the loopback interface, or for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
        return context

    def certificate(self, *names: str) -> tuple[bytes, bytes]:
        """Return a private key and its chain of certificates, for a server that wants them so."""
        issued = self._ca.issue_cert(*(names or ("127.0.0.1", "localhost")))
        return issued.private_key_pem.bytes(), b"".join(blob.bytes() for blob in issued.cert_chain_pems)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A recorder on plain HTTP."""
    with Recorder() as running:
        yield running


@pytest.fixture
def second_recorder() -> Iterator[Recorder]:
    """Another one: where a redirect leads, or what must see nothing."""
    with Recorder() as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority."""
    if find_spec("trustme") is None:
        pytest.skip("trustme is not installed")
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def aws() -> Iterator[AWS]:
    """AWS KMS, STS and IAM."""
    for name in ("botocore", "moto", "flask"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    with AWS() as running:
        yield running


@pytest.fixture
def cloud_kms() -> CloudKMS:
    """Cloud KMS of Google, without keys; `cloud_kms_at` says where it is to be had."""
    if find_spec("google") is None or find_spec("google.cloud") is None or find_spec("google.cloud.kms_v1") is None:
        pytest.skip("google-cloud-kms is not installed")
    from .cloud_kms import CloudKMS

    return CloudKMS()


@pytest.fixture
def cloud_kms_at(cloud_kms: CloudKMS, authority: Authority) -> Iterator[dict[str, str]]:
    """Endpoints of that service by transport, `grpc` and `rest`, both with TLS, and whose certificates, `ca`."""
    from .cloud_kms import Server

    with Recorder(authority.server_context()) as recorder, Server(cloud_kms, authority.certificate()) as server:
        recorder.otherwise = cloud_kms
        yield {"grpc": f"127.0.0.1:{server.port}", "rest": recorder.url, "ca": str(authority.path)}


class Azure(NamedTuple):
    """A vault under a name of Microsoft's, who gives tokens for it, and a proxy that leads there."""

    vault: KeyVault
    at_vault: Recorder
    entra: Entra
    at_entra: Recorder
    proxy: Proxy
    authority: Authority

    def environ(self, **more: str) -> dict[str, str]:
        """Return the variables of somebody who may use the vault."""
        from .key_vault import SECRET, TENANT

        own = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": SECRET}
        return {**own, **self.surroundings(**more)}

    def surroundings(self, **more: str) -> dict[str, str]:
        """Return the same without credentials; no other machine is asked for some."""
        return {
            "HTTPS_PROXY": self.proxy.url,
            "SSL_CERT_FILE": str(self.authority.path),
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            **more,
        }


@pytest.fixture
def azure(authority: Authority) -> Iterator[Azure]:
    """A vault without keys. Its name is its own, since Microsoft's client remembers what vaults wanted."""
    for name in ("azure", "azure.identity", "azure.keyvault", "azure.keyvault.keys"):
        if find_spec(name) is None:
            pytest.skip("azure-identity and azure-keyvault-keys are not installed")
    from .key_vault import Entra, KeyVault

    host, login = f"shop-{uuid.uuid4().hex[:12]}.vault.azure.net", "login.microsoftonline.com"
    with Recorder(authority.server_context(host)) as at_vault, Recorder(authority.server_context(login)) as at_entra:
        at_vault.otherwise = vault = KeyVault(f"https://{host}")
        at_entra.otherwise = entra = Entra(f"https://{login}")
        with Proxy({f"{host}:443": at_vault.port, f"{login}:443": at_entra.port}) as proxy:
            yield Azure(vault, at_vault, entra, at_entra, proxy, authority)
